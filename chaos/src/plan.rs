//! What breaks when, decided from a seed.
//!
//! A plan is a value: the same seed and time give the same plan. It is woven of lanes, one for each part that can break.
//! Within a lane one fault follows another; the lanes know nothing of each other, so that faults meet by accident, as
//! they do. Each lane deals its faults from a deck, so that every kind gets its turn before one comes again.
//!
//! At which failpoint a process dies is decided at each of its starts ([`Arms`]), because nobody can plan how often a
//! process starts that dies of many causes.

mod arms;
mod cast;
mod fault;
mod lanes;

use std::time::Duration;

pub use arms::Arms;
pub use cast::{Member, Peer, Server};
pub use fault::{CallbackDial, Damage, Fault};

/// A fault with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// When it begins, counted from the beginning of the run.
    pub at: Duration,
    /// How long it lasts, where that means anything. What was killed begins to start again after this.
    pub lasts: Duration,
    /// What it is.
    pub fault: Fault,
}

/// Everything that breaks in a run, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The faults by their beginnings.
    pub faults: Vec<Planned>,
    /// When all of them are over.
    pub time: Duration,
}

impl Plan {
    /// The plan of a seed, for so long a time and so many merchants.
    pub fn new(seed: u64, time: Duration, merchants: usize) -> Self {
        let mut faults = lanes::all(seed, time, merchants);
        faults.sort_by_key(|planned| planned.at);
        Self { faults, time }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    const FIVE_MINUTES: Duration = Duration::from_secs(300);

    fn times() -> impl Strategy<Value = Duration> {
        (0_u64..900_000).prop_map(Duration::from_millis)
    }

    fn end(planned: &Planned) -> Duration {
        planned.at + planned.lasts
    }

    proptest! {
        #[test]
        fn a_seed_always_gives_the_same_plan(seed: u64, time in times(), merchants in 1_usize..20) {
            prop_assert_eq!(Plan::new(seed, time, merchants), Plan::new(seed, time, merchants));
        }

        #[test]
        fn other_seeds_give_other_plans(seed: u64) {
            let plan = |seed| Plan::new(seed, FIVE_MINUTES, 6);
            prop_assert_ne!(plan(seed), plan(seed.wrapping_add(1)));
        }

        #[test]
        fn every_fault_is_over_by_the_end(seed: u64, time in times()) {
            for planned in Plan::new(seed, time, 6).faults {
                let over = end(&planned) + planned.fault.aftermath();
                prop_assert!(over <= time, "{planned:?} of {time:?}");
            }
        }

        #[test]
        fn five_minutes_hold_every_kind_of_fault(seed: u64) {
            let plan = Plan::new(seed, FIVE_MINUTES, 6);
            let seen: HashSet<String> = plan.faults.iter().map(|planned| planned.fault.class()).collect();
            for class in lanes::classes() {
                prop_assert!(seen.contains(&class), "no {class} in the plan of {seed}");
            }
        }

        #[test]
        fn one_minute_holds_every_server_and_overlapping_faults(seed: u64) {
            let plan = Plan::new(seed, Duration::from_secs(60), 6);
            for server in Server::ALL {
                let crash = Fault::Crash(server);
                prop_assert!(plan.faults.iter().any(|planned| planned.fault == crash), "{crash}");
            }
            let pairs = plan.faults.iter().zip(plan.faults.iter().skip(1));
            prop_assert!(pairs.filter(|(one, next)| next.at < end(one)).count() > 5);
        }

        #[test]
        fn nothing_breaks_twice_at_once(seed: u64) {
            let plan = Plan::new(seed, FIVE_MINUTES, 6);
            let on_wires = |planned: &&Planned| matches!(planned.fault, Fault::Wire { .. });
            let wires: Vec<_> = plan.faults.iter().filter(on_wires).collect();
            prop_assert!(wires.windows(2).all(|pair| end(pair[0]) <= pair[1].at));
        }
    }
}
