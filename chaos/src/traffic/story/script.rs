//! What stories consist of.

use std::time::Duration;

use crate::journal::Provider;

/// What a story consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::traffic) struct Script {
    /// The provider that the payment goes through.
    pub through: Provider,
    /// The card in the request.
    pub card: Option<&'static str>,
    /// How the request is sent.
    pub sending: Sending,
    /// The time in which it is to be paid, where the request says so.
    pub expires_in_s: Option<u32>,
    /// The cards that the payer uses at the provider, one after the other, or what is done there in place of a card.
    pub payer: &'static [&'static str],
    /// What comes then.
    pub then: Then,
}

/// How a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::traffic) enum Sending {
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
pub(in crate::traffic) enum Then {
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
pub(in crate::traffic) enum Part {
    /// All that is left, without saying how much.
    Rest,
    /// About half of it.
    Half,
    /// More than there is.
    TooMuch,
}

/// Long enough to be opened before and short enough to be seen in a run.
const SHORT_S: u32 = 3;
/// The same.
pub(in crate::traffic) const SHORT: Duration = Duration::from_secs(SHORT_S as u64);

/// Nobody pays, and nothing happens.
pub(super) const OPEN: Script = Script {
    through: Provider::Stripe,
    card: None,
    sending: Sending::Once,
    expires_in_s: None,
    payer: &[],
    then: Then::Nothing,
};
/// The card in the request pays.
pub(super) const PAID: Script = Script {
    card: Some(super::VISA),
    ..OPEN
};
/// The payer pays.
pub(super) const PAID_LATER: Script = Script {
    payer: &[super::VISA],
    ..OPEN
};

pub(super) const fn paid_with(payer: &'static [&'static str]) -> Script {
    Script { payer, ..OPEN }
}

pub(super) const fn sent(sending: Sending, script: Script) -> Script {
    Script { sending, ..script }
}

pub(super) const fn then(then: Then, script: Script) -> Script {
    Script { then, ..script }
}

pub(super) const fn in_short_time(then: Then) -> Script {
    Script {
        expires_in_s: Some(SHORT_S),
        then,
        ..OPEN
    }
}

/// A payment that its payer pays through another provider than Stripe.
pub(super) const fn paid_at(through: Provider, payer: &'static [&'static str]) -> Script {
    Script {
        through,
        payer,
        ..OPEN
    }
}

impl Script {
    /// Whether another request comes under the same key.
    pub(in crate::traffic) const fn has_other_body(self) -> bool {
        matches!(self.sending, Sending::OtherBody | Sending::OtherBodyAtOnce)
    }
}

impl Part {
    /// How much of a payment it is, in minor units; none for what is asked for without saying how much.
    pub(in crate::traffic) const fn of(self, amount_minor: i64) -> Option<i64> {
        match self {
            Self::Rest => None,
            Self::Half => Some(amount_minor / 2),
            Self::TooMuch => Some(amount_minor + 1),
        }
    }
}
