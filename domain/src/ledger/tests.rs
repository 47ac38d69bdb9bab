mod destinations;

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::{
    channel::{Channel, ChannelDispute, ChannelDisputeStatus},
    currency::Currency,
    dispute::Dispute,
    examples::{Sums, balances, key, payment_of},
    id::{MerchantId, PaymentId},
    money::Money,
    payment::Payment,
    refund::{Refund, RefundRequest},
    wallet::Wallet,
};

fn money() -> impl Strategy<Value = Money> {
    (1..=Money::MAX_MINOR, prop::sample::select(Currency::ALL)).prop_map(|(amount_minor, currency)| Money {
        amount_minor,
        currency,
    })
}

fn refund_of(payment: &Payment) -> Refund {
    let request = RefundRequest::all_of(payment.id);
    Refund::new(
        payment,
        key("refund"),
        request,
        payment.money,
        DateTime::UNIX_EPOCH,
    )
}

fn dispute_of(payment: &Payment) -> Dispute {
    let seen = ChannelDispute {
        id: "du_1".into(),
        intent_id: "pi_1".into(),
        money: payment.money,
        reason: "fraudulent".into(),
        status: ChannelDisputeStatus::Open,
    };
    let now = DateTime::UNIX_EPOCH;
    Dispute::see(None, payment.clone(), seen, now).unwrap().dispute
}

fn fee_kept(payment: &Payment, amount_minor: i64) -> Transfer {
    let fee = Money {
        amount_minor,
        ..payment.money
    };
    Transfer::fee_kept(payment.merchant_id, payment.channel, payment.id, fee)
}

fn wallet_of(payment: &Payment) -> Wallet {
    let (merchant, currency) = (payment.merchant_id, payment.money.currency);
    Wallet::new(
        merchant,
        "user-42".parse().unwrap(),
        currency,
        DateTime::UNIX_EPOCH,
    )
}

/// Every movement there is, about one payment.
fn every_transfer(payment: &Payment) -> Vec<Transfer> {
    let (refund, dispute) = (refund_of(payment), dispute_of(payment));
    vec![
        Transfer::payment_received(payment),
        Transfer::topped_up(payment, &wallet_of(payment)),
        fee_kept(payment, 59),
        Transfer::refund_reserved(&refund, payment),
        Transfer::refund_posted(&refund, payment),
        Transfer::refund_voided(&refund, payment),
        Transfer::refund_returned(&refund, payment),
        Transfer::dispute_opened(&dispute),
        Transfer::dispute_won(&dispute),
        Transfer::dispute_lost(&dispute),
    ]
}

proptest! {
    #[test]
    fn every_transfer_is_balanced_on_each_layer(money in money()) {
        for transfer in every_transfer(&payment_of(money)) {
            let mut by_layer: BTreeMap<&str, i64> = BTreeMap::new();
            for posting in &transfer.postings {
                prop_assert_eq!(posting.account.currency, money.currency);
                prop_assert_eq!(posting.account.merchant_id, transfer.merchant_id);
                *by_layer.entry(posting.layer.name()).or_default() += posting.amount_minor;
            }
            prop_assert!(by_layer.values().all(|sum| *sum == 0), "{transfer:?}");
        }
    }

    #[test]
    fn what_comes_back_leaves_nothing_behind(money in money()) {
        let payment = payment_of(money);
        let (refund, dispute) = (refund_of(&payment), dispute_of(&payment));
        let circles = [
            vec![Transfer::refund_reserved(&refund, &payment), Transfer::refund_voided(&refund, &payment)],
            vec![
                Transfer::refund_reserved(&refund, &payment),
                Transfer::refund_posted(&refund, &payment),
                Transfer::refund_returned(&refund, &payment),
            ],
            vec![Transfer::dispute_opened(&dispute), Transfer::dispute_won(&dispute)],
            vec![
                Transfer::payment_received(&payment),
                Transfer::refund_reserved(&refund, &payment),
                Transfer::refund_posted(&refund, &payment),
            ],
            vec![
                Transfer::payment_received(&payment),
                Transfer::dispute_opened(&dispute),
                Transfer::dispute_lost(&dispute),
            ],
        ];
        for circle in circles {
            prop_assert_eq!(balances(&circle), Sums::new());
        }
    }
}

