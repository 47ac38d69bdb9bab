//! Callbacks over real HTTP: the signature decides, and what was taken is sealed in the queue.

use channels::{Credentials, StripeCredentials};
use chrono::DateTime;
use domain::{channel::Channel, id::MerchantId, job::ProcessCallback, secret::Secret};
use reqwest::{Method, StatusCode};
use ring::hmac;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::world::{Answer, NOW_S, World, open_shop, world};

pub const SECRET: &str = "whsec_a_secret_of_this_test";

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    expect: String,
    now: i64,
    secret: String,
    header: Option<String>,
    payload: String,
}

/// Gives the shop Stripe credentials with these webhook secrets.
pub async fn set_secrets(world: &World, secrets: &[&str]) {
    set_secrets_of(world, world.shop.id, secrets).await;
}

async fn set_secrets_of(world: &World, merchant: MerchantId, secrets: &[&str]) {
    let secrets = secrets.iter().map(|secret| Secret::new(*secret)).collect();
    let credentials = StripeCredentials::new(Secret::new("sk_test_1"), secrets).unwrap();
    let json = Credentials::Stripe(credentials).to_json().unwrap();
    let at = DateTime::UNIX_EPOCH;
    world
        .store
        .set_credentials(merchant, Channel::Stripe, &json, store::Doing::by("test", at))
        .await
        .unwrap();
}

