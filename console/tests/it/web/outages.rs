//! The console while a server is away: it goes on serving, and says so.

use std::time::{Duration, Instant};

use domain::operator::Role;
use sqlx::{Connection, PgConnection};

use super::{
    overview::{IN_REVIEW, execute, words},
    silent::Silent,
    site::{site, site_with},
};

#[tokio::test]
async fn without_postgresql_who_was_there_can_look_and_nobody_can_act() {
    let site = site().await;
    let browser = site.signed_in("anna", Role::Administrator).await;
    site.operator("bert", Role::Viewer);
    execute(&site, IN_REVIEW).await;
    site.clock.advance(1);
    assert!(words(&browser.page("/").await).contains("Payments in review 1 oldest: 2 h 1 min"));
    site.desk.database.set_reachable(false).await;
    site.clock.advance(8);
    let page = words(&browser.page("/").await);
    assert!(page.contains("PostgreSQL does not answer since"), "{page}");
    assert!(
        page.contains("Payments in review 1 oldest: 2 h 1 min"),
        "ages are as of what was said: {page}"
    );
    let act = || {
        browser
            .post("/operators/bert/disable", &[("reason", "away")])
            .send()
    };
    let refused = act().await.unwrap();
    assert_eq!(refused.status(), 503);
    let told = refused.text().await.unwrap();
    assert!(told.contains("not known whether it was done"), "{told}");
    let stranger = site.browser().sign_in("anna", "whatever it is").await;
    assert_eq!(stranger.status(), 503);
    site.clock.advance(15);
    let late = browser.get("/").send().await.unwrap();
    assert_eq!(late.status(), 503, "nobody is remembered for long");
    let told = late.text().await.unwrap();
    assert!(
        told.contains("Try again") && told.contains("data-again"),
        "{told}"
    );

    site.desk.database.set_reachable(true).await;
    let page = browser.page("/").await;
    assert!(!page.contains("does not answer"), "{page}");
    assert_eq!(act().await.unwrap().status(), 303);
    site.close().await;
}

#[tokio::test]
async fn without_rabbitmq_the_rest_is_shown() {
    let settings = [("RABBITMQ_MANAGEMENT_URL", "http://user:hunter2@127.0.0.1:9")];
    let site = site_with(&settings, None).await;
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
    let page = words(&page);
    for unknown in [
        "nothing is known of queues",
        "Dead letters – unknown",
        "create_intent – – – – – – –",
        "Retries that wait (–)",
    ] {
        assert!(page.contains(unknown), "{unknown}: {page}");
    }
    site.close().await;
}

/// A question that takes long is no server that is away.
#[tokio::test]
async fn calls_that_cannot_be_counted_leave_the_rest_as_it_is() {
    let site = site().await;
    let mut holding = PgConnection::connect(&site.desk.database.url()).await.unwrap();
    let mut lock = holding.begin().await.unwrap();
    sqlx::query("lock table payment_records")
        .execute(&mut *lock)
        .await
        .unwrap();
    let browser = site.signed_in("anna", Role::Viewer).await;
    let page = words(&browser.page("/").await);
    assert!(page.contains("Payments in review 0 nothing waits"), "{page}");
    assert!(
        page.contains("takes too long to count the calls") && !page.contains("does not answer"),
        "{page}"
    );
    lock.rollback().await.unwrap();
    site.close().await;
}

/// Pages must not wait one behind another for a server that takes requests and says nothing.
#[tokio::test]
async fn a_server_that_says_nothing_holds_nobody_up_for_long() {
    let silent = Silent::before(&std::env::var("DATABASE_URL").unwrap()).await;
    let management = std::env::var("RABBITMQ_MANAGEMENT_URL").unwrap();
    let site = site_with(&[("RABBITMQ_MANAGEMENT_URL", management.as_str())], Some(&silent)).await;
    let browser = site.signed_in("anna", Role::Viewer).await;
    silent.says_nothing(true);
    site.clock.advance(1);
    let asked = Instant::now();
    let pages = (0..10).map(|_| browser.page("/"));
    for page in futures::future::join_all(pages).await {
        assert!(page.contains("PostgreSQL does not answer since"), "{page}");
    }
    assert!(asked.elapsed() < Duration::from_secs(18), "{:?}", asked.elapsed());
    silent.says_nothing(false);
    site.close().await;
}

/// Whoever keeps the overview open was there all the time.
#[tokio::test]
async fn who_follows_is_remembered_too() {
    let site = site().await;
    let browser = site.signed_in("anna", Role::Viewer).await;
    let mut live = browser.get("/live").send().await.unwrap();
    site.clock.advance(9);
    let following = async { while live.chunk().await.unwrap().is_some() {} };
    // By then it was asked whether the session lasts.
    let followed = tokio::time::timeout(Duration::from_secs(16), following).await;
    assert!(followed.is_err(), "it goes on");
    site.desk.database.set_reachable(false).await;
    site.clock.advance(9);
    let page = browser.page("/").await;
    assert!(page.contains("PostgreSQL does not answer since"), "{page}");
    site.close().await;
}
