//! Goods that merchants sold: the order at Sluice, and what was wanted done with it.

use super::{Asked, PayerAct, Told, accepted_in};
use crate::traffic::SaleStory;

/// So many of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goods {
    /// What the merchant calls it.
    pub sku: &'static str,
    /// The price of one, in the currency's minor unit.
    pub unit_price_minor: i64,
    /// How many.
    pub quantity: u32,
}

/// What is bought together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basket {
    /// The ISO 4217 code.
    pub currency: &'static str,
    /// What is in it.
    pub goods: Vec<Goods>,
}

/// What is wanted done with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepDeed {
    /// Begin a payment of it.
    Pay {
        /// With this card at once; without one, its payer has to come.
        card: Option<&'static str>,
    },
    /// Have it paid from its customer's wallet.
    PayFromWallet,
    /// Call it off.
    Cancel,
    /// Give money of it back.
    Refund {
        /// So many of this; all that is left when it is not said.
        goods: Option<(&'static str, u32)>,
    },
    /// It was sent.
    Ship,
    /// The customer has it.
    Complete,
}

/// One step, as often as it was sent under its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The idempotency key.
    pub key: String,
    /// What is wanted.
    pub deed: StepDeed,
    /// Each time it was sent, in the order of the answers.
    pub asked: Vec<Asked>,
}

/// Everything that happened to one order for goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// The merchant, as its place among the merchants.
    pub merchant: usize,
    /// The idempotency key that the order was asked for under.
    pub key: String,
    /// What was meant to happen.
    pub story: SaleStory,
    /// What was ordered.
    pub basket: Basket,
    /// Each time the order was asked for, in the order of the answers.
    pub asked: Vec<Asked>,
    /// What the client saw when it looked at the order, in order, without repetitions.
    pub looks: Vec<Asked>,
    /// What its payers did.
    pub payer: Vec<PayerAct>,
    /// What its merchant wanted done with it, in the order of the first requests.
    pub steps: Vec<Step>,
}

impl Basket {
    /// What it comes to, in the currency's minor unit.
    pub fn total_minor(&self) -> i64 {
        let prices = self.goods.iter();
        prices
            .map(|goods| goods.unit_price_minor * i64::from(goods.quantity))
            .sum()
    }
}

impl StepDeed {
    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pay { .. } | Self::PayFromWallet => "pay",
            Self::Cancel => "cancel",
            Self::Refund { .. } => "refund",
            Self::Ship => "ship",
            Self::Complete => "complete",
        }
    }
}

impl Step {
    /// The answers that accepted it.
    pub fn accepted(&self) -> impl Iterator<Item = &Told> {
        accepted_in(&self.asked)
    }
}

impl Sale {
    pub(super) fn new(merchant: usize, key: &str, story: SaleStory, basket: Basket) -> Self {
        Self {
            merchant,
            key: key.to_owned(),
            story,
            basket,
            asked: Vec::new(),
            looks: Vec::new(),
            payer: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// The answers that accepted the order.
    pub fn accepted(&self) -> impl Iterator<Item = &Told> {
        accepted_in(&self.asked)
    }

    /// What the client saw of its order.
    pub fn seen(&self) -> impl Iterator<Item = &Told> {
        accepted_in(&self.looks)
    }
}
