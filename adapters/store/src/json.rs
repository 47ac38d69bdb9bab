//! Values of the domain as PostgreSQL's `jsonb`.

use serde::Serialize;
use serde_json::Value;

/// The value in its own serialised form.
#[expect(
    clippy::expect_used,
    reason = "structs of strings and integers with string keys always serialise"
)]
pub fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("the value serialises")
}
