//! Making refunds, asking about them, and taking in what is told of them and of disputes.

use domain::{
    id::PaymentId,
    job::QueryRefund,
    payment::Failure,
    refund::{Refund, RefundEvent, RefundRequest, RefundStatus},
};

use super::*;
use crate::refunding::REFUNDING;

/// The call that looks for a refund.
const LOOKING: &str = "GET /v1/refunds";
/// What is given back, of 1999.
const AMOUNT: i64 = 700;

/// A payment of this name that its payer has paid.
async fn paid(twice: &Twice, name: &str) -> Payment {
    let job = opening(twice, name, Some("pm_card_visa")).await;
    twice.deliver(&job, 1).await;
    let stored = twice.world.store.payment(twice.payment_id(name)).await;
    stored.unwrap().unwrap()
}

fn refunding(twice: &Twice, name: &str, payment: &Payment, amount_minor: i64) -> Envelope {
    envelope(&twice.world.refund_job(name, payment, Some(amount_minor)))
}

async fn paid_and_refunding(twice: &Twice, name: &str, amount_minor: Option<i64>) -> Envelope {
    let payment = paid(twice, name).await;
    envelope(&twice.world.refund_job(name, &payment, amount_minor))
}

/// A refund as it is stored after this event, whose money stays set aside.
async fn reserved(twice: &Twice, name: &str, event: Option<RefundEvent>) -> (Refund, Payment) {
    let payment = paid(twice, name).await;
    let created_at = now() - LONG_AGO;
    let mut refund = twice.world.reserved(name, &payment, AMOUNT, created_at).await;
    if let Some(event) = event {
        refund = refund.apply(payment.clone(), event).unwrap().refund;
        twice.world.change_refund(&refund).await;
    }
    (refund, payment)
}

async fn in_review(twice: &Twice, name: &str) -> (Refund, Payment) {
    reserved(twice, name, Some(RefundEvent::LostSight)).await
}

/// A refund that its own job has made.
async fn made(twice: &Twice, name: &str) -> (Refund, Payment) {
    let payment = paid(twice, name).await;
    let job = twice.world.refund_job(name, &payment, Some(AMOUNT));
    twice.deliver(&envelope(&job), 1).await;
    let refund = twice.world.store.refund(job.refund_id()).await.unwrap().unwrap();
    assert_eq!(refund.status, RefundStatus::Succeeded);
    (refund, payment)
}

