//! A queue is paused, holds what comes in, and goes on.

use domain::operator::Role;
use e2e::scene::{body_with, key};

use crate::site::play;

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_is_paused_and_resumed_with_a_reason() {
    play("pausing", async |site, browser| {
        let scene = site.sluice.scene("pausing").await;
        site.signed_in(browser, "otto", Role::Operator).await;
        browser.click("nav a[href='/switches']").await;
        browser.choose("#pause-queue select", "create_intent").await;
        browser
            .write("#pause-queue input[name=reason]", "the provider asked for a rest")
            .await;
        browser.click("#pause-queue button").await;
        let paused = "[data-switch='queue create_intent']";
        browser.until_there(paused).await;
        browser
            .until_says("#paused", "the provider asked for a rest")
            .await;
        browser.until_says("#paused", "otto").await;
        browser.shot("paused").await;

        // Workers learn of it within a second; what comes in then waits.
        site.until_paused("create_intent").await;
        let asked = scene
            .merchant
            .api
            .create(&key(), &body_with("pm_card_visa"))
            .await
            .unwrap();
        assert_eq!(asked.status, 202);
        assert!(
            scene.openings().await.unwrap().is_empty(),
            "it was begun in the pause"
        );

        browser.click("#paused details summary").await;
        browser
            .write("#paused input[name=reason]", "they are rested")
            .await;
        browser.click("#paused form button").await;
        browser
            .until(&format!("!document.querySelector({paused:?})"))
            .await;
        let paid = scene.payment_until(asked.text("/id"), "succeeded").await.unwrap();
        assert_eq!(paid.text("/status"), "succeeded");
        // Both are in the log, with who and why.
        browser.click("nav a[href='/audit']").await;
        for words in [
            "switch.pause",
            "the provider asked for a rest",
            "switch.resume",
            "they are rested",
        ] {
            browser.until_says("main", words).await;
        }
    })
    .await;
}
