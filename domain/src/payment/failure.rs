//! Why a payment did not go through, told so that the payer can do something about it.

use serde::{Deserialize, Serialize};

/// What the payer can do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// Try another card or another way to pay; the intent is still open.
    UseAnotherPaymentMethod,
    /// Try again with the same card after correcting what was entered.
    CorrectDetails,
    /// Pay again later, under a new payment.
    TryAgainLater,
    /// Wait: people are looking at it. Paying again now might pay twice.
    Wait,
    /// Nothing; the merchant has to change the request.
    ContactMerchant,
}

/// Why a payment did not go through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A stable code: a provider's decline code, or one of ours such as `provider_unavailable`.
    pub code: String,
    /// One sentence for people, without secrets or personal data.
    pub message: String,
    /// What the payer can do next.
    pub next_step: NextStep,
}

impl Failure {
    /// The provider could not be reached often enough, and surely charged nothing.
    pub fn provider_unavailable() -> Self {
        Self {
            code: "provider_unavailable".into(),
            message: "The payment provider could not be reached. Nothing was charged.".into(),
            next_step: NextStep::TryAgainLater,
        }
    }

    /// The provider's answer is unknown, even after asking it.
    pub fn outcome_unknown() -> Self {
        Self {
            code: "outcome_unknown".into(),
            message:
                "The payment provider did not say whether the payment was made. It is being looked into."
                    .into(),
            next_step: NextStep::Wait,
        }
    }

    /// The provider's answer about a refund is unknown, even after asking it.
    pub fn refund_outcome_unknown() -> Self {
        Self {
            code: "outcome_unknown".into(),
            message: "The payment provider did not say whether the refund was made. It is being looked into."
                .into(),
            next_step: NextStep::Wait,
        }
    }

    /// The provider could not be reached often enough, and surely refunded nothing.
    pub fn refund_unavailable() -> Self {
        Self {
            code: "provider_unavailable".into(),
            message: "The payment provider could not be reached. Nothing was refunded.".into(),
            next_step: NextStep::TryAgainLater,
        }
    }

    /// The merchant is not set up for the provider.
    pub fn not_configured() -> Self {
        Self {
            code: "not_configured".into(),
            message: "This merchant is not set up for the payment provider. Nothing was charged.".into(),
            next_step: NextStep::ContactMerchant,
        }
    }

    /// The merchant is not set up for the provider that the payment was made through.
    pub fn refund_not_configured() -> Self {
        Self {
            code: "not_configured".into(),
            message: "This merchant is not set up for the payment provider. Nothing was refunded.".into(),
            next_step: NextStep::ContactMerchant,
        }
    }

    /// The payer's wallet does not pay it. `code` is ours, `problem` the same for people.
    pub fn wallet_declined(code: &str, problem: &str) -> Self {
        Self {
            code: code.into(),
            message: format!("Nothing was charged: {problem}."),
            next_step: NextStep::TryAgainLater,
        }
    }

    /// The refund cannot be made as it was asked for, and nothing was sent to the provider.
    pub fn refund_refused(code: &str, problem: &str) -> Self {
        Self {
            code: code.into(),
            message: format!("Nothing was refunded: {problem}."),
            next_step: NextStep::ContactMerchant,
        }
    }

    /// The provider could not be reached often enough, and surely opened no account.
    pub fn account_unavailable() -> Self {
        Self {
            code: "provider_unavailable".into(),
            message: "The payment provider could not be reached. No account was opened.".into(),
            next_step: NextStep::TryAgainLater,
        }
    }

    /// The provider's answer about an account is unknown, even after asking it.
    pub fn account_outcome_unknown() -> Self {
        Self {
            code: "outcome_unknown".into(),
            message:
                "The payment provider did not say whether it opened the account. It is being looked into."
                    .into(),
            next_step: NextStep::Wait,
        }
    }

    /// The merchant is not set up for the provider at which an account was asked for.
    pub fn account_not_configured() -> Self {
        Self {
            code: "not_configured".into(),
            message: "This merchant is not set up for the payment provider. No account was opened.".into(),
            next_step: NextStep::ContactMerchant,
        }
    }

    /// The provider could not be reached often enough, and surely paid nothing out.
    pub fn payout_unavailable() -> Self {
        Self {
            code: "provider_unavailable".into(),
            message: "The payment provider could not be reached. Nothing was paid out.".into(),
            next_step: NextStep::TryAgainLater,
        }
    }

    /// The merchant is not set up for the provider that was to pay something out.
    pub fn payout_not_configured() -> Self {
        Self {
            code: "not_configured".into(),
            message: "This merchant is not set up for the payment provider. Nothing was paid out.".into(),
            next_step: NextStep::ContactMerchant,
        }
    }

    /// The provider refused to open an account. Its words are for the merchant, and are not shown to the account's owner.
    pub fn account_refused() -> Self {
        Self {
            code: "refused_by_provider".into(),
            message: "The payment provider refused to open the account.".into(),
            next_step: NextStep::ContactMerchant,
        }
    }

    /// The provider refused to pay something out. Its words are for the merchant, and are not shown to the wallet's owner.
    pub fn payout_refused() -> Self {
        Self {
            code: "refused_by_provider".into(),
            message: "The payment provider refused to pay it out.".into(),
            next_step: NextStep::ContactMerchant,
        }
    }

    /// The provider said that the request itself is wrong.
    pub fn refused(code: &str, message: &str) -> Self {
        Self {
            code: code.into(),
            message: format!("The payment provider refused the request: {message}"),
            next_step: NextStep::ContactMerchant,
        }
    }

    /// The provider took a refund and did not carry it out, or the money came back. `code` is the provider's word for why,
    /// `sentence` the same for people.
    pub fn not_refunded(code: &str, sentence: &str) -> Self {
        Self {
            code: code.into(),
            message: format!("The refund failed. {sentence}"),
            next_step: NextStep::ContactMerchant,
        }
    }
}
