//! A circuit breaker: pure, told the time.
//!
//! It opens when at least half of the last twenty calls, and at least ten, got no answer within a minute. Open, it lets
//! nothing through for a while; then one call finds out for all. Its success closes the circuit, its failure opens it for
//! twice as long.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// How many calls are looked back at.
const WINDOW: usize = 20;
/// How many of them must have failed.
const FAILURES: usize = 10;
/// For how long a call is looked back at. What a quiet channel met an hour ago says nothing about now.
const REMEMBERED: Duration = Duration::from_secs(60);
/// How often the time for which it stays open is doubled at the most.
const DOUBLINGS: u32 = 3;

/// How a circuit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Calls go through.
    Closed,
    /// One call finds out.
    HalfOpen,
    /// No call goes through.
    Open,
}

impl State {
    /// The value of its gauge.
    pub(super) const fn level(self) -> f64 {
        match self {
            Self::Closed => 0.0,
            Self::HalfOpen => 1.0,
            Self::Open => 2.0,
        }
    }

    /// Its name in logs.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }
}

/// One channel's circuit.
#[derive(Debug)]
pub(super) struct Breaker {
    open_for: Duration,
    /// The last calls, newest last.
    history: VecDeque<Ended>,
    circuit: Circuit,
}

/// A call that has ended.
#[derive(Debug, Clone, Copy)]
struct Ended {
    at: Instant,
    is_failure: bool,
}

#[derive(Debug, Clone, Copy)]
enum Circuit {
    Closed,
    Open {
        until: Instant,
        /// How often in a row it was opened in vain.
        times: u32,
        is_probing: bool,
    },
}

impl Breaker {
    pub(super) const fn new(open_for: Duration) -> Self {
        Self {
            open_for,
            history: VecDeque::new(),
            circuit: Circuit::Closed,
        }
    }

    pub(super) fn state(&self, now: Instant) -> State {
        match self.circuit {
            Circuit::Closed => State::Closed,
            Circuit::Open { is_probing: true, .. } => State::HalfOpen,
            Circuit::Open { until, .. } if until <= now => State::HalfOpen,
            Circuit::Open { .. } => State::Open,
        }
    }

    /// For how long no call is let through; none when one would be.
    pub(super) fn shut_for(&self, now: Instant) -> Option<Duration> {
        match self.circuit {
            Circuit::Closed => None,
            Circuit::Open { is_probing: true, .. } => Some(self.open_for),
            Circuit::Open { until, .. } => Some(until - now).filter(|wait| !wait.is_zero()),
        }
    }

    /// Lets a call through and says whether it is the one that finds out; or says how long to wait.
    pub(super) fn admit(&mut self, now: Instant) -> Result<bool, Duration> {
        if let Some(wait) = self.shut_for(now) {
            return Err(wait);
        }
        Ok(match &mut self.circuit {
            Circuit::Closed => false,
            Circuit::Open { is_probing, .. } => {
                *is_probing = true;
                true
            }
        })
    }

    /// A call has ended. One that began before the circuit opened tells nothing new.
    pub(super) fn note(&mut self, is_failure: bool, is_probe: bool, now: Instant) {
        match self.circuit {
            Circuit::Closed => {
                self.remember(Ended { at: now, is_failure });
                let failures = self.history.iter().filter(|ended| ended.is_failure);
                if failures.count() >= FAILURES {
                    self.open(now, 0);
                }
            }
            Circuit::Open { times, .. } if is_probe && is_failure => self.open(now, times + 1),
            Circuit::Open { .. } if is_probe => {
                self.circuit = Circuit::Closed;
            }
            Circuit::Open { .. } => {}
        }
    }

    /// The call that was to find out has ended without a word.
    pub(super) fn forget_probe(&mut self, now: Instant) {
        if let Circuit::Open { times, .. } = self.circuit {
            self.circuit = Circuit::Open {
                until: now,
                times,
                is_probing: false,
            };
        }
    }

    fn remember(&mut self, ended: Ended) {
        self.history
            .retain(|before| ended.at.duration_since(before.at) < REMEMBERED);
        if self.history.len() == WINDOW {
            self.history.pop_front();
        }
        self.history.push_back(ended);
    }

    fn open(&mut self, now: Instant, times: u32) {
        self.history.clear();
        self.circuit = Circuit::Open {
            until: now + self.open_for * (1 << times.min(DOUBLINGS)),
            times,
            is_probing: false,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN_FOR: Duration = Duration::from_secs(5);

    #[test]
    fn half_of_the_calls_open_it_and_fewer_do_not() {
        let now = Instant::now();
        let mut breaker = Breaker::new(OPEN_FOR);
        for call in 0..1_000 {
            breaker.note(call % 3 == 0, false, now);
        }
        assert_eq!(breaker.state(now), State::Closed);
        for call in 0..20 {
            breaker.note(call % 2 == 0, false, now);
        }
        assert_eq!(breaker.state(now), State::Open);
    }

    #[test]
    fn what_is_older_than_a_minute_is_forgotten() {
        let mut now = Instant::now();
        let mut breaker = Breaker::new(OPEN_FOR);
        for _ in 0..3 {
            for _ in 1..FAILURES {
                breaker.note(true, false, now);
            }
            now += REMEMBERED;
        }
        assert_eq!(breaker.state(now), State::Closed);
        for _ in 0..FAILURES {
            now += REMEMBERED / 20;
            breaker.note(true, false, now);
        }
        assert_eq!(breaker.state(now), State::Open);
    }

    #[test]
    fn each_time_in_vain_doubles_the_wait_up_to_a_limit() {
        let mut now = Instant::now();
        let mut breaker = Breaker::new(OPEN_FOR);
        for _ in 0..FAILURES {
            breaker.note(true, false, now);
        }
        for times in [1, 2, 4, 8, 8] {
            let wait = breaker.admit(now).unwrap_err();
            assert_eq!(wait, OPEN_FOR * times);
            now += wait;
            assert_eq!(breaker.admit(now), Ok(true));
            assert!(breaker.admit(now).is_err(), "one at a time");
            breaker.note(true, true, now);
        }
    }

    #[test]
    fn what_began_before_it_opened_neither_closes_nor_extends_it() {
        let now = Instant::now();
        let mut breaker = Breaker::new(OPEN_FOR);
        for _ in 0..FAILURES {
            breaker.note(true, false, now);
        }
        breaker.note(false, false, now);
        breaker.note(true, false, now);
        assert_eq!(breaker.admit(now), Err(OPEN_FOR));
    }
}
