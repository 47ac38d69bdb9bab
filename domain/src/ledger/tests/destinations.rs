//! Payments whose money goes on to another account: what goes on, and what refunds take back from there.

use super::*;
use crate::{channel::Destination, refund::TakenBack};

/// A payment that goes on, its merchant's share, and refunds of all of it in parts.
fn passed_on() -> impl Strategy<Value = (Payment, i64, Vec<Refund>)> {
    money().prop_flat_map(|money| {
        let whole = money.amount_minor;
        let cuts = prop::collection::btree_set(1..=whole, 0..6);
        (prop::option::of(1..=whole), cuts).prop_map(move |(fee, mut cuts)| {
            let mut payment = payment_of(money);
            payment.request.destination = Some(Destination {
                account: "acct_1".into(),
                application_fee_minor: fee,
            });
            cuts.insert(whole);
            let starts = std::iter::once(0).chain(cuts.iter().copied());
            let (mut before, mut now) = (TakenBack::default(), payment.clone());
            let refunds = starts.zip(&cuts).map(|(from, to)| {
                let mut refund = refund_of(&payment);
                refund.money.amount_minor = to - from;
                let refund = refund.taking_back(&now, before).unwrap();
                now.refund_reserved_minor += to - from;
                before.amount_minor += refund.reversed_minor;
                refund
            });
            let refunds = refunds.collect();
            (payment, fee.unwrap_or_default(), refunds)
        })
    })
}

/// What a merchant's balance gained by transfers.
fn gained<'a>(transfers: impl IntoIterator<Item = &'a Transfer>) -> i64 {
    transfers
        .into_iter()
        .flat_map(|transfer| &transfer.postings)
        .filter(|posting| posting.account.kind == AccountKind::MerchantBalance)
        .map(|posting| posting.amount_minor)
        .sum()
}

proptest! {
    #[test]
    fn what_goes_on_is_balanced_and_all_but_the_fee((payment, fee, refunds) in passed_on()) {
        let charged = Transfer::destination_charged(&payment);
        prop_assert_eq!(gained(&charged), fee - payment.money.amount_minor);
        let reversed = refunds.iter().filter_map(|refund| Transfer::destination_reversed(refund, &payment));
        let restored = refunds.iter().filter_map(|refund| Transfer::destination_restored(refund, &payment));
        for transfer in charged.iter().cloned().chain(reversed).chain(restored) {
            prop_assert_eq!(transfer.postings.iter().map(|posting| posting.amount_minor).sum::<i64>(), 0);
            prop_assert!(transfer.postings.iter().all(|posting| posting.account.currency == payment.money.currency));
        }
    }

    #[test]
    fn refunds_of_all_parts_take_back_what_went_on((payment, _, refunds) in passed_on()) {
        let went_on = -gained(&Transfer::destination_charged(&payment));
        let mut back = 0;
        for refund in &refunds {
            let reversed = gained(&Transfer::destination_reversed(refund, &payment));
            prop_assert!((0..=refund.money.amount_minor).contains(&reversed));
            back += reversed;
            prop_assert!(back <= went_on, "{back} of {went_on}");
        }
        prop_assert_eq!(back, went_on);
    }

    #[test]
    fn a_refund_that_comes_back_is_as_if_it_had_not_been((payment, _, refunds) in passed_on()) {
        for refund in &refunds {
            let (reversed, restored) = (
                Transfer::destination_reversed(refund, &payment),
                Transfer::destination_restored(refund, &payment),
            );
            prop_assert_eq!(balances(reversed.iter().chain(&restored)), Sums::new());
        }
    }
}

#[test]
fn what_goes_nowhere_moves_nothing() {
    let payment = payment_of(crate::examples::usd(1_999));
    let refund = refund_of(&payment);
    assert_eq!(Transfer::destination_charged(&payment), None);
    assert_eq!(Transfer::destination_reversed(&refund, &payment), None);
    assert_eq!(Transfer::destination_restored(&refund, &payment), None);
}
