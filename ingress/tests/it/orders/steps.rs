//! Steps over HTTP: what is taken, what is known already, what is refused, and what whoever waits gets to hear.

use domain::{
    id::OrderId,
    job::{ChangeOrder, ChangeOrderReply, Job},
    order::{OrderAction, OrderStep, OrderView},
    payment::{ActionOutcome, PayerDetails},
};
use reqwest::{Method, StatusCode};
use serde_json::json;
use store::Record;

use super::{address, changing, creating, paid, pay, ship, step_body, stored};
use crate::{
    worker::{ask, only_job},
    world::{World, open_shop, world},
};

/// Keeps what came of a wish, as a worker does.
async fn keep(world: &World, job: &ChangeOrder, outcome: ActionOutcome) {
    let action = OrderAction {
        merchant_id: job.merchant_id,
        order_id: job.order_id,
        kind: job.request.kind(),
        idempotency_key: job.idempotency_key.clone(),
        fingerprint: job.fingerprint(),
        outcome,
        payment_id: None,
        at: chrono::DateTime::UNIX_EPOCH,
    };
    let record = Record {
        order_action: Some(Box::new(action)),
        ..Record::default()
    };
    world.write(record).await;
}

#[tokio::test]
async fn every_step_is_accepted_and_published_as_it_was_asked() {
    let world = world().await;
    world.ready().await;
    let open = stored(&world, "open", 1).await;
    let order = paid(&world, "paid").await;
    let all = OrderStep::Refund { items: None };
    for (step, id, request) in [
        ("pay", open.id, pay()),
        ("cancel", open.id, OrderStep::Cancel {}),
        ("refund", order.id, all),
        ("ship", order.id, ship()),
    ] {
        let answer = world
            .send(world.post(&address(id, step), "k", &step_body(step)))
            .await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        let job = changing(&world, "k", id, request);
        let begun = (step == "pay").then(|| job.payment_id());
        let expected = json!({"id": id, "merchant_id": world.shop.id, "action": step, "payment_id": begun});
        assert_eq!(answer.body, expected);
        let (published, properties) = only_job::<ChangeOrder>(&world).await;
        assert_eq!(published, job);
        assert_eq!(properties["correlation_id"], id.to_string());
    }
    world.close().await;
}

#[tokio::test]
async fn what_is_said_of_the_payer_is_sealed_at_the_door() {
    let world = world().await;
    world.ready().await;
    let order = stored(&world, "k", 1).await;
    let body = json!({"payer": {"ip": "192.0.2.77"}, "method": "card"});
    let answer = world
        .send(world.post(&address(order.id, "pay"), "k", &body))
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let (job, _) = only_job::<ChangeOrder>(&world).await;
    let OrderStep::Pay(pay) = &job.request else {
        panic!("{job:?}")
    };
    assert!(matches!(pay.payer, Some(PayerDetails::Sealed(_))), "{pay:?}");
    world.close().await;
}

#[tokio::test]
async fn whoever_waits_gets_the_order_or_the_refusal() {
    let world = world().await;
    world.ready().await;
    let order = stored(&world, "k", 1).await;
    let job = changing(&world, "p", order.id, pay());
    let request = || world.post(&address(order.id, "pay"), "p", &step_body("pay"));
    let view = OrderView::from(&order);
    let done = ChangeOrderReply::Order(Box::new(view.clone()));
    let answer = ask(&world, request(), &job, &done).await;
    assert_eq!(
        (answer.status, answer.header("preference-applied")),
        (StatusCode::OK, Some("wait=20"))
    );
    // It names the payment of this very wish.
    let expected = OrderView {
        payment_id: Some(job.payment_id()),
        ..view
    };
    assert_eq!(answer.body, serde_json::to_value(&expected).unwrap());
    let refused = ChangeOrderReply::Refused {
        code: "order_not_payable".into(),
        message: "The order is paid and cannot be paid.".into(),
    };
    let answer = ask(&world, request(), &job, &refused).await;
    answer.is_problem(409, "/problems/action-refused");
    assert_eq!(answer.body["code"], "order_not_payable");
    let answer = ask(&world, request(), &job, &ChangeOrderReply::NoSuchOrder).await;
    answer.is_problem(404, "/problems/not-found");
    let answer = ask(&world, request(), &job, &ChangeOrderReply::Conflict).await;
    answer.is_problem(409, "/problems/idempotency-conflict");
    let answer = world.send(request().header("prefer", "wait=1")).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    world.close().await;
}

