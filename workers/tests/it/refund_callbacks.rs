//! What providers tell about refunds and disputes by themselves: late, twice, in any order, and wrong.

use chrono::TimeDelta;
use domain::{
    channel::Channel,
    dispute::DisputeStatus,
    id::{DisputeId, RefundId},
    job::ProcessCallback,
    payment::Payment,
    refund::{Refund, RefundStatus},
};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    alipay::{APP_ID, SELLER_ID},
    support::{UNIT, World, now, world},
};

/// A refund that the provider has, and the provider's object.
async fn refunded(world: &World, card: &str) -> (Payment, Refund, Value) {
    let payment = world.paid_with("k", card).await;
    let id = world.refund("r", &payment, Some(700)).await;
    world
        .wait_until(true, async || {
            let refund = world.store.refund(id).await.unwrap();
            refund.is_some_and(|refund| refund.channel_refund_id.is_some())
        })
        .await;
    let refund = world.store.refund(id).await.unwrap().unwrap();
    let path = format!("/v1/refunds/{}", refund.channel_refund_id.as_deref().unwrap());
    let object = world.provider_object(&path).await;
    (payment, refund, object)
}

async fn call_back(world: &World, event_id: &str, event_type: &str, object: &Value) {
    world.publish(&world.callback(event_id, event_type, object)).await;
}

