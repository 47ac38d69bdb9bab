//! Every query that the runbooks tell people to ask can be asked.

use std::{fs, path::Path};

use sqlx::AssertSqlSafe;

use crate::support::world;

#[tokio::test]
async fn every_query_of_the_runbooks_is_one() {
    let world = world().await;
    let mut owner = world.owner().await;
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/runbooks");
    let mut asked = 0;
    for page in fs::read_dir(pages).unwrap() {
        let path = page.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        for query in text.split('`').filter(|code| code.starts_with("select ")) {
            let explained = sqlx::raw_sql(AssertSqlSafe(format!("explain {query}")))
                .execute(&mut owner)
                .await;
            assert!(explained.is_ok(), "{}: {query}: {explained:?}", path.display());
            asked += 1;
        }
    }
    assert!(asked > 5, "only {asked} queries were found");
}
