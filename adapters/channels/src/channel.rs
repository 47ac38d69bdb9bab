//! What every payment provider can be asked to do.
//!
//! Every operation that changes something is sent under a key derived from the payment, so that the provider
//! itself recognises a repeat. The keys differ in what makes a repeat:
//!
//! - an intent is opened once for a payment, whoever asks and however often: `<payment_id>/create_intent`;
//! - a refund is made once, whoever asks: `<refund_id>/create_refund`;
//! - an account is opened once, whoever asks: `<account_id>/create_account`;
//! - a withdrawal is paid out once, whoever asks: `<withdrawal_id>/create_transfer`;
//! - a confirmation, a cancellation and a capture belong to the job that asks for them: `<payment_id>/<operation>/<job_id>`. The
//!   provider replays its stored answer to the same key, so a later wish of the payer needs a key of its own.
//!
//! A provider forgets a key after [`Capabilities::idempotency_retention`]. After that, ask with
//! [`PaymentChannel::find_intent`] or [`PaymentChannel::find_refund`] before sending again.

use chrono::{DateTime, Utc};
use domain::{
    channel::{
        AccountLink, CallError, ChannelAccount, ChannelRefund, ChannelTransfer, Intent, IntentRef,
        NewAccount, NewAccountLink, NewIntent, NewRefund, NewTransfer, RefundRef, Statement,
    },
    id::{ConnectedAccountId, JobId, PaymentId, RefundId},
    money::Money,
};
use futures::future::BoxFuture;

use crate::{capabilities::Capabilities, registry::Credentials};

/// The channels cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ChannelsError {
    /// A provider's address is not one.
    #[error("{0:?} is not an address of a server, such as https://api.stripe.com")]
    Address(String),
    /// The authorities that are to vouch for certificates cannot be read.
    #[error("the trust roots are not PEM certificates of authorities")]
    TrustRoots,
    /// No TLS provider is installed in this process.
    #[error("no TLS provider is installed; install one before building the channels")]
    NoTls,
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot be built")]
    Http(#[from] reqwest::Error),
}

/// A payer's attempt to pay an open intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// The payment.
    pub payment_id: PaymentId,
    /// The job that asks for it; repeats of one job confirm once.
    pub job_id: JobId,
    /// The intent.
    pub intent: IntentRef,
    /// A payment method known to the provider; the one already on the intent when left out.
    pub payment_method: Option<String>,
    /// Where the payer's browser goes after a step outside of the merchant's page. A provider may insist on
    /// it when the intent was opened without a payment method.
    pub return_url: Option<String>,
}

/// The wish to close an intent before it is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// The payment.
    pub payment_id: PaymentId,
    /// The job that asks for it; repeats of one job cancel once.
    pub job_id: JobId,
    /// The intent.
    pub intent: IntentRef,
}

/// The wish to have the money moved that a payer has agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The payment.
    pub payment_id: PaymentId,
    /// The job that asks for it. The provider may replay its stored answer to the same key, so a payer who agrees again
    /// after a decline is captured under another.
    pub job_id: JobId,
    /// The intent.
    pub intent: IntentRef,
}

/// An intent that is looked for, as the answer to opening it was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostIntent {
    /// The payment it was opened for.
    pub payment_id: PaymentId,
    /// What it charges.
    pub money: Money,
    /// The provider's account that it was opened for, as in [`NewIntent`].
    pub connected_account: Option<String>,
    /// When it can have been opened: from a moment before the first attempt on.
    pub period: Period,
}

/// When an intent was opened, by the provider's clock, as far as that is known. The closer its ends, the fewer others an
/// intent is looked for among.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Not before this.
    pub from: DateTime<Utc>,
    /// Not after this, when it is known.
    pub to: Option<DateTime<Utc>>,
}

/// The time that a statement is about, by the provider's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementPeriod {
    /// From this moment on.
    pub from: DateTime<Utc>,
    /// Before this moment.
    pub to: DateTime<Utc>,
}

/// A payment provider, asked over the network.
///
/// A decline that names its intent is not an error here: the answer is `Ok` with
/// [`IntentStatus::Declined`](domain::channel::IntentStatus::Declined), because the intent exists, stays open
/// and has to be stored. [`CallError::Declined`] is left for a decline without an intent.
pub trait PaymentChannel: Send + Sync {
    /// What this channel takes and promises.
    fn capabilities(&self) -> &'static Capabilities;

