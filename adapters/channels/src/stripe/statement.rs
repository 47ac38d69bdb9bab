//! What moved on a merchant's account at Stripe (<https://docs.stripe.com/api/balance_transactions/object>,
//! <https://docs.stripe.com/reports/reporting-categories>).
//!
//! Each line is read on its own, so that none can spoil the others. An account belongs to the merchant, and other programs
//! use it too: a line that cannot be read and is surely none of ours is passed over. Every other one is reported, because a
//! line that a reconciliation does not see is money that nobody looks for.

use chrono::DateTime;
use domain::{
    channel::{Statement, StatementEntry, StatementKind, UnreadableEntry},
    money::Money,
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    amount::{self, UnspeakableAmount},
    wire::{Listed, WireMetadata},
};
use crate::redact::redact;

/// A balance transaction as it came.
pub(super) type WireLine = miniserde::json::Value;

impl Listed for WireLine {
    fn id(&self) -> Option<String> {
        match self {
            Self::Object(line) => match line.get("id") {
                Some(Self::String(id)) => Some(id.clone()),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Adds a page of lines to a statement.
pub(super) fn add(statement: &mut Statement, lines: Vec<WireLine>) {
    for line in lines {
        // The client library's JSON is read by our own, which can read a part of it.
        let line = serde_json::from_str(&miniserde::json::to_string(&line)).unwrap_or_default();
        let origin = Origin::of(&line);
        match origin.read(&line) {
            Ok(entry) => statement.entries.push(entry),
            Err(problem) if origin.may_be_ours => statement.unreadable.push(origin.unreadable(&problem)),
            Err(_) => {}
        }
    }
}

/// What a line says about money.
#[derive(Deserialize)]
struct Figures {
    amount: i64,
    fee: i64,
    currency: String,
    created: i64,
    reporting_category: String,
}

/// Why a line cannot be read.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error(transparent)]
    Amount(#[from] UnspeakableAmount),
    #[error("the line is not written as expected: {0}")]
    Shape(#[from] serde_json::Error),
    #[error("the line has no id")]
    NoId,
    #[error("{0} is no time")]
    Time(i64),
    #[error("{amount} is not what a line of the category {category:?} can move")]
    Direction { category: String, amount: i64 },
    #[error("the category {0:?} is not known")]
    Category(String),
    #[error("the object behind a line of the category {0:?} is not shown")]
    NotShown(String),
}

/// Whose a line is.
struct Origin {
    id: Option<String>,
    object_id: Option<String>,
    intent_id: Option<String>,
    metadata: WireMetadata,
    /// The object behind the line is shown, not only named.
    is_shown: bool,
    may_be_ours: bool,
}

impl Origin {
    fn of(line: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let source = &line["source"];
        let metadata = WireMetadata::deserialize(&source["metadata"]).unwrap_or_default();
        let intent_id = text(&source["payment_intent"]);
        let is_marked = metadata.payment_id().is_some() || metadata.refund_id().is_some();
        let may_be_ours = is_marked
            || match source["object"].as_str() {
                // Charges of ours are marked. One that lost its mark is missed by whoever looks for the payment.
                Some("charge") => false,
                // Refunds and disputes that somebody began at Stripe are not.
                Some(_) => intent_id.is_some(),
                None => line["reporting_category"]
                    .as_str()
                    .is_none_or(|category| kind(category).is_some()),
            };
        Self {
            id: text(&line["id"]),
            object_id: text(source).or_else(|| text(&source["id"])),
            intent_id,
            metadata,
            is_shown: source.is_object(),
            may_be_ours,
        }
    }

    fn read(&self, line: &Value) -> Result<StatementEntry, Unreadable> {
        let figures = Figures::deserialize(line)?;
        let id = self.id.clone().ok_or(Unreadable::NoId)?;
        let kind = match kind(&figures.reporting_category) {
            Some(_) if !self.is_shown => return Err(Unreadable::NotShown(figures.reporting_category)),
            Some(kind) => kind,
            None if self.may_be_ours => return Err(Unreadable::Category(figures.reporting_category)),
            None => StatementKind::Other,
        };
        let created = figures.created;
        Ok(StatementEntry {
            kind,
            object_id: self.object_id.clone().unwrap_or_else(|| id.clone()),
            id,
            intent_id: self.intent_id.clone(),
            payment_id: self.metadata.payment_id(),
            refund_id: self.metadata.refund_id(),
            money: figures.money(kind)?,
            fee_minor: amount::moved(figures.fee, &figures.currency)?.amount_minor,
            at: DateTime::from_timestamp(created, 0).ok_or(Unreadable::Time(created))?,
        })
    }

    fn unreadable(self, problem: &Unreadable) -> UnreadableEntry {
        UnreadableEntry {
            payment_id: self.metadata.payment_id(),
            refund_id: self.metadata.refund_id(),
            id: self.id,
            object_id: self.object_id,
            intent_id: self.intent_id,
            problem: redact(&problem.to_string()),
        }
    }
}

impl Figures {
    /// How much moved, if it moved in the direction that its kind says.
    fn money(&self, kind: StatementKind) -> Result<Money, Unreadable> {
        let moved = amount::moved(self.amount, &self.currency)?;
        let came_in = moved.amount_minor.signum();
        let is_as_expected = match kind {
            StatementKind::Payment | StatementKind::RefundFailed | StatementKind::DisputeWon => came_in > 0,
            StatementKind::Refund | StatementKind::Dispute => came_in < 0,
            StatementKind::Other => true,
        };
        let size = moved.amount_minor.checked_abs().filter(|_| is_as_expected);
        let amount_minor = size.ok_or_else(|| Unreadable::Direction {
            category: self.reporting_category.clone(),
            amount: self.amount,
        })?;
        Ok(Money {
            amount_minor,
            ..moved
        })
    }
}

/// What a reporting category means for a payment, if anything. `partial_capture_reversal` and `charge_failure` are not
/// here: nothing that Sluice does leads to the one, and it has no word for the other.
fn kind(category: &str) -> Option<StatementKind> {
    match category {
        "charge" => Some(StatementKind::Payment),
        "refund" => Some(StatementKind::Refund),
        "refund_failure" => Some(StatementKind::RefundFailed),
        "dispute" => Some(StatementKind::Dispute),
        "dispute_reversal" => Some(StatementKind::DisputeWon),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
