//! Statements of Stripe: all lines of a period, or none.

use std::time::Duration;

use channels::{Channels, ChannelsConfig, StatementPeriod};
use chrono::TimeDelta;
use domain::{
    channel::{CallError, Destination, NewIntent, NewRefund, Statement, StatementEntry, StatementKind},
    clock::{Clock, SystemClock},
    currency::Currency,
    money::Money,
};
use serde_json::json;

use crate::{
    setting::{Setting, credentials, new_intent, new_refund},
    stand::{TIMEOUT, config_at},
};

const ROUTE: &str = "GET /v1/balance_transactions";

/// The last hour and the next.
fn around_now() -> StatementPeriod {
    let (now, hour) = (SystemClock.now(), TimeDelta::hours(1));
    StatementPeriod {
        from: now - hour,
        to: now + hour,
    }
}

async fn statement(setting: &Setting, period: StatementPeriod) -> Result<Statement, CallError> {
    setting.channels.statement(&setting.credentials, period).await
}

fn of_kind(statement: &Statement, kind: StatementKind) -> Vec<&StatementEntry> {
    let entries = statement.entries.iter();
    entries.filter(|entry| entry.kind == kind).collect()
}

#[tokio::test]
async fn a_payment_and_its_refund_stand_on_the_statement_with_their_marks() {
    let setting = Setting::new().await;
    let (channels, credentials) = (&setting.channels, &setting.credentials);
    let intent = setting.paid("pm_card_visa").await;
    let new = new_refund(&intent, 500);
    let refund = channels.create_refund(credentials, &new).await.0.unwrap();
    // Declined and unpaid intents move nothing.
    for payment_method in [None, Some("pm_card_chargeDeclined")] {
        channels
            .create_intent(credentials, &new_intent(payment_method))
            .await
            .0
            .unwrap();
    }

    let statement = statement(&setting, around_now()).await.unwrap();
    assert_eq!(statement.unreadable, []);
    let [refunded, paid] = statement.entries.as_slice() else {
        panic!("{statement:?}")
    };
    assert_eq!((paid.kind, paid.money), (StatementKind::Payment, intent.money));
    assert_eq!((paid.payment_id, paid.refund_id), (Some(new.payment_id), None));
    assert!(
        paid.object_id.starts_with("ch_") && paid.fee_minor > 0,
        "{paid:?}"
    );
    assert_eq!(
        (refunded.kind, refunded.money),
        (StatementKind::Refund, new.money)
    );
    assert_eq!(refunded.payment_id, Some(new.payment_id));
    assert_eq!(refunded.refund_id, Some(new.refund_id));
    assert_eq!((&refunded.object_id, refunded.fee_minor), (&refund.id, 0));
    for entry in &statement.entries {
        assert_eq!(entry.intent_id.as_ref(), Some(&intent.id));
        assert!(
            (SystemClock.now() - entry.at).abs() < TimeDelta::minutes(5),
            "{entry:?}"
        );
    }
}

/// What goes on to another account, what comes back from there, and what the merchant keeps of it.
#[tokio::test]
async fn what_moves_between_accounts_is_read_and_is_about_no_payment() {
    let setting = Setting::new().await;
    let account = setting.active_account().await;
    let destination = Destination {
        account: account.clone(),
        application_fee_minor: Some(301),
    };
    let new = NewIntent {
        destination: Some(destination.clone()),
        ..new_intent(Some("pm_card_visa"))
    };
    let (channels, credentials) = (&setting.channels, &setting.credentials);
    let intent = channels.create_intent(credentials, &new).await.0.unwrap();
    let refund = NewRefund {
        destination: Some(destination),
        ..new_refund(&intent, 500)
    };
    channels.create_refund(credentials, &refund).await.0.unwrap();
    setting.paid("pm_card_visa").await;
    let payout = crate::stripe_transfers::to(&account, 700);
    channels.create_transfer(credentials, &payout).await.0.unwrap();
    let statement = statement(&setting, around_now()).await.unwrap();
    assert_eq!(statement.unreadable, []);
    assert_eq!(of_kind(&statement, StatementKind::Payment).len(), 2);
    assert_eq!(of_kind(&statement, StatementKind::Refund).len(), 1);
    // Two transfers and one that is taken back in part, and a fee and what of it is given back.
    let others = of_kind(&statement, StatementKind::Other);
    assert_eq!(others.len(), 5, "{others:?}");
    assert!(
        others
            .iter()
            .all(|line| line.payment_id.is_none() && line.refund_id.is_none())
    );
}

