//! The ledger from the desk: what agrees, what does not, and what is on a merchant's accounts.

use std::sync::Arc;

use chrono::DateTime;
use domain::{
    channel::{Channel, Intent, IntentStatus},
    currency::Currency,
    id::{IdempotencyKey, MerchantId},
    ledger::Transfer,
    merchant::Terms,
    money::Money,
    payment::{Payment, PaymentEvent, PaymentRequest},
    wallet::Wallet,
};
use serde_json::{Value, json};
use store::{Record, Recorder, TransferRecord, Verdict};
use tokio::sync::Notify;

use crate::desk::{self, Desk, desk};

/// Stores a payment that was paid, with its movement in the ledger when `posted`.
async fn pay(desk: &Desk, merchant_id: MerchantId, key: &str, posted: bool) -> Payment {
    let money = Money {
        amount_minor: 1999,
        currency: Currency::USD,
    };
    let request: PaymentRequest =
        serde_json::from_value(json!({"amount_minor": 1999, "currency": "USD"})).unwrap();
    let key = IdempotencyKey::try_from(key.to_owned()).unwrap();
    let at = DateTime::UNIX_EPOCH;
    let new = Payment::new(merchant_id, key, request, Channel::Stripe, &Terms::default(), at);
    let intent = Intent {
        id: format!("pi_{}", new.id),
        payment_id: Some(new.id),
        money,
        received_minor: 1999,
        status: IntentStatus::Succeeded,
        next_action: None,
        destination: None,
    };
    let seen = PaymentEvent::IntentSeen {
        intent,
        change: IntentStatus::Succeeded,
    };
    let payment = new.clone().apply(seen).unwrap().payment;
    let transfer = TransferRecord {
        transfer: Transfer::payment_received(&payment),
        at,
    };
    let recorder = Recorder::start(desk.store.clone(), Arc::new(Notify::new()));
    let records = [
        Record {
            new_payment: Some(new),
            ..Record::default()
        },
        Record {
            payment: Some(payment.clone()),
            transfers: posted.then_some(transfer).into_iter().collect(),
            ..Record::default()
        },
    ];
    for record in records.map(Box::new) {
        assert_eq!(Box::pin(recorder.write(*record)).await.unwrap(), Verdict::Written);
    }
    recorder.close().await;
    payment
}

#[tokio::test]
async fn a_check_ends_well_only_when_everything_agrees() {
    let desk = desk().await;
    let (merchant, _) = desk.merchant(&[]);
    let empty = desk.run(&["ledger", "check", "--json"]).json();
    assert_eq!(
        empty,
        json!({"agrees": true, "transfers": 0, "postings": 0, "disagreements_total": 0, "sums": [], "disagreements": []})
    );
    pay(&desk, merchant, "good", true).await;
    let good = desk.run(&["ledger", "check", "--json"]).json();
    assert_eq!(
        (&good["agrees"], &good["transfers"], &good["postings"]),
        (&json!(true), &json!(1), &json!(2))
    );
    assert_eq!(
        good["sums"],
        json!([{"currency": "USD", "layer": "posted", "sum_minor": 0, "moved_minor": 1999}])
    );

    let payment = pay(&desk, merchant, "bad", false).await;
    let bad = desk.run(&["ledger", "check", "--json"]);
    assert!(bad.code == Some(1) && bad.err.is_empty(), "{}", bad.err);
    let told: Value = serde_json::from_str(&bad.out).unwrap();
    // Both accounts that should have moved did not.
    assert_eq!(
        (&told["agrees"], &told["disagreements_total"]),
        (&json!(false), &json!(2))
    );
    for found in told["disagreements"].as_array().unwrap() {
        assert_eq!(found["subject"], payment.id.to_string());
    }
    let for_people = desk.run(&["ledger", "check"]);
    assert!(
        !for_people.ok && for_people.out.contains("disagreements:\n"),
        "{}",
        for_people.out
    );
    assert!(for_people.out.contains(&payment.id.to_string()));
    desk.close().await;
}

/// Whoever watches the exit code must not take an absent server for a wrong ledger.
#[test]
fn a_check_without_a_result_ends_with_two() {
    let nobody = "postgres://sluice@127.0.0.1:9/sluice";
    let check = desk::run(desk::command(nobody, &["ledger", "check"]), "");
    check.refused("");
    assert_eq!(check.code, Some(2));
    let list = desk::run(desk::command(nobody, &["merchants", "list"]), "");
    assert_eq!(list.code, Some(1), "no question whether anything agrees");
}

#[tokio::test]
async fn balances_are_what_was_posted() {
    let desk = desk().await;
    let (merchant, _) = desk.merchant(&[]);
    let args = [
        "ledger",
        "balances",
        "--merchant",
        &merchant.to_string(),
        "--json",
    ];
    assert_eq!(desk.run(&args).json(), json!([]));
    pay(&desk, merchant, "a", true).await;
    pay(&desk, merchant, "b", true).await;
    let rows = desk.run(&args).json();
    let figures: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["account"].as_str().unwrap(),
                &row["detail"],
                row["posted_minor"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        figures,
        [
            ("merchant_balance", &Value::Null, 3998),
            ("provider_clearing", &json!("stripe"), -3998)
        ]
    );
    let (other, _) = desk.merchant(&[]);
    let theirs = desk.run(&["ledger", "balances", "--merchant", &other.to_string()]);
    assert_eq!(theirs.out, "none\n");
    desk.close().await;
}

#[tokio::test]
async fn a_wallet_is_shown_with_its_statement() {
    let desk = desk().await;
    let (merchant, _) = desk.merchant(&[]);
    let at = DateTime::UNIX_EPOCH;
    let wallet = Wallet::new(merchant, "anna".parse().unwrap(), Currency::EUR, at);
    let transfer = Transfer::wallet_adjusted(&wallet, 700, "wmv_1".into());
    let records = [
        Record {
            new_wallet: Some(wallet.clone()),
            ..Record::default()
        },
        Record {
            wallets: vec![wallet.after(&transfer, Some("a gift".into()), at).unwrap()],
            transfers: vec![TransferRecord { transfer, at }],
            ..Record::default()
        },
    ];
    let recorder = Recorder::start(desk.store.clone(), Arc::new(Notify::new()));
    for record in records.map(Box::new) {
        assert_eq!(Box::pin(recorder.write(*record)).await.unwrap(), Verdict::Written);
    }
    recorder.close().await;
    let id = wallet.id.to_string();
    let shown = desk.run(&["ledger", "wallet", "--wallet", &id, "--json"]).json();
    assert_eq!(
        (
            &shown["user_id"],
            &shown["balance_minor"],
            &shown["available_minor"]
        ),
        (&json!("anna"), &json!(700), &json!(700))
    );
    let line = &shown["statement"][0];
    assert_eq!(
        (&line["kind"], &line["amount_minor"], &line["note"]),
        (&json!("adjustment"), &json!(700), &json!("a gift"))
    );
    for unknown in ["wal_1", &format!("wal_{}", "0".repeat(32))] {
        let refused = desk.run(&["ledger", "wallet", "--wallet", unknown]);
        refused.refused("there is no wallet");
    }
    desk.close().await;
}
