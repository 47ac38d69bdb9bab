//! Refunds in and out of their table, and two at once for the same money.

use domain::{
    channel::{ChannelRefundStatus, Exchange, Operation},
    id::RefundId,
    payment::Failure,
    refund::{RefundEvent, RefundStatus},
    scope::Scope,
};
use futures::future::join_all;
use store::{Record, RefundCursor, RefundExchangeRecord, RefundPage, Verdict};

use crate::support::{World, at, refund_record, refund_seen_record, world};

#[tokio::test]
async fn a_refund_comes_back_as_it_was_written() {
    let world = world().await;
    let payment = world.paid("k").await;
    let record = refund_record(&payment, "r", 700);
    let new = record.new_refund.clone().unwrap();
    assert_eq!(world.write(record.clone()).await, Verdict::Written);
    // Both of its guards are lost now; that the refund is there is the news.
    assert_eq!(world.write(record).await, Verdict::Duplicate);
    assert_eq!(world.store.refund(new.id).await.unwrap(), Some(new.clone()));
    let payment = world.store.payment(payment.id).await.unwrap().unwrap();
    assert_eq!(
        (payment.refund_reserved_minor, payment.refundable_minor()),
        (700, 1299)
    );

    let record = refund_seen_record(new, payment, ChannelRefundStatus::Succeeded);
    let seen = record.refund.clone().unwrap();
    assert_eq!(world.write(record.clone()).await, Verdict::Written);
    assert_eq!(world.write(record).await, Verdict::Stale);
    let stored = world.store.refund(seen.id).await.unwrap().unwrap();
    assert_eq!(stored.version, 1);
    assert_eq!(
        (stored.status, &stored.channel_refund_id),
        (RefundStatus::Succeeded, &seen.channel_refund_id)
    );
    let payment = world.store.payment(seen.payment_id).await.unwrap().unwrap();
    assert_eq!((payment.refunded_minor, payment.refund_reserved_minor), (700, 0));
}

#[tokio::test]
async fn a_refused_refund_is_stored_with_its_reason() {
    let world = world().await;
    let payment = world.stored("k").await;
    let mut record = refund_record(&payment, "r", 700);
    let refused = payment
        .check_refund(None, &record.new_refund.as_ref().unwrap().request)
        .unwrap_err();
    let refund = record.new_refund.take().unwrap().refused(refused.failure());
    let only = Record {
        new_refund: Some(refund.clone()),
        ..Record::default()
    };
    assert_eq!(world.write(only).await, Verdict::Written);
    assert_eq!(world.store.refund(refund.id).await.unwrap(), Some(refund));
}

/// Each record alone would be fine. Together they would give back more than was paid.
#[tokio::test]
async fn of_two_refunds_at_once_of_the_same_money_one_is_stale_and_leaves_nothing() {
    let world = world().await;
    let payment = world.paid("k").await;
    let other_process = store::Recorder::start(world.store.clone(), std::sync::Arc::default());
    let (one, two) = (
        refund_record(&payment, "one", 1999),
        refund_record(&payment, "two", 1999),
    );
    let ids = [&one, &two].map(|record| record.new_refund.as_ref().unwrap().id);
    let (one, two) = tokio::join!(world.recorder.write(one), other_process.write(two));
    let verdicts = [one.unwrap(), two.unwrap()];
    let mut sorted = verdicts;
    sorted.sort_by_key(|verdict| *verdict == Verdict::Stale);
    assert_eq!(sorted, [Verdict::Written, Verdict::Stale]);
    for (id, verdict) in ids.into_iter().zip(verdicts) {
        let stored = world.store.refund(id).await.unwrap();
        assert_eq!(stored.is_some(), verdict == Verdict::Written);
    }
    let report = world.store.ledger_check().await.unwrap();
    assert!(report.agrees(), "{:?}", report.disagreements);
}

/// Many jobs, two processes, few payments: whoever is stale looks again, until all is given back and nothing more.
#[tokio::test(flavor = "multi_thread")]
async fn refunds_that_contend_for_payments_give_back_each_minor_unit_once() {
    let world = world().await;
    let payments = join_all(["a", "b", "c"].map(|key| world.paid(key))).await;
    let other_process = store::Recorder::start(world.store.clone(), std::sync::Arc::default());
    let refunds = (0..36).map(|number| {
        let recorder = if number % 2 == 0 {
            &world.recorder
        } else {
            &other_process
        };
        let payment_id = payments[number % 3].id;
        let world = &world;
        async move {
            loop {
                let payment = world.store.payment(payment_id).await.unwrap().unwrap();
                if payment.refundable_minor() < 199 {
                    return None;
                }
                let record = refund_record(&payment, &format!("r{number}"), 199);
                let refund = record.new_refund.clone().unwrap();
                match recorder.write(record).await {
                    Ok(Verdict::Written) => return Some(refund.id),
                    Ok(Verdict::Stale) => {}
                    Ok(Verdict::Duplicate) => panic!("each key is used once"),
                    Err(error) => assert!(error.is_transient(), "{error}"),
                }
            }
        }
    });
    let made: Vec<RefundId> = join_all(refunds).await.into_iter().flatten().collect();
    // Ten times 199 fit into 1999.
    assert_eq!(made.len(), 30);
    for (number, id) in made.iter().enumerate() {
        let refund = world.store.refund(*id).await.unwrap().unwrap();
        let payment = world.store.payment(refund.payment_id).await.unwrap().unwrap();
        let status = match number % 3 {
            0 => ChannelRefundStatus::Succeeded,
            1 => ChannelRefundStatus::Processing,
            _ => ChannelRefundStatus::Failed(Failure::refund_unavailable()),
        };
        world.refund_seen(refund, payment, status).await;
    }
    let report = world.store.ledger_check().await.unwrap();
    assert!(report.agrees(), "{:?}", report.disagreements);
}

