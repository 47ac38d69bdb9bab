//! How often, and after how long, a job is tried again. The only file that knows the backoff library.
//!
//! Delays are counted in *units*: one second, unless a deployment shrinks the unit to rehearse a day in minutes.

use std::time::Duration;

use backoff::{ExponentialBackoff, ExponentialBackoffBuilder, backoff::Backoff};

use crate::outcome::{Disposition, Outcome};

/// A schedule of retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetrySchedule {
    /// Three retries after the first try: after about 1, 4 and 16 units.
    Steps,
    /// Eight retries over about a day: after about 5 units, 5 minutes, 30 minutes, then 2, 4, 5, 6 and 7 hours.
    OverADay,
}

/// How many times a job may be put off before a person has to look: about half a day of a database that is away, and a
/// week of anything else.
pub const MAX_SNOOZES: u32 = 10_000;

/// Retries of [`RetrySchedule::OverADay`], in units.
const DAY_DELAYS: [u32; 8] = [5, 300, 1_800, 7_200, 14_400, 18_000, 21_600, 25_200];

/// A delay is spread over this part of itself, to both sides.
const JITTER: f64 = 0.5;
const DAY_JITTER: f64 = 0.2;

impl RetrySchedule {
    /// How many times a job is tried again after the first try.
    pub const fn retries(self) -> u32 {
        match self {
            Self::Steps => 3,
            Self::OverADay => DAY_DELAYS.len() as u32,
        }
    }

    /// Whether `attempt` (the first try is 1) is the last one.
    pub const fn is_last(self, attempt: u32) -> bool {
        attempt > self.retries()
    }

    /// The delay before the try after `attempt`, spread at random around its nominal value.
    pub fn delay(self, attempt: u32, unit: Duration) -> Duration {
        let attempt = attempt.clamp(1, self.retries());
        match self {
            Self::Steps => nth(exponential(unit, JITTER), attempt),
            Self::OverADay => {
                let nominal = unit * DAY_DELAYS[attempt as usize - 1];
                nth(exponential(nominal, DAY_JITTER), 1)
            }
        }
    }

    /// What becomes of a job after the `attempt`-th try and `snoozes` snoozes ended with `outcome`.
    pub fn decide(self, attempt: u32, snoozes: u32, outcome: Outcome, unit: Duration) -> Disposition {
        match outcome {
            Outcome::Done => Disposition::Complete,
            Outcome::Fail(reason) => Disposition::DeadLetter(reason),
            Outcome::Snooze { reason, .. } if snoozes >= MAX_SNOOZES => Disposition::DeadLetter(reason),
            Outcome::Snooze { reason, delay } => Disposition::Snooze { reason, delay },
            Outcome::Retry { reason, .. } if self.is_last(attempt) => Disposition::DeadLetter(reason),
            Outcome::Retry { reason, after } => {
                let at_least = after.unwrap_or_default();
                Disposition::Retry {
                    reason,
                    delay: self.delay(attempt, unit).max(at_least),
                    at_least,
                }
            }
        }
    }
}

fn exponential(first: Duration, jitter: f64) -> ExponentialBackoff {
    ExponentialBackoffBuilder::new()
        .with_initial_interval(first)
        .with_multiplier(4.0)
        .with_randomization_factor(jitter)
        .with_max_interval(Duration::from_secs(86_400))
        .with_max_elapsed_time(None)
        .build()
}

/// The n-th delay of a sequence, counting from 1.
fn nth(mut sequence: ExponentialBackoff, n: u32) -> Duration {
    (0..n)
        .filter_map(|_| sequence.next_backoff())
        .last()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{ErrorClass, Reason};

    const UNIT: Duration = Duration::from_secs(1);

    fn reason() -> Reason {
        Reason::new(ErrorClass::ProviderUnavailable, "down")
    }

    #[test]
    fn steps_grow_and_are_jittered_within_bounds() {
        for (attempt, nominal) in [(1, 1.0), (2, 4.0), (3, 16.0)] {
            let delays: Vec<f64> = (0..200)
                .map(|_| RetrySchedule::Steps.delay(attempt, UNIT).as_secs_f64())
                .collect();
            assert!(
                delays
                    .iter()
                    .all(|delay| (nominal * 0.499..=nominal * 1.501).contains(delay)),
                "{attempt}"
            );
            assert!(
                delays.iter().any(|delay| *delay < nominal) && delays.iter().any(|delay| *delay > nominal)
            );
        }
    }

    #[test]
    fn notifications_are_tried_for_about_a_day() {
        let schedule = RetrySchedule::OverADay;
        let total: Duration = (1..=schedule.retries())
            .map(|attempt| schedule.delay(attempt, UNIT))
            .sum();
        assert!(
            (18.0..31.0).contains(&(total.as_secs_f64() / 3_600.0)),
            "{total:?}"
        );
    }

    #[test]
    fn three_retries_then_the_dead_letter_queue() {
        let decide = |attempt| RetrySchedule::Steps.decide(attempt, 0, Outcome::retry(reason()), UNIT);
        for attempt in 1..=3 {
            assert!(matches!(decide(attempt), Disposition::Retry { .. }), "{attempt}");
        }
        assert_eq!(decide(4), Disposition::DeadLetter(reason()));
    }

    #[test]
    fn a_snooze_uses_up_no_attempt_but_does_not_last_forever() {
        let snooze = Outcome::Snooze {
            reason: reason(),
            delay: UNIT,
        };
        let decide = |snoozes| RetrySchedule::Steps.decide(4, snoozes, snooze.clone(), UNIT);
        assert_eq!(
            decide(0),
            Disposition::Snooze {
                reason: reason(),
                delay: UNIT
            }
        );
        assert_eq!(decide(MAX_SNOOZES), Disposition::DeadLetter(reason()));
    }

    #[test]
    fn the_other_sides_wish_to_wait_is_honoured() {
        let outcome = Outcome::Retry {
            reason: reason(),
            after: Some(Duration::from_secs(600)),
        };
        let Disposition::Retry { delay, .. } = RetrySchedule::Steps.decide(1, 0, outcome, UNIT) else {
            panic!()
        };
        assert_eq!(delay, Duration::from_secs(600));
    }
}
