//! When a provider is asked again about a payment whose end it has not told.
//!
//! The first query is due at once. After it the pauses grow, because what was not settled within minutes waits for the
//! provider to come back, and they stop growing at an hour, because somebody waits for the answer. Asking never ends: a
//! payment stays in sight until it is settled.

use std::time::Duration;

/// The pauses after the first query, the second, and so on; the last one for all that follow. In units of the retry
/// ladder.
const PAUSES_UNITS: [u32; 7] = [30, 60, 120, 300, 600, 1_800, 3_600];

/// The pauses after the first query, the second, and so on; the last one for all that follow.
pub fn pauses(unit: Duration) -> Vec<Duration> {
    PAUSES_UNITS.iter().map(|units| unit * *units).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour() {
        let pauses = pauses(Duration::from_secs(1));
        assert!(pauses.is_sorted_by(|earlier, later| earlier < later));
        assert_eq!(pauses.last(), Some(&Duration::from_secs(3_600)));
    }
}