#[tokio::test]
async fn what_other_programs_did_is_there_without_a_mark() {
    let setting = Setting::new().await;
    let paid = "currency=usd&amount=700&confirm=true&payment_method=pm_card_visa&allowed_payment_method_types[]=card";
    let theirs = setting.elsewhere("payment_intents", paid).await;
    // A currency that Sluice does not take stands in nobody's way.
    let francs = "currency=bif&amount=7000&confirm=true&payment_method=pm_card_visa&allowed_payment_method_types[]=card";
    let in_francs = setting.elsewhere("payment_intents", francs).await;
    assert_eq!(in_francs["status"], "succeeded", "{in_francs}");
    let statement = statement(&setting, around_now()).await.unwrap();
    assert_eq!(statement.unreadable, []);
    let [entry] = statement.entries.as_slice() else {
        panic!("{statement:?}")
    };
    assert_eq!((entry.kind, entry.payment_id), (StatementKind::Payment, None));
    assert_eq!(entry.intent_id.as_deref(), theirs["id"].as_str());
}

#[tokio::test]
async fn amounts_are_read_as_stripe_means_them() {
    let setting = Setting::new().await;
    let cases = [
        Money {
            amount_minor: 500,
            currency: Currency::JPY,
        },
        Money {
            amount_minor: 15_000,
            currency: Currency::ISK,
        },
        Money {
            amount_minor: 1_230,
            currency: Currency::KWD,
        },
        Money {
            amount_minor: 100_000,
            currency: Currency::HUF,
        },
    ];
    for money in cases {
        let mut new = new_intent(Some("pm_card_visa"));
        new.money = money;
        setting
            .channels
            .create_intent(&setting.credentials, &new)
            .await
            .0
            .unwrap();
    }
    let statement = statement(&setting, around_now()).await.unwrap();
    assert_eq!(statement.unreadable, []);
    let lines = statement.entries.iter().rev();
    let read: Vec<Money> = lines.clone().map(|entry| entry.money).collect();
    assert_eq!(read, cases);
    // 2.9 % and 30 of Stripe's smallest units; the krona has hundredths there, and none here.
    let fees: Vec<i64> = lines.map(|entry| entry.fee_minor).collect();
    assert_eq!(fees, [45, 435, 70, 2_930]);
}

#[tokio::test]
async fn a_dispute_and_a_failed_refund_stand_on_the_statement_both_ways() {
    let setting = Setting::new().await;
    let intent = setting.paid("pm_card_visa").await;
    let opened = setting
        .order(
            &format!("stripe/intents/{}/dispute", intent.id),
            &json!({"amount": 700}),
        )
        .await;
    let dispute_id = opened["id"].as_str().unwrap();
    setting
        .order(
            &format!("stripe/disputes/{dispute_id}/close"),
            &json!({"won": true}),
        )
        .await;
    let now = statement(&setting, around_now()).await.unwrap();
    assert_eq!(now.unreadable, []);
    for kind in [StatementKind::Dispute, StatementKind::DisputeWon] {
        let [entry] = of_kind(&now, kind)[..] else {
            panic!("{now:?}")
        };
        assert_eq!(
            (entry.money.amount_minor, entry.money.currency),
            (700, Currency::USD)
        );
        assert_eq!(
            (entry.object_id.as_str(), entry.intent_id.as_ref()),
            (dispute_id, Some(&intent.id))
        );
        // Nobody marks a dispute: it is found by its intent.
        assert_eq!((entry.payment_id, entry.refund_id), (None, None));
    }
    assert_eq!(of_kind(&now, StatementKind::Dispute)[0].fee_minor, 1_500);

    let intent = setting.paid("pm_card_visa").await;
    let new = new_refund(&intent, 500);
    let refund = setting
        .channels
        .create_refund(&setting.credentials, &new)
        .await
        .0
        .unwrap();
    let settle = format!("stripe/refunds/{}/settle", refund.id);
    setting.order(&settle, &json!({"succeeded": false})).await;
    let now = statement(&setting, around_now()).await.unwrap();
    for kind in [StatementKind::Refund, StatementKind::RefundFailed] {
        let [entry] = of_kind(&now, kind)[..] else {
            panic!("{now:?}")
        };
        assert_eq!((entry.money, entry.refund_id), (new.money, Some(new.refund_id)));
    }
}

