//! What a channel's bench gives to the cases: the double of its provider, the payer, the dials and the truth.

use std::time::Duration;

use channels::{CallbackVerifier, Channels, Credentials, capabilities};
use chrono::{DateTime, Utc};
use domain::{
    channel::{Channel, ChannelRefund, Intent, IntentRef, NewIntent},
    currency::Currency,
    id::PaymentId,
};
use serde_json::Value;

use crate::{
    listener::{Listener, RawCallback},
    stand::Stand,
};

/// One channel at the double of its provider, with an account there and a place where its callbacks arrive.
///
/// A bench says how things are done at this provider; what must come of them is the cases' to say. It therefore asserts
/// nothing but that its orders were carried out.
pub trait Bench: Sized {
    /// The channel.
    const CHANNEL: Channel;
    /// For how long after it was signed a callback is taken: days, where the provider sends for days what it signed once.
    const STALE_AFTER: Duration;
    /// The cases that do not apply at this provider, each with the reason. Nothing else is left out.
    const EXEMPT: &'static [(&'static str, &'static str)];

    /// Starts the sandbox, opens an account with its double and has the callbacks sent to a listener.
    async fn start() -> Self;

    /// The sandbox, and the channels pointed at it.
    fn stand(&self) -> &Stand;

    /// Where the callbacks arrive. Answers with [`CallbackRules::taken`](channels::CallbackRules).
    fn listener(&self) -> &Listener;

    /// The merchant's credentials, as the double knows them.
    fn credentials(&self) -> &Credentials;

    /// Credentials of the same kind that the double does not know.
    fn unknown_credentials(&self) -> Credentials;

    /// What callbacks are verified with.
    fn verifier(&self) -> &CallbackVerifier;

    /// A payment that nobody has opened yet, in the way that most of its provider can be shown with. Each call gives
    /// another payment; the amount is at least 300 minor units, and every one of them can be refunded.
    fn new_intent(&self) -> NewIntent;

    /// An id as the provider gives them, of an intent that it does not have.
    fn id_of_nobody(&self) -> String;

    /// The payer comes to see what is to be paid, without paying. Of use where the provider knows no intent before that.
    async fn payer_looks(&self, _intent: &Intent) {}

    /// The payer does their part: pays, or agrees where the money moves by our capture. Says whether the provider let it
    /// be.
    async fn payer_agrees(&self, intent: &Intent) -> bool;

    /// The payer tries to pay and is declined: at once, or when the money is captured.
    async fn payer_is_declined(&self, intent: &Intent);

    /// The payer's money arrives for an intent that was closed meanwhile, because it was under way.
    async fn payment_arrives_late(&self, intent: &Intent);

    /// The provider carries out a refund that it has taken. Of use where it does not do so at once.
    async fn refund_arrives(&self, _refund: &ChannelRefund) {}

    /// As much time passes as has to lie between two refunds of a payment.
    async fn refunds_rest(&self) {}

    /// A dial for the sandbox's `faults`: the next calls of an operation go wrong in this way, `times` of them.
    fn dial(&self, operation: Operation, fault: &str, times: u32) -> Value;

    /// How often the money of a payment moved in truth, as the double keeps it.
    async fn truth(&self, payment_id: PaymentId) -> Truth;

    /// A callback as it would be had somebody else written it, or had the provider something else to say.
    async fn forged(&self, callback: &RawCallback, forgery: &Forgery) -> RawCallback;

    /// The channels under test.
    fn channels(&self) -> &Channels {
        &self.stand().channels
    }

    /// Whether the money moves by a capture of ours.
    fn captures(&self) -> bool {
        capabilities(Self::CHANNEL).captures
    }
}

/// What a call to the provider is for. Where two are the same call there, they share their dials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Open,
    Show,
    Find,
    Close,
    Capture,
    Refund,
    ShowRefund,
    FindRefund,
}

/// What the double knows of a payment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Truth {
    /// How many intents were opened for it.
    pub intents: usize,
    /// How often the payer's money was taken.
    pub payments: usize,
    /// How much was taken in all, in our minor units.
    pub received_minor: i64,
    /// How many refunds took effect or are under way.
    pub refunds: usize,
    /// How much they give back in all, in our minor units.
    pub refunded_minor: i64,
}

/// How a callback is made that the provider did not send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forgery {
    /// The same, signed by a key that is not the provider's.
    AnotherKey,
    /// Signed by the provider, at another time.
    SignedAt(DateTime<Utc>),
    /// Signed by the provider, showing another amount, in our minor units.
    Amount(i64),
    /// Signed by the provider, showing the same figures in another currency.
    Currency(Currency),
    /// Signed by the provider, about another merchant's account.
    Account,
    /// Signed by the provider, about another object of its own.
    Object(String),
}

/// The intent as the pipeline knows it after it was opened.
pub fn known(new: &NewIntent, intent: &Intent) -> IntentRef {
    IntentRef {
        id: intent.id.clone(),
        money: Some(new.money),
        connected_account: new.connected_account.clone(),
    }
}
