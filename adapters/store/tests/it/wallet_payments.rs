//! Payments into wallets and from them in their tables, and in the check of the ledger.

use domain::{
    channel::{Channel, IntentStatus},
    currency::Currency,
    ledger::Transfer,
    payment::{Applied, Payment, PaymentRequest},
    wallet::Wallet,
};
use store::{Record, TransferRecord, Verdict};

use crate::{
    constraints::refuses,
    ledger_check::{after, lines},
    support::{World, at, seen, transfers, world},
};

async fn wallet(world: &World, user: &str) -> Wallet {
    let wallet = Wallet::new(world.merchant_id, user.parse().unwrap(), Currency::USD, at(1));
    let record = Record {
        new_wallet: Some(wallet.clone()),
        ..Record::default()
    };
    assert_eq!(world.write(record).await, Verdict::Written);
    wallet
}

/// A stored payment of 1999 that is for this wallet.
async fn payment_into(world: &World, wallet: &Wallet) -> Payment {
    let plain = world.payment("k");
    let payment = Payment {
        request: PaymentRequest {
            wallet_id: Some(wallet.id),
            ..plain.request.clone()
        },
        ..plain
    };
    let record = Record {
        new_payment: Some(payment.clone()),
        ..Record::default()
    };
    assert_eq!(world.write(record).await, Verdict::Written);
    payment
}

/// The record in which it succeeds and is paid into the wallet.
fn topping_up(payment: Payment, wallet: &Wallet) -> Record {
    let Applied {
        mut payment, effects, ..
    } = seen(payment, IntentStatus::Succeeded);
    let transfer = Transfer::topped_up(&payment, wallet);
    payment.paid_into = Some(wallet.user_id.clone());
    let mut record = Record {
        wallets: vec![wallet.after(&transfer, None, at(3)).unwrap()],
        transfers: transfers(&effects),
        payment: Some(payment),
        ..Record::default()
    };
    record.transfers.push(TransferRecord { transfer, at: at(3) });
    record
}

#[tokio::test]
async fn a_payment_into_a_wallet_comes_back_as_it_was_stored() {
    let world = world().await;
    let anna = wallet(&world, "anna").await;
    let payment = payment_into(&world, &anna).await;
    let stored = world.store.payment(payment.id).await.unwrap().unwrap();
    assert_eq!(
        (stored.request.wallet_id, stored.paid_into),
        (Some(anna.id), None)
    );
    assert_eq!(
        world.write(topping_up(payment.clone(), &anna)).await,
        Verdict::Written
    );
    let paid = world.store.payment(payment.id).await.unwrap().unwrap();
    assert_eq!(paid.paid_into, Some(anna.user_id.clone()));
    let report = world.store.ledger_check().await.unwrap();
    assert!(report.agrees(), "{:?}", report.disagreements);
    // Whoever saw the wallet before it was paid into writes nothing.
    let late = topping_up(payment, &anna);
    assert_eq!(world.write(late).await, Verdict::Stale);
}

#[tokio::test]
async fn what_a_payment_is_paid_into_never_changes_and_is_its_own_wallet() {
    let world = world().await;
    let (anna, _) = (wallet(&world, "anna").await, wallet(&world, "bob").await);
    let payment = payment_into(&world, &anna).await;
    let id = payment.id.as_uuid();
    let update = |what: &str| format!("update payments set {what} where id = '{id}'");
    let before = [
        (update("wallet_id = null"), "keeps its wallet"),
        (update("paid_into = 'anna'"), "payments_into_wallets_are_paid"),
        (update("channel = 'wallet'"), "payments_from_wallets"),
    ];
    refuses(&mut world.writer().await, &before).await;
    assert_eq!(world.write(topping_up(payment, &anna)).await, Verdict::Written);
    let after = [
        (update("paid_into = null"), "keeps its wallet"),
        (update("paid_into = 'bob'"), "keeps its wallet"),
    ];
    refuses(&mut world.writer().await, &after).await;
    let elsewhere = "alter table payments disable trigger payments_keep_their_wallet; ";
    let of_bob = [(
        elsewhere.to_owned() + &update("paid_into = 'bob'"),
        "payments_into_owners_wallet",
    )];
    refuses(&mut world.owner().await, &of_bob).await;
}

#[tokio::test]
async fn what_is_in_no_wallet_though_its_payment_says_so_is_found() {
    let world = world().await;
    let anna = wallet(&world, "anna").await;
    let payment = payment_into(&world, &anna).await;
    assert_eq!(world.write(topping_up(payment, &anna)).await, Verdict::Written);
    let report = after(&world, "update payments set paid_into = null").await;
    assert_eq!(
        lines(&report, "postings_differ"),
        [
            (
                "0 USD posted on customer_wallet/anna",
                "1999 USD posted on customer_wallet/anna"
            ),
            (
                "1999 USD posted on merchant_balance",
                "0 USD posted on merchant_balance"
            ),
        ]
    );
}

#[tokio::test]
async fn a_payment_from_a_wallet_is_expected_on_the_wallets_account() {
    let world = world().await;
    let anna = wallet(&world, "anna").await;
    let payment = payment_into(&world, &anna).await;
    assert_eq!(world.write(topping_up(payment, &anna)).await, Verdict::Written);
    let anna = world.store.wallet(anna.id).await.unwrap().unwrap();
    let plain = world.payment("out");
    let from = Payment {
        channel: Channel::Wallet,
        request: PaymentRequest {
            user_id: Some(anna.user_id.clone()),
            ..plain.request.clone()
        },
        ..plain
    };
    let new = Record {
        new_payment: Some(from.clone()),
        ..Record::default()
    };
    assert_eq!(world.write(new).await, Verdict::Written);
    let paid = from.pay_from(Some(&anna), at(4));
    let Applied { payment, effects, .. } = from.apply(paid.event).unwrap();
    let record = Record {
        payment: Some(payment),
        transfers: transfers(&effects),
        wallets: paid.change.into_iter().collect(),
        ..Record::default()
    };
    assert_eq!(world.write(record).await, Verdict::Written);
    let report = world.store.ledger_check().await.unwrap();
    assert!(report.agrees(), "{:?}", report.disagreements);
    assert_eq!(
        world.store.wallet(anna.id).await.unwrap().unwrap().balance_minor,
        0
    );
}
