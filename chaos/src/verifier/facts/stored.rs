//! What the database says.

use sqlx::FromRow;

/// A stored payment.
#[derive(Debug, Clone, Default, FromRow)]
pub struct Payment {
    /// Its id, as the API shows it.
    pub id: String,
    /// Its merchant's id, as the API shows it.
    pub merchant: String,
    /// The idempotency key.
    pub idempotency_key: String,
    /// Where it stands.
    pub status: String,
    /// In the currency's minor unit.
    pub amount_minor: i64,
    /// The ISO 4217 code.
    pub currency: String,
    /// The channel that it goes through.
    pub channel: String,
    /// The user who pays it, if that is said.
    pub user_id: Option<String>,
    /// The wallet that it is paid into, if any.
    pub wallet_id: Option<String>,
    /// Whose wallet has got its money.
    pub paid_into: Option<String>,
    /// The order for goods that it pays, if any.
    pub order_id: Option<String>,
    /// The provider's intent, once it is known.
    pub intent_id: Option<String>,
    /// What was given back.
    pub refunded_minor: i64,
    /// What is set aside for refunds under way.
    pub refund_reserved_minor: i64,
    /// What is, or was in the end, withheld by the payer's bank.
    pub disputed_minor: i64,
    /// Whether it was paid after it had been closed.
    pub is_late: bool,
    /// Whether its time was up when it was read.
    pub is_overdue: bool,
}

/// A stored refund.
#[derive(Debug, Clone, Default, FromRow)]
pub struct Refund {
    /// Its id, as the API shows it.
    pub id: String,
    /// Its merchant's id, as the API shows it.
    pub merchant: String,
    /// The payment that it gives back.
    pub payment: String,
    /// The idempotency key.
    pub idempotency_key: String,
    /// Where it stands.
    pub status: String,
    /// In the currency's minor unit.
    pub amount_minor: i64,
    /// The ISO 4217 code.
    pub currency: String,
    /// The order for goods that it gives something back of, if any.
    pub order_id: Option<String>,
    /// The provider's refund, once it is known.
    pub channel_refund_id: Option<String>,
    /// Why it failed, or is in review; empty when it is neither.
    pub failure_code: String,
}

/// What was said to the provider about a refund, or by it.
#[derive(Debug, Clone, Default, FromRow)]
pub struct RefundRecord {
    /// The refund.
    pub refund: String,
    /// The job that said it.
    pub job_id: String,
    /// What came of it.
    pub outcome: String,
}

/// What came of a wish about a payment.
#[derive(Debug, Clone, Default, FromRow)]
pub struct Action {
    /// Whose wish it was.
    pub merchant: String,
    /// The idempotency key.
    pub idempotency_key: String,
    /// About which payment.
    pub payment: String,
    /// `cancel` or `confirm`.
    pub action: String,
    /// `done` or `refused`.
    pub outcome: String,
    /// Why it was refused; empty when it was not.
    pub code: String,
}

/// A stored dispute.
#[derive(Debug, Clone, Default, FromRow)]
pub struct Dispute {
    /// Its id, as notifications show it.
    pub id: String,
    /// The disputed payment.
    pub payment: String,
    /// The provider's dispute.
    pub channel_dispute_id: String,
    /// In the currency's minor unit.
    pub amount_minor: i64,
    /// Where it stands.
    pub status: String,
}

/// A transfer of the ledger.
#[derive(Debug, Clone, Default, FromRow)]
pub struct Transfer {
    /// Its id.
    pub id: String,
    /// The payment it belongs to; empty for what merely moves in wallets.
    pub payment: String,
    /// The payment, refund, dispute, hold or what else it is about.
    pub subject: String,
    /// What it is for.
    pub kind: String,
    /// How far it goes.
    pub phase: String,
    /// The reservation that it resolves.
    pub resolves: Option<String>,
}

/// A posting of the ledger, with its account.
#[derive(Debug, Clone, Default, FromRow)]
pub struct Posting {
    /// The transfer it is a part of.
    pub transfer: String,
    /// What its account stands for.
    pub account: String,
    /// Whose account it is.
    pub merchant: String,
    /// Which of several it is: the user of a wallet, or the channel.
    pub detail: String,
    /// The account's currency.
    pub currency: String,
    /// `posted` or `pending`.
    pub layer: String,
    /// What the account gains, in minor units.
    pub amount_minor: i64,
}

/// A callback that was taken in.
#[derive(Debug, Clone, Default, FromRow)]
pub struct TakenIn {
    /// The merchant at whose address it came in.
    pub merchant: String,
    /// The event's id.
    pub event_id: String,
}

/// A stored notification.
#[derive(Debug, Clone, Default, FromRow)]
pub struct Notification {
    /// Its id, which is the `webhook-id`.
    pub id: String,
    /// Who is told.
    pub merchant: String,
    /// About which payment; empty when it is about none.
    pub payment: String,
    /// About which payment, order, wallet or account, as it is stored.
    pub about: String,
    /// About which payment, refund, dispute, order, withdrawal or account, as it says.
    pub subject: String,
    /// What is announced.
    pub event_type: String,
    /// The bytes that are sent.
    pub payload: String,
    /// Where it stands.
    pub status: String,
    /// How many attempts were answered 2xx.
    pub accepted_attempts: i64,
}

/// A try of a job that did not work.
#[derive(Debug, Clone, Default, FromRow)]
pub struct Failure {
    /// The job's id.
    pub job_id: String,
    /// Its kind.
    pub kind: String,
    /// `retry` or `dead_letter`.
    pub disposition: String,
    /// The class of error.
    pub error_class: String,
    /// The payment, event or comparison it is about.
    pub correlation_id: String,
}

/// Why a refund is refused before anything is set aside for it.
const REFUSED_AT_ONCE: [&str; 6] = [
    "payment_not_paid",
    "nothing_left_to_refund",
    "refund_too_large",
    "refund_currency_differs",
    "refund_amount_not_taken",
    "insufficient_balance",
];

impl Transfer {
    /// Whether it merely moves what is in wallets, for no payment.
    pub fn is_among_wallets(&self) -> bool {
        self.payment.is_empty() && self.kind.starts_with("wallet_")
    }
}

impl Payment {
    /// Whether a wallet pays it.
    pub fn is_from_wallet(&self) -> bool {
        self.channel == "wallet"
    }
}

impl Refund {
    /// Whether its amount was ever set aside.
    pub fn was_reserved(&self) -> bool {
        !(self.status == "failed" && REFUSED_AT_ONCE.contains(&self.failure_code.as_str()))
    }

    /// Whether its money is set aside and not given back yet.
    pub fn is_reserved(&self) -> bool {
        matches!(self.status.as_str(), "pending" | "needs_review" | "processing")
    }
}

impl Dispute {
    /// Whether its money is with the bank or gone.
    pub fn is_withheld(&self) -> bool {
        self.status != "won"
    }
}
