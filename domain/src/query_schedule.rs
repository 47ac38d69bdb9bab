//! When a provider is asked again about a payment or a refund whose end it has not told, or to close one once more.
//!
//! What is in review waits for an answer that was lost: the first query is due at once, and somebody waits for it. What
//! merely waits, for the payer or for a bank, is told by a callback in time; it is asked about in case that callback
//! was lost, later and less often. Either way the pauses grow and asking never ends: nothing is out of sight before it
//! is settled.

use std::time::Duration;

/// The pauses after the first query, the second, and so on; the last one for all that follow. In units of the retry
/// ladder.
const REVIEW_UNITS: [u32; 7] = [30, 60, 120, 300, 600, 1_800, 3_600];
const WAITING_UNITS: [u32; 6] = [300, 600, 1_800, 3_600, 10_800, 21_600];
/// The pauses after the first attempt to close a payment that was not paid in time, and so on.
const CLOSING_UNITS: [u32; 6] = [30, 120, 600, 1_800, 3_600, 21_600];
/// How long something waits before it is asked about for the first time.
const FIRST_WAIT_UNITS: u32 = 120;
/// Longer than a job takes with all its tries, and than a call may be at work.
const FORGOTTEN_UNITS: u32 = 600;

/// When queries about one thing are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuerySchedule {
    /// How long after its last change the first query is due.
    pub first: Duration,
    /// The pauses after the first query, the second, and so on; the last one for all that follow.
    pub pauses: Vec<Duration>,
}

impl QuerySchedule {
    /// For what is in review.
    pub fn in_review(unit: Duration) -> Self {
        Self {
            first: Duration::ZERO,
            pauses: in_units(unit, &REVIEW_UNITS),
        }
    }

    /// For what is pending: its job may have been lost, and is sent again.
    pub fn forgotten(unit: Duration) -> Self {
        Self {
            first: unit * FORGOTTEN_UNITS,
            pauses: in_units(unit, &[FORGOTTEN_UNITS, 6 * FORGOTTEN_UNITS]),
        }
    }

    /// For what waits for the payer or for a bank.
    pub fn waiting(unit: Duration) -> Self {
        Self {
            first: unit * FIRST_WAIT_UNITS,
            pauses: in_units(unit, &WAITING_UNITS),
        }
    }
}

/// The pauses between attempts to close a payment that was not paid in time. A provider that is away for some minutes is
/// asked again soon; one that is at work on the payment for days is not asked all the time.
pub fn closing_pauses(unit: Duration) -> Vec<Duration> {
    in_units(unit, &CLOSING_UNITS)
}

fn in_units(unit: Duration, pauses: &[u32]) -> Vec<Duration> {
    pauses.iter().map(|units| unit * *units).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_what_is_in_review_is_asked_about_first() {
        let unit = Duration::from_secs(1);
        let (review, waiting) = (QuerySchedule::in_review(unit), QuerySchedule::waiting(unit));
        assert!(review.first < waiting.first);
        for pauses in [&review.pauses, &waiting.pauses, &closing_pauses(unit)] {
            assert!(pauses.is_sorted_by(|earlier, later| earlier < later));
        }
        assert_eq!(review.pauses.last(), Some(&Duration::from_secs(3_600)));
    }
}
