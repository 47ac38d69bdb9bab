//! What a decline means for the payer (<https://docs.stripe.com/declines/codes>).
//!
//! Stripe's message of a card error is written for the payer and may be shown. The code is for the merchant.

use domain::payment::{Failure, NextStep};

use super::wire::WireDecline;
use crate::redact::redact;

/// How much of Stripe's message is kept, in characters.
const MESSAGE_LIMIT: usize = 200;

/// The failure that a decline stands for. The issuer's own code, where there is one, says more than Stripe's.
pub(super) fn failure(decline: &WireDecline) -> Failure {
    let code = decline
        .decline_code
        .as_deref()
        .or(decline.code.as_deref())
        .unwrap_or("declined");
    let message = decline.message.as_deref().unwrap_or("The payment was declined.");
    Failure {
        code: redact(code).chars().take(64).collect(),
        message: redact(message).chars().take(MESSAGE_LIMIT).collect(),
        next_step: next_step(code),
    }
}

fn next_step(code: &str) -> NextStep {
    match code {
        "expired_card"
        | "incorrect_address"
        | "incorrect_cvc"
        | "incorrect_number"
        | "incorrect_pin"
        | "incorrect_zip"
        | "invalid_cvc"
        | "invalid_expiry_month"
        | "invalid_expiry_year"
        | "invalid_number"
        | "invalid_pin" => NextStep::CorrectDetails,
        "approve_with_id"
        | "issuer_not_available"
        | "processing_error"
        | "reenter_transaction"
        | "try_again_later" => NextStep::TryAgainLater,
        // The same sale was charged to the same card a moment ago: whoever pays again may pay twice.
        "duplicate_transaction" => NextStep::ContactMerchant,
        "amount_too_large" | "amount_too_small" | "invalid_amount" => NextStep::ContactMerchant,
        // Whatever else the issuer said no to, the intent stays open for another card.
        _ => NextStep::UseAnotherPaymentMethod,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decline(code: &str, decline_code: Option<&str>) -> WireDecline {
        WireDecline {
            code: Some(code.into()),
            decline_code: decline_code.map(Into::into),
            message: Some("Your card has insufficient funds.".into()),
        }
    }

    #[test]
    fn the_issuers_code_comes_first() {
        let failure = failure(&decline("card_declined", Some("insufficient_funds")));
        assert_eq!(failure.code, "insufficient_funds");
        assert_eq!(failure.message, "Your card has insufficient funds.");
        assert_eq!(failure.next_step, NextStep::UseAnotherPaymentMethod);
    }

    #[test]
    fn the_payer_is_told_what_helps() {
        let step = |code| failure(&decline(code, None)).next_step;
        assert_eq!(step("incorrect_cvc"), NextStep::CorrectDetails);
        assert_eq!(step("expired_card"), NextStep::CorrectDetails);
        assert_eq!(step("processing_error"), NextStep::TryAgainLater);
        assert_eq!(step("duplicate_transaction"), NextStep::ContactMerchant);
        assert_eq!(step("fraudulent"), NextStep::UseAnotherPaymentMethod);
        assert_eq!(step("a_code_of_next_year"), NextStep::UseAnotherPaymentMethod);
    }

    #[test]
    fn a_decline_that_says_nothing_still_says_something() {
        let failure = failure(&WireDecline::default());
        assert_eq!(
            (failure.code.as_str(), failure.message.as_str()),
            ("declined", "The payment was declined.")
        );
    }
}
