//! How long a session lasts, and what ends it before.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::operator::Role;

use super::site::site;

#[tokio::test]
async fn a_session_ends_when_nothing_is_done_for_an_hour_and_after_a_long_day() {
    let site = site().await;
    let (idle, busy) = (
        site.signed_in("anna", Role::Viewer).await,
        site.signed_in("bert", Role::Viewer).await,
    );
    site.clock.advance(59);
    for browser in [&idle, &busy] {
        browser.page("/").await;
    }
    for _ in 0..12 {
        site.clock.advance(50);
        busy.page("/").await;
    }
    assert_eq!(idle.get("/").send().await.unwrap().status(), 303);
    site.clock.advance(65);
    assert_eq!(
        busy.get("/").send().await.unwrap().status(),
        303,
        "whatever was done with it"
    );
    site.close().await;
}

/// A page that is open asks by itself, and comes back by itself: nobody does anything.
#[tokio::test]
async fn a_page_that_is_left_open_does_not_keep_its_session() {
    let site = site().await;
    let browser = site.signed_in("anna", Role::Viewer).await;
    site.clock.advance(40);
    assert_eq!(browser.get("/live").send().await.unwrap().status(), 200);
    site.clock.advance(30);
    assert_eq!(browser.get("/").send().await.unwrap().status(), 303);
    site.close().await;
}

#[tokio::test]
async fn what_is_changed_about_an_operator_holds_at_once() {
    let site = site().await;
    let mut browser = site.signed_in("anna", Role::Operator).await;
    browser.page("/audit").await;
    let desk = &site.desk;
    assert!(
        desk.run(&["operators", "set-role", "--name", "anna", "--role", "viewer"])
            .ok
    );
    assert_eq!(browser.get("/audit").send().await.unwrap().status(), 403);
    browser.page("/").await;

    let changed = desk
        .run(&["operators", "set-password", "--name", "anna", "--json"])
        .json();
    assert_eq!(browser.get("/").send().await.unwrap().status(), 303);
    let password = changed["password"].as_str().unwrap();
    assert_eq!(browser.sign_in("anna", password).await.status(), 303);
    assert!(desk.run(&["operators", "disable", "--name", "anna"]).ok);
    assert_eq!(browser.get("/").send().await.unwrap().status(), 303);
    assert_eq!(browser.sign_in("anna", password).await.status(), 401);
    assert!(desk.run(&["operators", "enable", "--name", "anna"]).ok);
    assert_eq!(
        browser.get("/").send().await.unwrap().status(),
        303,
        "an ended session does not come back"
    );
    assert_eq!(browser.sign_in("anna", password).await.status(), 303);
    site.close().await;
}

#[tokio::test]
async fn who_reads_the_database_can_sign_in_as_nobody() {
    let site = site().await;
    let browser = site.signed_in("anna", Role::Viewer).await;
    let token = browser.cookie.as_deref().unwrap().split_once('=').unwrap().1;
    let url = site.desk.database.url();
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&url)
        .await
        .unwrap();
    let stored: String =
        sqlx::query_scalar("select string_agg(row_to_json(s)::text, ' ') from operator_sessions s")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    // As PostgreSQL shows bytes.
    let token: Vec<u8> = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap();
    let shown = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let hash = ring::digest::digest(&ring::digest::SHA256, &token);
    assert!(
        stored.contains("anna") && stored.contains(&shown(hash.as_ref())),
        "{stored}"
    );
    assert!(!stored.contains(&shown(&token)), "{stored}");
    site.close().await;
}
