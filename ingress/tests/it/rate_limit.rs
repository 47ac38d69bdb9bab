//! A merchant that floods is told when to come back, and nobody else notices.

use std::{collections::BTreeSet, num::NonZeroU32, time::Duration};

use domain::job::{CreateIntent, Job};
use futures::future::join_all;
use ingress::{Config, Rate};
use reqwest::{Method, StatusCode};

use crate::{
    callbacks::{SECRET, send, set_secrets, signed},
    issuer,
    tokens::{admin, claims, config, token},
    world::{Answer, Shop, World, good_body, job_ids, open_shop, world_with},
};

const PAYMENTS: &str = "/api/v1/payments";
/// More than may be asked for at once, and than is added while it is asked.
const FLOOD: usize = 60;
const BURST: usize = 5;

/// The burst, and then one a second.
fn rate() -> Option<Rate> {
    NonZeroU32::new(BURST as u32).map(|burst| Rate {
        per_s: NonZeroU32::MIN,
        burst,
    })
}

/// A world in which as little may be asked for as can be, and everything read.
async fn strict_world(change: impl FnOnce(&mut Config)) -> World {
    let world = world_with(|config| {
        config.limits.requests = rate();
        config.limits.reads = None;
        change(config);
    })
    .await;
    world.ready().await;
    world
}

/// What a shop is answered that asks for so many payments at once, under keys of one name.
async fn ask(world: &World, shop: &Shop, name: &str, times: usize) -> Vec<Answer> {
    join_all((0..times).map(|number| {
        let request = world.request(Method::POST, PAYMENTS).bearer_auth(&shop.key);
        let key = format!("{name}-{number}");
        world.send(request.header("idempotency-key", key).json(&good_body()))
    }))
    .await
}

/// The payments that were accepted.
fn accepted(answers: &[Answer]) -> BTreeSet<String> {
    answers
        .iter()
        .filter(|answer| answer.status == StatusCode::ACCEPTED)
        .map(|answer| answer.body["id"].as_str().unwrap().to_owned())
        .collect()
}

/// The payments whose jobs are in the queue.
async fn queued(world: &World) -> BTreeSet<String> {
    let messages = world.take_jobs("create_intent", 1_000).await;
    let payment_id = |message: &serde_json::Value| {
        let payload = message["payload"].as_str().unwrap();
        let job: CreateIntent = serde_json::from_str(payload).unwrap();
        assert_eq!(job_ids(std::slice::from_ref(message)), [job.id().to_string()]);
        job.payment_id().to_string()
    };
    messages.iter().map(payment_id).collect()
}

#[tokio::test]
async fn who_floods_is_told_when_to_come_back_and_the_others_are_answered() {
    let world = strict_world(|_| {}).await;
    let other = open_shop(&world.store).await;
    let (flood, calm) = tokio::join!(
        ask(&world, &world.shop, "flood", FLOOD),
        ask(&world, &other, "calm", BURST),
    );
    let taken = accepted(&flood);
    assert!((BURST..FLOOD / 2).contains(&taken.len()), "{}", taken.len());
    for refused in flood
        .iter()
        .filter(|answer| answer.status != StatusCode::ACCEPTED)
    {
        refused.is_problem(429, "/problems/too-many-requests");
        assert_eq!(refused.header("retry-after"), Some("1"));
    }
    let of_the_other = accepted(&calm);
    assert_eq!(of_the_other.len(), BURST, "{calm:?}");
    assert_eq!(queued(&world).await, &taken | &of_the_other);

    let refused = flood
        .iter()
        .position(|answer| answer.status != StatusCode::ACCEPTED);
    let key = format!("flood-{}", refused.unwrap());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let answer = world.send(world.pay(&key, &good_body())).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    assert_eq!(queued(&world).await, accepted(&[answer]));
    world.close().await;
}

#[tokio::test]
async fn reading_and_asking_take_nothing_from_each_other() {
    let world = strict_world(|config| config.limits.reads = rate()).await;
    let read = |_| world.send(world.get(PAYMENTS));
    let answers = join_all((0..FLOOD).map(read)).await;
    let is_limited = |answer: &&Answer| answer.status == StatusCode::TOO_MANY_REQUESTS;
    assert!(answers.iter().filter(is_limited).count() > FLOOD / 2);
    assert_eq!(accepted(&ask(&world, &world.shop, "k", BURST).await).len(), BURST);
    world.close().await;
}

/// Its users are a merchant's own; the administrator is not.
#[tokio::test]
async fn users_count_with_their_merchant_and_administrators_with_nobody() {
    let keys = ingress::JwtKeys::Secret(domain::secret::Secret::new(issuer::SECRET));
    let world = strict_world(|with| with.jwt = Some(config(keys))).await;
    let post = |token: String, key: String| {
        let request = world.post_as(&token, PAYMENTS, &key, &good_body());
        world.send(request.header("sluice-merchant", world.shop.id.to_string()))
    };
    let users = (0..FLOOD).map(|number| {
        let user = token(&claims(&format!("user-{number}"), world.shop.id));
        post(user, "k".into())
    });
    let taken = accepted(&join_all(users).await).len();
    assert!((BURST..FLOOD / 2).contains(&taken), "{taken}");
    let by_the_admin = (0..FLOOD).map(|number| post(token(&admin()), format!("k-{number}")));
    assert_eq!(accepted(&join_all(by_the_admin).await).len(), FLOOD);
    world.close().await;
}

#[tokio::test]
async fn callbacks_take_nothing_from_a_merchant_and_are_taken_while_it_floods() {
    let world = strict_world(|_| {}).await;
    set_secrets(&world, &[SECRET]).await;
    let forged = format!("t={},v1={}", crate::world::NOW_S, "0".repeat(64));
    for _ in 0..2 * BURST {
        let refused = send(&world, Some(&forged), "{}").await;
        refused.is_problem(400, "/problems/bad-signature");
    }
    assert_eq!(accepted(&ask(&world, &world.shop, "k", BURST).await).len(), BURST);
    let flood = ask(&world, &world.shop, "flood", FLOOD).await;
    assert!(accepted(&flood).len() < FLOOD / 2);
    let (signature, body) = signed(r#"{"id": "evt_1", "object": "event", "type": "x"}"#);
    let taken = send(&world, Some(&signature), &body).await;
    assert_eq!(taken.status, StatusCode::OK, "{taken:?}");
    assert_eq!(world.take_jobs("process_callback", 10).await.len(), 1);
    world.close().await;
}
