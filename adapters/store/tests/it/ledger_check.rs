//! The check of the ledger finds whatever does not agree, as somebody with all rights could have left it.

use domain::{
    channel::{ChannelDisputeStatus, ChannelRefundStatus},
    payment::Failure,
};
use sqlx::AssertSqlSafe;
use store::{LedgerReport, Verdict};

use crate::support::{World, seen, world};

/// Books with everything in them: paid, refunded, waiting, failed, returned, disputed. They agree.
async fn books() -> World {
    let world = world().await;
    let payment = world.paid("k").await;
    let (done, payment) = world.refunding(&payment, "done", 100).await;
    let (_, payment) = world
        .refund_seen(done, payment, ChannelRefundStatus::Succeeded)
        .await;
    let (_, payment) = world.refunding(&payment, "waiting", 200).await;
    let failed = || ChannelRefundStatus::Failed(Failure::refund_unavailable());
    let (not_made, payment) = world.refunding(&payment, "not-made", 300).await;
    let (_, payment) = world.refund_seen(not_made, payment, failed()).await;
    let (returned, payment) = world.refunding(&payment, "returned", 400).await;
    let (returned, payment) = world
        .refund_seen(returned, payment, ChannelRefundStatus::Succeeded)
        .await;
    let (_, payment) = world.refund_seen(returned, payment, failed()).await;
    let opened = world.dispute_record(None, &payment, ChannelDisputeStatus::Open);
    assert_eq!(world.write(opened).await, Verdict::Written);
    world.stored("unpaid").await;
    let report = world.store.ledger_check().await.unwrap();
    assert!(report.agrees(), "{:?}", report.disagreements);
    world
}

/// The report after somebody switched the triggers off and did this.
pub async fn after(world: &World, sql: &str) -> LedgerReport {
    let mut owner = world.owner().await;
    let sql = format!("set session_replication_role = replica; {sql}");
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut owner)
        .await
        .unwrap();
    world.store.ledger_check().await.unwrap()
}

/// The lines about this rule, without ids: expected and found.
pub fn lines<'a>(report: &'a LedgerReport, rule: &str) -> Vec<(&'a str, &'a str)> {
    let broken = report.disagreements.iter().filter(|line| line.rule == rule);
    broken
        .map(|line| (line.expected.as_str(), line.found.as_str()))
        .collect()
}

#[tokio::test]
async fn a_paid_payment_without_its_transfer() {
    let world = books().await;
    // As a process that knows nothing of the ledger would leave it.
    let paid = seen(
        world.stored("unposted").await,
        domain::channel::IntentStatus::Succeeded,
    )
    .payment;
    world.change(&paid).await;
    let report = world.store.ledger_check().await.unwrap();
    let expected = [
        (
            "-1999 USD posted on provider_clearing/stripe",
            "0 USD posted on provider_clearing/stripe",
        ),
        (
            "1999 USD posted on merchant_balance",
            "0 USD posted on merchant_balance",
        ),
    ];
    assert_eq!(lines(&report, "postings_differ"), expected);
    assert_eq!(report.total, 2);
    assert!(
        report
            .disagreements
            .iter()
            .all(|line| line.subject == paid.id.to_string())
    );
}

#[tokio::test]
async fn a_transfer_without_its_paid_payment() {
    let world = books().await;
    let unpaid = "update payments set status = 'processing', refunded_minor = 0, refund_reserved_minor = 0
                  where status = 'succeeded'";
    let report = after(&world, unpaid).await;
    let expected = [
        (
            "0 USD posted on merchant_balance",
            "1999 USD posted on merchant_balance",
        ),
        (
            "0 USD posted on provider_clearing/stripe",
            "-1999 USD posted on provider_clearing/stripe",
        ),
    ];
    assert_eq!(lines(&report, "postings_differ"), expected);
    assert_eq!(lines(&report, "refunded_differs"), [("100 USD", "0 USD")]);
    assert_eq!(lines(&report, "reserved_differs"), [("200 USD", "0 USD")]);
}

