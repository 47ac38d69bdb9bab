//! The order of statuses, written down from the decision about it and not taken from the code.

/// From the lowest to the highest: a payment only ever climbs.
const RANKED: [&str; 8] = [
    "pending",
    "needs_review",
    "requires_action",
    "processing",
    "failed",
    "canceled",
    "expired",
    "succeeded",
];

/// The statuses that merchants are told about.
const ANNOUNCED: [&str; 5] = ["needs_review", "failed", "canceled", "expired", "succeeded"];

/// How high a status stands; none when there is no such status.
pub fn rank(status: &str) -> Option<usize> {
    RANKED.iter().position(|ranked| *ranked == status)
}

/// Whether a payment that reached this status is told about.
pub fn is_announced(status: &str) -> bool {
    ANNOUNCED.contains(&status)
}

/// The status that a notification of this type announces.
pub fn announced_by(event_type: &str) -> &str {
    event_type.strip_prefix("payment.").unwrap_or_default()
}
