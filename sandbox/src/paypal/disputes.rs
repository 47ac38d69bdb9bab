//! Disputes: a payer who wants the money back, and PayPal's decision.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::book::Book;
use super::captures::CaptureState;
use super::errors::{Answered, ApiError};
use super::events::Kind;
use super::ids::dispute_id;
use super::money::Money;
use super::time::written_finely;

/// A dispute about a capture.
#[derive(Debug, Clone)]
pub struct Dispute {
    /// `PP-D-…`
    pub id: String,
    /// The capture it is about.
    pub capture: String,
    /// How much of it.
    pub amount: Money,
    /// For example `MERCHANDISE_OR_SERVICE_NOT_RECEIVED`.
    pub reason: String,
    /// Whether the merchant keeps the money; none while undecided.
    pub won: Option<bool>,
    /// When it was opened.
    pub created: DateTime<Utc>,
    /// When it last changed.
    pub updated: DateTime<Utc>,
}

impl Dispute {
    /// `status`
    pub fn status(&self) -> &'static str {
        match self.won {
            None => "OPEN",
            Some(_) => "RESOLVED",
        }
    }
}

impl Book {
    /// Opens a dispute about all of a capture.
    pub fn dispute(&mut self, capture_id: &str, reason: &str, now: DateTime<Utc>) -> Answered {
        let capture = self.captures.get(capture_id).ok_or_else(ApiError::not_found)?;
        if capture.state != CaptureState::Completed {
            let told = "Only what was paid can be disputed.";
            return Err(ApiError::unprocessable("CAPTURE_NOT_COMPLETED", told));
        }
        let dispute = Dispute {
            id: dispute_id(),
            capture: capture_id.to_owned(),
            amount: capture.amount.clone(),
            reason: reason.to_owned(),
            won: None,
            created: now,
            updated: now,
        };
        let shown = self.render_dispute(&dispute);
        self.disputes.insert(&dispute.id.clone(), dispute);
        self.emit(Kind::DisputeCreated, &shown, now);
        Ok(shown)
    }

    /// Decides a dispute; one that is lost takes the capture back.
    pub fn resolve_dispute(&mut self, id: &str, won: bool, now: DateTime<Utc>) -> Answered {
        let dispute = self.disputes.get_mut(id).ok_or_else(ApiError::not_found)?;
        if dispute.won.is_some() {
            let told = "The dispute is already resolved.";
            return Err(ApiError::unprocessable("DISPUTE_ALREADY_RESOLVED", told));
        }
        (dispute.won, dispute.updated) = (Some(won), now);
        let dispute = dispute.clone();
        let shown = self.render_dispute(&dispute);
        self.emit(Kind::DisputeResolved, &shown, now);
        if !won {
            self.reverse_capture(&dispute.capture, now)?;
        }
        Ok(shown)
    }

    /// A dispute in full.
    pub fn render_dispute(&self, dispute: &Dispute) -> Value {
        let own = format!("{}/paypal/v1/customer/disputes/{}", self.base, dispute.id);
        let capture = self.captures.get(&dispute.capture);
        let mut shown = json!({
            "dispute_id": dispute.id, "status": dispute.status(), "reason": dispute.reason,
            "dispute_amount": dispute.amount.render(), "dispute_life_cycle_stage": "INQUIRY",
            "create_time": written_finely(dispute.created), "update_time": written_finely(dispute.updated),
            "disputed_transactions": [{
                "seller_transaction_id": dispute.capture, "transaction_status": "COMPLETED",
                "gross_amount": dispute.amount.render(), "custom": capture.and_then(|capture| capture.custom_id.clone()),
                "invoice_number": capture.and_then(|capture| capture.invoice_id.clone()),
            }],
            "links": [{ "href": own, "rel": "self", "method": "GET" }],
        });
        if let Some(won) = dispute.won {
            let outcome = if won {
                "RESOLVED_SELLER_FAVOUR"
            } else {
                "RESOLVED_BUYER_FAVOUR"
            };
            shown["dispute_outcome"] = json!({ "outcome_code": outcome });
        }
        shown
    }
}
