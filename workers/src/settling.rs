//! How long a call that opens an intent may have an effect after it was begun.
//!
//! Everybody counts from the moment at which the beginning was written down. A call is sent within the first third of the
//! time, and given up by its sender within the second; the last third is for a provider that is still at work on what
//! nobody waits for any more. Only after all of it does "there is no such intent" mean that there will be none.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// At least so many units of the retry ladder.
const UNITS: u32 = 90;
/// At least so many times as long as a call may take; also the part of the time in which it has to be sent.
const CALLS: u32 = 3;

/// The time after which a call has had whatever effect it will have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settling(Duration);

impl Settling {
    /// For this unit of the retry ladder, and calls that end after `call_timeout`.
    pub fn new(retry_unit: Duration, call_timeout: Duration) -> Self {
        Self((retry_unit * UNITS).max(call_timeout * CALLS))
    }

    /// When a call is over that was begun then.
    pub fn end(self, begun: DateTime<Utc>) -> DateTime<Utc> {
        begun + self.0
    }

    /// How long a call may still be at work; none when it is over.
    pub fn left(self, begun: DateTime<Utc>, now: DateTime<Utc>) -> Option<Duration> {
        let left = (self.end(begun) - now).to_std().ok()?;
        (!left.is_zero()).then_some(left)
    }

    /// Whether a call that was begun then may still be sent.
    pub fn may_send(self, begun: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        now < begun + self.0 / CALLS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_outlives_a_call_however_small_the_unit() {
        assert_eq!(Settling::new(SECOND, SECOND * 10), Settling(SECOND * 90));
        assert_eq!(Settling::new(SECOND / 10, SECOND * 10), Settling(SECOND * 30));
    }

    #[test]
    fn a_call_is_sent_early_and_over_late() {
        let settling = Settling::new(SECOND, SECOND);
        let begun = DateTime::UNIX_EPOCH;
        assert!(settling.may_send(begun, begun + SECOND * 29));
        assert!(!settling.may_send(begun, begun + SECOND * 30));
        assert_eq!(settling.left(begun, begun + SECOND * 89), Some(SECOND));
        assert_eq!(settling.left(begun, begun + SECOND * 90), None);
        // Begun after the question was put: nothing can be concluded from its answer.
        assert!(settling.left(begun, begun - SECOND).is_some());
    }
}
