//! Fault dials as a client meets them.

use std::time::{Duration, Instant};

use reqwest::Method;
use sandbox::SandboxConfig;
use serde_json::{Value, json};

use crate::client::{Client, KEY};

const ROUTE: &str = "POST /v1/payment_intents";
const FORM: [(&str, &str); 3] = [
    ("amount", "2000"),
    ("currency", "usd"),
    ("metadata[payment_id]", "p1"),
];

#[tokio::test]
async fn errors_before_the_work_come_as_often_as_told() {
    let client = Client::start().await;
    client
        .fault(json!({"route": ROUTE, "fault": "error", "status": 503, "times": 2}))
        .await;
    for _ in 0..2 {
        let failed = client.post_as("k1", "payment_intents", &FORM).await;
        assert_eq!(
            (failed.status, &failed.body["error"]["type"]),
            (503, &json!("api_error"))
        );
    }
    let done = client.post_as("k1", "payment_intents", &FORM).await;
    assert!(!done.replayed, "an error before the work stores nothing");
    done.ok();
    client
        .fault(json!({"route": ROUTE, "fault": "rate_limit", "times": 1}))
        .await;
    client
        .post("payment_intents", &FORM)
        .await
        .error(429, "rate_limit");
    let effects: Vec<_> = client
        .calls("metadata[payment_id]=p1")
        .await
        .iter()
        .map(|call| call["effect"].clone())
        .collect();
    assert_eq!(effects, [json!(false), json!(false), json!(true), json!(false)]);
    let dials = client.control(Method::GET, "/faults", Value::Null).await;
    assert_eq!((&dials[0]["struck"], &dials[0]["times"]), (&json!(2), &json!(0)));
    client.stop().await;
}

#[tokio::test]
async fn a_reset_is_a_connection_error_and_the_dial_says_whether_work_was_done() {
    let client = Client::start().await;
    for (fault, intents) in [("reset_before", 0), ("reset_after", 1)] {
        client
            .fault(json!({"route": ROUTE, "fault": fault, "times": 1}))
            .await;
        let error = client
            .call(Method::POST, "payment_intents", &FORM)
            .header("idempotency-key", fault)
            .send()
            .await
            .unwrap_err();
        assert!(!error.is_timeout() && error.status().is_none(), "{error:?}");
        assert_eq!(client.truth("").await.len(), intents, "{fault}");
    }
    let retried = client.post_as("reset_after", "payment_intents", &FORM).await;
    assert!(retried.replayed, "the lost answer is still there");
    assert_eq!(client.truth("").await.len(), 1);
    client.stop().await;
}

#[tokio::test]
async fn a_hang_never_answers_and_ends_at_the_cap() {
    let config = SandboxConfig {
        hang_cap_ms: 400,
        ..SandboxConfig::default()
    };
    let client = Client::with(config).await;
    for (fault, intents) in [("hang_before", 0), ("hang_after", 1)] {
        client
            .fault(json!({"route": ROUTE, "fault": fault, "times": 1}))
            .await;
        let request = client.call(Method::POST, "payment_intents", &FORM);
        let error = request
            .timeout(Duration::from_millis(200))
            .send()
            .await
            .unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
        assert_eq!(client.truth("").await.len(), intents, "{fault}");
    }
    client
        .fault(json!({"route": ROUTE, "fault": "hang_before", "times": 1}))
        .await;
    let error = client
        .call(Method::POST, "payment_intents", &FORM)
        .send()
        .await
        .unwrap_err();
    assert!(
        !error.is_timeout(),
        "after the cap the connection is reset: {error:?}"
    );
    client.stop().await;
}

#[tokio::test]
async fn a_hanging_call_does_not_keep_the_sandbox_from_stopping() {
    let client = Client::start().await;
    client.fault(json!({"route": "*", "fault": "hang_before"})).await;
    let hanging = tokio::spawn(client.call(Method::GET, "payment_intents", &[]).send());
    while client.calls("").await.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let began = Instant::now();
    client.stop().await;
    assert!(began.elapsed() < Duration::from_millis(2500));
    hanging.await.unwrap().unwrap_err();
}

