//! What can be meant to happen to a payment.

use std::time::Duration;

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
    /// All of it is given back.
    Refunded,
    /// It is given back in two parts, one after the other.
    RefundedInParts,
    /// It is given back in two parts at the same moment.
    RefundedInPartsAtOnce,
    /// All of it is asked back twice at the same moment, under two keys: only one can have it.
    RefundedTwiceAtOnce,
    /// One refund is asked for three times under one key: twice at the same moment, and again later.
    RefundSentAgain,
    /// More is asked back than was paid.
    RefundTooLarge,
    /// A payment is asked back that nobody has paid.
    RefundUnpaid,
    /// The provider accepts the refund and makes it later.
    RefundLate,
    /// The refund fails after it had succeeded.
    RefundFails,
    /// The merchant calls it off before anybody pays.
    Canceled,
    /// The merchant calls it off as soon as it is accepted.
    CanceledAtOnce,
    /// The merchant calls it off three times under one key: twice at the same moment, and again later.
    CancelSentAgain,
    /// The merchant calls it off while the payer pays.
    CancelMeetsPayer,
    /// The merchant's server pays it with a card.
    Confirmed,
    /// The merchant's server tries a card that is declined, and then another one.
    ConfirmedBySecondCard,
    /// Nobody pays it in time.
    Expired,
    /// The payer pays at the moment when time is up.
    ExpiryMeetsPayer,
    /// The payer's bank takes it back, and gives it back.
    DisputeWon,
    /// The payer's bank takes it back for good.
    DisputeLost,
}

/// What a story consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Script {
    /// The card in the request.
    pub card: Option<&'static str>,
    /// How the request is sent.
    pub sending: Sending,
    /// The time in which it is to be paid, where the request says so.
    pub expires_in_s: Option<u32>,
    /// The cards that the payer uses at the provider, one after the other.
    pub payer: &'static [&'static str],
    /// What comes then.
    pub then: Then,
}

/// How a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sending {
    /// Until it is known to have arrived.
    Once,
    /// Again after it was answered.
    Twice,
    /// Twice at the same moment.
    TwiceAtOnce,
    /// With another body under the same key when the first one was answered.
    OtherBody,
    /// With another body under the same key at the same moment.
    OtherBodyAtOnce,
    /// Waiting for the finished payment.
    Waiting,
}

/// What is done with a payment that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// Nothing.
    Nothing,
    /// Parts of it are asked back one after the other, each under a key of its own.
    Refund(&'static [Part]),
    /// Two such parts are asked back at the same moment, each under a key of its own.
    RefundAtOnce(Part),
    /// All of it is asked back twice at the same moment and again later, under one key.
    RefundAgain,
    /// It is called off.
    Cancel,
    /// It is called off before anybody knows whether it was opened.
    CancelAtOnce,
    /// It is called off twice at the same moment and again later, under one key.
    CancelAgain,
    /// It is called off while the payer pays.
    CancelMeetsPayer,
    /// The merchant's server pays with these cards, one after the other.
    Confirm(&'static [&'static str]),
    /// Its time runs out.
    Expire,
    /// The payer pays when its time is just up.
    ExpiryMeetsPayer,
    /// The payer disputes it, and the bank decides at once.
    Dispute {
        /// For the merchant.
        won: bool,
    },
}

/// A part of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All that is left, without saying how much.
    Rest,
    /// About half of it.
    Half,
    /// More than there is.
    TooMuch,
}

const VISA: &str = "pm_card_visa";
const DECLINED: &str = "pm_card_chargeDeclined";
const NEEDS_AUTHENTICATION: &str = "pm_card_authenticationRequired";
const REFUNDED_LATE: &str = "pm_card_pendingRefund";
const REFUND_FAILS: &str = "pm_card_refundFail";

/// Long enough to be opened before and short enough to be seen in a run.
const SHORT_S: u32 = 3;
/// The same.
pub(super) const SHORT: Duration = Duration::from_secs(SHORT_S as u64);

/// Whether this card never pays.
pub fn is_declined(card: &str) -> bool {
    card == DECLINED
}

/// Nobody pays, and nothing happens.
const OPEN: Script = Script {
    card: None,
    sending: Sending::Once,
    expires_in_s: None,
    payer: &[],
    then: Then::Nothing,
};
/// The card in the request pays.
const PAID: Script = Script {
    card: Some(VISA),
    ..OPEN
};
/// The payer pays.
const PAID_LATER: Script = Script {
    payer: &[VISA],
    ..OPEN
};

