//! What has to hold, whatever broke: one sentence for each.

/// Without it, all others may hold for want of evidence.
pub const ALL_READ: &str = "The evidence is complete: no log was too short and no queue too long to be read.";
/// Nothing accepted is lost, nothing is made up.
pub const KEPT: &str =
    "Every accepted request is stored as exactly one payment, as asked for; nothing else is stored.";
/// A repeat is the same payment.
pub const ONE_ID: &str = "Every answer under an idempotency key names the same payment, and no other key's.";
/// The provider opens one intent for a payment.
pub const ONE_INTENT: &str =
    "Every payment has at most one intent, and every intent belongs to a payment of its merchant.";
/// The provider can recognise a repeated call.
pub const ONE_KEY: &str = "The provider is asked for a payment's intent under one idempotency key only.";
/// Money and payments agree.
pub const CHARGED_IS_PAID: &str =
    "Every charge is a succeeded payment, once and in full, and every succeeded payment a charge.";
/// A failure has a reason at the provider.
pub const FAILED_IS_DECLINED: &str = "Every failed payment was declined, or has no intent at the provider.";
/// Nothing hangs.
pub const ENDED: &str = "Every payment has come to an end, waits for its payer, or is visibly in review.";
/// Statuses only climb.
pub const FORWARD: &str = "No payment moved backwards, neither seen by its client nor told to its merchant.";
/// No callback is lost or counted twice.
pub const TAKEN_IN_ONCE: &str =
    "Every callback answered 2xx was taken in once, for its merchant, and no other was.";
/// Merchants hear of everything.
pub const TOLD_ONCE: &str =
    "Every status that merchants are told about has one notification, and it was delivered.";
/// Merchants hear nothing else.
pub const TOLD_THE_TRUTH: &str = "Every notification is signed, is the same each time, and is true.";
/// What is given up can be understood.
pub const EXPLAINED: &str =
    "Every parked message is explained by its job's story, and every job given up is parked or done.";
/// The work is done.
pub const NONE_WAITS: &str = "Nothing is left in the outbox, in a job queue or in a retry queue.";
/// Whoever is refused knows where they stand.
pub const HONEST_REFUSALS: &str =
    "Every refusal was honest: 503 with Retry-After, or a 404, 408 or 409 where one was due.";
