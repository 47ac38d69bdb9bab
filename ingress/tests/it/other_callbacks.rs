//! Callbacks of the providers besides Stripe: the same door, and each is answered in its own words.

use channels::Credentials;
use chrono::DateTime;
use domain::{channel::Channel, secret::Secret};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Answer, World, world};

const WECHAT: &str = include_str!("../../../adapters/channels/tests/fixtures/wechat.json");
const ALIPAY: &str = include_str!("../../../adapters/channels/tests/fixtures/alipay.json");

async fn set_credentials(world: &World, channel: Channel, fields: &Value) {
    let credentials = Credentials::read(channel, &Secret::new(fields.to_string())).unwrap();
    let (json, at) = (credentials.to_json().unwrap(), DateTime::UNIX_EPOCH);
    world
        .store
        .set_credentials(world.shop.id, channel, &json, store::Doing::by("test", at))
        .await
        .unwrap();
}

async fn use_wechat(world: &World, vectors: &Value) {
    let fields = json!({
        "mchid": vectors["mchid"],
        "appid": vectors["appid"],
        "serial_no": vectors["merchant"]["serial"],
        "private_key": vectors["merchant"]["pkcs8"],
        "apiv3_keys": [vectors["apiv3_key"]],
        "verifiers": [
            { "id": vectors["wechat_public_key"]["id"], "public_key": vectors["wechat_public_key"]["spki"] },
            { "certificate": vectors["platform_cert"]["cert"] },
        ],
    });
    set_credentials(world, Channel::Wechat, &fields).await;
}

async fn send(world: &World, channel: Channel, headers: &[(&str, &str)], body: &str) -> Answer {
    let path = format!("/api/v1/webhooks/{channel}/{}", world.shop.id);
    let mut request = world.request(Method::POST, &path).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.send(request).await
}

/// What only the worker can tell (whose it is, whether it opens) is taken here, for it must not be lost.
#[tokio::test]
async fn wechat_pays_reference_cases_pass_as_marked() {
    let world = world().await;
    world.ready().await;
    let vectors: Value = serde_json::from_str(WECHAT).unwrap();
    use_wechat(&world, &vectors).await;
    for case in vectors["notify_cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        world.clock.set(case["now"].as_i64().unwrap());
        let headers: Vec<(&str, &str)> = case["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        let answer = send(&world, Channel::Wechat, &headers, case["body"].as_str().unwrap()).await;
        let jobs = world.take_jobs("process_callback", 10).await.len();
        let is_signed = !case["expect"].as_str().unwrap().starts_with("reject");
        if is_signed || name == "encrypted_with_other_apiv3_key" {
            assert_eq!((answer.status, jobs), (StatusCode::OK, 1), "{name}");
        } else {
            assert_eq!((answer.status, jobs), (StatusCode::BAD_REQUEST, 0), "{name}");
            assert_eq!(answer.body["code"], "FAIL", "{name}");
            assert!(answer.body["message"].is_string(), "{name}");
        }
    }
    world.close().await;
}

#[tokio::test]
async fn alipays_reference_cases_pass_as_marked() {
    let world = world().await;
    world.ready().await;
    let vectors: Value = serde_json::from_str(ALIPAY).unwrap();
    let fields = json!({
        "app_id": vectors["app_id"],
        "seller_id": vectors["seller_id"],
        "private_key": vectors["merchant_key"]["pkcs8"],
        "alipay_public_keys": [vectors["alipay_key"]["spki"]],
    });
    set_credentials(&world, Channel::Alipay, &fields).await;
    // When they were sent: 2026-11-20 10:00:05 UTC.
    world.clock.set(1_795_168_805);
    for case in vectors["notify_cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let headers = [("content-type", case["content_type"].as_str().unwrap())];
        let answer = send(
            &world,
            Channel::Alipay,
            &headers,
            case["form_body"].as_str().unwrap(),
        )
        .await;
        let jobs = world.take_jobs("process_callback", 10).await.len();
        if case["expect"] == "reject" {
            assert_eq!((answer.status, jobs), (StatusCode::BAD_REQUEST, 0), "{name}");
            assert_ne!(answer.body, "success", "{name}");
        } else {
            assert_eq!((answer.status, jobs), (StatusCode::OK, 1), "{name}");
            assert_eq!(answer.body, "success", "nothing else counts as taken");
        }
    }
    world.close().await;
}

/// It may be the provider's new key, and is not taken for any bad signature.
#[tokio::test]
async fn a_signature_by_a_key_that_nobody_knows_is_counted_apart() {
    runtime::telemetry::install_recorder().unwrap();
    let world = world().await;
    world.ready().await;
    let vectors: Value = serde_json::from_str(WECHAT).unwrap();
    use_wechat(&world, &vectors).await;
    let case = &vectors["notify_cases"][0];
    let now = case["now"].as_i64().unwrap();
    world.clock.set(now);
    let headers = [
        ("wechatpay-timestamp", &*now.to_string()),
        ("wechatpay-nonce", "n"),
        ("wechatpay-signature", "AAAA"),
        ("wechatpay-serial", "PUB_KEY_ID_OF_NEXT_YEAR"),
    ];
    let answer = send(&world, Channel::Wechat, &headers, case["body"].as_str().unwrap()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let text = runtime::telemetry::metrics_text();
    let counted = r#"sluice_callbacks_received_total{channel="wechat",outcome="unknown_key"} 1"#;
    assert!(text.lines().any(|line| line == counted), "{text}");
    world.close().await;
}

/// Whoever asks with headers that no provider sends is refused before anything is looked up or fetched.
#[tokio::test]
async fn what_no_provider_sends_is_refused_in_its_words() {
    let world = world().await;
    world.ready().await;
    world.clock.set(1_795_168_800);
    let lure = [
        ("paypal-transmission-id", "1"),
        ("paypal-transmission-time", "2026-11-20T10:00:00Z"),
        ("paypal-transmission-sig", "AAAA"),
        ("paypal-auth-algo", "SHA256withRSA"),
        ("paypal-cert-url", "https://169.254.169.254/latest/meta-data"),
    ];
    let answer = send(&world, Channel::Paypal, &lure, "{}").await;
    answer.is_problem(400, "/problems/bad-signature");
    let answer = send(&world, Channel::Wechat, &[], "{}").await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (StatusCode::BAD_REQUEST, &json!("FAIL"))
    );
    let nowhere = world.request(
        Method::POST,
        &format!("/api/v1/webhooks/bitcoin/{}", world.shop.id),
    );
    world.send(nowhere).await.is_problem(404, "/problems/not-found");
    world.close().await;
}
