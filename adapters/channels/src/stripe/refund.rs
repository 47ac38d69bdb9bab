//! Refunds in Sluice's words (<https://docs.stripe.com/api/refunds/object>, <https://docs.stripe.com/refunds>).
//!
//! A refund that succeeded can still fail days later, when the payer's bank sends the money back. An object shown in an
//! answer or an event is a snapshot: an older one can come after a newer one, and it is for the caller, who knows what came
//! before, to leave a failed refund failed.

use domain::{
    channel::{ChannelRefund, ChannelRefundStatus},
    id::RefundId,
    payment::Failure,
};

use super::{
    amount,
    status::UnknownStatus,
    wire::{Listed, Untranslatable, WireMetadata},
};
use crate::redact::redact;

/// A refund.
#[derive(Debug, Clone, serde::Deserialize, miniserde::Deserialize)]
pub(super) struct WireRefund {
    pub(super) id: String,
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) status: Option<String>,
    pub(super) failure_reason: Option<String>,
    pub(super) payment_intent: Option<String>,
    pub(super) metadata: Option<WireMetadata>,
}

impl Listed for WireRefund {
    fn id(&self) -> Option<String> {
        Some(self.id.clone())
    }
}

impl WireRefund {
    /// The refund it was made for.
    pub(super) fn refund_id(&self) -> Option<RefundId> {
        self.metadata.as_ref()?.refund_id()
    }

    /// The refund in Sluice's words.
    pub(super) fn translate(self) -> Result<ChannelRefund, Untranslatable> {
        Ok(ChannelRefund {
            refund_id: self.refund_id(),
            money: amount::from_wire(self.amount, &self.currency)?,
            status: self.channel_status()?,
            intent_id: self.payment_intent,
            id: self.id,
        })
    }

    /// Where it stands. A refund that waits for the payer to say where the money shall go is under way like any other.
    fn channel_status(&self) -> Result<ChannelRefundStatus, UnknownStatus> {
        let status = self.status.as_deref().unwrap_or("null");
        match status {
            "pending" | "requires_action" => Ok(ChannelRefundStatus::Processing),
            "succeeded" => Ok(ChannelRefundStatus::Succeeded),
            "failed" | "canceled" => {
                let code = self.failure_reason.as_deref().unwrap_or(status);
                Ok(ChannelRefundStatus::Failed(failure(code)))
            }
            unknown => Err(UnknownStatus::of("refund", unknown)),
        }
    }
}

/// Why the money was not given back, or came back. Stripe gives a word; the sentence is ours.
fn failure(code: &str) -> Failure {
    let sentence = match code {
        "lost_or_stolen_card" => "The card was reported lost or stolen.",
        "expired_or_canceled_card" => "The card has expired or was closed.",
        "charge_for_pending_refund_disputed" => {
            "The payer disputed the payment while the refund was under way."
        }
        "insufficient_funds" => "The merchant's balance at the payment provider does not cover the refund.",
        "declined" => "The payer's bank did not take the refund.",
        "merchant_request" | "canceled" => "The refund was canceled before it was carried out.",
        _ => "The payment provider could not carry out the refund.",
    };
    let code: String = redact(code).chars().take(64).collect();
    Failure::not_refunded(&code, sentence)
}

#[cfg(test)]
mod tests {
    use domain::payment::NextStep;

    use super::*;

    fn refund(status: Option<&str>, failure_reason: Option<&str>) -> WireRefund {
        WireRefund {
            id: "re_1".into(),
            amount: 1999,
            currency: "usd".into(),
            status: status.map(Into::into),
            failure_reason: failure_reason.map(Into::into),
            payment_intent: None,
            metadata: None,
        }
    }

    #[test]
    fn every_documented_status_has_a_meaning() {
        let meaning = |status| {
            refund(status, None)
                .translate()
                .map(|refund| refund.status.name())
        };
        assert_eq!(meaning(Some("pending")), Ok("processing"));
        assert_eq!(meaning(Some("requires_action")), Ok("processing"));
        assert_eq!(meaning(Some("succeeded")), Ok("succeeded"));
        assert_eq!(meaning(Some("failed")), Ok("failed"));
        assert_eq!(meaning(Some("canceled")), Ok("failed"));
        for unknown in [None, Some("reversed"), Some("")] {
            assert!(
                matches!(meaning(unknown), Err(Untranslatable::Status(_))),
                "{unknown:?}"
            );
        }
    }

    #[test]
    fn a_failed_refund_says_why() {
        let why = |status, reason| match refund(Some(status), reason).translate().unwrap().status {
            ChannelRefundStatus::Failed(failure) => failure,
            other => panic!("{other:?}"),
        };
        let failure = why("failed", Some("lost_or_stolen_card"));
        assert_eq!(failure.code, "lost_or_stolen_card");
        assert_eq!(
            failure.message,
            "The refund failed. The card was reported lost or stolen."
        );
        assert_eq!(failure.next_step, NextStep::ContactMerchant);
        assert_eq!(why("canceled", None).code, "canceled");
        assert_eq!(why("failed", None).code, "failed");
        assert_eq!(why("failed", Some("sk_live_secret")).code, "[key]");
    }
}
