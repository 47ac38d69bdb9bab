//! Callbacks: signed, repeated, and bent by the dials.

use std::collections::HashSet;
use std::time::Duration;

use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};

use crate::client::{Client, KEY, kinds};

/// Checks a delivery's signature the way Stripe's libraries do.
fn is_signed(delivery: &Value, secret: &str) -> bool {
    let header = delivery["headers"]["stripe-signature"].as_str().unwrap();
    let (timestamp, signature) = header.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let signed = format!("{timestamp}.{}", delivery["body"].as_str().unwrap());
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::verify(&key, signed.as_bytes(), &hex::decode(signature).unwrap()).is_ok()
}

#[tokio::test]
async fn each_change_is_told_in_a_signed_event() {
    let client = Client::start().await;
    let secret = client.hooks().await;
    let id = client.intent("p1").await;
    client
        .post_as(
            "k9",
            &format!("payment_intents/{id}/confirm"),
            &[("payment_method", "pm_card_chargeDeclined")],
        )
        .await;
    client
        .post(
            &format!("payment_intents/{id}/confirm"),
            &[("payment_method", "pm_card_visa")],
        )
        .await
        .ok();
    client
        .post("refunds", &[("payment_intent", &id), ("amount", "500")])
        .await
        .ok();
    let other = client.paid("pm_card_threeDSecure2Required").await;
    client
        .post(&format!("payment_intents/{other}/cancel"), &[])
        .await
        .ok();
    let received = client.await_received("hooks", 11).await;

    let mut seen = kinds(&received);
    seen.sort_unstable();
    let expected = [
        "charge.failed",
        "charge.refunded",
        "charge.succeeded",
        "payment_intent.canceled",
        "payment_intent.created",
        "payment_intent.created",
        "payment_intent.payment_failed",
        "payment_intent.requires_action",
        "payment_intent.succeeded",
        "refund.created",
        "refund.updated",
    ];
    assert_eq!(seen, expected);
    for delivery in &received {
        assert!(is_signed(delivery, &secret), "{}", delivery["type"]);
        assert!(!is_signed(delivery, "whsec_other"));
        assert!(
            delivery["body"].as_str().unwrap().starts_with("{\n  \""),
            "indented as Stripe sends it"
        );
        assert_eq!(delivery["payload"]["object"], "event");
    }
    let failed = received
        .iter()
        .find(|delivery| delivery["type"] == "payment_intent.payment_failed")
        .unwrap();
    assert_eq!(failed["payload"]["request"]["idempotency_key"], "k9");
    assert_eq!(
        failed["payload"]["data"]["object"]["last_payment_error"]["decline_code"],
        "generic_decline"
    );
    let succeeded = received
        .iter()
        .find(|delivery| delivery["type"] == "payment_intent.succeeded")
        .unwrap();
    assert_eq!(
        succeeded["payload"]["data"]["object"]["metadata"]["payment_id"],
        "p1"
    );
    client.stop().await;
}

#[tokio::test]
async fn a_receiver_that_refuses_is_tried_again_with_growing_delays() {
    let client = Client::start().await;
    client.hooks().await;
    client
        .control(
            Method::POST,
            "/merchants/hooks/behaviour",
            json!({"mode": "fail", "status": 500, "times": 3}),
        )
        .await;
    client.intent("p1").await;
    let received = client.await_received("hooks", 4).await;
    let answered: Vec<_> = received
        .iter()
        .map(|delivery| delivery["answered"].as_u64().unwrap())
        .collect();
    assert_eq!(answered, [500, 500, 500, 200]);
    let bodies: HashSet<_> = received
        .iter()
        .map(|delivery| delivery["body"].as_str().unwrap())
        .collect();
    assert_eq!(bodies.len(), 1, "a repeat carries the same bytes");

    let event = received[0]["payload"]["id"].as_str().unwrap();
    let attempts = client
        .control(Method::GET, &format!("/deliveries?event={event}"), Value::Null)
        .await;
    let times: Vec<_> = attempts
        .as_array()
        .unwrap()
        .iter()
        .map(|a| {
            a["sent_at"]
                .as_str()
                .unwrap()
                .parse::<chrono::DateTime<chrono::Utc>>()
                .unwrap()
        })
        .collect();
    assert_eq!(times.len(), 4);
    for (repeat, least_ms) in [(1, 40), (2, 80), (3, 160)] {
        assert!(
            (times[repeat] - times[repeat - 1]).num_milliseconds() >= least_ms - 1,
            "{times:?}"
        );
    }
    client.stop().await;
}

