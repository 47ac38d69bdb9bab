//! The way of a payment that nobody could make, from its dead letter to its money.

use std::collections::BTreeMap;

use domain::operator::Role;
use e2e::{
    Scene,
    scene::{body, key},
};
use serde_json::json;

use crate::{
    browser::Browser,
    harness::until,
    site::{Site, play},
};

/// A payment of which the provider does not even say whether it was opened; its job is parked.
async fn given_up(site: &Site, scene: &Scene<'_>) -> String {
    let silent = json!({ "fault": "error", "status": 503 });
    scene.set_fault("*", silent).await.unwrap();
    let asked = scene.merchant.api.create(&key(), &body()).await.unwrap();
    let payment = asked.text("/id").to_owned();
    scene.payment_until(&payment, "needs_review").await.unwrap();
    site.until_recorded(&payment).await;
    payment
}

/// Looks for the letters of a payment, and opens the only one.
async fn find(browser: &Browser, payment: &str) {
    browser.click("nav a[href='/dead-letters']").await;
    browser.write("#search input[name=payment]", payment).await;
    browser.click("#search button").await;
    browser.until("location.search.includes('payment=')").await;
    assert_eq!(browser.count("a[data-letter]").await, 1);
    browser.shot("dead-letter-found").await;
    browser.click("a[data-letter]").await;
    browser.until_there("#letter [data-state=parked]").await;
}

/// Has the letter that is open sent again, and waits until its job is done.
async fn replay(browser: &Browser) {
    browser
        .write("#ask input[name=reason]", "the provider is back")
        .await;
    browser.click("#ask button").await;
    browser.until_there("#action[data-action]").await;
    browser.until_says("#action", "the provider is back").await;
    // By itself, without being loaded again.
    browser
        .until("document.querySelector('[data-count=jobs_done]')?.innerText === '1'")
        .await;
    browser.shot("dead-letter-replayed").await;
}

/// What the timeline that is open tells, oldest first: the source of each entry, and its words.
async fn told(browser: &Browser) -> Vec<(String, String)> {
    let rows = "[...document.querySelectorAll('tr:has([data-source])')].map(row => \
                [row.querySelector('[data-source]').dataset.source, row.innerText])";
    serde_json::from_value(browser.ask(rows).await).unwrap()
}

/// The place of the first entry of a source with these words.
fn place(told: &[(String, String)], source: &str, words: &str) -> usize {
    let found = told
        .iter()
        .position(|(from, text)| from == source && text.contains(words));
    found.unwrap_or_else(|| panic!("no {source} {words:?} in {told:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_found_by_its_payment_and_sent_again_until_the_payment_is_paid() {
    play("dead-letter", async |site, browser| {
        let scene = site.sluice.scene("unlucky").await;
        let payment = given_up(site, &scene).await;
        site.signed_in(browser, "otto", Role::Operator).await;
        find(browser, &payment).await;
        assert_eq!(browser.count("#tries tbody tr").await, 4, "a try and three more");
        browser.until_says("#tries", "503").await;
        browser.until_there("#standing [data-status=needs_review]").await;
        browser.shot("dead-letter").await;

        site.sluice.world.sandbox.clear_faults().await.unwrap();
        replay(browser).await;
        scene.payment_until(&payment, "requires_action").await.unwrap();
        let intents = scene.intents_of(&payment).await.unwrap();
        let [intent] = &intents[..] else {
            panic!("{} intents of one payment", intents.len());
        };
        scene.pay(&intent.id, "pm_card_visa").await.unwrap();
        let paid = scene.payment_until(&payment, "succeeded").await.unwrap();
        assert_eq!(paid.text("/status"), "succeeded");

        find_timeline(browser, &payment).await;
        complete(&told(browser).await);
        browser.shot("timeline-of-a-replayed-payment").await;

        // The letter says how it ended, and who had it sent again is in the log.
        browser
            .open(&format!("/dead-letters?payment={payment}&state="))
            .await;
        browser.until_there("[data-state=replayed]").await;
        browser.click("nav a[href='/audit']").await;
        browser.until_says("main", "the provider is back").await;
    })
    .await;
}

/// Opens the timeline, and asks for it again until its last entry is there: the delivery of the news that it is paid.
async fn find_timeline(browser: &Browser, payment: &str) {
    browser.click("nav a[href='/timeline']").await;
    browser.write("#search input[name=id]", payment).await;
    browser.click("#search button").await;
    browser.until("location.pathname.startsWith('/timeline/')").await;
    let is_delivered = async || {
        browser.open(&format!("/timeline/{payment}")).await;
        let told = told(browser).await;
        told.iter()
            .any(|(source, text)| source == "notification" && text.contains("payment.succeeded is delivered"))
    };
    assert!(until(true, is_delivered).await, "{:#?}", told(browser).await);
}

/// The request, the tries that failed, the job that was given up, the exchange that worked, the callback, the postings, and
/// what the merchant was told, one after another.
fn complete(told: &[(String, String)]) {
    let mut sources: BTreeMap<&str, usize> = BTreeMap::new();
    for (source, _) in told {
        *sources.entry(source).or_default() += 1;
    }
    let way = [
        place(told, "request", "payment of 1999 USD was taken up"),
        place(told, "exchange", "create_intent: "),
        place(told, "job", "create_intent failed and is tried again"),
        place(told, "job", "create_intent was given up and parked"),
        place(told, "exchange", "create_intent: ok"),
        place(told, "callback", "stripe said payment_intent.succeeded"),
        place(told, "notification", "payment.succeeded is delivered"),
    ];
    assert!(way.is_sorted(), "{way:?} in {told:#?}");
    place(told, "ledger", "merchant_balance");
    place(told, "notification", "payment.needs_review was written");
    place(told, "payment", "it is succeeded");
    assert!(sources["job"] >= 4, "a try and three more: {sources:?}");
}
