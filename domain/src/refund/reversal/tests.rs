use std::collections::BTreeMap;

use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::{
    channel::{ChannelRefund, ChannelRefundStatus, Destination},
    examples::{INTENT_ID, key, paid, usd},
    ledger::{AccountKind, Layer},
    payment::{Effect, Failure, PaymentRequest},
    refund::{RefundEvent, RefundRequest, RefundStatus},
};

fn going_on(amount_minor: i64, fee_minor: i64) -> Payment {
    let payment = paid(usd(amount_minor));
    Payment {
        request: PaymentRequest {
            destination: Some(Destination {
                account: "acct_1".into(),
                application_fee_minor: (fee_minor > 0).then_some(fee_minor),
            }),
            ..payment.request.clone()
        },
        ..payment
    }
}

/// A payment, its refunds, and what the books say that the merchant has of it.
struct Books {
    payment: Payment,
    refunds: BTreeMap<usize, Refund>,
    kept_minor: i64,
}

impl Books {
    fn new(amount_minor: i64, fee_minor: i64) -> Self {
        Self {
            payment: going_on(amount_minor, fee_minor),
            refunds: BTreeMap::new(),
            kept_minor: fee_minor,
        }
    }

    fn live(&self) -> impl Iterator<Item = &Refund> {
        let refunds = self.refunds.values();
        refunds.filter(|refund| refund.status != RefundStatus::Failed)
    }

    fn taken_back(&self) -> TakenBack {
        TakenBack {
            amount_minor: self.live().map(|refund| refund.reversed_minor).sum(),
            has_come_back: false,
        }
    }

    fn reserve(&mut self, amount_minor: i64) {
        let left = self.payment.refundable_minor();
        if left == 0 {
            return;
        }
        let request = RefundRequest::all_of(self.payment.id);
        let (name, money) = (self.refunds.len(), usd(amount_minor.min(left)));
        let new = Refund::new(
            &self.payment,
            key(&format!("r{name}")),
            request,
            money,
            DateTime::UNIX_EPOCH,
        );
        let refund = new.taking_back(&self.payment, self.taken_back()).unwrap();
        self.payment = self.payment.clone().with_reserved(money);
        self.refunds.insert(name, refund);
    }

    /// Ends a refund that is under way.
    fn end(&mut self, which: usize, succeeds: bool) {
        let under_way: Vec<usize> = self
            .refunds
            .iter()
            .filter(|(_, refund)| refund.status < RefundStatus::Succeeded)
            .map(|(name, _)| *name)
            .collect();
        if under_way.is_empty() {
            return;
        }
        let name = under_way[which % under_way.len()];
        let event = if succeeds {
            RefundEvent::Seen(ChannelRefund {
                id: format!("re_{name}"),
                refund_id: None,
                intent_id: Some(INTENT_ID.into()),
                money: self.refunds[&name].money,
                status: ChannelRefundStatus::Succeeded,
            })
        } else {
            RefundEvent::GaveUp(Failure::refund_unavailable())
        };
        let applied = self.refunds[&name]
            .clone()
            .apply(self.payment.clone(), event)
            .unwrap();
        self.payment = applied.payment;
        self.refunds.insert(name, applied.refund);
        for effect in applied.effects {
            if let Effect::Post(transfer) = effect {
                let postings = transfer.postings.iter();
                self.kept_minor += postings
                    .filter(|posting| {
                        posting.layer == Layer::Posted && posting.account.kind == AccountKind::MerchantBalance
                    })
                    .map(|posting| posting.amount_minor)
                    .sum::<i64>();
            }
        }
    }
}

#[test]
fn many_small_refunds_give_the_whole_fee_back() {
    let mut books = Books::new(1_000, 99);
    for _ in 0..100 {
        books.reserve(10);
        books.end(0, true);
    }
    assert_eq!(books.payment.refunded_minor, 1_000);
    assert_eq!((books.taken_back().amount_minor, books.kept_minor), (901, 0));
}

#[test]
fn after_a_refund_came_back_another_is_refused_where_money_went_on() {
    let came_back = TakenBack {
        amount_minor: 0,
        has_come_back: true,
    };
    for (payment, expected) in [
        (going_on(1_000, 99), Err(RefundRefused::CameBack)),
        (paid(usd(1_000)), Ok(0)),
    ] {
        let request = RefundRequest::all_of(payment.id);
        let refund = Refund::new(&payment, key("r"), request, usd(10), DateTime::UNIX_EPOCH);
        let checked = refund.taking_back(&payment, came_back);
        assert_eq!(checked.map(|refund| refund.reversed_minor), expected);
    }
}

proptest! {
    /// Whatever refunds in whatever order, at once or one after another, with some given up.
    #[test]
    fn all_that_went_on_is_taken_back_and_never_more(
        amount_minor in 1_i64..2_000,
        fee in 0_i64..2_000,
        steps in prop::collection::vec((any::<usize>(), 0..3_u8, 1_i64..200), 0..60),
    ) {
        let fee_minor = fee % amount_minor;
        let mut books = Books::new(amount_minor, fee_minor);
        for (which, step, part_minor) in steps {
            match step {
                0 => books.reserve(part_minor),
                1 => books.end(which, true),
                _ => books.end(which, false),
            }
            let taken_minor = books.taken_back().amount_minor;
            prop_assert!(taken_minor <= amount_minor - fee_minor, "{taken_minor} of {amount_minor} less {fee_minor}");
            for refund in books.live() {
                prop_assert!((0..=refund.money.amount_minor).contains(&refund.reversed_minor));
            }
        }
        books.reserve(amount_minor);
        while books.live().any(|refund| refund.status < RefundStatus::Succeeded) {
            books.end(0, true);
        }
        prop_assert_eq!(books.payment.refunded_minor, amount_minor);
        prop_assert_eq!(books.taken_back().amount_minor, amount_minor - fee_minor);
        prop_assert_eq!(books.kept_minor, 0);
    }
}
