//! The retry ladder: which delays the broker can hold a message for.
//!
//! A queue expires messages only at its head, so a message with a long delay would hold up those behind it. Hence one
//! queue per delay, and a wish for any delay is met by one of the two tiers around it, chosen at random so that on
//! average the wish is met exactly. That keeps the spread which the retry policy gave to delays: rounding to the
//! nearest tier would bring jobs that failed together back together.

use std::time::Duration;

use uuid::Uuid;

/// The delays in half units.
const HALF_UNITS: [u32; 17] = [
    1, 2, 4, 8, 16, 30, 60, 120, 240, 600, 1_200, 2_400, 5_400, 10_800, 21_600, 43_200, 86_400,
];

/// A delay the broker can hold a message for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tier {
    delay_ms: u32,
}

/// The tiers, from the shortest to the longest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryLadder {
    tiers: Vec<Tier>,
}

impl Tier {
    /// How long a message is held.
    pub fn delay(self) -> Duration {
        Duration::from_millis(self.delay_ms.into())
    }

    /// The delay in milliseconds, as the broker counts it.
    pub(crate) const fn delay_ms(self) -> u32 {
        self.delay_ms
    }

    /// The delay as people write it, in the largest unit that needs no fraction: `500ms`, `90m`, `3h`.
    pub fn label(self) -> String {
        match self.delay_ms {
            ms if ms % 3_600_000 == 0 => format!("{}h", ms / 3_600_000),
            ms if ms % 60_000 == 0 => format!("{}m", ms / 60_000),
            ms if ms % 1_000 == 0 => format!("{}s", ms / 1_000),
            ms => format!("{ms}ms"),
        }
    }

    /// The name of its queue.
    pub fn queue(self) -> String {
        format!("retry.{}", self.label())
    }
}

impl RetryLadder {
    /// The ladder for delays counted in `unit`. Tiers that fall together in whole milliseconds become one.
    pub fn new(unit: Duration) -> Self {
        let half_unit_us = unit.as_micros() / 2;
        let mut tiers: Vec<Tier> = HALF_UNITS
            .iter()
            .map(|half_units| (half_unit_us * u128::from(*half_units)).div_ceil(1_000).max(1))
            .map(|delay_ms| Tier {
                delay_ms: u32::try_from(delay_ms).unwrap_or(u32::MAX),
            })
            .collect();
        tiers.dedup();
        Self { tiers }
    }

    /// Every tier, from the shortest to the longest.
    pub fn tiers(&self) -> &[Tier] {
        &self.tiers
    }

    /// A tier for a wished delay: on average over many calls exactly the wish, within the ladder's ends.
    pub fn tier_for(&self, wish: Duration) -> Tier {
        self.nearby(wish, random_fraction())
    }

    /// The shortest tier that is not shorter than the wish, or the longest there is.
    pub fn at_least(&self, wish: Duration) -> Tier {
        let found = self.tiers.iter().copied().find(|tier| tier.delay() >= wish);
        found.unwrap_or_else(|| self.longest())
    }

    /// `chance`, from 0 up to 1, decides between the neighbours of the wish.
    fn nearby(&self, wish: Duration, chance: f64) -> Tier {
        let above = self.at_least(wish);
        let below = self
            .tiers
            .iter()
            .copied()
            .rfind(|tier| tier.delay() <= wish)
            .unwrap_or(above);
        if above <= below {
            return below;
        }
        let way_up = (wish - below.delay()).as_secs_f64() / (above.delay() - below.delay()).as_secs_f64();
        if chance < way_up { above } else { below }
    }

    fn longest(&self) -> Tier {
        self.tiers.last().copied().unwrap_or(Tier { delay_ms: 1 })
    }
}

/// A number from 0 up to, but not including, 1.
fn random_fraction() -> f64 {
    let (bits, _) = Uuid::new_v4().as_u64_pair();
    f64::from((bits >> 32) as u32) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn queues_are_named_as_people_say_delays() {
        let names: Vec<String> = RetryLadder::new(SECOND)
            .tiers()
            .iter()
            .map(|tier| tier.label())
            .collect();
        let expected = "500ms 1s 2s 4s 8s 15s 30s 1m 2m 5m 10m 20m 45m 90m 3h 6h 12h";
        assert_eq!(names.join(" "), expected);
        assert_eq!(RetryLadder::new(SECOND).tiers()[0].queue(), "retry.500ms");
    }

    #[test]
    fn a_small_unit_gives_fewer_tiers_and_no_name_twice() {
        let ladder = RetryLadder::new(Duration::from_micros(700));
        let mut names: Vec<String> = ladder.tiers().iter().map(|tier| tier.queue()).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
        assert_eq!(ladder.tiers()[0].delay(), Duration::from_millis(1));
    }

    #[test]
    fn a_wish_is_met_on_average() {
        let ladder = RetryLadder::new(SECOND);
        for wish_ms in [500, 700, 1_000, 1_500, 3_100, 22_000, 400_000, 43_200_000] {
            let wish = Duration::from_millis(wish_ms);
            let picks: Vec<f64> = (0..4_000)
                .map(|_| ladder.tier_for(wish).delay().as_secs_f64())
                .collect();
            let mean = picks.iter().sum::<f64>() / picks.len() as f64;
            assert!((mean / wish.as_secs_f64() - 1.0).abs() < 0.05, "{wish:?}: {mean}");
        }
    }

    #[test]
    fn only_the_neighbours_of_a_wish_are_used() {
        let ladder = RetryLadder::new(SECOND);
        let wish = Duration::from_secs(6);
        assert_eq!(ladder.nearby(wish, 0.0).label(), "8s");
        assert_eq!(ladder.nearby(wish, 0.49).label(), "8s");
        assert_eq!(ladder.nearby(wish, 0.51).label(), "4s");
        assert_eq!(ladder.nearby(Duration::from_secs(8), 0.999).label(), "8s");
    }

    #[test]
    fn wishes_beyond_the_ends_get_the_ends() {
        let ladder = RetryLadder::new(SECOND);
        assert_eq!(ladder.tier_for(Duration::ZERO).label(), "500ms");
        assert_eq!(ladder.tier_for(Duration::from_secs(86_400)).label(), "12h");
        assert_eq!(ladder.at_least(Duration::from_secs(86_400)).label(), "12h");
    }

    #[test]
    fn a_minimum_is_never_undercut() {
        let ladder = RetryLadder::new(SECOND);
        assert_eq!(ladder.at_least(Duration::from_millis(4_001)).label(), "8s");
        assert_eq!(ladder.at_least(Duration::from_secs(4)).label(), "4s");
    }
}