#[tokio::test]
async fn only_the_period_and_the_account_asked_for_are_shown() {
    let setting = Setting::new().await;
    let new = new_intent(Some("pm_card_visa"));
    setting
        .channels
        .create_intent(&setting.credentials, &new)
        .await
        .0
        .unwrap();
    let StatementPeriod { from, to } = around_now();
    let ten_minutes = TimeDelta::minutes(10);
    let now = SystemClock.now();
    for period in [
        StatementPeriod {
            from,
            to: now - ten_minutes,
        },
        StatementPeriod {
            from: now + ten_minutes,
            to,
        },
    ] {
        assert_eq!(
            statement(&setting, period).await,
            Ok(Statement::default()),
            "{period:?}"
        );
    }
    let others = setting
        .channels
        .statement(&credentials("sk_test_other"), around_now())
        .await;
    assert_eq!(others, Ok(Statement::default()));
    // A period holds its first moment and not its last, so that two days in a row share no line.
    let at = statement(&setting, around_now()).await.unwrap().entries[0].at;
    let lines_within = async |from, to| {
        let period = StatementPeriod { from, to };
        statement(&setting, period).await.unwrap().entries.len()
    };
    let second = TimeDelta::seconds(1);
    assert_eq!(
        (
            lines_within(at, at + second).await,
            lines_within(at - second, at).await
        ),
        (1, 0)
    );
}

#[tokio::test]
async fn a_statement_has_all_its_pages_or_is_unknown() {
    let setting = Setting::new().await;
    let pay = |count: usize| {
        let (channels, credentials) = (&setting.channels, &setting.credentials);
        async move {
            let news: Vec<_> = (0..count).map(|_| new_intent(Some("pm_card_visa"))).collect();
            // A few at a time: a crowd would wait longer for its connections than a call may take.
            for some in news.chunks(16) {
                let paying = some.iter().map(|new| channels.create_intent(credentials, new));
                for (paid, _) in futures::future::join_all(paying).await {
                    paid.unwrap();
                }
            }
        }
    };
    pay(150).await;
    let all = statement(&setting, around_now()).await.unwrap();
    let mut payments: Vec<_> = all
        .entries
        .iter()
        .map(|entry| entry.payment_id.unwrap())
        .collect();
    payments.sort();
    payments.dedup();
    assert_eq!(
        (payments.len(), of_kind(&all, StatementKind::Payment).len()),
        (150, 150)
    );
    pay(60).await;
    let too_long = statement(&setting, around_now()).await;
    let Err(CallError::Unknown { message }) = too_long else {
        panic!("{too_long:?}")
    };
    assert_eq!(
        message,
        "there are more than the newest 200 lines of the statement"
    );
    assert_eq!(setting.calls(ROUTE).await.len(), 4);
}

#[tokio::test]
async fn a_statement_with_a_page_missing_is_none() {
    let setting = Setting::new().await;
    for (fault, is_surely_not_done) in [
        ("error", false),
        ("reset_before", false),
        ("malformed", false),
        ("rate_limit", true),
    ] {
        setting.fault_once(ROUTE, fault).await;
        match statement(&setting, around_now()).await {
            Err(CallError::Limited { .. }) => assert!(is_surely_not_done, "{fault}"),
            Err(CallError::Unknown { .. }) => assert!(!is_surely_not_done, "{fault}"),
            other => panic!("{fault}: {other:?}"),
        }
    }
    let slow = json!({"route": ROUTE, "fault": "slow", "delay_ms": TIMEOUT.as_millis() / 2});
    setting.fault(&slow).await;
    let hasty = Channels::new(&ChannelsConfig {
        statement_timeout: Duration::from_millis(300),
        ..config_at(&setting.sandbox.base_url())
    });
    let cut = hasty.unwrap().statement(&setting.credentials, around_now()).await;
    let is_cut = matches!(&cut, Err(CallError::Unknown { message }) if message.contains("within 300ms"));
    assert!(is_cut, "{cut:?}");
}
