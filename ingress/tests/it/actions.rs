//! Cancels and confirms over HTTP: what is taken, what is known already, and what whoever waits gets to hear.

use domain::{
    id::{IdempotencyKey, PaymentId},
    job::{CancelPayment, ConfirmPayment, Job, PaymentActionReply, Wish},
    payment::{ActionOutcome, ActionRequest, Payment, PaymentAction, PaymentStatus, PaymentView},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::Record;

use crate::{
    worker::{ask, only_job},
    world::{World, open_shop, world},
};

fn address(payment_id: PaymentId, action: &str) -> String {
    format!("/api/v1/payments/{payment_id}/{action}")
}

/// What ingress makes of `{"reason": "Sold out", "operator": "anna"}`.
fn cancel(world: &World, key: &str, payment_id: PaymentId) -> CancelPayment {
    CancelPayment(Wish {
        merchant_id: world.shop.id,
        idempotency_key: IdempotencyKey::try_from(key.to_owned()).unwrap(),
        payment_id,
        request: ActionRequest::Cancel {
            reason: Some("Sold out".into()),
            operator: Some("anna".into()),
        },
    })
}

fn cancel_body() -> Value {
    json!({"reason": "Sold out", "operator": "anna"})
}

async fn open(world: &World) -> Payment {
    let payment = world.payment("k", PaymentStatus::RequiresAction, 1);
    world.store(&payment).await;
    payment
}

/// Keeps what came of a wish, as a worker does.
async fn keep(world: &World, wish: Wish, outcome: ActionOutcome) {
    let action = PaymentAction {
        merchant_id: wish.merchant_id,
        payment_id: wish.payment_id,
        idempotency_key: wish.idempotency_key,
        fingerprint: wish.request.fingerprint(wish.payment_id),
        request: wish.request,
        outcome,
        at: chrono::DateTime::UNIX_EPOCH,
    };
    let record = Record {
        action: Some(action),
        ..Record::default()
    };
    world.write(record).await;
}

fn refusal() -> (String, String) {
    ("payment_already_paid".into(), "The payment was paid.".into())
}

#[tokio::test]
async fn an_accepted_wish_is_a_job_in_the_queue_of_its_kind() {
    let world = world().await;
    world.ready().await;
    let payment = open(&world).await;
    let place = format!("/api/v1/payments/{}", payment.id);
    let answer = world
        .send(world.post(&address(payment.id, "cancel"), "c", &cancel_body()))
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    assert_eq!(answer.header("location"), Some(place.as_str()));
    let shop = world.shop.id.to_string();
    assert_eq!(
        answer.body,
        json!({"id": payment.id.to_string(), "merchant_id": shop, "action": "cancel"})
    );
    let (taken, properties) = only_job::<CancelPayment>(&world).await;
    let expected = cancel(&world, "c", payment.id);
    assert_eq!(properties["message_id"], expected.id().to_string());
    assert_eq!(properties["correlation_id"], payment.id.to_string());
    assert_eq!(taken, expected);

    let body = json!({"payment_method": "pm_card_visa", "return_url": "https://shop.example/thanks"});
    let answer = world
        .send(world.post(&address(payment.id, "confirm"), "c", &body))
        .await;
    assert_eq!(
        (answer.status, &answer.body["action"]),
        (StatusCode::ACCEPTED, &json!("confirm"))
    );
    let (ConfirmPayment(taken), _) = only_job::<ConfirmPayment>(&world).await;
    let request = ActionRequest::Confirm {
        payment_method: Some("pm_card_visa".into()),
        return_url: Some("https://shop.example/thanks".into()),
    };
    assert_eq!(
        taken,
        Wish {
            request,
            ..expected.0
        }
    );

    for action in ["cancel", "confirm"] {
        let answer = world
            .send(world.post(&address(payment.id, action), "empty", &json!({})))
            .await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{action}");
    }
    world.close().await;
}

#[tokio::test]
async fn the_workers_answer_is_the_clients_answer() {
    let world = world().await;
    world.ready().await;
    let payment = open(&world).await;
    let canceled = Payment {
        status: PaymentStatus::Canceled,
        ..payment.clone()
    };
    let view = PaymentView::for_merchant(&canceled);
    let job = cancel(&world, "c", payment.id);
    let request = || world.post(&address(payment.id, "cancel"), "c", &cancel_body());
    let done = PaymentActionReply::Payment(Box::new(view.clone()));
    let answer = ask(&world, request(), &job, &done).await;
    assert_eq!(
        (answer.status, answer.header("preference-applied")),
        (StatusCode::OK, Some("wait=20"))
    );
    assert_eq!(answer.body, serde_json::to_value(&view).unwrap());

    let (code, message) = refusal();
    let answer = ask(
        &world,
        request(),
        &job,
        &PaymentActionReply::Refused { code, message },
    )
    .await;
    answer.is_problem(409, "/problems/action-refused");
    assert_eq!(
        (&answer.body["code"], &answer.body["detail"]),
        (&json!("payment_already_paid"), &json!("The payment was paid."))
    );
    let answer = ask(&world, request(), &job, &PaymentActionReply::NoSuchPayment).await;
    answer.is_problem(404, "/problems/not-found");
    let answer = ask(&world, request(), &job, &PaymentActionReply::Conflict).await;
    answer.is_problem(409, "/problems/idempotency-conflict");
    let answer = world.send(request().header("prefer", "wait=1")).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    world.close().await;
}

#[tokio::test]
async fn what_came_of_a_wish_is_the_answer_to_its_repeat() {
    let world = world().await;
    world.ready().await;
    let payment = open(&world).await;
    let ask = async |key: &str, body: Value| {
        world
            .send(world.post(&address(payment.id, "cancel"), key, &body))
            .await
    };
    keep(&world, cancel(&world, "done", payment.id).0, ActionOutcome::Done).await;
    let (code, message) = refusal();
    let refused = ActionOutcome::Refused { code, message };
    keep(&world, cancel(&world, "refused", payment.id).0, refused).await;

    let answer = ask("done", cancel_body()).await;
    assert_eq!(
        (answer.status, answer.header("idempotent-replayed")),
        (StatusCode::OK, Some("true"))
    );
    assert_eq!(answer.body["id"], payment.id.to_string());
    let answer = ask("refused", cancel_body()).await;
    answer.is_problem(409, "/problems/action-refused");
    assert_eq!(
        (answer.header("idempotent-replayed"), &answer.body["code"]),
        (Some("true"), &json!("payment_already_paid"))
    );
    let answer = ask("done", json!({})).await;
    answer.is_problem(409, "/problems/idempotency-conflict");
    assert_eq!(world.take_jobs("cancel_payment", 10).await.len(), 0);

    // A confirm under the same key is another wish.
    let answer = world
        .send(world.post(&address(payment.id, "confirm"), "done", &json!({})))
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    world.close().await;
}

#[tokio::test]
async fn a_payment_that_is_not_there_or_not_ones_own_is_not_found() {
    let world = world().await;
    world.ready().await;
    let payment = open(&world).await;
    let other = open_shop(&world.store).await;
    let unknown = world.job("never").payment_id();
    for action in ["cancel", "confirm"] {
        for (key, id, later) in [
            (&other.key, payment.id.to_string(), Some("1")),
            (&world.shop.key, unknown.to_string(), Some("1")),
            (&world.shop.key, "pay_1".into(), None),
        ] {
            let path = format!("/api/v1/payments/{id}/{action}");
            let request = world.request(Method::POST, &path).bearer_auth(key);
            let answer = world
                .send(request.header("idempotency-key", "c").json(&json!({})))
                .await;
            answer.is_problem(404, "/problems/not-found");
            assert_eq!(answer.header("retry-after"), later);
        }
        assert_eq!(world.take_jobs(&format!("{action}_payment"), 10).await.len(), 0);
    }
    world.close().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_wish_is_named() {
    let world = world().await;
    let payment = open(&world).await;
    for (action, body, status, problem, field, words) in [
        (
            "cancel",
            json!({"reason": ""}),
            422,
            "/problems/invalid-request",
            "reason",
            "1 to 500",
        ),
        (
            "cancel",
            json!({"operator": "x".repeat(201)}),
            422,
            "/problems/invalid-request",
            "operator",
            "200",
        ),
        (
            "cancel",
            json!({"why": "x"}),
            400,
            "/problems/malformed-json",
            "why",
            "unknown field",
        ),
        (
            "cancel",
            json!({"reason": 1}),
            400,
            "/problems/malformed-json",
            "reason",
            "expected a string",
        ),
        (
            "confirm",
            json!({"return_url": "javascript:1"}),
            422,
            "/problems/invalid-request",
            "return_url",
            "https://",
        ),
        (
            "confirm",
            json!({"payment_method": "a\u{0}"}),
            422,
            "/problems/invalid-request",
            "payment_method",
            "control",
        ),
        (
            "confirm",
            json!({"reason": "x"}),
            400,
            "/problems/malformed-json",
            "reason",
            "unknown field",
        ),
    ] {
        let answer = world
            .send(world.post(&address(payment.id, action), "c", &body))
            .await;
        answer.is_problem(status, problem).names(field, words);
    }
    for action in ["cancel", "confirm"] {
        let path = address(payment.id, action);
        let without = world
            .request(Method::POST, &path)
            .bearer_auth(&world.shop.key)
            .json(&json!({}));
        world
            .send(without)
            .await
            .is_problem(400, "/problems/idempotency-key");
        let stranger = world
            .request(Method::POST, &path)
            .header("idempotency-key", "c")
            .json(&json!({}));
        world
            .send(stranger)
            .await
            .is_problem(401, "/problems/unauthorized");
        let large = world.post(&path, "c", &json!({"reason": "x".repeat(70_000)}));
        world
            .send(large)
            .await
            .is_problem(413, "/problems/body-too-large");
        let got = world.send(world.get(&path)).await;
        got.is_problem(405, "/problems/method-not-allowed");
    }
    world.close().await;
}
