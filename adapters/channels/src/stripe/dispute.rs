//! Disputes in Sluice's words (<https://docs.stripe.com/api/disputes/object>, <https://docs.stripe.com/disputes>).
//!
//! Nobody marks a dispute with our ids, so whether it is about a payment of ours is for the caller to find out, by the
//! intent it names. That is why one that cannot be read is an error even though it may be about somebody else's payment:
//! money may have been withheld.

use domain::channel::{ChannelDispute, ChannelDisputeStatus};

use super::{amount, status::UnknownStatus, wire::Untranslatable};
use crate::redact::redact;

/// A dispute.
#[derive(Debug, Clone, serde::Deserialize)]
pub(super) struct WireDispute {
    pub(super) id: String,
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) payment_intent: Option<String>,
}

impl WireDispute {
    /// The dispute in Sluice's words; none when it is no concern of ours: a mere warning, which withholds no money, or
    /// money that was paid without an intent.
    pub(super) fn translate(self) -> Result<Option<ChannelDispute>, Untranslatable> {
        let Some(intent_id) = self.payment_intent else {
            return Ok(None);
        };
        let Some(status) = status(&self.status)? else {
            return Ok(None);
        };
        let reason = self.reason.as_deref().unwrap_or("general");
        Ok(Some(ChannelDispute {
            id: self.id,
            intent_id,
            money: amount::from_wire(self.amount, &self.currency)?,
            reason: redact(reason).chars().take(64).collect(),
            status,
        }))
    }
}

/// Where a dispute stands; none for a warning. `prevented` is not among those known: whether a dispute that was settled
/// with the network beforehand moved money is for people to look up.
fn status(status: &str) -> Result<Option<ChannelDisputeStatus>, UnknownStatus> {
    match status {
        "needs_response" | "under_review" => Ok(Some(ChannelDisputeStatus::Open)),
        "won" => Ok(Some(ChannelDisputeStatus::Won)),
        "lost" => Ok(Some(ChannelDisputeStatus::Lost)),
        "warning_needs_response" | "warning_under_review" | "warning_closed" => Ok(None),
        unknown => Err(UnknownStatus::of("dispute", unknown)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dispute(status: &str, currency: &str, payment_intent: Option<&str>) -> WireDispute {
        WireDispute {
            id: "du_1".into(),
            amount: 1999,
            currency: currency.into(),
            status: status.into(),
            reason: None,
            payment_intent: payment_intent.map(Into::into),
        }
    }

    #[test]
    fn every_documented_status_has_a_meaning() {
        let meaning = |status| {
            let dispute = dispute(status, "usd", Some("pi_1")).translate();
            dispute.map(|dispute| dispute.map(|dispute| dispute.status))
        };
        assert_eq!(meaning("needs_response"), Ok(Some(ChannelDisputeStatus::Open)));
        assert_eq!(meaning("under_review"), Ok(Some(ChannelDisputeStatus::Open)));
        assert_eq!(meaning("won"), Ok(Some(ChannelDisputeStatus::Won)));
        assert_eq!(meaning("lost"), Ok(Some(ChannelDisputeStatus::Lost)));
        for warning in ["warning_needs_response", "warning_under_review", "warning_closed"] {
            assert_eq!(meaning(warning), Ok(None));
        }
        for unknown in ["prevented", "warning_new", ""] {
            assert!(
                matches!(meaning(unknown), Err(Untranslatable::Status(_))),
                "{unknown}"
            );
        }
    }

    #[test]
    fn only_what_may_be_about_a_payment_of_ours_has_to_be_read() {
        assert_eq!(dispute("prevented", "ugx", None).translate(), Ok(None));
        assert_eq!(
            dispute("warning_closed", "ugx", Some("pi_1")).translate(),
            Ok(None)
        );
        let unreadable = dispute("lost", "ugx", Some("pi_1")).translate();
        assert!(
            matches!(unreadable, Err(Untranslatable::Amount(_))),
            "{unreadable:?}"
        );
    }
}
