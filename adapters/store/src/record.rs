//! What a job writes, as a value.
//!
//! A record is written whole or not at all. It may carry *guards*: writes that succeed only if the world still is as
//! the job saw it. When a guard fails, nothing of the record is written and the [`Verdict`] says why; the job then
//! looks again. That makes every handler safe to run twice, and two at once.

use chrono::{DateTime, Utc};
use domain::{
    channel::{Channel, Exchange},
    connect::ConnectedAccount,
    dispute::Dispute,
    id::{MerchantId, PaymentId, RefundId},
    job::Envelope,
    ledger::Transfer,
    notification::Notification,
    order::{Order, OrderAction, OrderLog},
    payment::{Payment, PaymentAction},
    refund::Refund,
    wallet::{Hold, Wallet, WalletAction, WalletChange, Withdrawal},
};

use uuid::Uuid;

use crate::{AttemptRecord, Held, JobFailure, ReplayedJob};

/// What to write in one transaction.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Guard: store this payment, unless one with its id is there.
    pub new_payment: Option<Payment>,
    /// Guard: take this callback in, unless it was taken in before.
    pub callback: Option<CallbackRecord>,
    /// Guard: store this payment over the version that it was read at.
    pub payment: Option<Payment>,
    /// Guard: store this refund, unless one with its id is there.
    pub new_refund: Option<Refund>,
    /// Guard: store this refund over the version that it was read at.
    pub refund: Option<Refund>,
    /// Guard: keep what came of this wish, unless something is kept under its key.
    pub action: Option<PaymentAction>,
    /// Guard: store this order, unless one with its id is there.
    pub new_order: Option<Box<Order>>,
    /// Guard: store this order over the version that it was read at.
    pub order: Option<Box<Order>>,
    /// Guard: keep what came of this wish about an order, unless something is kept under its key.
    pub order_action: Option<Box<OrderAction>>,
    /// Guard: store this account of a user, unless it is there, or the user has one.
    pub new_account: Option<Box<ConnectedAccount>>,
    /// Guard: store this account of a user over the version that it was read at.
    pub account: Option<Box<ConnectedAccount>>,
    /// Guard: store this wallet, unless it is there.
    pub new_wallet: Option<Wallet>,
    /// Guard: store these wallets, each once, over the versions that they were read at, with the lines of their statements.
    pub wallets: Vec<WalletChange>,
    /// Guard: keep what came of this wish about a wallet, unless something is kept under its key.
    pub wallet_action: Option<Box<WalletAction>>,
    /// Guard: store this hold, unless it is there; or, if it was read before, over the version that it was read at.
    pub hold: Option<Box<Hold>>,
    /// Guard: the same of this withdrawal.
    pub withdrawal: Option<Box<Withdrawal>>,
    /// What happened to orders.
    pub order_logs: Vec<OrderLog>,
    /// The dispute as it now is. Its payment is guarded with it, so it is never older than what is stored.
    pub dispute: Option<Dispute>,
    /// Transfers of the ledger. None of them was written before: that would be a defect, and the record is refused.
    pub transfers: Vec<TransferRecord>,
    /// Exchanges with the provider about a refund.
    pub refund_exchanges: Vec<RefundExchangeRecord>,
    /// Exchanges with the provider about accounts of users.
    pub connect_exchanges: Vec<ConnectExchangeRecord>,
    /// Exchanges with the provider.
    pub exchanges: Vec<ExchangeRecord>,
    /// Notifications to store; one that is stored already stays as it is.
    pub notifications: Vec<Notification>,
    /// Jobs to publish after the commit.
    pub jobs: Vec<Envelope>,
    /// Who did something, where a job does it in somebody's name.
    pub audits: Vec<AuditRecord>,
    /// A notification that is kept back, as its merchant's are paused.
    pub held: Option<Held>,
    /// A try to deliver a notification.
    pub attempt: Option<AttemptRecord>,
    /// A try of a job that did not work.
    pub failure: Option<JobFailure>,
    /// A parked job that was sent again and is done.
    pub replayed: Option<ReplayedJob>,
}

/// Whether a record was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All of it.
    Written,
    /// Nothing: the new payment, refund, order, account or wallet, the callback or the wish is stored already.
    Duplicate,
    /// Nothing: the payment, the refund, the order, the account, a wallet, or a hold or withdrawal of it has changed since it
    /// was read.
    Stale,
}

/// A callback in the inbox.
#[derive(Debug, Clone)]
pub struct CallbackRecord {
    /// The provider.
    pub channel: Channel,
    /// Whose address it came to.
    pub merchant_id: MerchantId,
    /// The provider's id of the event.
    pub event_id: String,
    /// The provider's name of what happened.
    pub event_type: String,
    /// The payment it is about, when it is about one.
    pub payment_id: Option<PaymentId>,
    /// What came of it.
    pub outcome: CallbackOutcome,
    /// The raw body, sealed.
    pub sealed_body: String,
    /// When ingress received it.
    pub received_at: DateTime<Utc>,
    /// When it was processed.
    pub processed_at: DateTime<Utc>,
}

/// What came of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackOutcome {
    /// It changed its payment.
    Applied,
    /// It told nothing new.
    Unchanged,
    /// It is about nothing that Sluice acts upon.
    Ignored,
}

impl CallbackOutcome {
    /// The name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Ignored => "ignored",
        }
    }
}

/// An exchange with a provider and the job that made it.
#[derive(Debug, Clone)]
pub struct ExchangeRecord {
    /// The payment it was about.
    pub payment_id: PaymentId,
    /// The provider.
    pub channel: Channel,
    /// The job.
    pub job_id: String,
    /// Its attempt, from 1.
    pub attempt: u32,
    /// What was said.
    pub exchange: Exchange,
    /// When.
    pub at: DateTime<Utc>,
}

