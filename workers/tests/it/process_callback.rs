//! Taking in callbacks: repeated, early, late, wrong.

use domain::{
    channel::Channel,
    id::PaymentId,
    payment::{Payment, PaymentStatus},
};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{World, request, world};

pub fn intent(payment: &Payment, status: &str) -> Value {
    let received = if status == "succeeded" {
        payment.money.amount_minor
    } else {
        0
    };
    json!({
        "id": payment.intent_id, "object": "payment_intent", "amount": payment.money.amount_minor,
        "amount_received": received, "currency": "usd", "status": status,
        "metadata": { "sluice_payment_id": payment.id },
        "last_payment_error": { "type": "card_error", "code": "card_declined", "decline_code": "generic_decline" },
    })
}

pub async fn opened(world: &World, name: &str) -> Payment {
    let job = world.job(name, request(None));
    world.publish(&job).await;
    world
        .wait_for(job.payment_id(), PaymentStatus::RequiresAction)
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn many_copies_at_once_settle_once_and_notify_once() {
    let world = world().await;
    let payment = opened(&world, "k").await;
    let callback = world.callback(
        "evt_1",
        "payment_intent.succeeded",
        &intent(&payment, "succeeded"),
    );
    join_all((0..20).map(|_| world.publish(&callback))).await;
    world.wait_for(payment.id, PaymentStatus::Succeeded).await;
    world.wait_until(1, async || world.deliveries().await.len()).await;
    let paid = world.store.payment(payment.id).await.unwrap().unwrap();
    assert_eq!(paid.version, payment.version + 1);
    assert_eq!(
        world
            .count("select count(*) from payment_callbacks where outcome = 'applied'")
            .await,
        1
    );
    assert_eq!(world.count("select count(*) from notifications").await, 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_decline_does_not_unpay() {
    let world = world().await;
    let payment = opened(&world, "k").await;
    world
        .publish(&world.callback(
            "evt_1",
            "payment_intent.succeeded",
            &intent(&payment, "succeeded"),
        ))
        .await;
    world.wait_for(payment.id, PaymentStatus::Succeeded).await;
    let declined = intent(&payment, "requires_payment_method");
    world
        .publish(&world.callback("evt_0", "payment_intent.payment_failed", &declined))
        .await;
    let taken_in = async || {
        world
            .count("select count(*) from payment_callbacks where outcome = 'unchanged'")
            .await
    };
    world.wait_until(1, taken_in).await;
    world.wait_for(payment.id, PaymentStatus::Succeeded).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_early_callback_waits_for_the_intent() {
    let world = world().await;
    let mut payment = world.stored("k").await;
    payment.intent_id = Some("pi_early".into());
    world
        .publish(&world.callback(
            "evt_1",
            "payment_intent.succeeded",
            &intent(&payment, "succeeded"),
        ))
        .await;
    tokio::time::sleep(crate::support::UNIT * 10).await;
    assert_eq!(
        world.store.payment(payment.id).await.unwrap().unwrap().status,
        PaymentStatus::Pending
    );
    assert_eq!(world.count("select count(*) from payment_callbacks").await, 0);
    // The worker that opened the intent comes to write it down.
    let opened = json!({ "id": "pi_early" });
    let mut seen = world.store.payment(payment.id).await.unwrap().unwrap();
    seen.intent_id = opened["id"].as_str().map(str::to_owned);
    seen.status = PaymentStatus::RequiresAction;
    let record = store::Record {
        payment: Some(seen),
        ..store::Record::default()
    };
    world.recorder.write(record).await.unwrap();
    world.wait_for(payment.id, PaymentStatus::Succeeded).await;
    assert_eq!(world.count("select count(*) from job_failures").await, 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_belong_to_its_payment_is_parked() {
    let world = world().await;
    let payment = opened(&world, "k").await;
    let change = |edit: fn(&mut Value)| {
        let mut object = intent(&payment, "succeeded");
        edit(&mut object);
        object
    };
    let wrong = [
        change(|object| object["amount"] = json!(1)),
        change(|object| object["amount_received"] = json!(1)),
        change(|object| object["currency"] = json!("eur")),
        change(|object| object["id"] = json!("pi_other")),
        change(|object| {
            object["metadata"]["sluice_payment_id"] = json!(PaymentId::from_uuid(uuid::Uuid::nil()))
        }),
    ];
    let parked = wrong.len() as i64;
    for (number, object) in wrong.into_iter().enumerate() {
        world
            .publish(&world.callback(&format!("evt_{number}"), "payment_intent.succeeded", &object))
            .await;
    }
    let mismatches =
        "select count(*) from job_failures where error_class = 'mismatch' and disposition = 'dead_letter'";
    world
        .wait_until(parked, async || world.count(mismatches).await)
        .await;
    assert_eq!(world.store.payment(payment.id).await.unwrap().unwrap(), payment);
    assert_eq!(world.count("select count(*) from payment_callbacks").await, 0);
    world.close().await;
}

/// Whoever holds an account connected to the merchant's marks what he likes there, and the merchant's secret signs it.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_account_shows_is_parked() {
    const SELLER: &str = "acct_seller";
    let world = world().await;
    let own = opened(&world, "own").await;
    let mut job = world.job("of-the-seller", request(None));
    job.request.connected_account = Some(SELLER.into());
    world.publish(&job).await;
    let of_the_seller = world
        .wait_for(job.payment_id(), PaymentStatus::RequiresAction)
        .await;
    let paid = "payment_intent.succeeded";
    let dispute = json!({
        "id": "du_1", "object": "dispute", "amount": 1, "currency": "usd", "status": "needs_response",
        "payment_intent": own.intent_id,
    });
    let forged = [
        (Some(SELLER), paid, intent(&own, "succeeded")),
        (None, paid, intent(&of_the_seller, "succeeded")),
        (Some("acct_other"), paid, intent(&of_the_seller, "succeeded")),
        (Some(SELLER), "charge.dispute.created", dispute),
    ];
    let parked = forged.len() as i64;
    for (number, (account, event_type, object)) in forged.iter().enumerate() {
        let event_id = format!("evt_{number}");
        world
            .publish(&world.callback_of(*account, &event_id, event_type, object))
            .await;
    }
    let mismatches = "select count(*) from job_failures where error_class = 'mismatch'";
    world
        .wait_until(parked, async || world.count(mismatches).await)
        .await;
    for payment in [&own, &of_the_seller] {
        assert_eq!(
            world.store.payment(payment.id).await.unwrap().as_ref(),
            Some(payment)
        );
    }
    let genuine = intent(&of_the_seller, "succeeded");
    world
        .publish(&world.callback_of(Some(SELLER), "evt_genuine", paid, &genuine))
        .await;
    world.wait_for(of_the_seller.id, PaymentStatus::Succeeded).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_none_of_ours_is_stored_and_ignored() {
    let world = world().await;
    let payment = opened(&world, "k").await;
    let mut foreign = intent(&payment, "succeeded");
    foreign["metadata"] = json!({});
    world
        .publish(&world.callback("evt_1", "payment_intent.succeeded", &foreign))
        .await;
    world
        .publish(&world.callback(
            "evt_2",
            "brand.new.thing",
            &json!({ "id": "x", "object": "thing" }),
        ))
        .await;
    let ignored = async || {
        world
            .count("select count(*) from payment_callbacks where outcome = 'ignored'")
            .await
    };
    world.wait_until(2, ignored).await;
    assert_eq!(world.store.payment(payment.id).await.unwrap().unwrap(), payment);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_called_once_where_paypal_takes_money_back() {
    runtime::telemetry::install_recorder().unwrap();
    let world = world().await;
    world.open_paypal().await;
    let payment = world.stored("k").await;
    let event_type = "PAYMENT.CAPTURE.REVERSED";
    let event = json!({ "id": "WH-1", "event_type": event_type, "resource": { "custom_id": payment.id } });
    let told = world.verified(Channel::Paypal, "WH-1", event_type, event.to_string().as_bytes());
    join_all((0..10).map(|_| world.publish(&told))).await;
    let handled = r#"sluice_jobs_handled_total{kind="process_callback",outcome="done"} 10"#;
    world.wait_until(true, async || metrics_say(handled)).await;
    let ignored = "select count(*) from payment_callbacks where outcome = 'ignored'";
    assert_eq!(world.count(ignored).await, 1);
    assert!(metrics_say(
        r#"sluice_people_called_total{channel="paypal",about="account"} 1"#
    ));
    world.close().await;
}

/// Whether this line is among the process's metrics.
fn metrics_say(line: &str) -> bool {
    runtime::telemetry::metrics_text()
        .lines()
        .any(|said| said == line)
}
