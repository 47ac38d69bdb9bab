//! What operations people do from the console, against everything that runs.

use std::time::Duration;

use e2e::{Scene, scene::body_with};
use serde_json::{Value, json};

use crate::harness::{Sluice, until};

/// What merchants and payers wrote, none of which operations people may see.
const PERSONAL: [&str; 8] = [
    "Ada",
    "Lovelace",
    "ada@example.com",
    "203.0.113.9",
    "+49 151 2345678",
    "customer-7",
    "pm_card_visa",
    "Broken",
];

async fn console(sluice: &Sluice, arguments: &[&str]) -> Value {
    sluice.world.console.run(arguments, "").await.unwrap()
}

fn entries<'a>(timeline: &'a Value, source: &str) -> Vec<&'a str> {
    let all = timeline["entries"].as_array().unwrap().iter();
    let of_source = all.filter(|entry| entry["source"] == source);
    of_source.map(|entry| entry["event"].as_str().unwrap()).collect()
}

/// An order that a second card pays, of which a part is given back.
async fn ordered(scene: &Scene<'_>) -> (String, String) {
    let cart = json!({
        "currency": "USD", "user_id": "customer-7", "operator": "Ada", "description": "for Ada Lovelace",
        "metadata": { "mail": "ada@example.com", "phone": "+49 151 2345678" },
        "items": [{ "name": "Ada's cup", "sku": "cup", "unit_price": 250, "quantity": 2 }],
    });
    let order = scene.ordered(&cart).await.unwrap();
    let declined = json!({ "payment_method": "pm_card_chargeDeclined" });
    scene.step(&order, "pay", &declined).await.unwrap();
    scene.order_until(&order, "payment_failed").await.unwrap();
    let visa = json!({ "payment_method": "pm_card_visa" });
    let paid = scene.step(&order, "pay", &visa).await.unwrap();
    scene.order_until(&order, "paid").await.unwrap();
    let cup =
        json!({ "items": [{ "sku": "cup", "quantity": 1 }], "reason": "Broken", "operator": "Ada Lovelace" });
    scene.step(&order, "refund", &cup).await.unwrap();
    scene.order_until(&order, "refunded").await.unwrap();
    scene.told_in_the_end(&order, 3).await.unwrap();
    (order, paid.text("/payment_id").to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timeline_of_an_order_tells_all_that_happened_and_nothing_personal() {
    let sluice = Sluice::start().await;
    let scene = sluice.scene("timeline").await;
    let (order, payment) = ordered(&scene).await;
    // The last try to tell the merchant is written down after it was made.
    let timeline = async || console(&sluice, &["timeline", &order]).await;
    let told = async || {
        let timeline = timeline().await;
        let taken = entries(&timeline, "notification");
        taken.iter().filter(|event| event.starts_with("taken by")).count() >= 3
    };
    assert!(until(true, told).await);
    let whole = timeline().await;
    let text = whole.to_string();
    let times: Vec<&str> = whole["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["at"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(whole["left_out"], 0);
    let has = |source: &str, words: &str| {
        let found = entries(&whole, source);
        assert!(
            found.iter().any(|event| event.contains(words)),
            "no {source} {words:?} in {found:#?}"
        );
    };
    has("request", "order of 500 USD was taken up");
    has(
        "request",
        "payment of 500 USD was taken up, to be paid through stripe",
    );
    has("order", "payment_failed: it is payment_failed");
    has("order", "refund: it is refunding (a reason was given)");
    has("exchange", "stripe create_intent: declined");
    has("exchange", "stripe create_intent: ok");
    has("exchange", "create_refund: ok");
    has("callback", "stripe said payment_intent.succeeded");
    has("notification", "payment.succeeded was written");
    has("notification", "order.paid is delivered");
    has("ledger", "merchant_balance");
    has("refund", "refund of 250 USD was taken up");
    assert!(text.contains("\"http_status\":200") || text.contains("\"http_status\":204"));
    for personal in PERSONAL {
        assert!(!text.contains(personal), "{personal} is in {text}");
    }

    // A part of it is the payment's own, and of that the refund's.
    let of_payment = console(&sluice, &["timeline", &payment]).await;
    assert!(entries(&of_payment, "order").is_empty() && !entries(&of_payment, "refund").is_empty());
    let refund = of_payment["entries"].as_array().unwrap().iter();
    let mut refund = refund.filter(|entry| entry["source"] == "refund");
    let refund = refund.next().unwrap()["subject"].as_str().unwrap().to_owned();
    let of_refund = console(&sluice, &["timeline", &refund]).await;
    for source in ["refund", "exchange", "notification", "ledger"] {
        assert!(
            !entries(&of_refund, source).is_empty(),
            "no {source} in {of_refund:#}"
        );
    }
    assert!(
        entries(&of_refund, "notification")
            .iter()
            .all(|event| !event.starts_with("payment."))
    );
    let short = console(&sluice, &["timeline", &order, "--limit", "3"]).await;
    assert_eq!(short["entries"].as_array().unwrap().len(), 3);
    // Somebody may have been told something since.
    let newest = whole["entries"].as_array().unwrap().last().unwrap();
    assert!(short["entries"][2]["at"].as_str() >= newest["at"].as_str());
    assert!(short["left_out"].as_u64().unwrap() > 20);
    sluice.stop().await;
}

async fn pause(sluice: &Sluice, verb: &str, what: &str, name: &str) {
    console(sluice, &[verb, what, name, "--reason", "a test"]).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_holds_while_postgresql_is_away_and_after_it_is_back() {
    let sluice = Sluice::start().await;
    let scene = sluice.scene("paused").await;
    pause(&sluice, "pause", "queue", "create_intent").await;
    let accepted = scene
        .merchant
        .api
        .create("k", &body_with("pm_card_visa"))
        .await
        .unwrap();
    assert_eq!(accepted.status, 202);
    sluice.store_wire.cut();
    tokio::time::sleep(Duration::from_secs(2)).await;
    sluice.store_wire.restore();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(
        scene.openings().await.unwrap().is_empty(),
        "it was begun in the pause"
    );
    assert_eq!(sluice.count("select count(*) from payments").await, 0);
    pause(&sluice, "resume", "queue", "create_intent").await;
    let paid = scene
        .payment_until(accepted.text("/id"), "succeeded")
        .await
        .unwrap();
    assert_eq!(paid.text("/status"), "succeeded");
    assert_eq!(sluice.count("select count(*) from job_failures").await, 0);
    sluice.stop().await;
}
