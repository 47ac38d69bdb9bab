//! What PayPal's statuses mean (<https://developer.paypal.com/docs/api/orders/v2/#definition-order_status>,
//! <https://developer.paypal.com/docs/api/payments/v2/#definition-capture_status>,
//! <https://developer.paypal.com/docs/api/payments/v2/#definition-refund_status>).
//!
//! An order says how far the payer is; whether there is money is said by its captures alone. A completed order is one whose
//! capture was made, not one whose capture succeeded.

use chrono::TimeDelta;
use domain::{
    channel::{ChannelRefund, ChannelRefundStatus, Intent, IntentStatus, NextAction, PayerStep},
    money::Money,
    payment::Failure,
};

use super::{
    amount::{self, UnspeakableAmount},
    decline,
    wire::{WireCapture, WireOrder, WireRefund, WireStatusDetails, WireSupplement, payment_id, refund_id},
};

/// An order that its payer has not approved ends after three hours
/// (<https://developer.paypal.com/docs/checkout/standard/customize/authorization/>; merchants can ask PayPal for more).
const UNAPPROVED_H: i64 = 3;

/// An object says something that Sluice has no word for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Untranslatable {
    #[error(transparent)]
    Amount(#[from] UnspeakableAmount),
    #[error("the {object} has the unknown status {status:?}")]
    Status { object: &'static str, status: String },
    #[error("the order is for {0} things and not for one")]
    Units(usize),
    #[error("the {0} does not say how much it is about")]
    NoAmount(&'static str),
    #[error("the order is completed and shows no capture")]
    NoCapture,
    #[error("the order was captured in another currency")]
    OtherCurrency,
    #[error("the captures of the order come to more than can be counted")]
    TooMuch,
    #[error("the capture does not say which order it belongs to")]
    NoOrder,
    #[error("the event and the capture disagree about whether money came")]
    Contradiction,
}

impl Untranslatable {
    fn status(object: &'static str, status: &str) -> Self {
        let status = status.chars().take(32).collect();
        Self::Status { object, status }
    }
}

/// What became of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Captured {
    /// The money came; it may have been given back since.
    Taken,
    /// It may come.
    Pending,
    /// It did not.
    Not,
}

impl WireCapture {
    fn captured(&self) -> Result<Captured, Untranslatable> {
        match self.status.as_str() {
            "COMPLETED" | "PARTIALLY_REFUNDED" | "REFUNDED" => Ok(Captured::Taken),
            "PENDING" => Ok(Captured::Pending),
            "DECLINED" | "FAILED" => Ok(Captured::Not),
            unknown => Err(Untranslatable::status("capture", unknown)),
        }
    }

    /// Whether money came that can be given back.
    pub(super) fn is_taken(&self) -> bool {
        self.captured() == Ok(Captured::Taken)
    }

    /// Why there is no money.
    pub(super) fn failure(&self) -> Failure {
        decline::of_capture(WireStatusDetails::reason_of(self.status_details.as_ref()))
    }

    /// The intent that a capture on its own tells of, as an event shows it. Its amount is what was captured.
    pub(super) fn intent(self) -> Result<Intent, Untranslatable> {
        let money = amount::from_wire(&self.amount)?;
        let (status, received_minor) = match self.captured()? {
            Captured::Taken => (IntentStatus::Succeeded, money.amount_minor),
            Captured::Pending => (IntentStatus::Processing, 0),
            Captured::Not => (IntentStatus::Declined(self.failure()), 0),
        };
        Ok(Intent {
            id: WireSupplement::order_of(self.supplementary_data).ok_or(Untranslatable::NoOrder)?,
            payment_id: payment_id(self.custom_id.as_deref()),
            money,
            received_minor,
            status,
            next_action: None,
            destination: None,
        })
    }
}

impl WireOrder {
    /// The captures of all that the order is for.
    pub(super) fn captures(&self) -> impl Iterator<Item = &WireCapture> {
        let payments = self.purchase_units.iter().flat_map(|unit| &unit.payments);
        payments.flat_map(|payments| &payments.captures)
    }

    /// The refunds of all that the order is for.
    pub(super) fn refunds(&self) -> impl Iterator<Item = &WireRefund> {
        let payments = self.purchase_units.iter().flat_map(|unit| &unit.payments);
        payments.flat_map(|payments| &payments.refunds)
    }

    /// The intent in Sluice's words.
    pub(super) fn translate(self) -> Result<Intent, Untranslatable> {
        let [unit] = self.purchase_units.as_slice() else {
            return Err(Untranslatable::Units(self.purchase_units.len()));
        };
        let amount = unit.amount.as_ref().ok_or(Untranslatable::NoAmount("order"))?;
        let money = amount::from_wire(amount)?;
        let received_minor = self.received_minor(money)?;
        let status = self.intent_status(received_minor)?;
        Ok(Intent {
            payment_id: payment_id(unit.custom_id.as_deref()),
            money,
            received_minor,
            next_action: (status == IntentStatus::RequiresAction)
                .then(|| self.payer_action())
                .flatten(),
            status,
            id: self.id,
            destination: None,
        })
    }

    /// Where the payer agrees, as long as there is something to agree to.
    pub(super) fn payer_action(&self) -> Option<NextAction> {
        // An order that names its way to pay has the first, one that leaves it open the second.
        let is_for_payer = |rel: &str| matches!(rel, "payer-action" | "approve");
        let link = self.links.iter().find(|link| is_for_payer(&link.rel))?;
        let lifetime = TimeDelta::hours(UNAPPROVED_H);
        Some(NextAction {
            step: PayerStep::Redirect {
                url: link.href.clone(),
            },
            expires_at: self.create_time.and_then(|at| at.checked_add_signed(lifetime)),
        })
    }

    fn received_minor(&self, money: Money) -> Result<i64, Untranslatable> {
        let mut received_minor: i64 = 0;
        for capture in self.captures() {
            if capture.captured()? == Captured::Taken {
                let taken = amount::from_wire(&capture.amount)?;
                if taken.currency != money.currency {
                    return Err(Untranslatable::OtherCurrency);
                }
                let sum = received_minor.checked_add(taken.amount_minor);
                received_minor = sum.ok_or(Untranslatable::TooMuch)?;
            }
        }
        Ok(received_minor)
    }

    /// Money that came or may come decides, whatever else the order says.
    fn intent_status(&self, received_minor: i64) -> Result<IntentStatus, Untranslatable> {
        if received_minor > 0 {
            return Ok(IntentStatus::Succeeded);
        }
        if self
            .captures()
            .any(|capture| capture.captured() == Ok(Captured::Pending))
        {
            return Ok(IntentStatus::Processing);
        }
        match self.status.as_str() {
            "CREATED" | "SAVED" | "PAYER_ACTION_REQUIRED" => Ok(IntentStatus::RequiresAction),
            "APPROVED" => Ok(IntentStatus::Approved),
            "VOIDED" => Ok(IntentStatus::Canceled),
            "COMPLETED" => {
                let last = self.captures().last().ok_or(Untranslatable::NoCapture)?;
                Ok(IntentStatus::Declined(last.failure()))
            }
            unknown => Err(Untranslatable::status("order", unknown)),
        }
    }
}

impl WireRefund {
    /// The refund in Sluice's words; `intent_id` where the refund itself does not say.
    pub(super) fn translate(self, intent_id: Option<&str>) -> Result<ChannelRefund, Untranslatable> {
        let amount = self.amount.as_ref().ok_or(Untranslatable::NoAmount("refund"))?;
        Ok(ChannelRefund {
            refund_id: refund_id(self.custom_id.as_deref()),
            money: amount::from_wire(amount)?,
            status: self.refund_status()?,
            intent_id: WireSupplement::order_of(self.supplementary_data)
                .or_else(|| intent_id.map(str::to_owned)),
            id: self.id,
        })
    }

    fn refund_status(&self) -> Result<ChannelRefundStatus, Untranslatable> {
        let reason = WireStatusDetails::reason_of(self.status_details.as_ref());
        let failed = |code: &str, sentence| {
            let code: String = crate::redact::redact(reason.unwrap_or(code))
                .chars()
                .take(64)
                .collect();
            ChannelRefundStatus::Failed(Failure::not_refunded(&code, sentence))
        };
        match self.status.as_str() {
            "PENDING" => Ok(ChannelRefundStatus::Processing),
            "COMPLETED" => Ok(ChannelRefundStatus::Succeeded),
            "FAILED" => Ok(failed("failed", "PayPal could not give the money back.")),
            "CANCELLED" => Ok(failed("cancelled", "It was canceled at PayPal.")),
            unknown => Err(Untranslatable::status("refund", unknown)),
        }
    }
}

#[cfg(test)]
mod tests;