async fn inbox(world: &World) -> Value {
    world
        .query("select coalesce(jsonb_object_agg(event_id, outcome), '{}') from payment_callbacks")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_fails_after_it_had_succeeded_gives_the_money_back() {
    let world = world().await;
    let (payment, refund, object) = refunded(&world, "pm_card_visa").await;
    assert_eq!(world.figures(&payment).await, (700, 0));
    let id = refund.channel_refund_id.as_deref().unwrap();
    let comes_back = json!({ "succeeded": false });
    world
        .post(&format!("/sandbox/stripe/refunds/{id}/settle"), comes_back)
        .await;
    let failed = world.provider_object(&format!("/v1/refunds/{id}")).await;
    let fails = world.callback("evt_1", "refund.failed", &failed);
    join_all((0..10).map(|_| world.publish(&fails))).await;
    let seen = world.wait_for_refund(refund.id, RefundStatus::Failed).await;
    assert_eq!(json!(seen.failure.unwrap().code), failed["failure_reason"]);
    assert_eq!(world.figures(&payment).await, (0, 0));
    // The older news come late.
    call_back(&world, "evt_0", "refund.updated", &object).await;
    let expected = json!({ "evt_0": "unchanged", "evt_1": "applied" });
    world.wait_until(expected, async || inbox(&world).await).await;
    assert_eq!(
        world.told_in_all().await,
        ["payment.succeeded", "refund.failed", "refund.succeeded"]
    );
    world.assert_books_agree().await;
    let id = world.refund("again", &payment, None).await;
    world.wait_for_refund(id, RefundStatus::Succeeded).await;
    assert_eq!(world.figures(&payment).await, (1999, 0));
    world.assert_books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_settles_what_the_provider_was_still_at_work_on() {
    let world = world().await;
    let (payment, refund, mut object) = refunded(&world, "pm_card_pendingRefund").await;
    object["status"] = json!("succeeded");
    call_back(&world, "evt_1", "refund.updated", &object).await;
    world.wait_for_refund(refund.id, RefundStatus::Succeeded).await;
    assert_eq!(world.figures(&payment).await, (700, 0));
    world.assert_books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_early_callback_waits_for_the_refund() {
    let world = world().await;
    let payment = world.paid("k").await;
    let refund = world.reserved("r", &payment, 700, now()).await;
    let object = json!({
        "id": "re_early", "object": "refund", "amount": 700, "currency": "usd", "status": "succeeded",
        "payment_intent": payment.intent_id, "metadata": { "sluice_refund_id": refund.id },
    });
    call_back(&world, "evt_1", "refund.created", &object).await;
    tokio::time::sleep(UNIT * 10).await;
    assert_eq!(inbox(&world).await, json!({}));
    // The worker that had the refund made comes to write it down.
    let known = Refund {
        channel_refund_id: Some("re_early".into()),
        status: RefundStatus::Processing,
        ..refund.clone()
    };
    world.change_refund(&known).await;
    world.wait_for_refund(refund.id, RefundStatus::Succeeded).await;
    assert_eq!(world.count("select count(*) from job_failures").await, 0);
    world.assert_books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_belong_to_its_refund_is_parked() {
    let world = world().await;
    let (_, refund, object) = refunded(&world, "pm_card_visa").await;
    let change = |edit: fn(&mut Value)| {
        let mut object = object.clone();
        edit(&mut object);
        object
    };
    let wrong = [
        change(|object| object["amount"] = json!(1)),
        change(|object| object["currency"] = json!("eur")),
        change(|object| object["id"] = json!("re_other")),
        change(|object| object["payment_intent"] = json!("pi_other")),
        change(|object| {
            object["metadata"]["sluice_refund_id"] = json!(RefundId::from_uuid(uuid::Uuid::nil()))
        }),
    ];
    for (number, object) in wrong.iter().enumerate() {
        call_back(&world, &format!("evt_{number}"), "refund.updated", object).await;
    }
    let forged = world.callback_of(Some("acct_seller"), "evt_forged", "refund.updated", &object);
    world.publish(&forged).await;
    let parked = async || world.parked_for("process_callback", "mismatch").await;
    world.wait_until(wrong.len() as i64 + 1, parked).await;
    assert_eq!(world.store.refund(refund.id).await.unwrap().unwrap(), refund);
    assert_eq!(inbox(&world).await, json!({}));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_was_refused_and_is_shown_as_made_is_parked() {
    let world = world().await;
    let payment = world.paid("k").await;
    let id = world.refund("r", &payment, Some(5_000)).await;
    let refund = world.wait_for_refund(id, RefundStatus::Failed).await;
    let object = json!({
        "id": "re_1", "object": "refund", "amount": 5_000, "currency": "usd", "status": "succeeded",
        "payment_intent": payment.intent_id, "metadata": { "sluice_refund_id": refund.id },
    });
    call_back(&world, "evt_1", "refund.created", &object).await;
    world
        .wait_until(1, async || world.parked_for("process_callback", "mismatch").await)
        .await;
    assert_eq!(world.store.refund(id).await.unwrap().unwrap(), refund);
    world.close().await;
}

/// The news that Alipay has given back 7.00 of this payment under this number.
fn refund_told(world: &World, payment: &Payment, number: &str) -> ProcessCallback {
    let trade = payment.intent_id.as_deref().unwrap();
    let body = format!(
        "app_id={APP_ID}&seller_id={SELLER_ID}&notify_type=trade_status_sync&out_trade_no={trade}\
         &trade_status=TRADE_SUCCESS&total_amount=19.99&refund_fee=7.00&out_biz_no={number}"
    );
    world.verified(
        Channel::Alipay,
        "n1",
        "trade_status_sync.TRADE_SUCCESS",
        body.as_bytes(),
    )
}

/// Alipay may tell of a refund before it shows it. People are called only when it goes on not showing it.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_is_told_and_not_shown_yet_is_asked_about_again() {
    let world = world().await;
    world.open_alipay().await;
    let payment = world
        .stored_as_paid("k", Channel::Alipay, TimeDelta::zero())
        .await;
    let refund = world.reserved("r", &payment, 700, now()).await;
    let number = refund.id.as_uuid().simple().to_string();
    let at_work = Refund {
        channel_refund_id: Some(number.clone()),
        status: RefundStatus::Processing,
        ..refund
    };
    world.change_refund(&at_work).await;
    world.publish(&refund_told(&world, &payment, &number)).await;
    let parked = async || world.parked_for("process_callback", "outcome_unknown").await;
    world.wait_until(1, parked).await;
    let retries = "select count(*) from job_failures where disposition = 'retry'";
    assert_eq!(world.count(retries).await, 3);
    world.close().await;
}

/// A number of Alipay's that looks like one of ours, and that nobody here has given.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_is_told_and_that_nobody_here_has_made_is_parked() {
    let world = world().await;
    world.open_alipay().await;
    let payment = world
        .stored_as_paid("k", Channel::Alipay, TimeDelta::zero())
        .await;
    world
        .publish(&refund_told(&world, &payment, &"7".repeat(32)))
        .await;
    world
        .wait_until(1, async || world.parked_for("process_callback", "mismatch").await)
        .await;
    assert_eq!(inbox(&world).await, json!({}));
    world.close().await;
}

/// A dispute as a callback shows it.
fn shown(payment: &Payment, amount_minor: i64, status: &str) -> Value {
    json!({
        "id": "du_1", "object": "dispute", "amount": amount_minor, "currency": "usd", "status": status,
        "reason": "fraudulent", "payment_intent": payment.intent_id, "charge": "ch_1",
    })
}

async fn wait_for_dispute(world: &World, channel_dispute_id: &str, status: DisputeStatus) {
    let id = DisputeId::derive(world.merchant_id, "stripe", channel_dispute_id);
    let look = async || {
        let dispute = world.store.dispute(id).await.unwrap();
        dispute.map(|dispute| dispute.status)
    };
    world.wait_until(Some(status), look).await;
}

async fn disputed(world: &World, payment: &Payment) -> i64 {
    let now = world.store.payment(payment.id).await.unwrap().unwrap();
    now.disputed_minor
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_that_is_won_gives_the_money_back() {
    let world = world().await;
    let payment = world.paid("k").await;
    let id = world.dispute(&payment, 1_500).await;
    let path = format!("/v1/disputes/{id}");
    let object = world.provider_object(&path).await;
    let opened = world.callback("evt_1", "charge.dispute.created", &object);
    join_all((0..10).map(|_| world.publish(&opened))).await;
    wait_for_dispute(&world, &id, DisputeStatus::Open).await;
    assert_eq!(disputed(&world, &payment).await, 1_500);
    world.assert_books_agree().await;

    world
        .post(
            &format!("/sandbox/stripe/disputes/{id}/close"),
            json!({ "won": true }),
        )
        .await;
    let object = world.provider_object(&path).await;
    call_back(&world, "evt_2", "charge.dispute.closed", &object).await;
    wait_for_dispute(&world, &id, DisputeStatus::Won).await;
    assert_eq!(disputed(&world, &payment).await, 0);
    assert_eq!(
        world.told_in_all().await,
        ["dispute.opened", "dispute.won", "payment.succeeded"]
    );
    world.assert_books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_disputed_cannot_be_refunded() {
    let world = world().await;
    let payment = world.paid("k").await;
    let object = shown(&payment, 1_500, "needs_response");
    call_back(&world, "evt_1", "charge.dispute.created", &object).await;
    wait_for_dispute(&world, "du_1", DisputeStatus::Open).await;
    let id = world.refund("r", &payment, None).await;
    let refund = world.wait_for_refund(id, RefundStatus::Succeeded).await;
    assert_eq!(refund.money.amount_minor, 499);
    world.assert_books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_news_of_a_dispute_may_come_in_any_order() {
    let world = world().await;
    let payment = world.paid("k").await;
    let news = [
        ("evt_3", "charge.dispute.closed", "lost"),
        ("evt_2", "charge.dispute.funds_withdrawn", "under_review"),
        ("evt_1", "charge.dispute.created", "needs_response"),
    ];
    join_all(news.map(|(id, kind, status)| {
        let callback = world.callback(id, kind, &shown(&payment, 1_999, status));
        let world = &world;
        async move { world.publish(&callback).await }
    }))
    .await;
    world
        .wait_until(3, async || inbox(&world).await.as_object().unwrap().len())
        .await;
    wait_for_dispute(&world, "du_1", DisputeStatus::Lost).await;
    assert_eq!(disputed(&world, &payment).await, 1_999);
    assert_eq!(
        world.told_in_all().await,
        ["dispute.lost", "dispute.opened", "payment.succeeded"]
    );
    world.assert_books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_that_contradicts_itself_is_parked() {
    let world = world().await;
    let payment = world.paid("k").await;
    call_back(
        &world,
        "evt_1",
        "charge.dispute.closed",
        &shown(&payment, 1_500, "won"),
    )
    .await;
    wait_for_dispute(&world, "du_1", DisputeStatus::Won).await;
    let wrong = [shown(&payment, 1_500, "lost"), shown(&payment, 1, "won")];
    for (number, object) in wrong.iter().enumerate() {
        call_back(
            &world,
            &format!("evt_wrong_{number}"),
            "charge.dispute.closed",
            object,
        )
        .await;
    }
    world
        .wait_until(2, async || world.parked_for("process_callback", "mismatch").await)
        .await;
    wait_for_dispute(&world, "du_1", DisputeStatus::Won).await;
    world.assert_books_agree().await;
    world.close().await;
}

/// Other programs share the account. What they dispute is none of ours, and the provider says so.
#[tokio::test(flavor = "multi_thread")]
async fn the_dispute_of_another_program_is_ignored() {
    let world = world().await;
    let url = format!("{}/v1/payment_intents", world.sandbox.base_url());
    let opened = world
        .http
        .post(url)
        .bearer_auth(&world.account)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("amount=1999&currency=usd");
    let intent: Value = opened
        .send()
        .await
        .unwrap()
        .error_for_status()
        .unwrap()
        .json()
        .await
        .unwrap();
    let mut object = shown(&world.stored("k").await, 1_999, "needs_response");
    object["payment_intent"] = intent["id"].clone();
    call_back(&world, "evt_1", "charge.dispute.created", &object).await;
    world
        .wait_until(json!({ "evt_1": "ignored" }), async || inbox(&world).await)
        .await;
    assert_eq!(world.count("select count(*) from disputes").await, 0);
    world.close().await;
}

/// The bank was faster than whoever finds the intent.
#[tokio::test(flavor = "multi_thread")]
async fn the_dispute_of_a_payment_that_does_not_know_its_intent_yet_waits() {
    let world = world().await;
    world
        .fault("GET /v1/payment_intents", "error", json!({ "status": 503 }))
        .await;
    let payment = world.in_review("k").await;
    world.open_at_provider(&payment, 1_999).await;
    let mut object = shown(&payment, 1_999, "needs_response");
    object["payment_intent"] = world.intents().await[0]["id"].clone();
    call_back(&world, "evt_1", "charge.dispute.created", &object).await;
    let asked = async || {
        let calls = world.calls().await;
        calls.iter().any(|route| route == "GET /v1/payment_intents/{id}")
    };
    world.wait_until(true, asked).await;
    assert_eq!(inbox(&world).await, json!({}));
    world.mend_provider().await;
    wait_for_dispute(&world, "du_1", DisputeStatus::Open).await;
    assert_eq!(world.count("select count(*) from job_failures").await, 0);
    world.close().await;
}
