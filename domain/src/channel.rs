//! What the pipeline and a payment provider say to each other, in Sluice's words.
//!
//! A channel translates its provider's format into these types at its own edge. The most important line drawn here is
//! between an answer and the lack of one: [`CallError::Declined`] and [`CallError::Refused`] are decisions of the
//! provider, [`CallError::NotDone`] means that surely nothing happened, and [`CallError::Unknown`] means that money may
//! have moved and somebody has to ask.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{money::Money, payment::Failure};

mod connect;
mod intent;
mod method;
mod next_action;
mod refund;
mod statement;

pub use connect::{
    AccountLink, ChannelAccount, ChannelTransfer, Destination, NewAccount, NewAccountLink, NewTransfer,
    Requirements,
};
pub use intent::{Intent, IntentRef, IntentStatus, NewIntent};
pub use method::{Flow, Method, UnknownFlow, UnknownMethod};
pub use next_action::{NextAction, PayerStep};
pub use refund::{ChannelRefund, ChannelRefundStatus, NewRefund, RefundReason, RefundRef};
pub use statement::{Statement, StatementEntry, StatementKind, UnreadableEntry};

/// What a payment is paid through: a provider, or our own ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Stripe, by payment intents.
    Stripe,
    /// Alipay, by trades of its open platform.
    Alipay,
    /// WeChat Pay, by transactions of its API v3.
    Wechat,
    /// PayPal, by orders.
    Paypal,
    /// The payer's wallet with the merchant: our own ledger moves the money, and nobody outside is asked. Only a payment that
    /// asks for it goes there.
    Wallet,
}

impl Channel {
    /// Every channel.
    pub const ALL: &'static [Channel] = &[
        Channel::Stripe,
        Channel::Alipay,
        Channel::Wechat,
        Channel::Paypal,
        Channel::Wallet,
    ];

    /// The channels that are providers: with credentials, callbacks and routes.
    pub const PROVIDERS: &'static [Channel] =
        &[Channel::Stripe, Channel::Alipay, Channel::Wechat, Channel::Paypal];

    /// Whether somebody outside moves the money.
    pub const fn is_provider(self) -> bool {
        !matches!(self, Channel::Wallet)
    }

    /// The name used in URLs, tables, metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Channel::Stripe => "stripe",
            Channel::Alipay => "alipay",
            Channel::Wechat => "wechat",
            Channel::Paypal => "paypal",
            Channel::Wallet => "wallet",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name is not that of a channel.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("unknown channel {0:?}")]
pub struct UnknownChannel(pub String);

impl FromStr for Channel {
    type Err = UnknownChannel;

    fn from_str(name: &str) -> Result<Self, UnknownChannel> {
        let found = Channel::ALL.iter().find(|channel| channel.name() == name);
        found
            .copied()
            .ok_or_else(|| UnknownChannel(name.chars().take(32).collect()))
    }
}

/// The provider's object for a dispute about money that was paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelDispute {
    /// The provider's id of it.
    pub id: String,
    /// The intent it is about.
    pub intent_id: String,
    /// How much is disputed.
    pub money: Money,
    /// The provider's word for why.
    pub reason: String,
    /// Where it stands.
    pub status: ChannelDisputeStatus,
}

/// Where a dispute stands. A provider's mere warning moves no money and is none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelDisputeStatus {
    /// The money is withheld until it is decided.
    Open,
    /// Decided for the merchant: the money is back.
    Won,
    /// Decided for the payer: the money is gone.
    Lost,
}

