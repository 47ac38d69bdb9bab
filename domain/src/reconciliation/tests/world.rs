//! Both sides of a day: what the provider wrote down, and what we did.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::super::{AgreedFee, KeptFee, OurDispute, OurPayment, OurRefund, Ours, Posted, Window};
use crate::{
    channel::{Statement, StatementEntry, StatementKind},
    currency::Currency,
    dispute::DisputeStatus,
    id::{PaymentId, RefundId},
    money::Money,
    payment::PaymentStatus,
    refund::RefundStatus,
};

pub const AGREED: AgreedFee = AgreedFee {
    bps: 290,
    fixed_minor: 30,
};

/// What happened to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    Unpaid,
    Paid,
    Refunded,
    RefundedInTwoParts,
    RefundUnderWay,
    /// It failed after it had been given back.
    RefundReturned,
    /// It failed on its way: the ledger only had it reserved.
    RefundFailed,
    /// It was given up before it was made.
    RefundNeverMade,
    Disputed,
    DisputeWon,
    DisputeLost,
    /// A line of another program's.
    Payout,
}

const STORIES: [Story; 12] = [
    Story::Unpaid,
    Story::Paid,
    Story::Refunded,
    Story::RefundedInTwoParts,
    Story::RefundUnderWay,
    Story::RefundReturned,
    Story::RefundFailed,
    Story::RefundNeverMade,
    Story::Disputed,
    Story::DisputeWon,
    Story::DisputeLost,
    Story::Payout,
];

/// Payments around the day, with the minute in which each began and how many seconds later we heard.
pub fn stories() -> impl Strategy<Value = Vec<(Story, i64, i64)>> {
    let story = proptest::sample::select(&STORIES[..]);
    proptest::collection::vec((story, -90_i64..1_500, -60_i64..1_800), 0..30)
}

pub fn window() -> Window {
    Window {
        from: at(0),
        until: at(1_440),
    }
}

/// A minute of the day.
pub fn at(minute: i64) -> DateTime<Utc> {
    let day = NaiveDate::from_ymd_opt(2026, 11, 19).unwrap();
    day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::minutes(minute)
}

pub fn unknown_payment() -> PaymentId {
    PaymentId::from_uuid(Uuid::from_u128(u128::MAX))
}

pub fn unmark(line: &mut StatementEntry) {
    line.payment_id = None;
    line.refund_id = None;
    line.object_id = format!("{}_other", line.object_id);
}

#[derive(Debug, Default)]
pub struct World {
    pub statement: Statement,
    pub ours: Ours,
    /// How many ids were given out.
    ids: u128,
}

/// When it happened there, and how many seconds later we wrote it down.
#[derive(Clone, Copy)]
struct Moment {
    there: DateTime<Utc>,
    delay_s: i64,
}

impl Moment {
    fn posted(self, amount_minor: i64) -> Option<Posted> {
        Some(Posted {
            amount_minor,
            at: self.there + TimeDelta::seconds(self.delay_s),
        })
    }

    fn minutes_later(self, minutes: i64) -> Self {
        Self {
            there: self.there + TimeDelta::minutes(minutes),
            ..self
        }
    }
}

impl World {
    pub fn of(stories: &[(Story, i64, i64)]) -> Self {
        let mut world = Self::default();
        for (story, minute, delay_s) in stories {
            world.tell(*story, *minute, *delay_s);
        }
        world
    }

    /// Adds a payment and answers the place of its first line.
    pub fn add(&mut self, story: Story, minute: i64) -> usize {
        let place = self.statement.entries.len();
        self.tell(story, minute, 1);
        place
    }

    pub fn line(&mut self, place: usize) -> &mut StatementEntry {
        &mut self.statement.entries[place]
    }

    pub fn payment_of(&mut self, place: usize) -> &mut OurPayment {
        let id = self.statement.entries[place].payment_id.unwrap();
        self.ours
            .payments
            .iter_mut()
            .find(|payment| payment.id == id)
            .unwrap()
    }

    pub fn refund_of(&mut self, place: usize) -> &mut OurRefund {
        let id = self.statement.entries[place].refund_id.unwrap();
        self.ours
            .refunds
            .iter_mut()
            .find(|refund| refund.id == id)
            .unwrap()
    }

    /// Nobody told us that it was paid.
    pub fn unpay(&mut self, place: usize) {
        let payment = self.payment_of(place);
        payment.status = PaymentStatus::RequiresAction;
        payment.received = None;
    }

    /// The line once more, a minute later, with another id and whatever else is different.
    pub fn twice(&mut self, place: usize, change: impl FnOnce(&mut StatementEntry)) {
        let mut again = self.statement.entries[place].clone();
        again.id = format!("{}_again", again.id);
        again.at += TimeDelta::minutes(1);
        change(&mut again);
        self.statement.entries.push(again);
    }

    pub fn post(&mut self, fees: &[KeptFee]) {
        for kept in fees {
            let mut payments = self.ours.payments.iter_mut();
            let payment = payments.find(|payment| payment.id == kept.payment_id).unwrap();
            assert_eq!(payment.fee, None, "posted twice");
            payment.fee = Some(Posted {
                amount_minor: kept.fee.amount_minor,
                at: at(2_000),
            });
        }
    }

