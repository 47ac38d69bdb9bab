//! Numbers and times as people read them.

use chrono::{DateTime, Utc};

/// How long ago, in the two largest units that matter: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`.
pub(super) fn age(since: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (now - since).num_seconds().max(0);
    let (minutes, hours) = (seconds / 60, seconds / 3_600);
    match (hours / 24, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _) => format!("{days} d {} h", hours % 24),
    }
}

/// A moment of today.
pub(super) fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%S").to_string()
}

/// A moment, with its date unless that is today's.
pub(super) fn lately(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    if at.date_naive() == now.date_naive() {
        clock(at)
    } else {
        moment(at)
    }
}

/// A moment.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A moment, to the millisecond.
pub(super) fn exact(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// A rate: one digit after the point below ten, none above. What would be shown as 0.0 is `0`.
pub(super) fn rate(per_s: f64) -> String {
    if per_s < 0.05 {
        "0".to_owned()
    } else if per_s < 9.95 {
        format!("{per_s:.1}")
    } else {
        format!("{per_s:.0}")
    }
}

/// A share of a whole; a dash when there is none.
pub(super) fn share(part: i64, whole: i64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    // Rounded down: 100 % means all of them.
    let tenths = part.saturating_mul(1_000) / whole;
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// The same of what ought not to be: rounded up, as 0 % means none of them.
pub(super) fn share_of_bad(part: i64, whole: i64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let tenths = part.saturating_mul(1_000).saturating_add(whole - 1) / whole;
    format!("{}.{} %", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn ages_and_shares_are_short_and_never_flatter() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(10);
        let told = |seconds| age(now - TimeDelta::seconds(seconds), now);
        assert_eq!(
            [-5, 45, 720, 12_000, 187_200].map(told),
            ["0 s", "45 s", "12 min", "3 h 20 min", "2 d 4 h"]
        );
        assert_eq!(
            [share(999_999, 1_000_000), share(1, 1), share(0, 0)],
            ["99.9 %", "100.0 %", "–"]
        );
        assert_eq!(
            [share_of_bad(1, 1_000_000), share_of_bad(0, 7), share_of_bad(1, 5)],
            ["0.1 %", "0.0 %", "20.0 %"]
        );
        assert_eq!(
            [lately(now, now), lately(now - TimeDelta::seconds(1), now)],
            ["00:00:00", "1970-01-10 23:59:59"]
        );
        assert_eq!([rate(0.0), rate(0.25), rate(12.4)], ["0", "0.2", "12"]);
    }
}