    /// Opens an intent for a payment, and charges it at once when a payment method is given.
    fn create_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        new: &'a NewIntent,
    ) -> BoxFuture<'a, Result<Intent, CallError>>;

    /// Asks where an intent stands.
    fn retrieve_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        intent: &'a IntentRef,
    ) -> BoxFuture<'a, Result<Intent, CallError>>;

    /// Looks for the intent that was opened for a payment, when the answer to opening it was lost.
    ///
    /// `None` means that the provider shows no such intent now; a request that is still on its way can yet open one. When
    /// there are too many intents to look through, the answer is [`CallError::Unknown`], never `None`.
    fn find_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        lost: &'a LostIntent,
    ) -> BoxFuture<'a, Result<Option<Intent>, CallError>>;

    /// Closes an intent. One that cannot be closed any more, being paid, closed or at the bank, is answered as it stands,
    /// and so is one that an earlier request with the same key closed.
    fn cancel_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        cancellation: &'a Cancellation,
    ) -> BoxFuture<'a, Result<Intent, CallError>>;

    /// Gives money of a paid intent back. A refund that the provider takes and that fails at once is no error here: the
    /// answer is `Ok` with [`ChannelRefundStatus::Failed`](domain::channel::ChannelRefundStatus::Failed).
    ///
    /// The amount is understood in the intent's currency; the answer says what was given back. A refusal under a key that
    /// the provider has forgotten may come of the same refund made before: look for it first.
    fn create_refund<'a>(
        &'a self,
        credentials: &'a Credentials,
        new: &'a NewRefund,
    ) -> BoxFuture<'a, Result<ChannelRefund, CallError>>;

    /// Asks where a refund stands, by the provider's id of it or ours.
    fn retrieve_refund<'a>(
        &'a self,
        credentials: &'a Credentials,
        refund: &'a RefundRef,
    ) -> BoxFuture<'a, Result<ChannelRefund, CallError>>;

    /// Looks for the provider's refund that was made for a refund of ours, when the answer to making it was lost.
    ///
    /// `None` means that the provider shows no such refund of the intent now; a request that is still on its way can yet
    /// make one. When there are too many refunds to look through, the answer is [`CallError::Unknown`], never `None`.
    fn find_refund<'a>(
        &'a self,
        credentials: &'a Credentials,
        intent: &'a IntentRef,
        refund_id: RefundId,
    ) -> BoxFuture<'a, Result<Option<ChannelRefund>, CallError>>;

    /// Its way to try to pay an intent from the merchant's server, if it has one.
    fn confirming(&self) -> Option<&dyn ConfirmsIntents> {
        None
    }

    /// Its way to move the money that a payer has agreed to, if that is not the provider's own next step.
    fn capturing(&self) -> Option<&dyn CapturesIntents> {
        None
    }

    /// Its way to open accounts for others, connected to the merchant's own, if it has one.
    fn connecting(&self) -> Option<&dyn ConnectsAccounts> {
        None
    }

    /// Its way to tell what moved on the merchant's account, if it has one.
    fn stating(&self) -> Option<&dyn GivesStatements> {
        None
    }
}

/// A provider at which a merchant's server can try to pay.
pub trait ConfirmsIntents: Send + Sync {
    /// Tries to pay an open intent. An intent that cannot be confirmed any more is answered as it stands, and so is one
    /// that an earlier request with the same key confirmed.
    fn confirm_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        confirmation: &'a Confirmation,
    ) -> BoxFuture<'a, Result<Intent, CallError>>;
}

/// A provider that moves the money only when it is asked to, after the payer has agreed.
pub trait CapturesIntents: Send + Sync {
    /// Moves the money of an intent that its payer has agreed to: once, however often it is asked. One that cannot be
    /// captured now, or was, is answered as it stands.
    fn capture_intent<'a>(
        &'a self,
        credentials: &'a Credentials,
        capture: &'a Capture,
    ) -> BoxFuture<'a, Result<Intent, CallError>>;
}

/// A provider that tells what moved on a merchant's account.
pub trait GivesStatements: Send + Sync {
    /// What moved on the merchant's account at the provider within a period: all of it, or an error, never a part. Amounts
    /// are in the currency that the account is kept in, which need not be that of the payment.
    fn statement<'a>(
        &'a self,
        credentials: &'a Credentials,
        period: StatementPeriod,
    ) -> BoxFuture<'a, Result<Statement, CallError>>;

    /// A refund that a line of a statement is about, by the provider's id of it alone.
    fn refund_behind<'a>(
        &'a self,
        credentials: &'a Credentials,
        object_id: &'a str,
    ) -> BoxFuture<'a, Result<ChannelRefund, CallError>>;
}

/// A provider at which others can have accounts that are connected to the merchant's own.
pub trait ConnectsAccounts: Send + Sync {
    /// Opens an account for somebody.
    fn create_account<'a>(
        &'a self,
        credentials: &'a Credentials,
        new: &'a NewAccount,
    ) -> BoxFuture<'a, Result<ChannelAccount, CallError>>;

    /// Asks where an account stands, by the provider's id of it.
    fn retrieve_account<'a>(
        &'a self,
        credentials: &'a Credentials,
        channel_account_id: &'a str,
    ) -> BoxFuture<'a, Result<ChannelAccount, CallError>>;

    /// Looks for the provider's account that was opened for one of ours within a period, when the answer to opening it was
    /// lost. What `None` means, and too many accounts, is as for [`PaymentChannel::find_intent`].
    fn find_account<'a>(
        &'a self,
        credentials: &'a Credentials,
        account_id: ConnectedAccountId,
        period: Period,
    ) -> BoxFuture<'a, Result<Option<ChannelAccount>, CallError>>;

    /// Makes a link for the account's owner. A repeat makes another one: none of them changes anything.
    fn create_account_link<'a>(
        &'a self,
        credentials: &'a Credentials,
        new: &'a NewAccountLink,
    ) -> BoxFuture<'a, Result<AccountLink, CallError>>;

    /// Sends money of the merchant's to an account.
    fn create_transfer<'a>(
        &'a self,
        credentials: &'a Credentials,
        new: &'a NewTransfer,
    ) -> BoxFuture<'a, Result<ChannelTransfer, CallError>>;

    /// Looks for what was sent for a withdrawal, when the answer to sending it was lost. What `None` means is as for
    /// [`PaymentChannel::find_intent`].
    fn find_transfer<'a>(
        &'a self,
        credentials: &'a Credentials,
        new: &'a NewTransfer,
    ) -> BoxFuture<'a, Result<Option<ChannelTransfer>, CallError>>;
}