#[tokio::test]
async fn a_reservation_that_outlives_its_refund() {
    let world = books().await;
    let ended = "update refunds set status = 'failed', failure = '{}' where status = 'pending'";
    let report = after(&world, ended).await;
    let expected = [
        (
            "0 USD pending on merchant_balance",
            "-200 USD pending on merchant_balance",
        ),
        (
            "0 USD pending on refunds_pending",
            "200 USD pending on refunds_pending",
        ),
    ];
    assert_eq!(lines(&report, "postings_differ"), expected);
    assert_eq!(lines(&report, "reserved_differs"), [("0 USD", "200 USD")]);
    assert_eq!(report.total, 3);
}

#[tokio::test]
async fn refunds_and_disputes_whose_status_was_changed() {
    let world = books().await;
    let changed = "update refunds set status = 'succeeded', failure = null, channel_refund_id = 're_x'
                   where idempotency_key = 'not-made';
                   update disputes set status = 'won'";
    let report = after(&world, changed).await;
    assert_eq!(lines(&report, "refunded_differs"), [("400 USD", "100 USD")]);
    assert_eq!(lines(&report, "disputed_differs"), [("0 USD", "500 USD")]);
    let differ = lines(&report, "postings_differ");
    assert!(differ.contains(&(
        "-300 USD posted on merchant_balance",
        "0 USD posted on merchant_balance"
    )));
    assert!(differ.contains(&("0 USD posted on disputes", "500 USD posted on disputes")));
    assert_eq!(report.total, 2 + 4);
}

#[tokio::test]
async fn figures_of_payments_that_were_changed() {
    let world = books().await;
    let changed = "update payments set refunded_minor = 1, refund_reserved_minor = 2, disputed_minor = 3
                   where status = 'succeeded'";
    let report = after(&world, changed).await;
    assert_eq!(lines(&report, "refunded_differs"), [("100 USD", "1 USD")]);
    assert_eq!(lines(&report, "reserved_differs"), [("200 USD", "2 USD")]);
    assert_eq!(lines(&report, "disputed_differs"), [("500 USD", "3 USD")]);
    assert_eq!(report.total, 3);
}

#[tokio::test]
async fn postings_that_were_changed_or_removed() {
    let world = books().await;
    let changed = "update ledger_postings set amount_minor = -1998
                   where transfer_id in (select id from ledger_transfers where kind = 'payment') and ordinal = 0";
    let report = after(&world, changed).await;
    assert_eq!(
        lines(&report, "transfer_unbalanced"),
        [("0 USD posted", "1 USD posted")]
    );
    let sum = report.sums.iter().find(|sum| sum.layer == "posted").unwrap();
    assert_eq!((sum.currency.as_str(), sum.sum_minor), ("USD", 1));
    let report = after(&world, "delete from ledger_postings").await;
    assert_eq!(
        lines(&report, "transfer_without_postings").len(),
        usize::try_from(report.transfers).unwrap()
    );
    assert_eq!(report.postings, 0);
}

#[tokio::test]
async fn transfers_that_were_moved_to_another_thing() {
    let world = books().await;
    let moved = "update ledger_transfers set subject = 'rfd_0' where phase = 'voided'";
    let report = after(&world, moved).await;
    assert_eq!(lines(&report, "resolves_another").len(), 1);
    let stranger = "insert into merchants (id, name, created_at) values (gen_random_uuid(), 'Thief', now());
                    update ledger_accounts set merchant_id = (select id from merchants where name = 'Thief')
                    where kind = 'merchant_balance'";
    let report = after(&world, stranger).await;
    let expected = (
        "1999 USD posted on merchant_balance",
        "0 USD posted on merchant_balance",
    );
    assert!(lines(&report, "postings_differ").contains(&expected));
}

#[tokio::test]
async fn what_is_shown_is_bounded_and_what_is_counted_is_not() {
    let world = world().await;
    let paid = "insert into payments (id, merchant_id, idempotency_key, fingerprint, status, amount_minor, currency,
                                      channel, intent_id, request, created_at, updated_at)
                select gen_random_uuid(), merchants.id, number::text, sha256('x'), 'succeeded', 5, 'JPY', 'stripe',
                       'pi_' || number, '{}', now(), now()
                from merchants, generate_series(1, 75) as number";
    let report = after(&world, paid).await;
    assert_eq!((report.disagreements.len(), report.total), (100, 150));
}
