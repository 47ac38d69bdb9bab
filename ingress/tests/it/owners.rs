//! Whose payments are: what merchants say of their users, and how it is looked for.

use domain::{job::CreateIntent, payment::PaymentStatus};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    listing::all_pages,
    refunds,
    tokens::{claims, token, world_of_secret},
    worker::only_job,
    world::{World, good_body, world},
};

const PAYMENTS: &str = "/api/v1/payments";

/// A paid payment of this user with a refund, whose ids are given.
pub async fn bought(world: &World, key: &str, user: Option<&str>, age_s: i64) -> [String; 2] {
    let payment = world.payment_of(key, user, PaymentStatus::Succeeded, age_s);
    world.store(&payment).await;
    let stored = domain::payment::Payment {
        version: 1,
        ..payment
    };
    let refund = refunds::pending(&stored, refunds::job(world, key, stored.id));
    refunds::reserve(world, &stored, &refund).await;
    [stored.id.to_string(), refund.id.to_string()]
}

#[tokio::test]
async fn a_payments_owner_is_part_of_what_is_asked_for() {
    let world = world().await;
    world.ready().await;
    let mut body = good_body();
    body["user_id"] = "anna".into();
    let answer = world.send(world.pay("k", &body)).await;
    assert_eq!(
        (answer.status, &answer.body["user_id"]),
        (StatusCode::ACCEPTED, &json!("anna"))
    );
    let (job, _) = only_job::<CreateIntent>(&world).await;
    assert_eq!(job.request.user_id, Some("anna".parse().unwrap()));

    let payment = world.payment_of("k", Some("anna"), PaymentStatus::RequiresAction, 1);
    world.store(&payment).await;
    let answer = world.send(world.pay("k", &body)).await;
    assert_eq!(
        (answer.status, &answer.body["user_id"]),
        (StatusCode::OK, &json!("anna"))
    );
    body["user_id"] = "bob".into();
    let answer = world.send(world.pay("k", &body)).await;
    answer.is_problem(409, "/problems/idempotency-conflict");
    for bad in ["", "two words", "näher", &"x".repeat(129)] {
        body["user_id"] = bad.into();
        let answer = world.send(world.pay("k", &body)).await;
        answer
            .is_problem(422, "/problems/invalid-request")
            .names("user_id", "1 to 128 visible");
    }
    world.close().await;
}

#[tokio::test]
async fn lists_can_be_narrowed_to_what_is_a_users() {
    let world = world().await;
    let mut bought_by = Vec::new();
    for (age_s, user) in [Some("anna"), Some("bob"), None, Some("anna")]
        .into_iter()
        .enumerate()
    {
        bought_by.push(bought(&world, &format!("k{age_s}"), user, age_s as i64).await);
    }
    for (which, path) in [PAYMENTS, refunds::REFUNDS].into_iter().enumerate() {
        let [first, of_bob, _, second] = [0, 1, 2, 3].map(|n: usize| bought_by[n][which].clone());
        let of = async |query| all_pages(&world, path, query).await.concat();
        assert_eq!(of("user_id=anna&limit=1").await, vec![second, first]);
        assert_eq!(of("user_id=bob").await, vec![of_bob]);
        assert!(of("user_id=nobody").await.is_empty());
        assert_eq!(of("").await.len(), 4);
        let answer = world
            .send(world.get(&format!("{path}?user_id=two%20words")))
            .await;
        answer
            .is_problem(400, "/problems/invalid-query")
            .names("user_id", "1 to 128 visible");
    }
    world.close().await;
}

/// Who of the merchant's people decided a refund, and what they wrote about it, is not for its user.
#[tokio::test]
async fn users_see_their_refunds_without_what_the_merchants_people_write() {
    let world = world_of_secret().await;
    let [_, refund] = bought(&world, "k", Some("bob"), 1).await;
    let bob = token(&claims("bob", world.shop.id));
    let one = format!("{}/{refund}", refunds::REFUNDS);
    for (path, place) in [(one.as_str(), ""), (refunds::REFUNDS, "/data/0")] {
        let seen = async |request| {
            let answer = world.send(request).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            answer.body.pointer(place).unwrap().clone()
        };
        let mut view = seen(world.get(path)).await;
        assert_eq!(
            (&view["id"], &view["operator"], &view["description"]),
            (&json!(refund), &json!("anna"), &json!("One coffee was cold"))
        );
        view["operator"] = Value::Null;
        view["description"] = Value::Null;
        assert_eq!(seen(world.as_bearer(Method::GET, path, &bob)).await, view);
    }
    world.close().await;
}