/// A signature over a body, made now.
pub fn signed(body: &str) -> (String, String) {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = hmac::sign(&key, format!("{NOW_S}.{body}").as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    (format!("t={NOW_S},v1={hex}"), body.to_owned())
}

pub async fn send(world: &World, signature: Option<&str>, body: &str) -> Answer {
    send_to(world, &world.shop.id.to_string(), signature, body).await
}

async fn send_to(world: &World, merchant: &str, signature: Option<&str>, body: &str) -> Answer {
    let mut request = world.request(Method::POST, &format!("/api/v1/webhooks/stripe/{merchant}"));
    if let Some(signature) = signature {
        request = request.header("stripe-signature", signature);
    }
    world
        .send(
            request
                .header("content-type", "application/json; charset=utf-8")
                .body(body.to_owned()),
        )
        .await
}

#[tokio::test]
async fn the_reference_cases_pass_as_marked() {
    let world = world().await;
    world.ready().await;
    let fixture = include_str!("../../../adapters/channels/tests/fixtures/stripe_signatures.json");
    let Vectors { cases } = serde_json::from_str(fixture).unwrap();
    assert!(cases.len() >= 20);
    for case in cases {
        // A merchant of its own for each case, as secrets are remembered for a while.
        let shop = open_shop(&world.store).await;
        set_secrets_of(&world, shop.id, &[&case.secret]).await;
        world.clock.set(case.now);
        let answer = send_to(
            &world,
            &shop.id.to_string(),
            case.header.as_deref(),
            &case.payload,
        )
        .await;
        let jobs = world.take_jobs("process_callback", 10).await;
        match case.expect.as_str() {
            "accept" => {
                assert_eq!(
                    (answer.status, &answer.body),
                    (StatusCode::OK, &json!({"received": true})),
                    "{}",
                    case.name
                );
                let [job] = jobs.as_slice() else {
                    panic!("{}: {jobs:?}", case.name)
                };
                assert_eq!(opened(&world, job), case.payload.as_bytes(), "{}", case.name);
            }
            // The SDKs take a timestamp from the far future, which lets a stolen signature be kept for later.
            "reject" | "sdk_accepts_product_may_reject" => {
                answer.is_problem(400, "/problems/bad-signature");
                assert!(jobs.is_empty(), "{}: {jobs:?}", case.name);
            }
            other => panic!("{}: {other}", case.name),
        }
    }
    world.close().await;
}

/// Anybody may send callbacks, and must not write into a trace of their choice.
#[tokio::test]
async fn a_callback_neither_joins_nor_chooses_a_trace() {
    let world = world().await;
    world.ready().await;
    set_secrets(&world, &[SECRET]).await;
    let theirs = "4bf92f3577b34da6a3ce929d0e0e4736";
    let (signature, body) = signed(r#"{"id": "evt_1", "object": "event", "type": "charge.refunded"}"#);
    let path = format!("/api/v1/webhooks/stripe/{}", world.shop.id);
    let request = world
        .request(Method::POST, &path)
        .header("traceparent", format!("00-{theirs}-00f067aa0ba902b7-01"))
        .header("stripe-signature", signature)
        .header("content-type", "application/json")
        .body(body);
    let answer = world.send(request).await;
    assert_eq!(answer.status, StatusCode::OK);
    let ours = answer.header("x-request-id").unwrap();
    assert_ne!(ours, theirs);
    let jobs = world.take_jobs("process_callback", 10).await;
    let carried = jobs[0]["properties"]["headers"]["traceparent"].as_str().unwrap();
    assert!(carried.contains(ours), "{carried}");
    world.close().await;
}

/// The raw body inside a job's seal.
fn opened(world: &World, message: &Value) -> Vec<u8> {
    let job: ProcessCallback = serde_json::from_str(message["payload"].as_str().unwrap()).unwrap();
    let place = ProcessCallback::place(job.channel, job.merchant_id, &job.event_id);
    world.store.vault().open_text(&place, &job.sealed_body).unwrap()
}

#[tokio::test]
async fn a_callback_becomes_a_job_that_shows_nothing_of_the_payer() {
    let world = world().await;
    world.ready().await;
    set_secrets(&world, &["whsec_older", SECRET]).await;
    let (header, body) = signed(
        r#"{"id": "evt_1", "object": "event", "type": "charge.refunded", "data": {"object": {"email": "ada@payer.example"}}}"#,
    );
    assert_eq!(send(&world, Some(&header), &body).await.status, StatusCode::OK);
    // Sent again, it is the same job.
    assert_eq!(send(&world, Some(&header), &body).await.status, StatusCode::OK);
    let jobs = world.take_jobs("process_callback", 10).await;
    let [first, second] = jobs.as_slice() else {
        panic!("{jobs:?}")
    };
    assert_eq!(
        first["properties"]["message_id"],
        second["properties"]["message_id"]
    );
    assert_eq!(first["properties"]["correlation_id"], "evt_1");
    assert!(!first.to_string().contains("ada@payer"), "{first}");
    assert_eq!(opened(&world, first), body.as_bytes());
    let job: ProcessCallback = serde_json::from_str(first["payload"].as_str().unwrap()).unwrap();
    assert_eq!(
        (
            job.merchant_id,
            job.event_type.as_str(),
            job.received_at.timestamp()
        ),
        (world.shop.id, "charge.refunded", NOW_S)
    );
    world.close().await;
}

#[tokio::test]
async fn what_is_signed_but_no_event_is_refused() {
    let world = world().await;
    world.ready().await;
    set_secrets(&world, &[SECRET]).await;
    for body in [
        "",
        "nonsense",
        "[]",
        "{}",
        r#"{"id": 1, "type": "x"}"#,
        r#"{"id": "", "type": "x"}"#,
    ] {
        let (header, body) = signed(body);
        send(&world, Some(&header), &body)
            .await
            .is_problem(400, "/problems/malformed-callback");
    }
    let (header, body) = signed(&json!({"id": "e".repeat(256), "object": "event", "type": "x"}).to_string());
    send(&world, Some(&header), &body)
        .await
        .is_problem(400, "/problems/malformed-callback");
    assert!(world.take_jobs("process_callback", 10).await.is_empty());
    world.close().await;
}

#[tokio::test]
async fn an_address_without_a_merchant_behind_it_is_not_found() {
    let world = world().await;
    let (header, body) = signed(r#"{"id": "evt_1", "object": "event", "type": "x"}"#);
    // The shop exists, but has no credentials yet.
    for merchant in [
        world.shop.id.to_string(),
        MerchantId::random().to_string(),
        "mer_1".into(),
        "x".into(),
    ] {
        send_to(&world, &merchant, Some(&header), &body)
            .await
            .is_problem(404, "/problems/not-found");
    }
    set_secrets(&world, &[SECRET]).await;
    world.ready().await;
    assert_eq!(send(&world, Some(&header), &body).await.status, StatusCode::OK);
    world.close().await;
}

#[tokio::test]
async fn one_merchants_secret_does_not_open_anothers_address() {
    let world = world().await;
    let other = open_shop(&world.store).await;
    set_secrets(&world, &[SECRET]).await;
    set_secrets_of(&world, other.id, &["whsec_of_the_other"]).await;
    let (header, body) = signed(r#"{"id": "evt_1", "object": "event", "type": "x"}"#);
    send_to(&world, &other.id.to_string(), Some(&header), &body)
        .await
        .is_problem(400, "/problems/bad-signature");
    world.close().await;
}

#[tokio::test]
async fn a_queue_that_is_gone_is_told_as_not_accepted() {
    let world = world().await;
    world.ready().await;
    set_secrets(&world, &[SECRET]).await;
    world
        .vhost
        .management()
        .delete("queues/{vhost}/jobs.process_callback")
        .await;
    let (header, body) = signed(r#"{"id": "evt_1", "object": "event", "type": "x"}"#);
    send(&world, Some(&header), &body)
        .await
        .is_problem(503, "/problems/broker-unavailable");
    world.close().await;
}
