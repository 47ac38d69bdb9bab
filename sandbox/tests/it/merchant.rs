//! The merchant's endpoint: what it verifies and how it can be told to answer.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder};
use ring::hmac;
use serde_json::{Value, json};

use crate::client::Client;

const SECRET: &str = "whsec_qcVbByYvJsFt5rfAdOZqwFqrYPBlp6uV6dvcDTZL5BE=";
const OLD: &str = "whsec_uxnhXmyyjGOeM4PB9EIfCRt8ufl+cyRxJIaqMuzE6Bk=";
const BODY: &str = r#"{"type":"payment.succeeded","data":{"payment_id":"p1"}}"#;

fn sign(secret: &str, id: &str, timestamp_s: i64, body: &str) -> String {
    let key = hmac::Key::new(
        hmac::HMAC_SHA256,
        &STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap(),
    );
    format!(
        "v1,{}",
        STANDARD.encode(hmac::sign(&key, format!("{id}.{timestamp_s}.{body}").as_bytes()))
    )
}

/// A notification that was not sent yet.
fn notification(client: &Client, id: &str, timestamp_s: i64, signature: &str) -> RequestBuilder {
    let request = client
        .http
        .post(format!("{}/merchant/shop", client.base))
        .header("webhook-id", id);
    request
        .header("webhook-timestamp", timestamp_s)
        .header("webhook-signature", signature)
        .body(BODY)
}

#[tokio::test]
async fn notifications_are_verified_and_kept_in_order() {
    let client = Client::start().await;
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs().cast_signed();
    let send = async |id: &str, at: i64, signature: &str| {
        notification(&client, id, at, signature)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(
        send("m0", now, "v1,none").await,
        200,
        "without a secret nothing is judged"
    );
    client
        .control(Method::PUT, "/merchants/shop", json!({"secret": SECRET}))
        .await;
    assert_eq!(send("m1", now, &sign(SECRET, "m1", now, BODY)).await, 200);
    assert_eq!(send("m1", now, &sign(SECRET, "m1", now, BODY)).await, 200);
    assert_eq!(send("m2", now, &sign(OLD, "m2", now, BODY)).await, 401);
    assert_eq!(
        send(
            "m3",
            now,
            &format!("{} {}", sign(OLD, "m3", now, BODY), sign(SECRET, "m3", now, BODY))
        )
        .await,
        200
    );
    assert_eq!(
        send("m4", now - 400, &sign(SECRET, "m4", now - 400, BODY)).await,
        401
    );
    client
        .control(Method::PUT, "/merchants/shop", json!({"secret": [SECRET, OLD]}))
        .await;
    assert_eq!(send("m5", now, &sign(OLD, "m5", now, BODY)).await, 200);

    let received = client.received("shop").await;
    let seen: Vec<_> = received
        .iter()
        .map(|d| {
            (
                d["id"].as_str().unwrap(),
                d["verified"].as_bool(),
                d["attempt"].as_u64().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("m0", None, 1),
        ("m1", Some(true), 1),
        ("m1", Some(true), 2),
        ("m2", Some(false), 1),
        ("m3", Some(true), 1),
        ("m4", Some(false), 1),
        ("m5", Some(true), 1),
    ];
    assert_eq!(seen, expected);
    assert_eq!(
        (
            &received[1]["type"],
            &received[1]["payload"]["data"]["payment_id"]
        ),
        (&json!("payment.succeeded"), &json!("p1"))
    );
    assert_eq!(
        client.control(Method::GET, "/merchants/shop", Value::Null).await["verified"],
        4
    );
    client.stop().await;
}

#[tokio::test]
async fn the_endpoint_answers_as_it_is_told() {
    let client = Client::start().await;
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let url = format!("{}/merchant/shop", client.base);
    let behave = async |behaviour: Value| {
        client
            .control(Method::POST, "/merchants/shop/behaviour", behaviour)
            .await
    };
    let send = async || http.post(&url).body(BODY).send().await.unwrap();

    behave(json!({"mode": "fail", "status": 500, "times": 2, "body": "broken"})).await;
    let failed = send().await;
    assert_eq!(
        (failed.status().as_u16(), failed.text().await.unwrap().as_str()),
        (500, "broken")
    );
    assert_eq!(send().await.status(), 500);
    assert_eq!(send().await.status(), 200, "twice, then well again");
    behave(json!({"mode": "gone"})).await;
    assert_eq!(send().await.status(), 410);
    behave(json!({"mode": "retry_after", "retry_after_s": 7})).await;
    let later = send().await;
    assert_eq!(
        (
            later.status().as_u16(),
            later.headers()["retry-after"].to_str().unwrap()
        ),
        (503, "7")
    );
    behave(json!({"mode": "redirect"})).await;
    let moved = send().await;
    assert_eq!(
        (
            moved.status().as_u16(),
            moved.headers()["location"].to_str().unwrap()
        ),
        (302, format!("{url}-redirected").as_str())
    );
    behave(json!({"mode": "slow", "delay_ms": 150})).await;
    let began = Instant::now();
    assert_eq!(send().await.status(), 200);
    assert!(began.elapsed() >= Duration::from_millis(150));
    behave(json!({"mode": "hang", "times": 1})).await;
    let hung = http
        .post(&url)
        .body(BODY)
        .timeout(Duration::from_millis(150))
        .send()
        .await
        .unwrap_err();
    assert!(hung.is_timeout());

    let answered: Vec<_> = client
        .received("shop")
        .await
        .iter()
        .map(|d| d["answered"].as_u64())
        .collect();
    assert_eq!(
        answered,
        [
            Some(500),
            Some(500),
            Some(200),
            Some(410),
            Some(503),
            Some(302),
            Some(200),
            None
        ]
    );
    client.stop().await;
}

#[tokio::test]
async fn merchants_do_not_see_each_other() {
    let client = Client::start().await;
    client
        .control(Method::POST, "/merchants/shop/behaviour", json!({"mode": "gone"}))
        .await;
    let other = client
        .http
        .post(format!("{}/merchant/other", client.base))
        .body("not json")
        .send()
        .await
        .unwrap();
    assert_eq!(other.status(), 200);
    assert_eq!(client.received("shop").await.len(), 0);
    let received = client.received("other").await;
    assert_eq!(
        (&received[0]["payload"], &received[0]["body"]),
        (&Value::Null, &json!("not json"))
    );
    client.stop().await;
}
