//! The test cards and what happens when they are charged: one table, by number and by `pm_card_…` name.

use super::wallets::Wallet;

/// What a payment method does when it is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// The charge succeeds.
    Approve,
    /// The charge fails.
    Decline(Decline),
    /// The payer must authenticate, then the charge succeeds or fails as told.
    Authenticate(Option<Decline>),
    /// The charge succeeds; refunds stay pending and succeed later.
    RefundLate,
    /// The charge succeeds; refunds succeed and fail later.
    RefundFails,
    /// A bank debit that stays in processing; it ends by itself as told, or not at all.
    Debit(Option<DebitEnd>),
    /// The payer must agree on the wallet's page or by its code, then the charge succeeds.
    Wallet(Wallet),
}

impl Reaction {
    /// Whether a charge succeeds without anybody else's doing.
    pub fn pays_at_once(self) -> bool {
        matches!(self, Self::Approve | Self::RefundLate | Self::RefundFails)
    }
}

/// How a bank debit ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DebitEnd {
    /// The money came.
    Paid,
    /// The bank sent it back.
    Failed,
}

/// Why a card was declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decline {
    /// `code` of the error.
    pub code: &'static str,
    /// `decline_code` of the error.
    pub decline_code: &'static str,
    /// What the payer may be told.
    pub message: &'static str,
}

const fn declined(decline_code: &'static str, message: &'static str) -> Decline {
    Decline {
        code: "card_declined",
        decline_code,
        message,
    }
}

const fn refused(code: &'static str, message: &'static str) -> Decline {
    Decline {
        code,
        decline_code: code,
        message,
    }
}

const GENERIC: Decline = declined("generic_decline", "Your card was declined.");
const INSUFFICIENT: Decline = declined("insufficient_funds", "Your card has insufficient funds.");
const LOST: Decline = declined("lost_card", "Your card was declined.");
const STOLEN: Decline = declined("stolen_card", "Your card was declined.");
const VELOCITY: Decline = declined(
    "card_velocity_exceeded",
    "Your card was declined for making repeated attempts too frequently.",
);
const FRAUDULENT: Decline = declined("fraudulent", "Your card was declined.");
const EXPIRED: Decline = refused("expired_card", "Your card has expired.");
const CVC: Decline = refused("incorrect_cvc", "Your card's security code is incorrect.");
const PROCESSING: Decline = refused(
    "processing_error",
    "An error occurred while processing your card. Try again later.",
);
/// A payer who is not there cannot authenticate.
pub const NEEDS_AUTHENTICATION: Decline = Decline {
    code: "authentication_required",
    decline_code: "authentication_required",
    message: "Your card was declined. This transaction requires authentication.",
};
/// What a bank debit that is sent back reports.
pub const DEBIT_RETURNED: Decline = Decline {
    code: "payment_intent_payment_attempt_failed",
    decline_code: "insufficient_funds",
    message: "The payment failed: the bank account has insufficient funds.",
};

/// A test card.
#[derive(Debug, Clone, Copy)]
pub struct Card {
    /// Its number.
    pub number: &'static str,
    /// Its brand.
    pub brand: &'static str,
    /// What happens when it is charged.
    pub reaction: Reaction,
    name: &'static str,
}

const fn card(number: &'static str, name: &'static str, brand: &'static str, reaction: Reaction) -> Card {
    Card {
        number,
        brand,
        reaction,
        name,
    }
}

const fn visa(number: &'static str, name: &'static str, reaction: Reaction) -> Card {
    card(number, name, "visa", reaction)
}

use Reaction::{Approve, Authenticate, Debit, Decline as Refuse};

/// The cards, by number and by the name after `pm_card_`.
const CARDS: &[Card] = &[
    visa("4242424242424242", "visa", Approve),
    visa("4000056655665556", "visa_debit", Approve),
    card("5555555555554444", "mastercard", "mastercard", Approve),
    card("378282246310005", "amex", "amex", Approve),
    card("6011111111111117", "discover", "discover", Approve),
    card("6200000000000005", "unionpay", "unionpay", Approve),
    visa("4000000000000002", "chargeDeclined", Refuse(GENERIC)),
    visa(
        "4000000000009995",
        "chargeDeclinedInsufficientFunds",
        Refuse(INSUFFICIENT),
    ),
    visa("4000000000009987", "chargeDeclinedLostCard", Refuse(LOST)),
    visa("4000000000009979", "chargeDeclinedStolenCard", Refuse(STOLEN)),
    visa("4000000000000069", "chargeDeclinedExpiredCard", Refuse(EXPIRED)),
    visa("4000000000000127", "chargeDeclinedIncorrectCvc", Refuse(CVC)),
    visa(
        "4000000000000119",
        "chargeDeclinedProcessingError",
        Refuse(PROCESSING),
    ),
    visa(
        "4000000000006975",
        "chargeDeclinedVelocityLimitExceeded",
        Refuse(VELOCITY),
    ),
    visa("4100000000000019", "chargeDeclinedFraudulent", Refuse(FRAUDULENT)),
    visa("4100000000000019", "radarBlock", Refuse(FRAUDULENT)),
    visa(
        "4000002500003155",
        "authenticationRequiredOnSetup",
        Authenticate(None),
    ),
    visa("4000002760003184", "authenticationRequired", Authenticate(None)),
    visa("4000000000003220", "threeDSecure2Required", Authenticate(None)),
    visa(
        "4000008400001629",
        "threeDSecureRequiredChargeDeclined",
        Authenticate(Some(GENERIC)),
    ),
    visa("4000000000007726", "pendingRefund", Reaction::RefundLate),
    visa("4000000000005126", "refundFail", Reaction::RefundFails),
];

/// Bank debits by their `pm_…` name.
const DEBITS: &[(&str, Reaction)] = &[
    ("pm_usBankAccount_success", Debit(Some(DebitEnd::Paid))),
    (
        "pm_usBankAccount_insufficientFunds",
        Debit(Some(DebitEnd::Failed)),
    ),
    ("pm_usBankAccount_processing", Debit(None)),
];

impl Card {
    /// The card of this number.
    pub fn numbered(number: &str) -> Option<Self> {
        CARDS.iter().find(|card| card.number == number).copied()
    }

    /// The card behind `pm_card_…`, `pm_card_visa_…` or `tok_…`.
    pub fn named(name: &str) -> Option<Self> {
        let name = name
            .strip_prefix("pm_card_")
            .or_else(|| name.strip_prefix("tok_"))?;
        let bare = name.strip_prefix("visa_").unwrap_or(name);
        CARDS
            .iter()
            .find(|card| card.name == name || card.name == bare)
            .copied()
    }

    /// The last four digits.
    pub fn last4(&self) -> &'static str {
        &self.number[self.number.len() - 4..]
    }
}

/// What happens to the bank debit of this name.
pub fn debit(name: &str) -> Option<Reaction> {
    DEBITS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, reaction)| *reaction)
}
