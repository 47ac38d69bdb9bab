//! Transfers in a record: written with it, once, and never at the expense of its neighbours.

use domain::{
    channel::{ChannelRefundStatus, IntentStatus},
    ledger::{AccountKind, Transfer},
    money::Money,
};
use futures::future::join_all;
use store::{Record, StoreError, TransferRecord, Verdict};

use crate::support::{World, at, refund_record, seen, transfers, world};

/// What is on the merchant's accounts: kind, posted, pending.
async fn balances(world: &World) -> Vec<(AccountKind, i64, i64)> {
    let balances = world.store.balances(world.merchant_id).await.unwrap();
    let mut balances: Vec<_> = balances
        .into_iter()
        .map(|balance| (balance.account.kind, balance.posted_minor, balance.pending_minor))
        .collect();
    balances.sort_by_key(|(kind, ..)| kind.name());
    balances
}

#[tokio::test]
async fn balances_are_what_the_postings_say() {
    let world = world().await;
    let payment = world.paid("k").await;
    let (kept, payment) = world.refunding(&payment, "kept", 500).await;
    let (_, payment) = world.refunding(&payment, "waiting", 300).await;
    let (_, payment) = world
        .refund_seen(kept, payment, ChannelRefundStatus::Succeeded)
        .await;
    let fee = TransferRecord {
        transfer: Transfer::fee_kept(
            payment.merchant_id,
            payment.channel,
            payment.id,
            Money {
                amount_minor: 88,
                ..payment.money
            },
        ),
        at: at(40),
    };
    let record = Record {
        transfers: vec![fee],
        ..Record::default()
    };
    assert_eq!(world.write(record).await, Verdict::Written);
    let expected = [
        (AccountKind::Fees, 88, 0),
        (AccountKind::MerchantBalance, 1999 - 500 - 88, -300),
        (AccountKind::ProviderClearing, -1999 + 500, 0),
        (AccountKind::RefundsPending, 0, 300),
    ];
    assert_eq!(balances(&world).await, expected);
    let clearing = &world.store.balances(world.merchant_id).await.unwrap();
    let clearing = clearing
        .iter()
        .find(|balance| balance.account.kind == AccountKind::ProviderClearing);
    assert_eq!(clearing.unwrap().account.detail, "stripe");
    let report = world.store.ledger_check().await.unwrap();
    assert!(report.agrees(), "{:?}", report.disagreements);
    assert_eq!((report.transfers, report.postings), (5, 12));
    assert!(report.sums.iter().all(|sum| sum.sum_minor == 0));
}

#[tokio::test]
async fn a_record_that_loses_a_guard_posts_nothing() {
    let world = world().await;
    let new = world.stored("k").await;
    let applied = seen(new, IntentStatus::Succeeded);
    let record = |event: &str| Record {
        payment: Some(applied.payment.clone()),
        callback: Some(world.callback(event)),
        transfers: transfers(&applied.effects),
        ..Record::default()
    };
    let (one, two) = tokio::join!(
        world.recorder.write(record("evt_1")),
        world.recorder.write(record("evt_2"))
    );
    let mut verdicts = [one.unwrap(), two.unwrap()];
    verdicts.sort_by_key(|verdict| *verdict == Verdict::Stale);
    assert_eq!(verdicts, [Verdict::Written, Verdict::Stale]);
    let expected = [
        (AccountKind::MerchantBalance, 1999, 0),
        (AccountKind::ProviderClearing, -1999, 0),
    ];
    assert_eq!(balances(&world).await, expected);
}

/// A movement that is written twice is a defect. It is refused loudly, and those who share its batch do not notice.
#[tokio::test]
async fn a_transfer_that_is_there_already_is_refused_without_hurting_its_neighbours() {
    let world = world().await;
    let payment = world.paid("k").await;
    let refunded = world.paid("refunded").await;
    let fresh = join_all((0..20).map(|number| world.stored_owned(format!("n{number}")))).await;
    let again = Record {
        transfers: vec![TransferRecord {
            transfer: Transfer::payment_received(&payment),
            at: at(50),
        }],
        ..Record::default()
    };
    let good = fresh.into_iter().map(|new| {
        let applied = seen(new, IntentStatus::Succeeded);
        let record = Record {
            transfers: transfers(&applied.effects),
            payment: Some(applied.payment),
            ..Record::default()
        };
        world.recorder.write(record)
    });
    let (good, bad, refund) = tokio::join!(
        join_all(good),
        world.recorder.write(again),
        world.recorder.write(refund_record(&refunded, "r", 10)),
    );
    assert!(
        good.into_iter()
            .all(|verdict| verdict.unwrap() == Verdict::Written)
    );
    assert_eq!(refund.unwrap(), Verdict::Written);
    let bad = bad.unwrap_err();
    assert!(matches!(bad, StoreError::Refused(_)), "{bad:?}");
    assert!(bad.to_string().contains("ledger_transfers_pkey"), "{bad}");
    let report = world.store.ledger_check().await.unwrap();
    assert!(report.agrees(), "{:?}", report.disagreements);
    assert_eq!(report.transfers, 2 + 20 + 1);
}

/// Accounts come into being with their first posting, whoever is first, and however many are.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_open_the_same_accounts_at_once() {
    let world = world().await;
    let other_process = store::Recorder::start(world.store.clone(), std::sync::Arc::default());
    let new = join_all((0..40).map(|number| world.stored_owned(format!("n{number}")))).await;
    let writes = new.into_iter().enumerate().map(|(number, new)| {
        let recorder = if number % 2 == 0 {
            &world.recorder
        } else {
            &other_process
        };
        let applied = seen(new, IntentStatus::Succeeded);
        recorder.write(Record {
            transfers: transfers(&applied.effects),
            payment: Some(applied.payment),
            ..Record::default()
        })
    });
    let written = join_all(writes).await;
    assert!(
        written
            .into_iter()
            .all(|verdict| verdict.unwrap() == Verdict::Written)
    );
    let expected = [
        (AccountKind::MerchantBalance, 40 * 1999, 0),
        (AccountKind::ProviderClearing, -40 * 1999, 0),
    ];
    assert_eq!(balances(&world).await, expected);
}
