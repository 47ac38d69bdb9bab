//! The provider's object for a payment: what is asked for, and what is told of it.

use chrono::{DateTime, Utc};

use crate::{
    channel::{Destination, Flow, Method, NextAction},
    id::PaymentId,
    money::Money,
    payment::{Failure, Payer},
};

/// What a channel needs to open an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIntent {
    /// The payment it is for; the provider stores it and sends it back in callbacks.
    pub payment_id: PaymentId,
    /// How much to charge.
    pub money: Money,
    /// What the payer reads on the provider's side.
    pub description: Option<String>,
    /// A payment method known to the provider. When given, the provider is asked to charge it at once.
    pub payment_method: Option<String>,
    /// Where the payer's browser goes after a step outside of the merchant's page, such as 3-D Secure.
    pub return_url: Option<String>,
    /// With what the payer pays; whatever the merchant has switched on at the provider when it is not said.
    pub method: Option<Method>,
    /// How the payer gets there; the channel's first way for the method when it is not said.
    pub flow: Option<Flow>,
    /// What some flows need to know of the payer.
    pub payer: Payer,
    /// After this the intent must not be paid any more, where the provider can be told so.
    pub expires_at: DateTime<Utc>,
    /// Where the provider sends callbacks about it, where that is said with each intent.
    pub callback_url: String,
    /// The provider's account that is paid through the merchant's own, where it is not the merchant's own.
    pub connected_account: Option<String>,
    /// Where the money goes on to, if anywhere.
    pub destination: Option<Destination>,
}

/// An intent that its provider is asked about, as far as it is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntentRef {
    /// The provider's id of it.
    pub id: String,
    /// What it is for; none for an intent of which only the id is known. Some providers do not show an intent before the
    /// payer has seen it, and its channel answers from here.
    pub money: Option<Money>,
    /// The provider's account that it was opened for, as in [`NewIntent`].
    pub connected_account: Option<String>,
}

impl IntentRef {
    /// An intent of which only the id is known.
    pub fn named(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            money: None,
            connected_account: None,
        }
    }
}

/// The provider's object for a payment, as far as Sluice cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The provider's id of it.
    pub id: String,
    /// The payment it was opened for, when it carries our mark.
    pub payment_id: Option<PaymentId>,
    /// What it is about to charge.
    pub money: Money,
    /// What was really received so far, in minor units of the same currency.
    pub received_minor: i64,
    /// Where it stands.
    pub status: IntentStatus,
    /// What the payer needs to pay it, where the provider said.
    pub next_action: Option<NextAction>,
    /// Where its money goes on to, if anywhere. Few go anywhere, so it takes no more place than a pointer.
    pub destination: Option<Box<Destination>>,
}

/// Where a provider's intent stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntentStatus {
    /// The payer has to do something: enter a card, pass 3-D Secure.
    RequiresAction,
    /// The last attempt to pay was declined; another attempt may still succeed.
    Declined(Failure),
    /// The payer has agreed; no money moves before it is captured, which is ours to ask for.
    Approved,
    /// The provider is at work and will tell.
    Processing,
    /// Money was received.
    Succeeded,
    /// It was closed and can no longer be paid.
    Canceled,
}

impl IntentStatus {
    /// The name used in errors and logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RequiresAction => "requires_action",
            Self::Declined(_) => "declined",
            Self::Approved => "approved",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}