#[tokio::test]
async fn what_the_order_does_not_allow_is_refused_at_the_door_with_state_and_step() {
    let world = world().await;
    world.ready().await;
    let open = stored(&world, "open", 1).await;
    let order = paid(&world, "paid").await;
    for (id, step, code, words) in [
        (
            open.id,
            "refund",
            "order_not_refundable",
            "created and cannot be refunded",
        ),
        (
            open.id,
            "ship",
            "order_not_shippable",
            "created and cannot be shipped",
        ),
        (
            open.id,
            "complete",
            "order_not_completable",
            "created and cannot be completed",
        ),
        (order.id, "pay", "order_not_payable", "paid and cannot be paid"),
        (
            order.id,
            "cancel",
            "order_not_cancelable",
            "paid and cannot be canceled",
        ),
        (
            order.id,
            "complete",
            "order_not_completable",
            "paid and cannot be completed",
        ),
    ] {
        let answer = world
            .send(world.post(&address(id, step), "k", &step_body(step)))
            .await;
        answer.is_problem(409, "/problems/action-refused");
        assert_eq!(answer.body["code"], code);
        assert!(
            answer.body["detail"].as_str().unwrap().contains(words),
            "{answer:?}"
        );
    }
    for (items, code) in [
        (json!([{"sku": "tea", "quantity": 3}]), "refund_too_large"),
        (json!([{"sku": "pot", "quantity": 1}]), "no_such_item"),
    ] {
        let body = json!({ "items": items });
        let answer = world
            .send(world.post(&address(order.id, "refund"), "k", &body))
            .await;
        answer.is_problem(409, "/problems/action-refused");
        assert_eq!(answer.body["code"], code);
    }
    // The payment of an order is refunded through the order.
    let payment = order.paid_by.unwrap();
    let path = format!("/api/v1/payments/{payment}/refund");
    let answer = world.send(world.post(&path, "k", &json!({}))).await;
    answer.is_problem(409, "/problems/action-refused");
    assert_eq!(answer.body["code"], "payment_of_order");
    let answer = world
        .send(world.get(&format!("/api/v1/payments/{payment}")))
        .await;
    assert_eq!(answer.body["order_id"], order.id.to_string());
    assert_eq!(
        world.take_jobs(ChangeOrder::CONTRACT.kind.name(), 10).await.len(),
        0
    );
    world.close().await;
}

#[tokio::test]
async fn what_came_of_a_step_is_the_answer_to_its_repeat() {
    let world = world().await;
    world.ready().await;
    let order = paid(&world, "k").await;
    keep(
        &world,
        &changing(&world, "done", order.id, ship()),
        ActionOutcome::Done,
    )
    .await;
    let refusal = ActionOutcome::Refused {
        code: "order_not_shippable".into(),
        message: "The order is created and cannot be shipped.".into(),
    };
    keep(&world, &changing(&world, "refused", order.id, ship()), refusal).await;
    let ask = async |key: &str, body| {
        world
            .send(world.post(&address(order.id, "ship"), key, &body))
            .await
    };
    let answer = ask("done", step_body("ship")).await;
    assert_eq!(
        (answer.status, answer.header("idempotent-replayed")),
        (StatusCode::OK, Some("true"))
    );
    assert_eq!(answer.body["id"], order.id.to_string());
    let answer = ask("refused", step_body("ship")).await;
    answer.is_problem(409, "/problems/action-refused");
    assert_eq!(answer.header("idempotent-replayed"), Some("true"));
    let answer = ask("done", json!({"carrier": "UPS", "tracking": "1"})).await;
    answer.is_problem(409, "/problems/idempotency-conflict");
    assert_eq!(world.take_jobs("change_order", 10).await.len(), 0);
    world.close().await;
}

#[tokio::test]
async fn an_order_that_is_not_there_or_not_ones_own_is_not_found() {
    let world = world().await;
    world.ready().await;
    let order = stored(&world, "k", 1).await;
    let other = open_shop(&world.store).await;
    let unknown: OrderId = creating(&world, "never").order_id();
    for step in ["pay", "cancel", "refund", "ship", "complete"] {
        for (key, id, later) in [
            (&other.key, order.id.to_string(), Some("1")),
            (&world.shop.key, unknown.to_string(), Some("1")),
            (&world.shop.key, "ord_1".into(), None),
        ] {
            let path = format!("/api/v1/orders/{id}/{step}");
            let request = world.request(Method::POST, &path).bearer_auth(key);
            let request = request.header("idempotency-key", "c").json(&step_body(step));
            let answer = world.send(request).await;
            answer.is_problem(404, "/problems/not-found");
            assert_eq!(answer.header("retry-after"), later);
        }
    }
    assert_eq!(world.take_jobs("change_order", 10).await.len(), 0);
    world.close().await;
}
