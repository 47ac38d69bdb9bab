//! Differences between an account's books and what was asked of it, made without a word to anybody: no event tells
//! of them, so that only a comparison of both sides' books finds them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::book::Book;
use super::charges::Charge;
use super::currencies::{at_least_one, chargeable, currency};
use super::errors::ApiError;
use super::family::Target;
use super::intents::{Intent, Status};
use super::methods::Method;
use super::refunds::{self, Refund};

/// The method of those who pay without having been asked to.
const ANY_CARD: &str = "pm_card_visa";

/// What is to differ.
#[derive(Debug)]
pub enum Difference {
    /// The account knows nothing of it.
    MissingThere(Target),
    /// A payment nobody asked for.
    UnknownPayment {
        /// In minor units.
        amount: i64,
        /// Lower-case currency.
        currency: String,
        /// What is noted on the intent and its charge.
        metadata: BTreeMap<String, String>,
    },
    /// A refund nobody asked for, as made in the dashboard.
    UnknownRefund {
        /// The intent that is refunded.
        intent: String,
        /// In minor units; none means all that is left.
        amount: Option<i64>,
    },
    /// A figure of the newest charge, or of the refund, and of its transaction.
    Figure(Target, Figure),
    /// The intent is charged once more.
    Duplicate(String),
    /// The intent is paid while everybody believes it is not.
    State(String),
}

/// A figure, and what it is to be.
#[derive(Debug)]
pub enum Figure {
    /// In minor units.
    Amount(i64),
    /// Lower-case currency.
    Currency(String),
    /// Of the transaction, in minor units.
    Fee(i64),
}

impl Figure {
    /// Refuses what no account could show.
    fn check(self) -> Result<Self, ApiError> {
        match self {
            Self::Amount(amount) => at_least_one(amount, "amount").map(|()| self),
            Self::Currency(code) => currency(&code).map(Self::Currency),
            Self::Fee(_) => Ok(self),
        }
    }
}

/// What was changed: where there is none of a kind, none of that kind was.
#[derive(Debug, Default, Serialize)]
pub struct Changed {
    intent: Option<String>,
    charge: Option<String>,
    refund: Option<String>,
    transactions: Vec<String>,
}

impl Changed {
    fn charge(charge: &Charge) -> Self {
        Self {
            intent: Some(charge.intent.clone()),
            charge: Some(charge.id.clone()),
            refund: None,
            transactions: charge.transaction.iter().cloned().collect(),
        }
    }

    fn refund(refund: &Refund) -> Self {
        Self {
            intent: Some(refund.intent.clone()),
            charge: Some(refund.charge.clone()),
            refund: Some(refund.id.clone()),
            transactions: refund.transaction.iter().cloned().collect(),
        }
    }
}

impl Book {
    /// Makes the books differ, and answers what was changed.
    pub fn differ(&mut self, difference: Difference) -> Result<Changed, ApiError> {
        match difference {
            Difference::MissingThere(target) => self.lose(&target),
            Difference::UnknownPayment {
                amount,
                currency: code,
                metadata,
            } => {
                let mut intent = Intent::open(amount, currency(&code)?);
                chargeable(amount, &intent.currency)?;
                intent.metadata = metadata;
                let id = intent.id.clone();
                self.intents.insert(&id, intent);
                self.pay_unheard(&id)
            }
            Difference::UnknownRefund { intent, amount } => self.refund_unasked(&intent, amount),
            Difference::Figure(Target::Intent(id), figure) => self.misstate_charge(&id, figure.check()?),
            Difference::Figure(Target::Refund(id), figure) => self.misstate_refund(&id, figure.check()?),
            Difference::Duplicate(id) => {
                let method = self.paid_by(&id)?.method.clone();
                let charge = self.charge(&id, &method, true)?;
                self.changed_charge(&charge)
            }
            Difference::State(id) => {
                let intent = self.intent(&id)?;
                if matches!(intent.status, Status::Succeeded | Status::RequiresCapture) {
                    return Err(intent.unexpected_state("This PaymentIntent is paid already.".into()));
                }
                self.pay_unheard(&id)
            }
        }
    }

    fn lose(&mut self, target: &Target) -> Result<Changed, ApiError> {
        let mut changed = match target {
            Target::Intent(id) => Changed {
                intent: Some(id.clone()),
                ..Changed::default()
            },
            Target::Refund(id) => Changed::refund(self.refund(id)?),
        };
        changed.transactions = self.take_out(target)?;
        Ok(changed)
    }

    fn pay_unheard(&mut self, intent: &str) -> Result<Changed, ApiError> {
        let method = Method::named(ANY_CARD)
            .ok_or_else(|| ApiError::missing_reference("PaymentMethod", ANY_CARD, "payment_method"))?;
        self.keep_method(method.clone());
        let charge = self.pay(intent, &method)?;
        self.changed_charge(&charge)
    }

    fn refund_unasked(&mut self, intent: &str, amount: Option<i64>) -> Result<Changed, ApiError> {
        let charge = self.paid_by(intent)?;
        let amount = amount.unwrap_or(charge.refundable());
        if !(1..=charge.refundable()).contains(&amount) {
            return Err(ApiError::invalid("There is not so much left to refund.").param("amount"));
        }
        let refund = Refund::of(charge, amount, refunds::Status::Succeeded);
        let id = refund.id.clone();
        self.add_refund(refund);
        Ok(Changed::refund(self.refund(&id)?))
    }

    fn misstate_charge(&mut self, intent: &str, figure: Figure) -> Result<Changed, ApiError> {
        let id = self.paid_by(intent)?.id.clone();
        let changed = self.changed_charge(&id)?;
        self.misstate_transactions(&changed.transactions, &figure);
        if let Some(charge) = self.charges.get_mut(&id) {
            match figure {
                Figure::Amount(amount) => {
                    charge.amount = amount;
                    charge.amount_captured = amount;
                }
                Figure::Currency(currency) => charge.currency = currency,
                Figure::Fee(_) => {}
            }
        }
        Ok(changed)
    }

    fn misstate_refund(&mut self, id: &str, figure: Figure) -> Result<Changed, ApiError> {
        let changed = Changed::refund(self.refund(id)?);
        self.misstate_transactions(&changed.transactions, &figure);
        if let Some(refund) = self.refunds.get_mut(id) {
            match figure {
                Figure::Amount(amount) => refund.amount = amount,
                Figure::Currency(currency) => refund.currency = currency,
                Figure::Fee(_) => {}
            }
        }
        Ok(changed)
    }

    fn misstate_transactions(&mut self, ids: &[String], figure: &Figure) {
        for id in ids {
            if let Some(transaction) = self.transactions.get_mut(id) {
                match figure {
                    Figure::Amount(amount) => transaction.amount = amount * transaction.amount.signum(),
                    Figure::Currency(currency) => transaction.currency.clone_from(currency),
                    Figure::Fee(fee) => transaction.fee = *fee,
                }
            }
        }
    }

    /// The charge that paid an intent.
    fn paid_by(&self, intent: &str) -> Result<&Charge, ApiError> {
        let intent = self.intent(intent)?;
        let charge = intent.latest_charge.as_ref().and_then(|id| self.charges.get(id));
        charge
            .filter(|charge| charge.is_captured())
            .ok_or_else(|| intent.unexpected_state("This PaymentIntent is not paid.".into()))
    }

    fn changed_charge(&self, id: &str) -> Result<Changed, ApiError> {
        let charge = self.charges.get(id);
        charge
            .map(Changed::charge)
            .ok_or_else(|| ApiError::no_such("charge", id, "id"))
    }
}
