//! What cannot be refunded as the payment stands is refused before anything is published, while PostgreSQL answers.

use chrono::TimeDelta;
use domain::{
    channel::Channel,
    clock::Clock,
    currency::Currency,
    id::PaymentId,
    job::CreateRefund,
    money::Money,
    payment::{Payment, PaymentRequest, PaymentStatus},
    refund::{RefundRefused, RefundRequest},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use store::Record;

use super::{REFUNDS, address, body, job, paid, pending, reserve, store_refused};
use crate::world::{World, open_shop, world};

async fn nothing_was_published(world: &World) {
    assert_eq!(world.take_jobs("create_refund", 10).await.len(), 0);
}

fn of(payment_id: PaymentId, more: Value) -> Value {
    let mut body = more;
    body["payment_id"] = json!(payment_id.to_string());
    body
}

#[tokio::test]
async fn a_payment_that_is_not_there_or_not_ones_own_is_not_found() {
    let world = world().await;
    world.ready().await;
    let payment = paid(&world, "k").await;
    let other = open_shop(&world.store).await;
    let unknown = world.job("never").payment_id();
    for (key, id) in [(&other.key, payment.id), (&world.shop.key, unknown)] {
        for (path, body) in [(REFUNDS.to_owned(), body(id)), (address(id), json!({}))] {
            let request = world.request(reqwest::Method::POST, &path).bearer_auth(key);
            let answer = world
                .send(request.header("idempotency-key", "r").json(&body))
                .await;
            answer.is_problem(404, "/problems/not-found");
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
    }
    nothing_was_published(&world).await;
    world.close().await;
}

#[tokio::test]
async fn only_what_was_paid_is_refunded() {
    let world = world().await;
    world.ready().await;
    for status in PaymentStatus::ALL {
        let is_paid = status == PaymentStatus::Succeeded;
        let payment = world.payment(status.name(), status, 1);
        world.store(&payment).await;
        let answer = world
            .send(world.post(REFUNDS, status.name(), &body(payment.id)))
            .await;
        if is_paid {
            assert_eq!(answer.status, StatusCode::ACCEPTED);
            continue;
        }
        answer.is_problem(409, "/problems/payment-not-paid");
        assert_eq!(answer.body["code"], "payment_not_paid");
        let refund_id = job(&world, status.name(), payment.id).refund_id();
        assert_eq!(answer.body["refund_id"], refund_id.to_string());
        assert!(answer.body["detail"].as_str().unwrap().contains(status.name()));
    }
    assert_eq!(world.take_jobs("create_refund", 10).await.len(), 1);
    world.close().await;
}

#[tokio::test]
async fn never_more_than_is_left() {
    let world = world().await;
    world.ready().await;
    let payment = paid(&world, "k").await;
    let ask =
        async |key: &str, more: Value| world.send(world.post(REFUNDS, key, &of(payment.id, more))).await;
    let too_much = ask("r", json!({"amount": 2000})).await;
    too_much.is_problem(409, "/problems/refund-too-large");
    assert_eq!(
        (&too_much.body["code"], &too_much.body["amount_refundable"]),
        (&json!("refund_too_large"), &json!(1999))
    );
    let refund = pending(&payment, job(&world, "first", payment.id));
    let payment = reserve(&world, &payment, &refund).await;
    let too_much = ask("r", json!({"amount": 1500})).await;
    assert_eq!(too_much.body["amount_refundable"], 1499);
    assert_eq!(
        ask("r", json!({"amount": 1499})).await.status,
        StatusCode::ACCEPTED
    );
    assert_eq!(world.take_jobs("create_refund", 10).await.len(), 1);

    let disputed = Payment {
        disputed_minor: 1499,
        ..payment.clone()
    };
    let record = Record {
        payment: Some(disputed),
        ..Record::default()
    };
    world.write(record).await;
    for more in [json!({"amount": 1}), json!({})] {
        let nothing_left = ask("r", more).await;
        nothing_left.is_problem(409, "/problems/nothing-left-to-refund");
        assert_eq!(nothing_left.body["amount_refundable"], 0);
    }
    nothing_was_published(&world).await;
    world.close().await;
}

#[tokio::test]
async fn another_currency_is_a_mistake() {
    let world = world().await;
    world.ready().await;
    let payment = paid(&world, "k").await;
    let more = json!({"amount": 500, "currency": "EUR"});
    let answer = world.send(world.post(REFUNDS, "r", &of(payment.id, more))).await;
    answer.is_problem(422, "/problems/refund-currency-differs");
    assert_eq!(answer.body["code"], "refund_currency_differs");
    nothing_was_published(&world).await;
    world.close().await;
}

#[tokio::test]
async fn an_amount_that_the_channel_cannot_write_is_refused() {
    let world = world().await;
    world.ready().await;
    let base = world.payment("kwd", PaymentStatus::Succeeded, 1);
    let money = Money {
        amount_minor: 20_000,
        currency: Currency::KWD,
    };
    let request = PaymentRequest {
        money,
        ..base.request.clone()
    };
    let payment = Payment {
        money,
        fingerprint: request.fingerprint(),
        request,
        ..base
    };
    world.store(&payment).await;
    let ask = async |amount: i64| {
        let body = of(payment.id, json!({"amount": amount}));
        world.send(world.post(REFUNDS, "r", &body)).await
    };
    let at_the_door = ask(1_999).await;
    at_the_door
        .is_problem(422, "/problems/invalid-request")
        .names("amount", "multiples of");
    assert_eq!(at_the_door.body["code"], "refund_amount_not_taken");
    nothing_was_published(&world).await;

    // The same amount, which got past the door while PostgreSQL was away and was refused by a worker.
    let job = CreateRefund {
        request: RefundRequest {
            amount_minor: Some(1_999),
            ..RefundRequest::all_of(payment.id)
        },
        ..job(&world, "passed", payment.id)
    };
    let refund = pending(&payment, job);
    let refused = channels::capabilities(payment.channel).check_refund(refund.money, TimeDelta::zero(), 0);
    store_refused(&world, &refund, refused.unwrap_err().failure()).await;
    let again = of(payment.id, json!({"amount": 1_999}));
    let by_the_worker = world.send(world.post(REFUNDS, "passed", &again)).await;
    assert_eq!(by_the_worker.header("idempotent-replayed"), Some("true"));
    assert_eq!(by_the_worker.body["refund_id"], refund.id.to_string());
    for same in ["type", "title", "status", "detail", "errors", "code"] {
        assert_eq!(by_the_worker.body[same], at_the_door.body[same], "{same}");
    }
    assert_eq!(
        ask(10).await.status,
        StatusCode::ACCEPTED,
        "below what can be charged"
    );
    world.close().await;
}

/// A payment of 19.99 yuan through WeChat Pay, which was asked for so long ago.
fn by_wechat(world: &World, name: &str, age: TimeDelta) -> Payment {
    let money = Money {
        amount_minor: 1_999,
        currency: Currency::CNY,
    };
    let created_at = world.clock.now() - age;
    let mut payment = Payment {
        channel: Channel::Wechat,
        money,
        created_at,
        updated_at: created_at,
        ..world.payment(name, PaymentStatus::Succeeded, 1)
    };
    payment.request.money = money;
    payment
}

#[tokio::test]
async fn a_channel_makes_so_many_refunds_and_no_more() {
    const MOST: i64 = 50;
    let world = world().await;
    world.ready().await;
    let mut payment = by_wechat(&world, "k", TimeDelta::zero());
    world.store(&payment).await;
    payment.version = 1;
    let ask = async |key: &str| {
        let body = of(payment.id, json!({"amount": 1}));
        world.send(world.post(REFUNDS, key, &body)).await
    };
    let mut reserved = payment.clone();
    for number in 0..MOST {
        if number == MOST - 1 {
            assert_eq!(ask("last").await.status, StatusCode::ACCEPTED);
        }
        let mut job = job(&world, &format!("r{number}"), payment.id);
        job.request.amount_minor = Some(1);
        reserved = reserve(&world, &reserved, &pending(&payment, job)).await;
    }
    assert_eq!(world.take_jobs("create_refund", 10).await.len(), 1);
    let refused = ask("one-more").await;
    refused.is_problem(409, "/problems/refund-not-taken");
    assert_eq!(refused.body["code"], "too_many_refunds");
    nothing_was_published(&world).await;
    world.close().await;
}

#[tokio::test]
async fn a_channel_makes_refunds_for_so_long_and_no_longer() {
    let world = world().await;
    world.ready().await;
    for (days, is_taken) in [(364, true), (366, false)] {
        let payment = by_wechat(&world, &days.to_string(), TimeDelta::days(days));
        world.store(&payment).await;
        let body = of(payment.id, json!({"amount": 1}));
        let answer = world.send(world.post(REFUNDS, &format!("r{days}"), &body)).await;
        if is_taken {
            assert_eq!(answer.status, StatusCode::ACCEPTED);
            continue;
        }
        answer.is_problem(409, "/problems/refund-not-taken");
        assert_eq!(answer.body["code"], "refund_too_late");
    }
    assert_eq!(world.take_jobs("create_refund", 10).await.len(), 1);
    world.close().await;
}

#[tokio::test]
async fn what_a_worker_refused_is_refused_again() {
    let world = world().await;
    world.ready().await;
    let payment = paid(&world, "k").await;
    let refund = pending(&payment, job(&world, "r", payment.id));
    store_refused(&world, &refund, RefundRefused::NothingLeft.failure()).await;
    let answer = world.send(world.post(REFUNDS, "r", &body(payment.id))).await;
    answer.is_problem(409, "/problems/nothing-left-to-refund");
    assert_eq!(answer.header("idempotent-replayed"), Some("true"));
    assert_eq!(answer.body["refund_id"], refund.id.to_string());
    nothing_was_published(&world).await;
    let stored = world.send(world.get(&format!("{REFUNDS}/{}", refund.id))).await;
    assert_eq!(
        (&stored.body["status"], &stored.body["failure"]["code"]),
        (&json!("failed"), &json!("nothing_left_to_refund"))
    );
    world.close().await;
}

#[tokio::test]
async fn what_an_order_did_not_take_is_refunded_beside_it() {
    let world = world().await;
    world.ready().await;
    let order = crate::orders::paid(&world, "first").await;
    let second = crate::orders::succeeded(&world, "second", &order).await;
    let answer = world.send(world.post(&address(second.id), "r", &json!({}))).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(world.take_jobs("create_refund", 10).await.len(), 1);
    world.close().await;
}