#[tokio::test]
async fn slow_and_malformed_answers() {
    let client = Client::start().await;
    client
        .fault(json!({"route": ROUTE, "fault": "slow", "delay_ms": 200, "times": 1}))
        .await;
    let began = Instant::now();
    client.post("payment_intents", &FORM).await.ok();
    assert!(began.elapsed() >= Duration::from_millis(200));

    client
        .fault(json!({"route": ROUTE, "fault": "malformed", "times": 1}))
        .await;
    let junk = client
        .call(Method::POST, "payment_intents", &FORM)
        .send()
        .await
        .unwrap();
    assert_eq!(junk.status(), 200);
    serde_json::from_str::<Value>(&junk.text().await.unwrap()).unwrap_err();
    assert_eq!(client.truth("").await.len(), 2);
    client.stop().await;
}

#[tokio::test]
async fn a_dial_can_concern_one_payment_or_one_account() {
    let client = Client::start().await;
    client.fault(json!({"route": "POST /v1/payment_intents/{id}/confirm", "fault": "error", "match": {"metadata": {"payment_id": "p2"}}})).await;
    let (first, second) = (client.intent("p1").await, client.intent("p2").await);
    let pay = async |id: &str| {
        client
            .post(
                &format!("payment_intents/{id}/confirm"),
                &[("payment_method", "pm_card_visa")],
            )
            .await
            .status
    };
    assert_eq!(
        (pay(&second).await, pay(&first).await, pay(&second).await),
        (500, 200, 500)
    );
    client.control(Method::DELETE, "/faults", Value::Null).await;
    assert_eq!(pay(&second).await, 200);

    client
        .fault(json!({"route": "*", "fault": "error", "account": "sk_test_other"}))
        .await;
    client
        .fault(json!({"route": "*", "fault": "error", "match": {"amount": 777}}))
        .await;
    client.post("payment_intents", &FORM).await.ok();
    assert_eq!(
        client
            .post("payment_intents", &[("amount", "777"), ("currency", "usd")])
            .await
            .status,
        500
    );
    client.control(Method::DELETE, "/faults", Value::Null).await;
    client
        .fault(json!({"route": "*", "fault": "error", "account": KEY}))
        .await;
    assert_eq!(client.post("payment_intents", &FORM).await.status, 500);
    client.stop().await;
}

#[tokio::test]
async fn a_dial_that_makes_no_sense_is_refused() {
    let client = Client::start().await;
    for dial in [
        json!({"route": "payment_intents", "fault": "error"}),
        json!({"route": ROUTE, "fault": "explode"}),
        json!({"route": ROUTE, "fault": "error", "tiems": 2}),
        json!({"route": ROUTE, "fault": "error", "status": 200}),
    ] {
        let request = client
            .http
            .post(format!("{}/sandbox/faults", client.base))
            .header("content-type", "application/json");
        assert_eq!(
            request.body(dial.to_string()).send().await.unwrap().status(),
            400,
            "{dial}"
        );
    }
    client.stop().await;
}

#[tokio::test]
async fn a_log_says_how_much_it_has_dropped() {
    let client = Client::with(SandboxConfig {
        log_limit: 2,
        ..SandboxConfig::default()
    })
    .await;
    let dropped = async || client.control(Method::GET, "/dropped", Value::Null).await;
    client.intent("p1").await;
    client.intent("p2").await;
    let nothing = json!({ "calls": 0, "deliveries": 0, "notifications": 0 });
    assert_eq!(dropped().await, nothing);
    client.intent("p3").await;
    assert_eq!(client.calls("").await.len(), 2);
    assert_eq!(dropped().await["calls"], 1);
    client.control(Method::DELETE, "", Value::Null).await;
    assert_eq!(dropped().await, nothing);
    client.stop().await;
}
