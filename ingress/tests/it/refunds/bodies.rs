//! Everything that is wrong with a request for a refund, on either way to ask.

use reqwest::Method;
use serde_json::{Value, json};

use super::{REFUNDS, address, body, paid};
use crate::world::world;

#[tokio::test]
async fn a_body_that_cannot_be_read_is_told_with_its_field() {
    let world = world().await;
    let payment = paid(&world, "k").await;
    let named = format!("\"payment_id\": \"{}\"", payment.id);
    for (text, field, words) in [
        (String::new(), "body", "EOF"),
        ("{".into(), "body", "EOF"),
        ("null".into(), "body", "expected"),
        ("{}".into(), "payment_id", "missing field `payment_id`"),
        (
            "{\"payment_id\": null}".into(),
            "payment_id",
            "missing field `payment_id`",
        ),
        ("{\"payment_id\": 7}".into(), "payment_id", "expected a string"),
        (format!("{{{named}, {named}}}"), "payment_id", "duplicate field"),
        (
            format!("{{{named}, \"amuont\": 5}}"),
            "amuont",
            "unknown field `amuont`",
        ),
        (
            format!("{{{named}, \"metadata\": {{\"a\": 1}}}}"),
            "metadata.a",
            "expected a string",
        ),
        (
            format!("{{{named}, \"operator\": 4242}}"),
            "operator",
            "expected a string",
        ),
        (
            format!("{{{named}, \"amount\": 500, \"currency\": null}}"),
            "currency",
            "expected a string",
        ),
    ] {
        let request = world.post(REFUNDS, "r", &json!({})).body(text.clone());
        let answer = world.send(request).await;
        answer
            .is_problem(400, "/problems/malformed-json")
            .names(field, words);
        assert!(!answer.body.to_string().contains("4242"), "{text}");
    }
    let twice = world
        .send(world.post(&address(payment.id), "r", &body(payment.id)))
        .await;
    twice
        .is_problem(400, "/problems/malformed-json")
        .names("payment_id", "the address names the payment");
    world.close().await;
}

#[tokio::test]
async fn a_value_that_cannot_be_used_is_named() {
    let world = world().await;
    world.ready().await;
    let payment = paid(&world, "k").await;
    for (field, value, words) in [
        ("payment_id", json!("pay_1"), "32 hexadecimal digits"),
        ("payment_id", json!(world.shop.id.to_string()), "pay_"),
        ("amount", json!(0), "greater than zero"),
        ("amount", json!(-500), "greater than zero"),
        ("amount", json!(5.5), "without a fraction"),
        ("amount", json!("500"), "JSON number"),
        ("amount", Value::Null, "JSON number"),
        ("amount", json!(u64::MAX), "at most"),
        ("amount", json!(1_000_000_000_000_u64), "at most"),
        ("currency", json!("XYZ"), "unknown currency"),
        (
            "reason",
            json!("because"),
            "one of requested_by_customer, duplicate, fraudulent",
        ),
        ("reason", json!("paid_late"), "one of requested_by_customer"),
        ("operator", json!(""), "1 to 200"),
        ("operator", json!("x".repeat(201)), "1 to 200"),
        ("description", json!("a\u{7}"), "no control characters"),
        ("metadata", json!({"k": "x".repeat(201)}), "at most 200"),
    ] {
        let mut changed = body(payment.id);
        changed[field] = value;
        let answer = world.send(world.post(REFUNDS, "r", &changed)).await;
        answer
            .is_problem(422, "/problems/invalid-request")
            .names(field, words);
    }
    let mut three = body(payment.id);
    three["amount"] = json!("1");
    three["currency"] = json!("XYZ");
    three["reason"] = json!("x");
    let answer = world.send(world.post(REFUNDS, "r", &three)).await;
    for field in ["amount", "currency", "reason"] {
        answer.names(field, "");
    }
    assert_eq!(
        world.take_jobs("create_refund", 10).await.len(),
        0,
        "something was accepted"
    );
    world.close().await;
}

#[tokio::test]
async fn keys_are_required_and_sluices_own_are_refused() {
    let world = world().await;
    let payment = paid(&world, "k").await;
    for path in [REFUNDS.to_owned(), address(payment.id)] {
        let without = world
            .request(Method::POST, &path)
            .bearer_auth(&world.shop.key)
            .json(&json!({}));
        world
            .send(without)
            .await
            .is_problem(400, "/problems/idempotency-key");
        world
            .send(
                world
                    .request(Method::POST, &path)
                    .header("idempotency-key", "r")
                    .json(&json!({})),
            )
            .await
            .is_problem(401, "/problems/unauthorized");
    }
    let own = format!("late-payment:{}", payment.id);
    let answer = world.send(world.post(REFUNDS, &own, &body(payment.id))).await;
    answer.is_problem(400, "/problems/idempotency-key");
    assert!(answer.body["detail"].as_str().unwrap().contains("late-payment:"));
    world.close().await;
}

#[tokio::test]
async fn a_body_too_large_or_of_another_type_is_refused() {
    let world = world().await;
    let payment = paid(&world, "k").await;
    for path in [REFUNDS.to_owned(), address(payment.id)] {
        let large = format!("{{\"description\": \"{}\"}}", "x".repeat(70_000));
        let request = world.post(&path, "r", &json!({})).body(large);
        world
            .send(request)
            .await
            .is_problem(413, "/problems/body-too-large");
        let text = world.request(Method::POST, &path).bearer_auth(&world.shop.key);
        let text = text
            .header("idempotency-key", "r")
            .header("content-type", "text/plain");
        world
            .send(text.body("{}"))
            .await
            .is_problem(415, "/problems/unsupported-media-type");
    }
    let nobody = world
        .send(world.post("/api/v1/payments/pay_1/refund", "r", &json!({})))
        .await;
    nobody.is_problem(404, "/problems/not-found");
    world.close().await;
}
