//! What is fixed about every kind of job.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    id::{JobId, MerchantId},
    job::{
        CancelPayment, CapturePayment, ChangeOrder, ChangeWallet, ConfirmPayment, CreateAccount,
        CreateAccountLink, CreateIntent, CreateOrder, CreateRefund, CreateTransfer, CreateWallet, Envelope,
        ExpirePayment, NotifyMerchant, ProcessCallback, QueryAccount, QueryPayment, QueryRefund,
        QueryTransfer, Reconcile,
    },
    retry::RetrySchedule,
};

/// A kind of job: verb and noun, the name of its queue, its handler and its metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Open the provider's intent for a payment.
    CreateIntent,
    /// Take in a provider's callback.
    ProcessCallback,
    /// Tell a merchant what happened.
    NotifyMerchant,
    /// Ask the provider about a payment whose end it has not told.
    QueryPayment,
    /// Give money of a payment back.
    CreateRefund,
    /// Ask the provider about a refund whose end it has not told.
    QueryRefund,
    /// Close a payment before it is paid.
    CancelPayment,
    /// Try to pay a payment from the merchant's server.
    ConfirmPayment,
    /// Close a payment that was not paid in time.
    ExpirePayment,
    /// Compare a merchant's day at a channel with what the provider says.
    Reconcile,
    /// Have the money moved that a payer has agreed to.
    CapturePayment,
    /// Store an order.
    CreateOrder,
    /// Pay, cancel, refund, ship or complete an order.
    ChangeOrder,
    /// Open a wallet.
    CreateWallet,
    /// Hold, withdraw, transfer or correct money of a wallet.
    ChangeWallet,
    /// Have a provider open an account for a merchant's user.
    CreateAccount,
    /// Show an account's owner the way to where it tells its provider about itself.
    CreateAccountLink,
    /// Have a provider pay a withdrawal out.
    CreateTransfer,
    /// Ask the provider about an account that it has not said to be there.
    QueryAccount,
    /// Ask the provider about a payout whose end it has not told.
    QueryTransfer,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 20] = [
        Kind::CreateIntent,
        Kind::ProcessCallback,
        Kind::NotifyMerchant,
        Kind::QueryPayment,
        Kind::CreateRefund,
        Kind::QueryRefund,
        Kind::CancelPayment,
        Kind::ConfirmPayment,
        Kind::ExpirePayment,
        Kind::Reconcile,
        Kind::CapturePayment,
        Kind::CreateOrder,
        Kind::ChangeOrder,
        Kind::CreateWallet,
        Kind::ChangeWallet,
        Kind::CreateAccount,
        Kind::CreateAccountLink,
        Kind::CreateTransfer,
        Kind::QueryAccount,
        Kind::QueryTransfer,
    ];

    /// The name: routing key, end of the queue names, message `type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateIntent => "create_intent",
            Self::ProcessCallback => "process_callback",
            Self::NotifyMerchant => "notify_merchant",
            Self::QueryPayment => "query_payment",
            Self::CreateRefund => "create_refund",
            Self::QueryRefund => "query_refund",
            Self::CancelPayment => "cancel_payment",
            Self::ConfirmPayment => "confirm_payment",
            Self::ExpirePayment => "expire_payment",
            Self::Reconcile => "reconcile",
            Self::CapturePayment => "capture_payment",
            Self::CreateOrder => "create_order",
            Self::ChangeOrder => "change_order",
            Self::CreateWallet => "create_wallet",
            Self::ChangeWallet => "change_wallet",
            Self::CreateAccount => "create_account",
            Self::CreateAccountLink => "create_account_link",
            Self::CreateTransfer => "create_transfer",
            Self::QueryAccount => "query_account",
            Self::QueryTransfer => "query_transfer",
        }
    }

    /// The id under which the story of a job in this kind's queue is kept. A foreign publisher may write any `message_id`, so
    /// it is never believed: a job that can be read has an id of its own, and one that cannot is known by its bytes.
    pub fn job_id(self, envelope: &Envelope) -> JobId {
        match self {
            Self::CreateIntent => id_of::<CreateIntent>(envelope),
            Self::ProcessCallback => id_of::<ProcessCallback>(envelope),
            Self::NotifyMerchant => id_of::<NotifyMerchant>(envelope),
            Self::QueryPayment => id_of::<QueryPayment>(envelope),
            Self::CreateRefund => id_of::<CreateRefund>(envelope),
            Self::QueryRefund => id_of::<QueryRefund>(envelope),
            Self::CancelPayment => id_of::<CancelPayment>(envelope),
            Self::ConfirmPayment => id_of::<ConfirmPayment>(envelope),
            Self::ExpirePayment => id_of::<ExpirePayment>(envelope),
            Self::Reconcile => id_of::<Reconcile>(envelope),
            Self::CapturePayment => id_of::<CapturePayment>(envelope),
            Self::CreateOrder => id_of::<CreateOrder>(envelope),
            Self::ChangeOrder => id_of::<ChangeOrder>(envelope),
            Self::CreateWallet => id_of::<CreateWallet>(envelope),
            Self::ChangeWallet => id_of::<ChangeWallet>(envelope),
            Self::CreateAccount => id_of::<CreateAccount>(envelope),
            Self::CreateAccountLink => id_of::<CreateAccountLink>(envelope),
            Self::CreateTransfer => id_of::<CreateTransfer>(envelope),
            Self::QueryAccount => id_of::<QueryAccount>(envelope),
            Self::QueryTransfer => id_of::<QueryTransfer>(envelope),
        }
    }

    /// What is fixed about this kind.
    pub const fn contract(self) -> Contract {
        match self {
            Self::CreateIntent => CreateIntent::CONTRACT,
            Self::ProcessCallback => ProcessCallback::CONTRACT,
            Self::NotifyMerchant => NotifyMerchant::CONTRACT,
            Self::QueryPayment => QueryPayment::CONTRACT,
            Self::CreateRefund => CreateRefund::CONTRACT,
            Self::QueryRefund => QueryRefund::CONTRACT,
            Self::CancelPayment => CancelPayment::CONTRACT,
            Self::ConfirmPayment => ConfirmPayment::CONTRACT,
            Self::ExpirePayment => ExpirePayment::CONTRACT,
            Self::Reconcile => Reconcile::CONTRACT,
            Self::CapturePayment => CapturePayment::CONTRACT,
            Self::CreateOrder => CreateOrder::CONTRACT,
            Self::ChangeOrder => ChangeOrder::CONTRACT,
            Self::CreateWallet => CreateWallet::CONTRACT,
            Self::ChangeWallet => ChangeWallet::CONTRACT,
            Self::CreateAccount => CreateAccount::CONTRACT,
            Self::CreateAccountLink => CreateAccountLink::CONTRACT,
            Self::CreateTransfer => CreateTransfer::CONTRACT,
            Self::QueryAccount => QueryAccount::CONTRACT,
            Self::QueryTransfer => QueryTransfer::CONTRACT,
        }
    }
}

