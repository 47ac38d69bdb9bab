//! Refunds: the object, and how one that was left open ends. Asking for them is in `refund_requests`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::book::{Book, Origin, created};
use super::charges::Charge;
use super::errors::{Answered, ApiError};
use super::params::MetadataChange;
use super::transactions::{Entry, Movement};
use crate::clock;

/// `status` of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The bank has not said yet.
    Pending,
    /// The money was given back.
    Succeeded,
    /// It was not, or it came back.
    Failed,
}

impl Status {
    /// The provider's spelling.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

/// A refund.
#[derive(Debug, Clone)]
pub struct Refund {
    /// `re_…`
    pub id: String,
    /// The charge it gives back.
    pub charge: String,
    /// The intent of that charge.
    pub intent: String,
    /// When it was made.
    pub created: i64,
    /// Amount in minor units.
    pub amount: i64,
    /// Lower-case currency.
    pub currency: String,
    /// Where it stands.
    pub status: Status,
    /// The caller's own data.
    pub metadata: BTreeMap<String, String>,
    /// Why it was made.
    pub reason: Option<String>,
    /// The movement of its money; none while it is pending.
    pub transaction: Option<String>,
    /// The movement of the money that came back.
    pub failure_transaction: Option<String>,
}

impl Refund {
    /// A refund of this much of a charge.
    pub fn of(charge: &Charge, amount: i64, status: Status) -> Self {
        Self {
            id: clock::object_id("re_3"),
            charge: charge.id.clone(),
            intent: charge.intent.clone(),
            created: created(),
            amount,
            currency: charge.currency.clone(),
            status,
            metadata: BTreeMap::new(),
            reason: None,
            transaction: None,
            failure_transaction: None,
        }
    }

    /// Why it failed, in the provider's words.
    pub fn failure_reason(&self) -> Option<&'static str> {
        (self.status == Status::Failed).then_some("expired_or_canceled_card")
    }

    /// The `refund` object.
    pub fn render(&self) -> Value {
        json!({
            "id": self.id, "object": "refund", "amount": self.amount, "balance_transaction": self.transaction,
            "charge": self.charge, "created": self.created, "currency": self.currency,
            "destination_details": { "type": "card", "card": {
                "reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund",
            } },
            "failure_balance_transaction": self.failure_transaction, "failure_reason": self.failure_reason(),
            "metadata": self.metadata, "payment_intent": self.intent, "reason": self.reason, "receipt_number": null,
            "source_transfer_reversal": null, "status": self.status.name(), "transfer_reversal": null,
        })
    }
}

impl Book {
    /// The refund named in a path.
    pub fn refund(&self, id: &str) -> Result<&Refund, ApiError> {
        self.refunds
            .get(id)
            .ok_or_else(|| ApiError::no_such("refund", id, "id"))
    }

    /// The refund as an answer.
    pub fn show_refund(&self, id: &str) -> Answered {
        self.refund(id).map(Refund::render)
    }

    /// Changes a refund's metadata.
    pub fn update_refund(&mut self, id: &str, change: &MetadataChange, origin: &Origin) -> Answered {
        let Some(refund) = self.refunds.get_mut(id) else {
            return Err(ApiError::no_such("refund", id, "id"));
        };
        change.apply(&mut refund.metadata);
        self.emit_refund("refund.updated", id, origin);
        self.show_refund(id)
    }

    /// Adds a refund to its charge, without a word to anybody. Its money moves now, unless it is pending.
    pub fn add_refund(&mut self, refund: Refund) {
        if let Some(charge) = self.charges.get_mut(&refund.charge) {
            charge.amount_refunded += refund.amount;
            charge.refunds.push(refund.id.clone());
        }
        let (id, status) = (refund.id.clone(), refund.status);
        self.refunds.insert(&id, refund);
        if status == Status::Succeeded {
            self.give_back(&id);
        }
    }

    /// Ends a refund: a pending one succeeds or fails, one that succeeded can still fail. A failed one gives its amount
    /// back to the charge. Anything else stays as it is.
    pub fn end_refund(&mut self, id: &str, succeeded: bool, origin: &Origin) {
        let Some(refund) = self.refunds.get_mut(id) else {
            return;
        };
        match (refund.status, succeeded) {
            (Status::Failed, _) | (Status::Succeeded, true) => return,
            (Status::Pending, true) => {
                refund.status = Status::Succeeded;
                self.give_back(id);
            }
            (Status::Pending | Status::Succeeded, false) => {
                refund.status = Status::Failed;
                self.come_back(id);
            }
        }
        self.emit_refund("refund.updated", id, origin);
        if !succeeded {
            self.emit_refund("refund.failed", id, origin);
        }
    }

    /// Moves a refund's money out of the account.
    fn give_back(&mut self, id: &str) {
        let Some(refund) = self.refunds.get(id).cloned() else {
            return;
        };
        let charge = self.charges.get(&refund.charge);
        let transaction = self.enter(&Entry {
            movement: charge.map_or(Movement::Refund, |charge| charge.method.refunded()),
            source: id,
            amount: -refund.amount,
            fee: 0,
            currency: &refund.currency,
        });
        if let Some(refund) = self.refunds.get_mut(id) {
            refund.transaction = Some(transaction);
        }
    }

    /// Counts a failed refund's amount as unrefunded, and moves its money in again if it had moved out.
    fn come_back(&mut self, id: &str) {
        let Some(refund) = self.refunds.get(id).cloned() else {
            return;
        };
        if let Some(charge) = self.charges.get_mut(&refund.charge) {
            charge.amount_refunded -= refund.amount;
        }
        if refund.transaction.is_none() {
            return;
        }
        let transaction = self.enter(&Entry {
            movement: Movement::RefundFailure,
            source: id,
            amount: refund.amount,
            fee: 0,
            currency: &refund.currency,
        });
        if let Some(refund) = self.refunds.get_mut(id) {
            refund.failure_transaction = Some(transaction);
        }
    }

    /// Emits an event that shows a refund as it is now.
    pub fn emit_refund(&mut self, kind: &'static str, id: &str, origin: &Origin) {
        if let Some(object) = self.refunds.get(id).map(Refund::render) {
            self.emit(kind, &object, None, origin);
        }
    }
}