    fn tell(&mut self, story: Story, minute: i64, delay_s: i64) {
        let moment = Moment {
            there: at(minute),
            delay_s,
        };
        let (id, later) = (self.next(), moment.minutes_later(7));
        match story {
            Story::Unpaid => self.payment(id, None),
            Story::Payout => self.enter(id, StatementKind::Other, 70_000, moment),
            Story::Paid => self.payment(id, Some(moment)),
            Story::Refunded => {
                self.payment(id, Some(moment));
                self.refund(id, 700, RefundStatus::Succeeded, Some(later), None);
            }
            Story::RefundedInTwoParts => {
                self.payment(id, Some(moment));
                self.refund(id, 700, RefundStatus::Succeeded, Some(later), None);
                self.refund(
                    id,
                    300,
                    RefundStatus::Succeeded,
                    Some(later.minutes_later(1)),
                    None,
                );
            }
            Story::RefundUnderWay => {
                self.payment(id, Some(moment));
                self.refund(id, 700, RefundStatus::Processing, Some(later), None);
            }
            Story::RefundReturned | Story::RefundFailed => {
                self.payment(id, Some(moment));
                self.refund(
                    id,
                    700,
                    RefundStatus::Failed,
                    Some(later),
                    Some(later.minutes_later(7)),
                );
                if story == Story::RefundFailed {
                    let refund = self.ours.refunds.last_mut().unwrap();
                    (refund.given_back, refund.returned) = (None, None);
                }
            }
            Story::RefundNeverMade => {
                self.payment(id, Some(moment));
                self.refund(id, 700, RefundStatus::Failed, None, None);
            }
            Story::Disputed => self.disputed(id, moment, DisputeStatus::Open),
            Story::DisputeWon => self.disputed(id, moment, DisputeStatus::Won),
            Story::DisputeLost => self.disputed(id, moment, DisputeStatus::Lost),
        }
    }

    fn next(&mut self) -> u128 {
        self.ids += 1;
        self.ids
    }

    fn enter(&mut self, payment: u128, kind: StatementKind, amount_minor: i64, moment: Moment) {
        let id = self.next();
        let is_ours = kind != StatementKind::Other;
        let is_payment = kind == StatementKind::Payment;
        self.statement.entries.push(StatementEntry {
            id: format!("txn_{id}"),
            kind,
            object_id: format!("obj_{id}"),
            intent_id: is_ours.then(|| format!("pi_{payment}")),
            payment_id: is_ours.then(|| payment_id(payment)),
            refund_id: None,
            money: usd(amount_minor),
            fee_minor: if is_payment {
                AGREED.of_minor(amount_minor)
            } else {
                0
            },
            at: moment.there,
        });
    }

    fn payment(&mut self, id: u128, paid: Option<Moment>) {
        self.ours.payments.push(OurPayment {
            id: payment_id(id),
            intent_id: Some(format!("pi_{id}")),
            status: if paid.is_some() {
                PaymentStatus::Succeeded
            } else {
                PaymentStatus::Failed
            },
            money: usd(1_999),
            received: paid.and_then(|paid| paid.posted(1_999)),
            fee: None,
        });
        if let Some(paid) = paid {
            self.enter(id, StatementKind::Payment, 1_999, paid);
        }
    }

    fn refund(
        &mut self,
        payment: u128,
        amount_minor: i64,
        status: RefundStatus,
        made: Option<Moment>,
        returned: Option<Moment>,
    ) {
        let id = self.next();
        let object_id = format!("re_{id}");
        let refund_id = RefundId::from_uuid(Uuid::from_u128(id));
        let lines = [
            (StatementKind::Refund, made),
            (StatementKind::RefundFailed, returned),
        ];
        for (kind, moment) in lines {
            if let Some(moment) = moment {
                self.enter(payment, kind, amount_minor, moment);
                let line = self.statement.entries.last_mut().unwrap();
                line.object_id.clone_from(&object_id);
                line.refund_id = Some(refund_id);
            }
        }
        let posted = |moment: Option<Moment>| moment.and_then(|moment| moment.posted(amount_minor));
        self.ours.refunds.push(OurRefund {
            id: refund_id,
            payment_id: payment_id(payment),
            channel_refund_id: made.map(|_| object_id),
            status,
            money: usd(amount_minor),
            given_back: posted(made).filter(|_| status != RefundStatus::Processing),
            returned: posted(returned),
        });
    }

    fn disputed(&mut self, id: u128, moment: Moment, status: DisputeStatus) {
        self.payment(id, Some(moment));
        let (object_id, won) = (format!("du_{id}"), status == DisputeStatus::Won);
        let moments = [
            (StatementKind::Dispute, Some(moment.minutes_later(5))),
            (StatementKind::DisputeWon, won.then(|| moment.minutes_later(9))),
        ];
        for (kind, moment) in moments {
            if let Some(moment) = moment {
                self.enter(id, kind, 1_999, moment);
                let line = self.statement.entries.last_mut().unwrap();
                line.object_id.clone_from(&object_id);
                line.payment_id = None;
                line.fee_minor = 1_500;
            }
        }
        let [withheld, won] = moments.map(|(_, moment)| moment.and_then(|moment| moment.posted(1_999)));
        self.ours.disputes.push(OurDispute {
            payment_id: payment_id(id),
            channel_dispute_id: object_id,
            status,
            money: usd(1_999),
            withheld,
            won,
        });
    }
}

fn payment_id(id: u128) -> PaymentId {
    PaymentId::from_uuid(Uuid::from_u128(id))
}

fn usd(amount_minor: i64) -> Money {
    Money {
        amount_minor,
        currency: Currency::USD,
    }
}
