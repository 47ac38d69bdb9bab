//! Times as PayPal writes them.

use chrono::{DateTime, SecondsFormat, Utc};

/// In whole seconds, as resources show them.
pub fn written(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// With milliseconds, as events show them.
pub fn written_finely(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}
