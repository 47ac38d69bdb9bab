//! What moved on a merchant's account at its provider.

use chrono::{DateTime, Utc};

use crate::{
    id::{PaymentId, RefundId},
    money::Money,
};

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
