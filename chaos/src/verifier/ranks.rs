//! The order of statuses, written down from the decisions about it and not taken from the code.

/// What merchants are told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// A payment.
    Payment,
    /// A refund.
    Refund,
    /// A dispute.
    Dispute,
}

/// From the lowest to the highest: a payment only ever climbs.
const PAYMENTS: [&str; 8] = [
    "pending",
    "needs_review",
    "requires_action",
    "processing",
    "failed",
    "canceled",
    "expired",
    "succeeded",
];
/// The same for refunds, which can fail after they succeeded.
const REFUNDS: [&str; 5] = ["pending", "needs_review", "processing", "succeeded", "failed"];
/// And for disputes, of which only one of the last two comes true; being open is told as having been opened.
const DISPUTES: [&str; 3] = ["opened", "won", "lost"];

/// The statuses that merchants are not told about.
const SILENT: [&str; 3] = ["pending", "requires_action", "processing"];

impl Thing {
    /// How the types of its notifications begin.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Refund => "refund",
            Self::Dispute => "dispute",
        }
    }

    /// What a notification of this type is about, and the status that it announces.
    pub fn announced_by(event_type: &str) -> Option<(Self, &str)> {
        let (name, status) = event_type.split_once('.')?;
        let mut things = [Self::Payment, Self::Refund, Self::Dispute].into_iter();
        Some((things.find(|thing| thing.name() == name)?, status))
    }

    /// How high a status stands; none when there is no such status.
    pub fn rank(self, status: &str) -> Option<usize> {
        let ranked: &[&str] = match self {
            Self::Payment => &PAYMENTS,
            Self::Refund => &REFUNDS,
            Self::Dispute => &DISPUTES,
        };
        ranked.iter().position(|ranked| *ranked == status)
    }

    /// Whether merchants are told that this status was reached.
    pub fn is_announced(self, status: &str) -> bool {
        !SILENT.contains(&status) && self.rank(status).is_some()
    }
}
