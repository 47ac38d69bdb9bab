//! Ids in PayPal's manner: short, in capital letters and digits, and alike for orders, captures and refunds.

use crate::clock;

/// How long the ids of resources are.
const RESOURCE_CHARS: usize = 17;

/// An id of an order, capture, refund or webhook.
pub fn resource_id() -> String {
    capitals(RESOURCE_CHARS)
}

/// An id of an event.
pub fn event_id() -> String {
    format!("WH-{}-{}", capitals(RESOURCE_CHARS), capitals(RESOURCE_CHARS))
}

/// An id of a payer or a merchant.
pub fn account_id() -> String {
    capitals(13)
}

/// An id of a dispute.
pub fn dispute_id() -> String {
    format!("PP-D-{}", capitals(5))
}

/// The id told in `paypal-debug-id` and in errors.
pub fn debug_id() -> String {
    capitals(13).to_ascii_lowercase()
}

fn capitals(count: usize) -> String {
    let letters = clock::object_id("");
    letters
        .chars()
        .take(count)
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}
