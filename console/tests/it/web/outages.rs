//! The console while a server is away: it goes on serving, and says so.

use domain::operator::Role;

use super::site::{site, site_with};

#[tokio::test]
async fn without_postgresql_who_was_there_can_look_and_nobody_can_act() {
    let site = site().await;
    let browser = site.signed_in("anna", Role::Administrator).await;
    site.operator("bert", Role::Viewer);
    browser.page("/").await;
    site.desk.database.set_reachable(false).await;
    site.clock.advance(1);
    let page = browser.page("/").await;
    assert!(page.contains("PostgreSQL does not answer since"), "{page}");
    let act = || {
        browser
            .post("/operators/bert/disable", &[("reason", "away")])
            .send()
    };
    let refused = act().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert!(
        refused
            .text()
            .await
            .unwrap()
            .contains("PostgreSQL is not available")
    );
    let stranger = site.browser().sign_in("anna", "whatever it is").await;
    assert_eq!(stranger.status(), 503);
    site.clock.advance(15);
    assert_eq!(
        browser.get("/").send().await.unwrap().status(),
        503,
        "nobody is remembered for long"
    );

    site.desk.database.set_reachable(true).await;
    let page = browser.page("/").await;
    assert!(!page.contains("does not answer"), "{page}");
    assert_eq!(act().await.unwrap().status(), 303);
    site.close().await;
}

#[tokio::test]
async fn without_rabbitmq_the_rest_is_shown() {
    let site = site_with(&[("RABBITMQ_MANAGEMENT_URL", "http://user:hunter2@127.0.0.1:9")]).await;
    let browser = site.signed_in("anna", Role::Viewer).await;
    let page = browser.page("/").await;
    assert!(
        page.contains("RabbitMQ's management API does not answer"),
        "{page}"
    );
    assert!(
        !page.contains("PostgreSQL does not answer") && !page.contains("hunter2"),
        "{page}"
    );
    site.close().await;
}
