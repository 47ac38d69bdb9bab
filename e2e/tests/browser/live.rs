//! The overview brings itself up to date.

use domain::operator::Role;
use e2e::scene::{body, key};

use crate::site::play;

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_follows_what_happens_without_being_loaded_again() {
    play("live", async |site, browser| {
        site.console(&["pause", "queue", "create_intent", "--reason", "to see it wait"])
            .await;
        site.until_paused("create_intent").await;
        site.signed_in(browser, "vera", Role::Viewer).await;
        browser
            .until("document.querySelector('.live')?.hidden === false")
            .await;
        let waiting = |count: u32| {
            format!(
                "[...document.querySelectorAll('#queues tbody tr')].some(row => \
                 row.cells[0].innerText.includes('create_intent') && \
                 Number(row.cells[1].innerText) + Number(row.cells[2].innerText) === {count})"
            )
        };
        browser.until(&waiting(0)).await;
        browser
            .ask("(window.loadedOnce = true, document.querySelector('nav a').focus())")
            .await;
        let scene = site.sluice.scene("live").await;
        let asked = scene.merchant.api.create(&key(), &body()).await.unwrap();
        assert_eq!(asked.status, 202);
        browser.until(&waiting(1)).await;
        browser.shot("overview-one-waits").await;
        site.console(&["resume", "queue", "create_intent", "--reason", "seen"])
            .await;
        browser.until(&waiting(0)).await;
        assert_eq!(
            browser.ask("window.loadedOnce").await,
            true,
            "the page was loaded again"
        );
    })
    .await;
}