#[tokio::test]
async fn attempts_are_bounded_and_redirects_are_not_followed() {
    let config = sandbox::SandboxConfig {
        webhook_retry_ms: 5,
        webhook_attempts: 3,
        ..sandbox::SandboxConfig::default()
    };
    let client = Client::with(config).await;
    client.hooks().await;
    client
        .control(
            Method::POST,
            "/merchants/hooks/behaviour",
            json!({"mode": "redirect"}),
        )
        .await;
    client.intent("p1").await;
    client.await_received("hooks", 3).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(client.received("hooks").await.len(), 3);
    assert_eq!(client.received("hooks-redirected").await.len(), 0);
    client.stop().await;
}

#[tokio::test]
async fn events_can_come_several_times_and_be_sent_again() {
    let client = Client::start().await;
    client.hooks().await;
    client.callbacks(json!({"duplicate": 3})).await;
    client.intent("p1").await;
    let received = client.await_received("hooks", 3).await;
    let event = received[0]["payload"]["id"].as_str().unwrap();
    assert!(received.iter().all(|delivery| delivery["payload"]["id"] == event));
    let again = client
        .control(Method::POST, &format!("/events/{event}/resend"), Value::Null)
        .await;
    assert_eq!((&again[0]["status"], &again[0]["copy"]), (&json!(200), &json!(4)));
    assert_eq!(client.received("hooks").await.len(), 4);
    client.stop().await;
}

#[tokio::test]
async fn callbacks_can_come_before_the_answer() {
    let client = Client::start().await;
    client.hooks().await;
    client
        .callbacks(json!({"before_answer": true, "account": KEY}))
        .await;
    client
        .control(
            Method::POST,
            "/merchants/hooks/behaviour",
            json!({"mode": "slow", "delay_ms": 200}),
        )
        .await;
    client.paid("pm_card_visa").await;
    assert_eq!(
        client.received("hooks").await.len(),
        3,
        "all were delivered when the answer came"
    );
    client.stop().await;
}

#[tokio::test]
async fn callbacks_can_be_late_paused_and_reordered() {
    let client = Client::start().await;
    client.hooks().await;
    client.callbacks(json!({"delay_ms": 300})).await;
    client.intent("p1").await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(client.received("hooks").await.len(), 0);
    client.await_received("hooks", 1).await;

    client.callbacks(json!({"delay_ms": 0, "paused": true})).await;
    client.intent("p2").await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(client.received("hooks").await.len(), 1);
    client.callbacks(json!({"paused": false})).await;
    client.await_received("hooks", 2).await;

    client
        .control(Method::DELETE, "/merchants/hooks/deliveries", Value::Null)
        .await;
    client.callbacks(json!({"reorder": true, "window_ms": 200})).await;
    client.paid("pm_card_visa").await;
    let received = client.await_received("hooks", 3).await;
    assert_eq!(
        kinds(&received),
        [
            "payment_intent.succeeded",
            "charge.succeeded",
            "payment_intent.created"
        ]
    );

    client.control(Method::DELETE, "/callbacks", Value::Null).await;
    let board = client.control(Method::GET, "/callbacks", Value::Null).await;
    assert_eq!(
        (&board["all"]["reorder"], &board["all"]["duplicate"]),
        (&json!(false), &json!(1))
    );
    client.stop().await;
}

#[tokio::test]
async fn only_wanted_events_go_to_an_endpoint_and_deleted_ones_get_none() {
    let client = Client::start().await;
    let body = json!({"account": KEY, "url": format!("{}/merchant/few", client.base), "secret": "whsec_chosen", "enabled_events": ["payment_intent.succeeded"]});
    let few = client
        .control(Method::POST, "/stripe/webhook_endpoints", body)
        .await;
    client.paid("pm_card_visa").await;
    let received = client.await_received("few", 1).await;
    assert_eq!(kinds(&received), ["payment_intent.succeeded"]);
    assert!(is_signed(&received[0], "whsec_chosen"));
    let path = format!("webhook_endpoints/{}", few["id"].as_str().unwrap());
    assert_eq!(
        client.get(&path, &[]).await.ok()["secret"],
        Value::Null,
        "the secret is told once"
    );
    crate::client::send(client.call(Method::DELETE, &path, &[]))
        .await
        .ok();
    client.paid("pm_card_visa").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(client.received("few").await.len(), 1);
    client.stop().await;
}

#[tokio::test]
async fn a_reset_forgets_everything_and_ends_deliveries() {
    let client = Client::start().await;
    client.hooks().await;
    client.callbacks(json!({"paused": true})).await;
    client.intent("p1").await;
    client.control(Method::DELETE, "", Value::Null).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(
        client.received("hooks").await.len(),
        0,
        "what was held does not come after the reset"
    );
    assert_eq!(
        (client.truth("").await.len(), client.calls("").await.len()),
        (0, 0)
    );
    client.stop().await;
}
