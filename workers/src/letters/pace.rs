//! How many letters of an action go in a second.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use domain::id::DeadLetterActionId;

const SECOND: Duration = Duration::from_secs(1);

/// When each action may go on. It outlives rounds, so that none begins with a rush.
#[derive(Debug, Default)]
pub struct Pace(HashMap<DeadLetterActionId, Instant>);

impl Pace {
    /// How many letters of an action may go now: as many as in a second, once a second.
    pub fn allowed(&mut self, action: DeadLetterActionId, rate_per_s: u32, now: Instant) -> usize {
        let next = self.0.entry(action).or_insert(now);
        if now < *next {
            return 0;
        }
        *next = now + SECOND;
        usize::try_from(rate_per_s).unwrap_or(usize::MAX)
    }

    /// Forgets actions that have long been able to go on: they are over.
    pub fn forget(&mut self, now: Instant) {
        self.0.retain(|_, next| *next + SECOND > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_go_in_a_second_as_may() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        let (one, other) = (DeadLetterActionId::random(), DeadLetterActionId::random());
        assert_eq!(pace.allowed(one, 5, now), 5);
        assert_eq!(pace.allowed(one, 5, now + SECOND / 2), 0);
        assert_eq!(pace.allowed(other, 7, now + SECOND / 2), 7);
        assert_eq!(pace.allowed(one, 5, now + SECOND), 5);
        pace.forget(now + SECOND * 3);
        assert!(pace.0.is_empty());
    }
}