/// An exchange with a provider about a refund, and the job that made it.
#[derive(Debug, Clone)]
pub struct RefundExchangeRecord {
    /// The refund it was about.
    pub refund_id: RefundId,
    /// The job.
    pub job_id: String,
    /// Its attempt, from 1.
    pub attempt: u32,
    /// What was said.
    pub exchange: Exchange,
    /// When.
    pub at: DateTime<Utc>,
}

/// An exchange with a provider about an account of a user, and the job that made it.
#[derive(Debug, Clone)]
pub struct ConnectExchangeRecord {
    /// The id of what it was about.
    pub subject: Uuid,
    /// The job.
    pub job_id: String,
    /// Its attempt, from 1.
    pub attempt: u32,
    /// What was said.
    pub exchange: Exchange,
    /// When.
    pub at: DateTime<Utc>,
}

/// A transfer of the ledger and the moment it is written at.
#[derive(Debug, Clone)]
pub struct TransferRecord {
    /// What moves.
    pub transfer: Transfer,
    /// When.
    pub at: DateTime<Utc>,
}

/// Something that was done in somebody's name.
#[derive(Debug, Clone)]
pub struct AuditRecord {
    /// In whose.
    pub actor: String,
    /// What, as noun and past tense: `wallet.adjusted`.
    pub action: &'static str,
    /// To what, and how.
    pub subject: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Record {
    /// How many guards it carries. One that fails after another succeeded has to be undone with its whole batch.
    pub(crate) fn guards(&self) -> usize {
        usize::from(self.new_payment.is_some())
            + usize::from(self.callback.is_some())
            + usize::from(self.payment.is_some())
            + usize::from(self.new_refund.is_some())
            + usize::from(self.refund.is_some())
            + usize::from(self.action.is_some())
            + usize::from(self.new_order.is_some())
            + usize::from(self.order.is_some())
            + usize::from(self.order_action.is_some())
            + usize::from(self.new_account.is_some())
            + usize::from(self.account.is_some())
            + usize::from(self.new_wallet.is_some())
            + self.wallets.len()
            + usize::from(self.wallet_action.is_some())
            + usize::from(self.hold.is_some())
            + usize::from(self.withdrawal.is_some())
    }

    /// What it was made for: each thing that it changes, by id, at the version that was read.
    pub(crate) fn versions(&self) -> impl Iterator<Item = (Uuid, i32)> {
        let payment = self.payment.iter().map(|of| (of.id.as_uuid(), of.version));
        let refund = self.refund.iter().map(|of| (of.id.as_uuid(), of.version));
        let order = self.order.iter().map(|of| (of.id.as_uuid(), of.version));
        let wallets = self
            .wallets
            .iter()
            .map(|of| (of.wallet.id.as_uuid(), of.wallet.version));
        payment.chain(refund).chain(order).chain(wallets)
    }

    /// What it guards or may write but once, by id. Two records with a key in common must not share a batch.
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> {
        let payments = [&self.new_payment, &self.payment].into_iter().flatten();
        let refunds = [&self.new_refund, &self.refund].into_iter().flatten();
        let orders = [&self.new_order, &self.order].into_iter().flatten();
        let accounts = [&self.new_account, &self.account].into_iter().flatten();
        let changed = self.wallets.iter().map(|change| &change.wallet);
        let wallets = self.new_wallet.iter().chain(changed);
        let keys: Vec<String> = payments
            .map(|payment| payment.id.to_string())
            .chain(refunds.map(|refund| refund.id.to_string()))
            .chain(orders.map(|order| order.id.to_string()))
            .chain(accounts.map(|account| account.id.to_string()))
            .chain(wallets.map(|wallet| wallet.id.to_string()))
            .chain(self.order_action.as_deref().map(order_action_key))
            .chain(self.wallet_action.as_deref().map(wallet_action_key))
            .chain(self.hold.iter().map(|hold| hold.id.to_string()))
            .chain(self.withdrawal.iter().map(|withdrawal| withdrawal.id.to_string()))
            .chain(self.callback.iter().map(CallbackRecord::key))
            .chain(self.action.iter().map(action_key))
            .chain(self.dispute.iter().map(|dispute| dispute.id.to_string()))
            .chain(self.transfers.iter().map(|moved| moved.transfer.subject.clone()))
            .chain(self.attempt.iter().map(|tried| tried.notification_id.to_string()))
            .chain(self.held.iter().map(|held| held.notification_id.to_string()))
            .chain(
                self.failure
                    .iter()
                    .map(|failed| format!("{}#{}", failed.job_id, failed.attempt)),
            )
            .chain(
                self.replayed
                    .iter()
                    .map(|job| format!("{}#{} replayed", job.job_id, job.attempt)),
            )
            .chain(self.notifications.iter().map(|told| told.id.to_string()))
            .collect();
        keys.into_iter()
    }
}

impl CallbackRecord {
    fn key(&self) -> String {
        format!("{}/{}/{}", self.merchant_id, self.channel, self.event_id)
    }
}

fn action_key(action: &PaymentAction) -> String {
    let (merchant_id, kind) = (action.merchant_id, action.request.kind().name());
    format!("{merchant_id}/{kind}/{}", action.idempotency_key.as_str())
}

fn order_action_key(action: &OrderAction) -> String {
    let (merchant_id, kind) = (action.merchant_id, action.kind.name());
    format!("{merchant_id}/order/{kind}/{}", action.idempotency_key.as_str())
}

fn wallet_action_key(action: &WalletAction) -> String {
    let (merchant_id, kind) = (action.merchant_id, action.kind.name());
    format!("{merchant_id}/wallet/{kind}/{}", action.idempotency_key.as_str())
}
