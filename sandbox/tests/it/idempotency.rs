//! Idempotency keys: one piece of work per key, whatever happens to its answer.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Client, send};

const FORM: [(&str, &str); 2] = [("amount", "2000"), ("currency", "usd")];

#[tokio::test]
async fn the_same_key_gives_the_same_answer() {
    let client = Client::start().await;
    let first = client.post_as("k1", "payment_intents", &FORM).await;
    assert!(!first.replayed);
    let turned = [FORM[1], FORM[0]];
    let second = client.post_as("k1", "payment_intents", &turned).await;
    assert!(second.replayed, "the order of parameters does not matter");
    assert_eq!(first.body, second.body);

    let other = client
        .post_as("k1", "payment_intents", &[("amount", "2001"), FORM[1]])
        .await;
    assert_eq!(
        (other.status, &other.body["error"]["type"]),
        (400, &json!("idempotency_error"))
    );
    let elsewhere = client.post_as("k1", "refunds", &FORM).await;
    assert_eq!(
        (elsewhere.status, &elsewhere.body["error"]["type"]),
        (400, &json!("idempotency_error"))
    );
    assert_eq!(client.truth("").await.len(), 1);

    let stranger = client
        .call(Method::POST, "payment_intents", &FORM)
        .bearer_auth("sk_test_two")
        .header("idempotency-key", "k1");
    let mut stranger = stranger.build().unwrap();
    stranger
        .headers_mut()
        .insert("authorization", "Bearer sk_test_two".parse().unwrap());
    assert_eq!(client.http.execute(stranger).await.unwrap().status(), 200);
    assert_eq!(client.truth("").await.len(), 2, "keys are scoped to the account");
    client.stop().await;
}

#[tokio::test]
async fn what_failed_validation_does_not_use_the_key_up() {
    let client = Client::start().await;
    client
        .post_as("k1", "payment_intents", &[("amount", "2000")])
        .await
        .error(400, "parameter_missing");
    client.post_as("k1", "payment_intents", &FORM).await.ok();
    let long = "k".repeat(256);
    let refused = client.post_as(&long, "payment_intents", &FORM).await;
    assert_eq!(
        (refused.status, &refused.body["error"]["type"]),
        (400, &json!("idempotency_error"))
    );
    client.post_as(&long[..255], "payment_intents", &FORM).await.ok();
    client.stop().await;
}

#[tokio::test]
async fn declines_and_executed_500s_are_replayed() {
    let client = Client::start().await;
    let decline = [
        FORM[0],
        FORM[1],
        ("payment_method", "pm_card_chargeDeclined"),
        ("confirm", "true"),
    ];
    let first = client.post_as("k1", "payment_intents", &decline).await;
    let second = client.post_as("k1", "payment_intents", &decline).await;
    assert_eq!((first.status, second.status, second.replayed), (402, 402, true));
    assert_eq!(first.body, second.body);

    client
        .fault(
            json!({"route": "POST /v1/payment_intents", "fault": "error_after", "status": 500, "times": 1}),
        )
        .await;
    assert_eq!(client.post_as("k2", "payment_intents", &FORM).await.status, 500);
    let replayed = client.post_as("k2", "payment_intents", &FORM).await;
    assert_eq!((replayed.status, replayed.replayed), (500, true));
    assert_eq!(
        client.truth("").await.len(),
        2,
        "the work behind the 500 was done, once"
    );
    client.stop().await;
}

#[tokio::test]
async fn a_key_in_flight_is_refused_and_work_outlives_its_client() {
    let client = Client::start().await;
    client
        .fault(json!({"route": "POST /v1/payment_intents", "fault": "slow", "delay_ms": 400, "times": 1}))
        .await;
    let slow = client
        .call(Method::POST, "payment_intents", &FORM)
        .header("idempotency-key", "k1");
    slow.timeout(Duration::from_millis(150)).send().await.unwrap_err();
    let during = client.post_as("k1", "payment_intents", &FORM).await;
    assert_eq!(
        during.error(409, "idempotency_key_in_use")["type"],
        "idempotency_error"
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    let after = client.post_as("k1", "payment_intents", &FORM).await;
    assert!(after.replayed, "the work was done although the client had gone");
    assert_eq!(client.truth("").await.len(), 1);
    client.stop().await;
}

#[tokio::test]
async fn many_calls_at_once_do_the_work_once() {
    let client = Arc::new(Client::start().await);
    let calls = (0..60).map(|n| {
        let client = Arc::clone(&client);
        tokio::spawn(async move {
            let key = format!("k{}", n % 6);
            let request = client
                .call(Method::POST, "payment_intents", &FORM)
                .header("idempotency-key", key);
            send(request).await.status
        })
    });
    for status in join_all(calls).await {
        assert!(matches!(status.unwrap(), 200 | 409));
    }
    assert_eq!(client.truth("").await.len(), 6);
    assert_eq!(client.calls("effect=true").await.len(), 6);
}

#[tokio::test]
async fn a_forgotten_key_does_the_work_again() {
    let client = Client::start().await;
    let first = client.post_as("k1", "payment_intents", &FORM).await;
    let path = "/stripe/idempotency_keys";
    client
        .control(
            Method::DELETE,
            &format!("{path}?account=sk_test_two"),
            Value::Null,
        )
        .await;
    assert!(client.post_as("k1", "payment_intents", &FORM).await.replayed);
    client.control(Method::DELETE, path, Value::Null).await;
    let second = client.post_as("k1", "payment_intents", &FORM).await;
    assert!(!second.replayed && second.body["id"] != first.body["id"]);
    client.stop().await;
}