/// Why a call to a provider gave nothing.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum CallError {
    /// The provider answered that this payer cannot pay this way. Final for this attempt; asking again is useless.
    #[error("declined: {}", .0.code)]
    Declined(Failure),
    /// The provider answered that our request is wrong (a bad parameter, a bad key). Repeating it is useless.
    #[error("refused by the provider: {code}: {message}")]
    Refused {
        /// The provider's code.
        code: String,
        /// The provider's explanation.
        message: String,
    },
    /// Surely nothing was done, because the provider allows no more for the moment. It is nobody's failure: what was asked
    /// for is asked again after a while.
    #[error("not now: {message}")]
    Limited {
        /// What the provider, or the channel's own limit, said.
        message: String,
        /// How long to wait.
        retry_after: Duration,
        /// Whether it is our own limit: the provider is well, and has nothing to do with it.
        is_own: bool,
    },
    /// Surely nothing was done: no connection could be made, or the provider asked us to come back later.
    #[error("not done: {message}")]
    NotDone {
        /// What went wrong.
        message: String,
        /// How long the provider asked us to wait.
        retry_after: Option<Duration>,
    },
    /// The answer never came or cannot be understood: it may or may not have been done.
    #[error("outcome unknown: {message}")]
    Unknown {
        /// What went wrong.
        message: String,
    },
}

impl CallError {
    /// The code of a refusal because the provider does not take the merchant's credentials.
    pub const NOT_AUTHENTICATED: &str = "authentication_failed";
    /// The code of a refusal because the merchant's credentials do not allow what was asked for.
    pub const NOT_PERMITTED: &str = "not_permitted";

    /// Whether it is a refusal of the merchant's credentials, which says nothing about what was asked for.
    pub fn is_about_credentials(&self) -> bool {
        let codes = [Self::NOT_AUTHENTICATED, Self::NOT_PERMITTED];
        matches!(self, Self::Refused { code, .. } if codes.contains(&code.as_str()))
    }
}

/// What a provider is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Open an intent.
    CreateIntent,
    /// Show an intent.
    RetrieveIntent,
    /// Look for an intent whose answer was lost.
    FindIntent,
    /// Try to pay an intent from the merchant's server.
    ConfirmIntent,
    /// Move the money that a payer has agreed to.
    CaptureIntent,
    /// Close an intent.
    CancelIntent,
    /// Give money back.
    CreateRefund,
    /// Show a refund.
    RetrieveRefund,
    /// Look for a refund whose answer was lost.
    FindRefund,
    /// Tell what moved on an account.
    Statement,
    /// Open an account for somebody, connected to the merchant's own.
    CreateAccount,
    /// Show such an account.
    RetrieveAccount,
    /// Look for such an account whose answer was lost.
    FindAccount,
    /// Make a link to where its owner tells about itself.
    CreateAccountLink,
    /// Send money to such an account.
    CreateTransfer,
    /// Look for money sent there whose answer was lost.
    FindTransfer,
}

impl Operation {
    /// The name in tables, metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateIntent => "create_intent",
            Self::RetrieveIntent => "retrieve_intent",
            Self::FindIntent => "find_intent",
            Self::ConfirmIntent => "confirm_intent",
            Self::CaptureIntent => "capture_intent",
            Self::CancelIntent => "cancel_intent",
            Self::CreateRefund => "create_refund",
            Self::RetrieveRefund => "retrieve_refund",
            Self::FindRefund => "find_refund",
            Self::Statement => "statement",
            Self::CreateAccount => "create_account",
            Self::RetrieveAccount => "retrieve_account",
            Self::FindAccount => "find_account",
            Self::CreateAccountLink => "create_account_link",
            Self::CreateTransfer => "create_transfer",
            Self::FindTransfer => "find_transfer",
        }
    }
}

/// One exchange with a provider, kept in `payment_records` whatever came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// What was asked.
    pub operation: Operation,
    /// What came of it, such as `ok`, `declined`, `unknown`.
    pub outcome: &'static str,
    /// The provider's id of the object that was answered, when there is one: an intent, or a refund.
    pub intent_id: Option<String>,
    /// The error as text, without secrets or personal data.
    pub error: Option<String>,
    /// How long the call took, in milliseconds.
    pub duration_ms: i32,
}
