//! What can be meant to happen to a payment.

/// What is meant to happen to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Story {
    /// A card in the request is charged at once.
    PaidAtOnce,
    /// A card in the request is declined.
    DeclinedAtOnce,
    /// The payer pays after the payment was created.
    PaidLater,
    /// The payer's card is declined.
    Declined,
    /// The payer's first card is declined, the second one pays.
    SecondCard,
    /// The payer's card asks for 3-D Secure, which is passed.
    Authenticated,
    /// The payer never comes.
    NeverPaid,
    /// The same request is sent again after it was answered.
    SentTwice,
    /// The same request is sent twice at the same moment.
    SentTwiceAtOnce,
    /// Another request is sent under the same key when the first one was answered.
    OtherBody,
    /// Another request is sent under the same key at the same moment.
    OtherBodyAtOnce,
    /// The client waits for the finished payment.
    Waiting,
}

const VISA: &str = "pm_card_visa";
const DECLINED: &str = "pm_card_chargeDeclined";
const NEEDS_AUTHENTICATION: &str = "pm_card_authenticationRequired";

impl Story {
    /// The stories, those that money moves in more often.
    pub const SHARES: [(Self, u32); 12] = [
        (Self::PaidAtOnce, 4),
        (Self::DeclinedAtOnce, 1),
        (Self::PaidLater, 4),
        (Self::Declined, 1),
        (Self::SecondCard, 2),
        (Self::Authenticated, 1),
        (Self::NeverPaid, 1),
        (Self::SentTwice, 2),
        (Self::SentTwiceAtOnce, 2),
        (Self::OtherBody, 1),
        (Self::OtherBodyAtOnce, 1),
        (Self::Waiting, 2),
    ];

    /// The card in the request.
    pub(super) const fn payment_method(self) -> Option<&'static str> {
        match self {
            Self::PaidAtOnce | Self::SentTwiceAtOnce | Self::Waiting | Self::OtherBodyAtOnce => Some(VISA),
            Self::DeclinedAtOnce => Some(DECLINED),
            Self::PaidLater
            | Self::Declined
            | Self::SecondCard
            | Self::Authenticated
            | Self::NeverPaid
            | Self::SentTwice
            | Self::OtherBody => None,
        }
    }

    /// The cards that the payer uses at the provider, one after the other.
    pub(super) const fn cards(self) -> &'static [&'static str] {
        match self {
            Self::PaidLater | Self::SentTwice | Self::OtherBody => &[VISA],
            Self::Declined => &[DECLINED],
            Self::SecondCard => &[DECLINED, VISA],
            Self::Authenticated => &[NEEDS_AUTHENTICATION],
            Self::PaidAtOnce
            | Self::DeclinedAtOnce
            | Self::NeverPaid
            | Self::SentTwiceAtOnce
            | Self::OtherBodyAtOnce
            | Self::Waiting => &[],
        }
    }

    /// Whether another request comes under the same key.
    pub(super) const fn has_other_body(self) -> bool {
        matches!(self, Self::OtherBody | Self::OtherBodyAtOnce)
    }
}