impl Story {
    /// The stories, those that money moves in more often.
    pub const SHARES: [(Self, u32); 31] = [
        (Self::PaidAtOnce, 3),
        (Self::DeclinedAtOnce, 1),
        (Self::PaidLater, 3),
        (Self::Declined, 1),
        (Self::SecondCard, 2),
        (Self::Authenticated, 1),
        (Self::NeverPaid, 1),
        (Self::SentTwice, 2),
        (Self::SentTwiceAtOnce, 2),
        (Self::OtherBody, 1),
        (Self::OtherBodyAtOnce, 1),
        (Self::Waiting, 2),
        (Self::Refunded, 2),
        (Self::RefundedInParts, 2),
        (Self::RefundedInPartsAtOnce, 2),
        (Self::RefundedTwiceAtOnce, 3),
        (Self::RefundSentAgain, 2),
        (Self::RefundTooLarge, 1),
        (Self::RefundUnpaid, 1),
        (Self::RefundLate, 2),
        (Self::RefundFails, 2),
        (Self::Canceled, 1),
        (Self::CanceledAtOnce, 1),
        (Self::CancelSentAgain, 1),
        (Self::CancelMeetsPayer, 2),
        (Self::Confirmed, 1),
        (Self::ConfirmedBySecondCard, 1),
        (Self::Expired, 1),
        (Self::ExpiryMeetsPayer, 2),
        (Self::DisputeWon, 1),
        (Self::DisputeLost, 1),
    ];

    pub(super) const fn script(self) -> Script {
        match self {
            Self::PaidAtOnce => PAID,
            Self::DeclinedAtOnce => Script {
                card: Some(DECLINED),
                ..OPEN
            },
            Self::PaidLater => PAID_LATER,
            Self::Declined => paid_with(&[DECLINED]),
            Self::SecondCard => paid_with(&[DECLINED, VISA]),
            Self::Authenticated => paid_with(&[NEEDS_AUTHENTICATION]),
            Self::NeverPaid => OPEN,
            Self::SentTwice => sent(Sending::Twice, PAID_LATER),
            Self::SentTwiceAtOnce => sent(Sending::TwiceAtOnce, PAID),
            Self::OtherBody => sent(Sending::OtherBody, PAID_LATER),
            Self::OtherBodyAtOnce => sent(Sending::OtherBodyAtOnce, PAID),
            Self::Waiting => sent(Sending::Waiting, PAID),
            Self::Refunded => then(Then::Refund(&[Part::Rest]), PAID_LATER),
            Self::RefundedInParts => then(Then::Refund(&[Part::Half, Part::Rest]), PAID),
            Self::RefundedInPartsAtOnce => then(Then::RefundAtOnce(Part::Half), PAID),
            Self::RefundedTwiceAtOnce => then(Then::RefundAtOnce(Part::Rest), PAID),
            Self::RefundSentAgain => then(Then::RefundAgain, PAID),
            Self::RefundTooLarge => then(Then::Refund(&[Part::TooMuch]), PAID),
            Self::RefundUnpaid => then(Then::Refund(&[Part::Rest]), OPEN),
            Self::RefundLate => then(Then::Refund(&[Part::Half]), paid_with(&[REFUNDED_LATE])),
            Self::RefundFails => then(Then::Refund(&[Part::Rest]), paid_with(&[REFUND_FAILS])),
            Self::Canceled => then(Then::Cancel, OPEN),
            Self::CanceledAtOnce => then(Then::CancelAtOnce, OPEN),
            Self::CancelSentAgain => then(Then::CancelAgain, OPEN),
            Self::CancelMeetsPayer => then(Then::CancelMeetsPayer, OPEN),
            Self::Confirmed => then(Then::Confirm(&[VISA]), OPEN),
            Self::ConfirmedBySecondCard => then(Then::Confirm(&[DECLINED, VISA]), OPEN),
            Self::Expired => in_short_time(Then::Expire),
            Self::ExpiryMeetsPayer => in_short_time(Then::ExpiryMeetsPayer),
            Self::DisputeWon => then(Then::Dispute { won: true }, PAID),
            Self::DisputeLost => then(Then::Dispute { won: false }, PAID),
        }
    }
}

const fn paid_with(payer: &'static [&'static str]) -> Script {
    Script { payer, ..OPEN }
}

const fn sent(sending: Sending, script: Script) -> Script {
    Script { sending, ..script }
}

const fn then(then: Then, script: Script) -> Script {
    Script { then, ..script }
}

const fn in_short_time(then: Then) -> Script {
    Script {
        expires_in_s: Some(SHORT_S),
        then,
        ..OPEN
    }
}

impl Script {
    /// Whether another request comes under the same key.
    pub(super) const fn has_other_body(self) -> bool {
        matches!(self.sending, Sending::OtherBody | Sending::OtherBodyAtOnce)
    }
}

impl Part {
    /// How much of a payment it is, in minor units; none for what is asked for without saying how much.
    pub(super) const fn of(self, amount_minor: i64) -> Option<i64> {
        match self {
            Self::Rest => None,
            Self::Half => Some(amount_minor / 2),
            Self::TooMuch => Some(amount_minor + 1),
        }
    }
}
