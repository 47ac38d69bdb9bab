//! Which stretch of time is compared.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

/// The part of a day that is compared: all of it, or what of it was over a while ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From this moment on.
    pub from: DateTime<Utc>,
    /// Before this moment.
    pub until: DateTime<Utc>,
}

impl Window {
    /// How far a movement's line in the statement may usually lie from its record here.
    pub const MARGIN: TimeDelta = TimeDelta::hours(2);

    /// A day from midnight to midnight UTC, as far as it was over `settling` before `now`. What is younger may be on its
    /// way from the provider to us.
    pub fn of(day: NaiveDate, now: DateTime<Utc>, settling: TimeDelta) -> Self {
        let from = day.and_time(NaiveTime::MIN).and_utc();
        let settled = (now - settling).max(from);
        Self {
            from,
            until: (from + TimeDelta::days(1)).min(settled),
        }
    }

    /// Whether a moment is compared.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        (self.from..self.until).contains(&at)
    }

    /// What has to be read of the provider's statement, so that whatever happened here has its line in it.
    pub fn with_margin(&self) -> Self {
        Self {
            from: self.from - Self::MARGIN,
            until: self.until + Self::MARGIN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_or_a_while_ago() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 19).unwrap();
        let midnight = day.and_time(NaiveTime::MIN).and_utc();
        let until = |now| Window::of(day, now, TimeDelta::minutes(5)).until - midnight;
        assert_eq!(until(midnight + TimeDelta::days(3)), TimeDelta::days(1));
        assert_eq!(until(midnight + TimeDelta::hours(9)), TimeDelta::minutes(535));
        assert_eq!(until(midnight - TimeDelta::hours(9)), TimeDelta::zero());
    }
}
