//! The only place that reads the machine's clock, and the only one that makes ids.

use chrono::{DateTime, SecondsFormat, Utc};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The present moment.
#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox shares no code with the pipeline, its clock included"
)]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The present moment in whole seconds since the epoch, as Stripe writes times.
pub fn now_s() -> i64 {
    now().timestamp()
}

/// The present moment as records show it, with milliseconds.
pub fn stamp() -> String {
    now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A random id in Stripe's manner: the prefix, then 22 letters and digits.
pub fn object_id(prefix: &str) -> String {
    let mut rest = uuid::Uuid::new_v4().as_u128();
    let mut id = String::with_capacity(prefix.len() + 22);
    id.push_str(prefix);
    for _ in 0..22 {
        let digit = usize::try_from(rest % 62).unwrap_or_default();
        id.push(char::from(BASE62[digit]));
        rest /= 62;
    }
    id
}
