//! `migrate`, on an empty database and on one that is up to date.

use crate::desk::{command, desk, run};

#[tokio::test]
async fn an_empty_database_gets_its_schema_and_may_be_migrated_again() {
    let desk = desk().await;
    let url = desk.database.url();
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&url)
        .await
        .unwrap();
    let empty = "drop schema public cascade; create schema public";
    sqlx::raw_sql(empty).execute(&mut connection).await.unwrap();
    assert!(
        desk.store
            .check()
            .await
            .unwrap_err()
            .to_string()
            .contains("console migrate")
    );

    for _ in 0..2 {
        assert_eq!(
            run(command(&url, &["migrate", "--json"]), "").json()["schema"],
            "up to date"
        );
        desk.store.check().await.unwrap();
    }
    assert!(desk.run(&["merchants", "list"]).out.contains("none"));
    desk.close().await;
}
