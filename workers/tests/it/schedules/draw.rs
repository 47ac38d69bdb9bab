//! A schedule, drawn from its number.

use std::collections::BTreeSet;

use rand::{RngExt, SeedableRng, rngs::SmallRng};

/// The cards of the payers: most refunds succeed at once, some late, some fail after they had succeeded.
const CARDS: [&str; 5] = [
    "pm_card_visa",
    "pm_card_mastercard",
    "pm_card_visa",
    "pm_card_pendingRefund",
    "pm_card_refundFail",
];
const DECLINED: &str = "pm_card_chargeDeclined";

/// What is meant to happen to one payment.
pub struct Schedule {
    number: u64,
    pub amount_minor: i64,
    pub card: &'static str,
    pub is_paid_at_once: bool,
    /// How often the payment is asked for.
    pub askings: u32,
    pub steps: Vec<Step>,
}

/// Something that is done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The payer pays.
    Pay,
    /// The merchant wants money back: so much, or all that is left.
    Refund {
        key: &'static str,
        amount_minor: Option<i64>,
    },
    /// The merchant wants it closed.
    Cancel { key: &'static str },
    /// The merchant charges a card.
    Confirm { key: &'static str },
}

impl Schedule {
    pub fn draw(number: u64) -> Self {
        let mut random = SmallRng::seed_from_u64(number);
        let amount_minor = random.random_range(1_000..5_000);
        let is_declined = random.random_ratio(1, 12);
        let mut steps = refunds(&mut random, amount_minor);
        let is_paid_at_once = random.random_ratio(1, 2);
        if !is_paid_at_once {
            steps.extend((0..random.random_range(0..=2)).map(|_| Step::Pay));
        }
        if random.random_ratio(1, 3) {
            steps.push(Step::Cancel { key: "cancel" });
        }
        if random.random_ratio(1, 6) {
            steps.push(Step::Confirm { key: "confirm" });
        }
        for _ in 0..random.random_range(0..=2) {
            let again = steps[random.random_range(0..steps.len())].clone();
            steps.push(again);
        }
        shuffle(&mut steps, &mut random);
        Self {
            number,
            amount_minor,
            card: if is_declined {
                DECLINED
            } else {
                CARDS[random.random_range(0..CARDS.len())]
            },
            is_paid_at_once,
            askings: random.random_range(1..=2),
            steps,
        }
    }

    /// A key of this schedule.
    pub fn key(&self, name: &str) -> String {
        format!("{}-{name}", self.number)
    }

    /// How many refunds are asked for.
    pub fn refunds(&self) -> usize {
        self.keys(|step| matches!(step, Step::Refund { .. }))
    }

    /// How many wishes there are.
    pub fn wishes(&self) -> usize {
        self.keys(|step| matches!(step, Step::Cancel { .. } | Step::Confirm { .. }))
    }

    fn keys(&self, is_meant: fn(&Step) -> bool) -> usize {
        let keys = self
            .steps
            .iter()
            .filter(|step| is_meant(step))
            .filter_map(Step::key);
        keys.collect::<BTreeSet<_>>().len()
    }
}

impl Step {
    fn key(&self) -> Option<&'static str> {
        match self {
            Self::Pay => None,
            Self::Refund { key, .. } | Self::Cancel { key } | Self::Confirm { key } => Some(key),
        }
    }
}

/// One to three refunds under keys of their own; together they often ask for more than there is.
fn refunds(random: &mut SmallRng, amount_minor: i64) -> Vec<Step> {
    let keys = ["one", "two", "three"];
    let wanted = random.random_range(1..=keys.len());
    let refunds = keys[..wanted].iter().map(|key| Step::Refund {
        key,
        amount_minor: match random.random_range(0..5) {
            0 => None,
            1 => Some(amount_minor),
            2 => Some(amount_minor / 2),
            3 => Some(amount_minor / 3),
            _ => Some(amount_minor + 1),
        },
    });
    refunds.collect()
}

fn shuffle<T>(items: &mut [T], random: &mut SmallRng) {
    for last in (1..items.len()).rev() {
        items.swap(last, random.random_range(0..=last));
    }
}