fn id_of<J: Job>(envelope: &Envelope) -> JobId {
    let unreadable = |_| JobId::derive(J::CONTRACT.kind.name(), &[&envelope.body]);
    envelope.decode::<J>().map_or_else(unreadable, |job| job.id())
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no kind of job.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("unknown kind of job {0:?}")]
pub struct UnknownKind(pub String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| UnknownKind(name.chars().take(64).collect()))
    }
}

/// What is fixed about a kind of job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contract {
    /// Its kind.
    pub kind: Kind,
    /// The version of the payload written today; readers accept this one and older ones they know.
    pub schema: u16,
    /// When it is tried again.
    pub retry: RetrySchedule,
    /// How long one try may take.
    pub timeout: Duration,
    /// Whether upstream systems may publish it themselves.
    pub from_upstream: bool,
}

/// A payload with its contract.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What is fixed about this kind.
    const CONTRACT: Contract;

    /// The job's id: the same for every message that asks for the same work.
    fn id(&self) -> JobId;

    /// The payment, order or notification it concerns: `correlation_id` of the message.
    fn correlation_id(&self) -> String;

    /// Whose job it is.
    fn merchant_id(&self) -> MerchantId;

    /// Whether upstream systems may publish this very job.
    fn may_come_from_upstream(&self) -> bool {
        Self::CONTRACT.from_upstream
    }
}
