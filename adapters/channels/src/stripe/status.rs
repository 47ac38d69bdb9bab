//! Stripe's statuses of a payment intent in Sluice's words
//! (<https://docs.stripe.com/payments/paymentintents/lifecycle>).

use domain::channel::IntentStatus;

use super::{decline, wire::WireIntent};

/// A status that this version of Sluice does not know. It may mean that money moved, so nobody may guess.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {object} status {status:?} is not known")]
pub(super) struct UnknownStatus {
    object: &'static str,
    status: String,
}

impl UnknownStatus {
    /// The object that has it, and the beginning of the status.
    pub(super) fn of(object: &'static str, status: &str) -> Self {
        let status = status.chars().take(40).collect();
        Self { object, status }
    }
}

/// Where an intent stands.
///
/// An intent goes back to `requires_payment_method` after a decline and keeps the error: that is what tells a
/// declined intent from a new one. `requires_capture` holds the payer's money without having received it.
pub(super) fn translate(intent: &WireIntent) -> Result<IntentStatus, UnknownStatus> {
    match intent.status.as_str() {
        "requires_payment_method" => Ok(match &intent.last_payment_error {
            Some(error) => IntentStatus::Declined(decline::failure(error)),
            None => IntentStatus::RequiresAction,
        }),
        "requires_confirmation" | "requires_action" => Ok(IntentStatus::RequiresAction),
        "processing" | "requires_capture" => Ok(IntentStatus::Processing),
        "succeeded" => Ok(IntentStatus::Succeeded),
        "canceled" => Ok(IntentStatus::Canceled),
        unknown => Err(UnknownStatus::of("payment intent", unknown)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stripe::wire::WireDecline;

    fn intent(status: &str, last_payment_error: Option<WireDecline>) -> WireIntent {
        WireIntent {
            id: "pi_1".into(),
            amount: 1999,
            amount_received: Some(0),
            currency: "usd".into(),
            status: status.into(),
            client_secret: None,
            last_payment_error,
            metadata: None,
            payment_method_types: None,
            next_action: None,
            transfer_data: None,
            application_fee_amount: None,
        }
    }

    #[test]
    fn every_documented_status_has_a_meaning() {
        let meaning = |status| translate(&intent(status, None)).map(|status| status.name());
        assert_eq!(meaning("requires_payment_method"), Ok("requires_action"));
        assert_eq!(meaning("requires_confirmation"), Ok("requires_action"));
        assert_eq!(meaning("requires_action"), Ok("requires_action"));
        assert_eq!(meaning("processing"), Ok("processing"));
        assert_eq!(meaning("requires_capture"), Ok("processing"));
        assert_eq!(meaning("succeeded"), Ok("succeeded"));
        assert_eq!(meaning("canceled"), Ok("canceled"));
        assert_eq!(
            meaning("requires_magic"),
            Err(UnknownStatus::of("payment intent", "requires_magic"))
        );
    }

    #[test]
    fn only_an_intent_waiting_for_another_card_is_declined() {
        let declined = |status| translate(&intent(status, Some(WireDecline::default()))).unwrap();
        assert_eq!(declined("requires_payment_method").name(), "declined");
        assert_eq!(declined("requires_action"), IntentStatus::RequiresAction);
        assert_eq!(declined("succeeded"), IntentStatus::Succeeded);
        assert_eq!(declined("canceled"), IntentStatus::Canceled);
    }
}
