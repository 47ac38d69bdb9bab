//! What the pipeline and a payment provider say to each other, in Sluice's words.
//!
//! A channel translates its provider's format into these types at its own edge. The most important line drawn here is
//! between an answer and the lack of one: [`CallError::Declined`] and [`CallError::Refused`] are decisions of the
//! provider, [`CallError::NotDone`] means that surely nothing happened, and [`CallError::Unknown`] means that money may
//! have moved and somebody has to ask.

use std::{fmt, str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    id::{PaymentId, RefundId},
    money::Money,
    payment::{Failure, Payer},
};

mod connect;
mod method;
mod next_action;

pub use connect::{
    AccountLink, ChannelAccount, ChannelTransfer, Destination, NewAccount, NewAccountLink, NewTransfer,
    Requirements,
};
pub use method::{Flow, Method, UnknownFlow, UnknownMethod};
pub use next_action::{NextAction, PayerStep};

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

/// A refund that its provider is asked about, as far as it is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRef {
    /// The refund.
    pub refund_id: RefundId,
    /// The provider's id of it.
    pub id: String,
    /// The intent that is refunded.
    pub intent: IntentRef,
    /// How much it gives back.
    pub money: Money,
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

/// What a channel needs to refund an intent, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRefund {
    /// The refund; the provider stores it and sends it back in callbacks.
    pub refund_id: RefundId,
    /// The payment that is refunded.
    pub payment_id: PaymentId,
    /// The intent that was paid, with all that was paid.
    pub intent: IntentRef,
    /// How much to give back.
    pub money: Money,
    /// Why, in the few words that providers know.
    pub reason: Option<RefundReason>,
    /// Where the provider sends callbacks about it, where that is said with each refund.
    pub callback_url: String,
    /// Where the payment's money went on to: its part is taken back from there, and the merchant's share given back.
    pub destination: Option<Destination>,
}

/// Why money is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundReason {
    /// The payer wanted it.
    RequestedByCustomer,
    /// The payer paid twice.
    Duplicate,
    /// The payment was not the card holder's will.
    Fraudulent,
    /// The payment came after it had expired or was canceled, and the merchant does not want it then; or its order was paid
    /// by another one, or canceled.
    PaidLate,
}

impl RefundReason {
    /// The name used in the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RequestedByCustomer => "requested_by_customer",
            Self::Duplicate => "duplicate",
            Self::Fraudulent => "fraudulent",
            Self::PaidLate => "paid_late",
        }
    }
}

/// The provider's object for a refund, as far as Sluice cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelRefund {
    /// The provider's id of it.
    pub id: String,
    /// The refund it was made for, when it carries our mark.
    pub refund_id: Option<RefundId>,
    /// The intent it refunds, when the provider says so.
    pub intent_id: Option<String>,
    /// How much it gives back.
    pub money: Money,
    /// Where it stands.
    pub status: ChannelRefundStatus,
}

/// Where a provider's refund stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelRefundStatus {
    /// Accepted; the provider will tell whether the money arrived.
    Processing,
    /// The money has left the merchant and did not arrive: a person has to send it another way, at the provider.
    Stuck,
    /// The money was given back.
    Succeeded,
    /// It was not, or it came back. A refund can fail after it had succeeded.
    Failed(Failure),
}

impl ChannelRefundStatus {
    /// The name used in errors and logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Stuck => "stuck",
            Self::Succeeded => "succeeded",
            Self::Failed(_) => "failed",
        }
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

/// What a provider says moved on the merchant's account there within some time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement {
    /// The lines that can be read, whoever caused them: other programs may use the merchant's account too.
    pub entries: Vec<StatementEntry>,
    /// The lines that cannot be read and may be ours. None of them may be passed over in silence.
    pub unreadable: Vec<UnreadableEntry>,
}

/// A line of a provider's statement that Sluice cannot read, though it carries our mark or belongs to an intent. Without
/// a mark, whoever knows the payments can tell by the intent whether it is ours. Lines of which even the mark cannot be
/// read are here as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableEntry {
    /// The provider's id of the line, when that can be read.
    pub id: Option<String>,
    /// The provider's id of the object behind it, when that can be read.
    pub object_id: Option<String>,
    /// The intent it belongs to, when the provider says so.
    pub intent_id: Option<String>,
    /// The payment it carries the mark of.
    pub payment_id: Option<PaymentId>,
    /// The refund it carries the mark of.
    pub refund_id: Option<RefundId>,
    /// What cannot be read, for people: the amount, the currency, the kind. Without secrets or personal data.
    pub problem: String,
}

/// One line of a provider's statement: money that moved on the merchant's account there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementEntry {
    /// The provider's id of the line.
    pub id: String,
    /// What moved.
    pub kind: StatementKind,
    /// The provider's id of the object behind it: a charge, a refund, a dispute; of the line itself where there is none.
    pub object_id: String,
    /// The intent it belongs to, when the provider says so.
    pub intent_id: Option<String>,
    /// The payment it carries the mark of.
    pub payment_id: Option<PaymentId>,
    /// The refund it carries the mark of.
    pub refund_id: Option<RefundId>,
    /// How much moved before fees, in the currency that the account is kept in; never negative, its direction follows from
    /// the kind.
    pub money: Money,
    /// What the provider kept, in minor units of the same currency; negative where it gave a fee back.
    pub fee_minor: i64,
    /// When, by the provider's clock.
    pub at: DateTime<Utc>,
}

/// What a line of a provider's statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatementKind {
    /// A payer paid.
    Payment,
    /// Money was given back.
    Refund,
    /// A refund came back.
    RefundFailed,
    /// A dispute withheld money.
    Dispute,
    /// A won dispute gave it back.
    DisputeWon,
    /// Anything else, such as a payout: no business of payments.
    Other,
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