#[tokio::test(flavor = "multi_thread")]
async fn create_refund() {
    let cases: &[(&str, Setup)] = &[
        ("all of it", |t, n| paid_and_refunding(t, n, None).boxed_local()),
        ("a part", |t, n| {
            paid_and_refunding(t, n, Some(AMOUNT)).boxed_local()
        }),
        ("more than there is", |t, n| {
            paid_and_refunding(t, n, Some(2_000)).boxed_local()
        }),
        ("of a payment that is open", |t, n| {
            async move {
                let payment = t.after(n, vec![seen(n, IntentStatus::RequiresAction)]).await;
                refunding(t, n, &payment, AMOUNT)
            }
            .boxed_local()
        }),
        ("of no payment", |t, n| {
            async move {
                let mut job = t.world.refund_job(n, &t.after(n, vec![]).await, None);
                job.request = RefundRequest::all_of(PaymentId::derive(t.world.merchant_id, &key("nobody")));
                envelope(&job)
            }
            .boxed_local()
        }),
        ("stored by a run that died", |t, n| {
            async move {
                let (_, payment) = reserved(t, n, None).await;
                refunding(t, n, &payment, AMOUNT)
            }
            .boxed_local()
        }),
        ("called, and the answer was lost", |t, n| {
            async move {
                let job = paid_and_refunding(t, n, Some(AMOUNT)).await;
                t.world
                    .fault(REFUNDING, "hang_after", json!({ "times": 1 }))
                    .await;
                t.deliver(&job, 1).await;
                job
            }
            .boxed_local()
        }),
        ("in review, made at the provider", |t, n| {
            async move {
                let (refund, payment) = in_review(t, n).await;
                t.world.make_at_provider(&refund, &payment).await;
                refunding(t, n, &payment, AMOUNT)
            }
            .boxed_local()
        }),
        ("in review, never made", |t, n| {
            async move {
                let (_, payment) = in_review(t, n).await;
                refunding(t, n, &payment, AMOUNT)
            }
            .boxed_local()
        }),
        ("made", |t, n| {
            async move {
                let (_, payment) = made(t, n).await;
                refunding(t, n, &payment, AMOUNT)
            }
            .boxed_local()
        }),
        ("refused by the provider", |t, n| {
            async move {
                let refused = json!({ "status": 400, "code": "charge_disputed" });
                t.world.fault(REFUNDING, "error", refused).await;
                paid_and_refunding(t, n, Some(AMOUNT)).await
            }
            .boxed_local()
        }),
        ("the key of another request", |t, n| {
            async move {
                let (_, payment) = made(t, n).await;
                refunding(t, n, &payment, AMOUNT + 1)
            }
            .boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}

fn query(refund: &Refund) -> Envelope {
    envelope(&QueryRefund {
        refund_id: refund.id,
        payment_id: refund.payment_id,
        merchant_id: refund.merchant_id,
        query: 1,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn query_refund() {
    let cases: &[(&str, Setup)] = &[
        ("made at the provider", |t, n| {
            async move {
                let (refund, payment) = in_review(t, n).await;
                t.world.make_at_provider(&refund, &payment).await;
                query(&refund)
            }
            .boxed_local()
        }),
        ("never made", |t, n| {
            async move { query(&in_review(t, n).await.0) }.boxed_local()
        }),
        ("silent", |t, n| {
            async move {
                t.world.fault(LOOKING, "error", json!({ "status": 503 })).await;
                query(&in_review(t, n).await.0)
            }
            .boxed_local()
        }),
        ("known to the provider, and settled", |t, n| {
            async move {
                let (refund, payment) = reserved(t, n, None).await;
                t.world.make_at_provider(&refund, &payment).await;
                let made = t.world.refunds_at_provider().await;
                let known = Refund {
                    status: RefundStatus::Processing,
                    channel_refund_id: made.last().map(|made| made["id"].as_str().unwrap().to_owned()),
                    ..refund
                };
                t.world.change_refund(&known).await;
                query(&known)
            }
            .boxed_local()
        }),
        ("settled meanwhile", |t, n| {
            async move { query(&made(t, n).await.0) }.boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}

/// A callback that shows a refund.
fn shows(twice: &Twice, name: &str, refund: &Refund, payment: &Payment, edit: fn(&mut Value)) -> Envelope {
    let id = refund.channel_refund_id.as_deref().unwrap_or("re_1");
    let mut object = json!({
        "id": id, "object": "refund", "amount": refund.money.amount_minor, "currency": "usd", "status": "succeeded",
        "payment_intent": payment.intent_id, "metadata": { "sluice_refund_id": refund.id },
    });
    edit(&mut object);
    envelope(
        &twice
            .world
            .callback(&format!("evt_{name}"), "refund.updated", &object),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_about_refunds() {
    let cases: &[(&str, Setup)] = &[
        ("made, and known to be", |t, n| {
            async move {
                let (refund, payment) = made(t, n).await;
                shows(t, n, &refund, &payment, as_it_is)
            }
            .boxed_local()
        }),
        ("made, and come back", |t, n| {
            async move {
                let (refund, payment) = made(t, n).await;
                shows(t, n, &refund, &payment, |object| {
                    object["status"] = json!("failed")
                })
            }
            .boxed_local()
        }),
        ("in review", |t, n| {
            async move {
                let (refund, payment) = in_review(t, n).await;
                shows(t, &format!("{n}-made"), &refund, &payment, |object| {
                    // The provider gives every refund an id of its own.
                    let mark = object["metadata"]["sluice_refund_id"].as_str().unwrap();
                    object["id"] = json!(format!("re_of_{mark}"));
                })
            }
            .boxed_local()
        }),
        ("before the answer is stored", |t, n| {
            async move {
                let (refund, payment) = reserved(t, n, None).await;
                shows(t, n, &refund, &payment, as_it_is)
            }
            .boxed_local()
        }),
        ("of another amount", |t, n| {
            async move {
                let (refund, payment) = made(t, n).await;
                shows(t, n, &refund, &payment, |object| object["amount"] = json!(1))
            }
            .boxed_local()
        }),
        ("given up, and shown as made", |t, n| {
            async move {
                let payment = paid(t, n).await;
                t.deliver(&refunding(t, n, &payment, 5_000), 1).await;
                let id = t.world.refund_job(n, &payment, None).refund_id();
                let refund = t.world.store.refund(id).await.unwrap().unwrap();
                assert_ne!(refund.failure, Some(Failure::refund_unavailable()));
                shows(t, n, &refund, &payment, as_it_is)
            }
            .boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}

/// A callback that shows a dispute about the payment of this name, which was paid.
async fn disputed(twice: &Twice, name: &str, statuses: &[&str]) -> Envelope {
    let payment = paid(twice, name).await;
    let mut shown = Vec::new();
    for (number, status) in statuses.iter().enumerate() {
        let object = json!({
            "id": format!("du_{name}"), "object": "dispute", "amount": 1_500, "currency": "usd", "status": status,
            "reason": "fraudulent", "payment_intent": payment.intent_id,
        });
        let event_id = format!("evt_{name}_{number}");
        let callback = twice.world.callback(&event_id, "charge.dispute.updated", &object);
        shown.push(envelope(&callback));
    }
    let last = shown.pop().unwrap();
    for earlier in &shown {
        twice.deliver(earlier, 1).await;
    }
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_about_disputes() {
    let cases: &[(&str, Setup)] = &[
        ("opened", |t, n| disputed(t, n, &["needs_response"]).boxed_local()),
        ("won at once", |t, n| disputed(t, n, &["won"]).boxed_local()),
        ("lost", |t, n| {
            disputed(t, n, &["needs_response", "lost"]).boxed_local()
        }),
        ("an old word", |t, n| {
            disputed(t, n, &["won", "under_review"]).boxed_local()
        }),
        ("decided otherwise", |t, n| {
            disputed(t, n, &["won", "lost"]).boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}

/// A person replays a parked job while the refund is asked about: one gives up, the other makes the refund.
#[tokio::test(flavor = "multi_thread")]
async fn asking_and_refunding_at_once_agree() {
    let twice = Twice::start().await;
    let names: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    let mut jobs = Vec::new();
    for name in &names {
        let (refund, payment) = in_review(&twice, name).await;
        jobs.extend([refunding(&twice, name, &payment, AMOUNT), query(&refund)]);
    }
    join_all(jobs.iter().map(|job| twice.publish(job, 1))).await;
    twice.rest().await;
    for name in &names {
        let outcome = twice.outcome(name).await;
        let status = &outcome["rows"]["refunds"][0][0];
        let given_back = &outcome["books"][0][2];
        // On a slow machine a call may run out of time; then the refund is still in review, whatever the provider has.
        match status.as_str().unwrap() {
            "succeeded" => assert_eq!(given_back, AMOUNT, "{name}: {outcome}"),
            "failed" => assert_eq!(given_back, 0, "{name}: {outcome}"),
            other => assert_eq!(other, "needs_review", "{name}: {outcome}"),
        }
    }
    twice.world.assert_books_agree().await;
    twice.world.close().await;
}