#[tokio::test]
async fn pages_hold_every_refund_once_and_can_be_narrowed() {
    let world = world().await;
    let (mut first, mut second) = (world.paid("first").await, world.paid("second").await);
    for number in 0..7 {
        (_, first) = world.refunding(&first, &format!("f{number}"), 1).await;
    }
    for number in 0..3 {
        (_, second) = world.refunding(&second, &format!("s{number}"), 1).await;
    }
    let all = RefundPage {
        limit: 4,
        ..RefundPage::default()
    };
    let of_payment = RefundPage {
        payment_id: Some(first.id),
        ..all.clone()
    };
    let succeeded = RefundPage {
        status: Some(RefundStatus::Succeeded),
        ..of_payment.clone()
    };
    for (page, expected) in [(all, 10), (of_payment, 7), (succeeded, 0)] {
        let mut ids = pages(&world, page).await;
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!((count, ids.len()), (expected, expected));
    }
}

async fn pages(world: &World, mut page: RefundPage) -> Vec<RefundId> {
    let scope = Scope::Merchant(world.merchant_id);
    let mut ids = Vec::new();
    loop {
        let refunds = world.store.within(&scope).refunds(&page).await.unwrap();
        let Some(last) = refunds.last() else { return ids };
        page.after = Some(RefundCursor {
            created_at: last.created_at,
            id: last.id,
        });
        ids.extend(refunds.iter().map(|refund| refund.id));
    }
}

/// The same bookkeeping as for intents, in a table of its own.
#[tokio::test]
async fn a_refund_call_is_open_until_its_end_is_known() {
    let world = world().await;
    let payment = world.paid("k").await;
    let (refund, _) = world.refunding(&payment, "r", 700).await;
    let steps = [
        // Storing the refund began the first call.
        (None, Some(20)),
        (Some((Operation::CreateRefund, "not_done")), None),
        (Some((Operation::CreateRefund, "started")), Some(32)),
        (Some((Operation::CreateRefund, "unknown")), Some(32)),
        // Another table's words mean nothing here.
        (Some((Operation::FindIntent, "absent")), Some(32)),
        (Some((Operation::FindRefund, "not_found")), Some(32)),
        (Some((Operation::FindRefund, "absent")), None),
        (Some((Operation::CreateRefund, "started")), Some(37)),
        (Some((Operation::CreateRefund, "ok")), None),
    ];
    for (number, (said, open_since)) in (30..).zip(steps) {
        if let Some((operation, outcome)) = said {
            say(&world, refund.id, operation, outcome, number).await;
        }
        let open = world.store.open_refund_call(&refund).await.unwrap();
        assert_eq!(open, open_since.map(at), "{said:?}");
        let is_begun = !matches!(said, None | Some((Operation::FindRefund, "absent")));
        let called = world.store.has_called_refund(refund.id, "job", 1).await.unwrap();
        assert_eq!(called, is_begun, "{said:?}");
    }
    assert!(!world.store.has_called_refund(refund.id, "job", 2).await.unwrap());
}

async fn say(world: &World, refund_id: RefundId, operation: Operation, outcome: &'static str, second: i64) {
    let exchange = Exchange {
        operation,
        outcome,
        intent_id: Some("re_1".into()),
        error: None,
        duration_ms: 1,
    };
    let exchange = RefundExchangeRecord {
        refund_id,
        job_id: "job".into(),
        attempt: 1,
        exchange,
        at: at(second),
    };
    let record = Record {
        refund_exchanges: vec![exchange],
        ..Record::default()
    };
    assert_eq!(world.write(record).await, Verdict::Written);
}

#[tokio::test]
async fn a_refund_in_review_that_is_given_up_frees_its_money() {
    let world = world().await;
    let payment = world.paid("k").await;
    let (refund, payment) = world.refunding(&payment, "r", 700).await;
    let applied = refund.apply(payment, RefundEvent::LostSight).unwrap();
    let lost = Record {
        refund: Some(applied.refund.clone()),
        ..Record::default()
    };
    assert_eq!(world.write(lost).await, Verdict::Written);
    let refund = world.store.refund(applied.refund.id).await.unwrap().unwrap();
    assert_eq!(
        (refund.status, &refund.failure),
        (RefundStatus::NeedsReview, &applied.refund.failure)
    );
    let failed = ChannelRefundStatus::Failed(Failure::refund_unavailable());
    let (_, payment) = world.refund_seen(refund, applied.payment, failed).await;
    assert_eq!(payment.refundable_minor(), 1999);
    assert!(world.store.ledger_check().await.unwrap().agrees());
}
