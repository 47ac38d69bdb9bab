//! Time as a parameter. Code asks a [`Clock`] instead of the machine, so a test can stand still or jump.

use chrono::{DateTime, Utc};

/// Where the time of day comes from.
pub trait Clock: Send + Sync {
    /// The present moment in UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's own clock: what every process outside tests runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the ambient clock is read"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}
