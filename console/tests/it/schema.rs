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

/// Branches are merged in any order: the newest may be there, and an older one not.
#[tokio::test]
async fn a_schema_that_lacks_an_older_migration_is_not_taken_for_a_new_one() {
    let desk = desk().await;
    let url = desk.database.url();
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&url)
        .await
        .unwrap();
    let forget = "delete from _sqlx_migrations where version = 19";
    sqlx::raw_sql(forget).execute(&mut connection).await.unwrap();
    let wrong = desk.store.check().await.unwrap_err().to_string();
    assert!(wrong.contains("lacks 1 migrations"), "{wrong}");
    assert!(
        wrong.contains("the first is 19: run `console migrate`"),
        "{wrong}"
    );
    desk.close().await;
}
