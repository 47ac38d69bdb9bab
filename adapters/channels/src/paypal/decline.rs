//! What a refused capture means for the payer (<https://developer.paypal.com/api/rest/reference/orders/v2/errors/>).
//!
//! The words for the payer are ours: PayPal writes its own for developers.

use domain::payment::{Failure, NextStep};

use crate::redact::redact;

/// The order stays open, and the payer may choose another way to pay it on PayPal's page.
pub(super) const INSTRUMENT_DECLINED: &str = "INSTRUMENT_DECLINED";

/// The failure that an issue of a capture stands for, when it is about the payer and not about our request.
pub(super) fn of_issue(issue: &str) -> Option<Failure> {
    let next_step = match issue {
        INSTRUMENT_DECLINED
        | "CARD_EXPIRED"
        | "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING"
        | "PAYER_CANNOT_PAY"
        | "PAYER_ACCOUNT_RESTRICTED"
        | "PAYER_ACCOUNT_LOCKED_OR_CLOSED"
        | "TRANSACTION_REFUSED" => NextStep::UseAnotherPaymentMethod,
        "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED" | "DECLINED_DUE_TO_RELATED_TXN" => NextStep::TryAgainLater,
        _ => return None,
    };
    Some(failure(issue, next_step))
}

/// The failure of a capture that PayPal made and did not carry through, or took back while it was pending. Its order is over:
/// the payer needs a new one.
pub(super) fn of_capture(reason: Option<&str>) -> Failure {
    failure(reason.unwrap_or("capture_declined"), NextStep::TryAgainLater)
}

fn failure(code: &str, next_step: NextStep) -> Failure {
    Failure {
        code: redact(code).chars().take(64).collect(),
        message: "PayPal declined the payment.".into(),
        next_step,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_about_the_payer_is_a_decline() {
        let step = |issue| of_issue(issue).map(|failure| failure.next_step);
        assert_eq!(
            step("INSTRUMENT_DECLINED"),
            Some(NextStep::UseAnotherPaymentMethod)
        );
        assert_eq!(
            step("MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED"),
            Some(NextStep::TryAgainLater)
        );
        for issue in [
            "ORDER_NOT_APPROVED",
            "ORDER_ALREADY_CAPTURED",
            "PERMISSION_DENIED",
            "",
        ] {
            assert_eq!(step(issue), None, "{issue}");
        }
        assert_eq!(of_capture(None).code, "capture_declined");
        assert_eq!(of_capture(Some("jane@example.com")).code, "[address]");
    }
}
