//! What is taken is a job in the queue, and a repeat is the same one.

use domain::{
    id::RefundId,
    job::{CreateRefund, Job},
    refund::{RefundRequest, RefundView},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use store::Record;

use super::{REFUNDS, accepted, address, body, job, paid, pending, reserve};
use crate::{
    worker::only_job,
    world::{job_ids, open_shop, world},
};

#[tokio::test]
async fn an_accepted_refund_is_a_job_in_the_queue() {
    let world = world().await;
    world.ready().await;
    let payment = paid(&world, "k").await;
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = world.post(REFUNDS, "r", &body(payment.id));
    let answer = world.send(request.header("traceparent", traceparent)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let expected = job(&world, "r", payment.id);
    let id = expected.refund_id().to_string();
    assert_eq!(
        answer.header("location"),
        Some(format!("{REFUNDS}/{id}").as_str())
    );
    assert_eq!(
        answer.body,
        json!({
            "id": id, "payment_id": payment.id.to_string(), "merchant_id": world.shop.id.to_string(),
            "status": "pending", "amount": 500, "currency": "USD", "reason": "requested_by_customer",
            "operator": "anna", "description": "One coffee was cold", "metadata": {"table": "9"},
        })
    );
    let (taken, properties) = only_job::<CreateRefund>(&world).await;
    assert_eq!(taken, expected);
    assert_eq!(properties["message_id"], expected.id().to_string());
    assert_eq!(properties["type"], "create_refund");
    assert_eq!(properties["correlation_id"], payment.id.to_string());
    assert_eq!(properties["delivery_mode"], 2);
    let carried = properties["headers"]["traceparent"].as_str().unwrap();
    assert!(carried.contains("4bf92f3577b34da6a3ce929d0e0e4736"), "{carried}");
    world.close().await;
}

#[tokio::test]
async fn nothing_said_is_everything_that_is_left() {
    let world = world().await;
    world.ready().await;
    let payment = paid(&world, "k").await;
    let answer = world
        .send(world.post(&address(payment.id), "r", &json!({})))
        .await;
    assert_eq!(
        (answer.status, &answer.body["amount"]),
        (StatusCode::ACCEPTED, &Value::Null)
    );
    let (taken, _) = only_job::<CreateRefund>(&world).await;
    assert_eq!(taken.request, RefundRequest::all_of(payment.id));
    world.close().await;
}

#[tokio::test]
async fn both_ways_to_ask_are_one() {
    let world = world().await;
    world.ready().await;
    let payment = paid(&world, "k").await;
    let mut without = body(payment.id);
    without.as_object_mut().unwrap().remove("payment_id");
    let first = world.send(world.post(REFUNDS, "r", &body(payment.id))).await;
    let second = world.send(world.post(&address(payment.id), "r", &without)).await;
    assert_eq!((second.status, &second.body), (StatusCode::ACCEPTED, &first.body));
    let ids = job_ids(&world.take_jobs("create_refund", 10).await);
    assert_eq!(ids, vec![job(&world, "r", payment.id).id().to_string(); 2]);
    world.close().await;
}

#[tokio::test]
async fn a_key_is_a_name_of_its_own_for_payments_and_for_refunds() {
    let world = world().await;
    world.ready().await;
    let payment = paid(&world, "same").await;
    let answer = world.send(world.post(REFUNDS, "same", &body(payment.id))).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    world.close().await;
}

#[tokio::test]
async fn a_repeat_of_a_stored_refund_answers_the_refund() {
    let world = world().await;
    world.ready().await;
    let payment = paid(&world, "k").await;
    let refund = pending(&payment, job(&world, "r", payment.id));
    let payment = reserve(&world, &payment, &refund).await;

    // Its worker may have died: the job is queued again, and what is set aside for it does not stand in its way.
    let everything = json!({"payment_id": payment.id.to_string()});
    let rest = world.send(world.post(REFUNDS, "rest", &everything)).await;
    assert_eq!(rest.status, StatusCode::ACCEPTED);
    let again = world.send(world.post(REFUNDS, "r", &body(payment.id))).await;
    assert_eq!(
        (again.status, again.header("idempotent-replayed")),
        (StatusCode::ACCEPTED, None)
    );
    assert_eq!(world.take_jobs("create_refund", 10).await.len(), 2);

    let processing = accepted(refund);
    let record = Record {
        refund: Some(processing.clone()),
        ..Record::default()
    };
    world.write(record).await;
    let request = world
        .post(REFUNDS, "r", &body(payment.id))
        .header("prefer", "wait=5");
    let answer = world.send(request).await;
    assert_eq!(
        (answer.status, answer.header("idempotent-replayed")),
        (StatusCode::OK, Some("true"))
    );
    let stored = world.store.refund(processing.id).await.unwrap().unwrap();
    assert_eq!(
        answer.body,
        serde_json::to_value(RefundView::from(&stored)).unwrap()
    );
    let place = format!("{REFUNDS}/{}", processing.id);
    assert_eq!(answer.header("location"), Some(place.as_str()));
    let shown = world.send(world.get(&place)).await;
    assert_eq!((shown.status, shown.body), (StatusCode::OK, answer.body));

    let mut changed = body(payment.id);
    changed["amount"] = json!(501);
    let conflict = world.send(world.post(REFUNDS, "r", &changed)).await;
    conflict.is_problem(409, "/problems/idempotency-conflict");
    assert_eq!(world.take_jobs("create_refund", 10).await.len(), 0);
    world.close().await;
}

#[tokio::test]
async fn a_refund_is_its_merchants_alone() {
    let world = world().await;
    let payment = paid(&world, "k").await;
    let refund = pending(&payment, job(&world, "r", payment.id));
    reserve(&world, &payment, &refund).await;
    let other = open_shop(&world.store).await;
    let theirs = world
        .request(reqwest::Method::GET, &format!("{REFUNDS}/{}", refund.id))
        .bearer_auth(&other.key);
    let answer = world.send(theirs).await;
    answer.is_problem(404, "/problems/not-found");
    assert_eq!(answer.header("retry-after"), Some("1"));
    let unknown = RefundId::derive(world.shop.id, &job(&world, "new", payment.id).idempotency_key);
    for (id, later) in [
        (unknown.to_string(), Some("1")),
        (payment.id.to_string(), None),
        ("x".into(), None),
    ] {
        let answer = world.send(world.get(&format!("{REFUNDS}/{id}"))).await;
        answer.is_problem(404, "/problems/not-found");
        assert_eq!(answer.header("retry-after"), later, "{id}");
    }
    world.close().await;
}