#[test]
fn a_paid_payment_is_the_merchants_and_held_by_its_provider() {
    let money = Money {
        amount_minor: 1999,
        currency: Currency::USD,
    };
    let payment = payment_of(money);
    let left = balances(&[Transfer::payment_received(&payment), fee_kept(&payment, 88)]);
    let expected = Sums::from([
        (("provider_clearing", "posted", "USD"), -1999),
        (("merchant_balance", "posted", "USD"), 1911),
        (("fees", "posted", "USD"), 88),
    ]);
    assert_eq!(left, expected);
}

#[test]
fn what_was_paid_into_a_wallet_is_its_owners_and_is_given_back_by_it() {
    let payment = payment_of(Money {
        amount_minor: 500,
        currency: Currency::EUR,
    });
    let wallet = wallet_of(&payment);
    let paid = [
        Transfer::payment_received(&payment),
        Transfer::topped_up(&payment, &wallet),
    ];
    let expected = Sums::from([
        (("provider_clearing", "posted", "EUR"), -500),
        (("customer_wallet", "posted", "EUR"), 500),
    ]);
    assert_eq!(balances(&paid), expected);
    let payment = Payment {
        paid_into: Some(wallet.user_id),
        ..payment
    };
    let refund = refund_of(&payment);
    let reserved = Transfer::refund_reserved(&refund, &payment);
    let expected = Sums::from([
        (("customer_wallet", "pending", "EUR"), -500),
        (("refunds_pending", "pending", "EUR"), 500),
    ]);
    assert_eq!(balances([&reserved]), expected);
    let posted = Transfer::refund_posted(&refund, &payment);
    assert_eq!(balances(paid.iter().chain([&reserved, &posted])), Sums::new());
}

#[test]
fn what_a_wallet_pays_comes_out_of_it_and_goes_back_into_it() {
    let mut payment = payment_of(Money {
        amount_minor: 500,
        currency: Currency::EUR,
    });
    payment.channel = Channel::Wallet;
    payment.request.user_id = Some("user-42".parse().unwrap());
    let paid = Transfer::payment_received(&payment);
    let expected = Sums::from([
        (("customer_wallet", "posted", "EUR"), -500),
        (("merchant_balance", "posted", "EUR"), 500),
    ]);
    assert_eq!(balances([&paid]), expected);
    assert!(
        paid.postings
            .iter()
            .any(|posting| posting.account == wallet_of(&payment).account())
    );
    let refund = refund_of(&payment);
    let back = [
        Transfer::refund_reserved(&refund, &payment),
        Transfer::refund_posted(&refund, &payment),
    ];
    assert_eq!(balances([&paid].into_iter().chain(&back)), Sums::new());
}

#[test]
fn what_is_reserved_is_on_a_layer_of_its_own() {
    let payment = payment_of(Money {
        amount_minor: 500,
        currency: Currency::EUR,
    });
    let refund = refund_of(&payment);
    let reserved = Transfer::refund_reserved(&refund, &payment);
    let expected = Sums::from([
        (("merchant_balance", "pending", "EUR"), -500),
        (("refunds_pending", "pending", "EUR"), 500),
    ]);
    assert_eq!(balances([&reserved]), expected);
    for resolving in [
        Transfer::refund_posted(&refund, &payment),
        Transfer::refund_voided(&refund, &payment),
    ] {
        assert_eq!(resolving.resolves, Some(reserved.id));
    }
}

#[test]
fn each_movement_has_an_id_of_its_own_and_keeps_it() {
    let payment = payment_of(Money {
        amount_minor: 1,
        currency: Currency::JPY,
    });
    let ids = || every_transfer(&payment).into_iter().map(|transfer| transfer.id);
    assert_eq!(
        ids().collect::<BTreeSet<_>>().len(),
        every_transfer(&payment).len()
    );
    assert!(ids().eq(ids()));
    let other = Payment {
        id: PaymentId::from_uuid(MerchantId::random().as_uuid()),
        ..payment.clone()
    };
    assert_ne!(
        Transfer::payment_received(&payment).id,
        Transfer::payment_received(&other).id
    );
}
