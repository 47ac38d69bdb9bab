//! Refunds of captures. Together they never exceed what was captured; what is pending counts as given.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::book::Book;
use super::captures::CaptureState;
use super::errors::ApiError;
use super::events::Kind;
use super::ids::resource_id;
use super::money::Money;
use super::plan::RefundEnding;
use super::time::written;

/// Where a refund stands, in PayPal's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RefundStatus {
    /// The payer has the money.
    Completed,
    /// The payer may get it or not.
    Pending,
    /// The payer did not get it.
    Failed,
    /// It was taken back before it was carried out.
    Cancelled,
}

impl RefundStatus {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Completed => "COMPLETED",
            Self::Pending => "PENDING",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// Whether its money is, or may still be, given back.
    pub fn holds_money(self) -> bool {
        match self {
            Self::Completed | Self::Pending => true,
            Self::Failed | Self::Cancelled => false,
        }
    }
}

/// A refund.
#[derive(Debug, Clone)]
pub struct Refund {
    /// 17 letters and digits.
    pub id: String,
    /// The capture it gives back.
    pub capture: String,
    /// How much of it.
    pub amount: Money,
    /// Where it stands.
    pub status: RefundStatus,
    /// The client's `custom_id`.
    pub custom_id: Option<String>,
    /// The client's `invoice_id`.
    pub invoice_id: Option<String>,
    /// What the payer is told.
    pub note_to_payer: Option<String>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it last changed.
    pub updated: DateTime<Utc>,
}

/// What a client asks to be given back.
#[derive(Debug)]
pub struct Wish {
    /// How much; none means all that is left.
    pub amount: Option<Money>,
    /// `custom_id`
    pub custom_id: Option<String>,
    /// `invoice_id`
    pub invoice_id: Option<String>,
    /// `note_to_payer`
    pub note_to_payer: Option<String>,
}

impl Book {
    /// Gives money back and answers the refund's id.
    pub fn refund(&mut self, capture_id: &str, wish: Wish, now: DateTime<Utc>) -> Result<String, ApiError> {
        let capture = self.captures.get(capture_id).ok_or_else(ApiError::not_found)?;
        if capture.state != CaptureState::Completed {
            let told = "The capture cannot be refunded in the state it is in.";
            return Err(ApiError::unprocessable("CANNOT_PROCESS_REFUNDS", told));
        }
        let left = capture.amount.minor - self.refunded(capture, RefundStatus::holds_money);
        let amount = wish.amount.unwrap_or_else(|| capture.amount.of_same(left));
        check(&capture.amount, left, &amount)?;
        let (status, kind) = match capture.refunds_go {
            RefundEnding::Completed => (RefundStatus::Completed, Kind::CaptureRefunded),
            RefundEnding::Pending => (RefundStatus::Pending, Kind::RefundPending),
            RefundEnding::Failed => (RefundStatus::Failed, Kind::RefundFailed),
        };
        let refund = Refund {
            id: resource_id(),
            capture: capture_id.to_owned(),
            amount,
            status,
            custom_id: wish.custom_id.or_else(|| capture.custom_id.clone()),
            invoice_id: wish.invoice_id.or_else(|| capture.invoice_id.clone()),
            note_to_payer: wish.note_to_payer,
            created: now,
            updated: now,
        };
        Ok(self.give_back(refund, kind, now))
    }

    /// Takes what is left of a capture from the merchant, as PayPal does when it decides for the payer.
    pub fn reverse_capture(&mut self, id: &str, now: DateTime<Utc>) -> Result<String, ApiError> {
        let capture = self.captures.get(id).ok_or_else(ApiError::not_found)?;
        let left = capture.amount.minor - self.refunded(capture, RefundStatus::holds_money);
        let amount = capture.amount.of_same(left);
        check(&capture.amount, left, &amount)?;
        let refund = Refund {
            id: resource_id(),
            capture: id.to_owned(),
            amount,
            status: RefundStatus::Completed,
            custom_id: capture.custom_id.clone(),
            invoice_id: capture.invoice_id.clone(),
            note_to_payer: None,
            created: now,
            updated: now,
        };
        Ok(self.give_back(refund, Kind::CaptureReversed, now))
    }

