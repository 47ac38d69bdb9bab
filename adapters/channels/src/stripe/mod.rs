//! Stripe, by payment intents.
//!
//! Requests are typed by the async-stripe family; answers and events are read into our own few fields
//! (`wire.rs`), so that nothing Stripe adds or drops elsewhere in its large objects can make an answer
//! unreadable. An intent carries the payment's id in its metadata from the moment it exists, and so does a refund
//! the refund's: that is how callbacks and lost answers find their payment. Stripe copies an intent's metadata to its
//! charges, which is how lines of a statement find it. Disputes carry no mark; they name their intent.

mod amount;
mod client;
mod decline;
mod dispute;
mod error;
mod event;
mod refund;
mod request;
mod signature;
mod statement;
mod status;
mod wire;

use std::time::Duration;

use domain::channel::Channel;

use crate::capabilities::Capabilities;

pub use client::{Stripe, StripeConfig};
pub use event::translate_callback;
pub use signature::{SIGNATURE_HEADER, check_headers, verify_callback};

/// The metadata key under which an intent and its charges carry the id of their payment.
pub const PAYMENT_ID_KEY: &str = "sluice_payment_id";

/// What Stripe takes and promises. Idempotency keys may be pruned once they are 24 hours old
/// (<https://docs.stripe.com/api/idempotent_requests>).
pub const CAPABILITIES: Capabilities = Capabilities {
    channel: Channel::Stripe,
    currencies: amount::RULES,
    idempotency_retention: Duration::from_secs(24 * 60 * 60),
    no_such_object: "resource_missing",
};
