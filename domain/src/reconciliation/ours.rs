//! What we believe moved: payments, refunds and disputes, each with what the ledger says of it.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use crate::{
    dispute::DisputeStatus,
    id::{PaymentId, RefundId},
    money::Money,
    payment::PaymentStatus,
    refund::RefundStatus,
};

/// A posted transfer of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posted {
    /// How much it moved, in minor units of the payment's currency.
    pub amount_minor: i64,
    /// When it was written.
    pub at: DateTime<Utc>,
}

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurPayment {
    /// Its id.
    pub id: PaymentId,
    /// The provider's id of its intent, once known.
    pub intent_id: Option<String>,
    /// Where it stands.
    pub status: PaymentStatus,
    /// What it is about.
    pub money: Money,
    /// That it was paid, in the ledger.
    pub received: Option<Posted>,
    /// What the provider kept of it, in the ledger.
    pub fee: Option<Posted>,
}

/// A refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurRefund {
    /// Its id.
    pub id: RefundId,
    /// The payment.
    pub payment_id: PaymentId,
    /// The provider's id of it, once known.
    pub channel_refund_id: Option<String>,
    /// Where it stands.
    pub status: RefundStatus,
    /// What it gives back.
    pub money: Money,
    /// That it was given back, in the ledger.
    pub given_back: Option<Posted>,
    /// That it came back, in the ledger.
    pub returned: Option<Posted>,
}

/// A dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurDispute {
    /// The payment.
    pub payment_id: PaymentId,
    /// The provider's id of it.
    pub channel_dispute_id: String,
    /// Where it stands.
    pub status: DisputeStatus,
    /// What is disputed.
    pub money: Money,
    /// That it was withheld, in the ledger.
    pub withheld: Option<Posted>,
    /// That it was won, in the ledger.
    pub won: Option<Posted>,
}

/// All of ours that a statement has to be held against: whatever it names, and whatever moved here in its time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ours {
    /// The merchant's payments.
    pub payments: Vec<OurPayment>,
    /// Their refunds.
    pub refunds: Vec<OurRefund>,
    /// Their disputes.
    pub disputes: Vec<OurDispute>,
    /// Payments that the statement names and that belong to other merchants here, which share the account.
    pub of_others: HashSet<PaymentId>,
}