    fn give_back(&mut self, refund: Refund, kind: Kind, now: DateTime<Utc>) -> String {
        let id = refund.id.clone();
        if let Some(capture) = self.captures.get_mut(&refund.capture) {
            capture.refunds.push(id.clone());
            capture.updated = now;
        }
        self.refunds.insert(&id, refund);
        self.touch();
        self.emit_refund(kind, &id, now);
        id
    }

    /// Ends a pending refund, or lets one fail that had completed. False when it cannot end like this.
    pub fn settle_refund(&mut self, id: &str, ending: RefundStatus, now: DateTime<Utc>) -> bool {
        let Some(refund) = self.refunds.get_mut(id) else {
            return false;
        };
        let kind = match (refund.status, ending) {
            (RefundStatus::Pending, RefundStatus::Completed) => Some(Kind::CaptureRefunded),
            (RefundStatus::Pending | RefundStatus::Completed, RefundStatus::Failed) => {
                Some(Kind::RefundFailed)
            }
            // PayPal has no event for this: who does not ask never learns of it.
            (RefundStatus::Pending, RefundStatus::Cancelled) => None,
            (_, RefundStatus::Pending)
            | (RefundStatus::Completed, RefundStatus::Completed | RefundStatus::Cancelled)
            | (RefundStatus::Failed | RefundStatus::Cancelled, _) => return false,
        };
        refund.status = ending;
        refund.updated = now;
        self.touch();
        if let Some(kind) = kind {
            self.emit_refund(kind, id, now);
        }
        true
    }

    fn emit_refund(&mut self, kind: Kind, id: &str, now: DateTime<Utc>) {
        if let Some(resource) = self.refunds.get(id).map(|refund| self.render_refund(refund)) {
            self.emit(kind, &resource, now);
        }
    }

    /// A refund in full.
    pub fn render_refund(&self, refund: &Refund) -> Value {
        let mut shown = self.render_refund_briefly(refund);
        let given = |until: DateTime<Utc>| -> i64 {
            let of_capture = self
                .refunds
                .iter()
                .filter(|other| other.capture == refund.capture);
            let counted =
                of_capture.filter(|other| other.created <= until && other.status == RefundStatus::Completed);
            counted.map(|other| other.amount.minor).sum()
        };
        shown["amount"] = refund.amount.render();
        shown["seller_payable_breakdown"] = json!({
            "gross_amount": refund.amount.render(), "paypal_fee": refund.amount.of_same(0).render(),
            "net_amount": refund.amount.render(),
            "total_refunded_amount": refund.amount.of_same(given(refund.created)).render(),
        });
        shown["create_time"] = written(refund.created).into();
        shown["update_time"] = written(refund.updated).into();
        let texts = [
            ("custom_id", &refund.custom_id),
            ("invoice_id", &refund.invoice_id),
            ("note_to_payer", &refund.note_to_payer),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                shown[name] = value.as_str().into();
            }
        }
        if refund.status == RefundStatus::Pending {
            shown["status_details"] = json!({ "reason": "ECHECK" });
        }
        shown
    }

    /// A refund as PayPal shows it to those who prefer little.
    pub fn render_refund_briefly(&self, refund: &Refund) -> Value {
        let payments = format!("{}/paypal/v2/payments", self.base);
        json!({
            "id": refund.id, "status": refund.status.name(), "links": [
                { "href": format!("{payments}/refunds/{}", refund.id), "rel": "self", "method": "GET" },
                { "href": format!("{payments}/captures/{}", refund.capture), "rel": "up", "method": "GET" },
            ],
        })
    }
}

/// Refuses to give back more than is left, or other money than was taken.
fn check(captured: &Money, left: i64, wanted: &Money) -> Result<(), ApiError> {
    if left == 0 {
        let told = "The capture has already been fully refunded.";
        return Err(ApiError::unprocessable("CAPTURE_FULLY_REFUNDED", told));
    }
    if wanted.currency != captured.currency {
        let told = "Refund must be in the same currency as the capture.";
        return Err(ApiError::unprocessable("REFUND_CAPTURE_CURRENCY_MISMATCH", told));
    }
    if wanted.minor > left {
        let told = "The refund amount must be less than or equal to the capture amount that has not yet been refunded.";
        return Err(ApiError::unprocessable("REFUND_AMOUNT_EXCEEDED", told));
    }
    Ok(())
}
