//! Numbers and times the way WeChat Pay writes them.

use chrono::{DateTime, Duration, Utc};

use crate::clock;

/// How far Beijing is ahead of UTC; it knows no summer time.
const BEIJING: Duration = Duration::hours(8);

/// A random text of letters and digits, at most 22 of them.
pub fn letters(count: usize) -> String {
    clock::object_id("").chars().take(count).collect()
}

/// A random text of 32 upper-case hex digits, as nonces are.
pub fn nonce() -> String {
    uuid::Uuid::new_v4().simple().to_string().to_uppercase()
}

/// A number of this many digits that begins as told and goes on with the day, as transactions and refunds have.
pub fn serial(prefix: &str, digits: usize) -> String {
    let day = beijing(clock::now()).format("%Y%m%d");
    let random = format!("{:039}", uuid::Uuid::new_v4().as_u128());
    let head = format!("{prefix}{day}");
    let tail = random.len().saturating_sub(digits.saturating_sub(head.len()));
    format!("{head}{}", random.get(tail..).unwrap_or_default())
}

/// A moment in RFC 3339, in Beijing's time, to the second.
pub fn time(moment: DateTime<Utc>) -> String {
    beijing(moment).format("%Y-%m-%dT%H:%M:%S+08:00").to_string()
}

/// The moment whose UTC reads as Beijing's clock does now.
fn beijing(moment: DateTime<Utc>) -> DateTime<Utc> {
    moment.checked_add_signed(BEIJING).unwrap_or(moment)
}

#[cfg(test)]
mod tests {
    use super::{letters, nonce, serial, time};

    #[test]
    fn numbers_have_the_provider_s_shape() {
        let transaction = serial("42000000", 28);
        assert_eq!(transaction.len(), 28);
        assert!(transaction.starts_with("420000002") && transaction.chars().all(|c| c.is_ascii_digit()));
        assert_ne!(transaction, serial("42000000", 28));
        assert_eq!((letters(12).len(), nonce().len()), (12, 32));
    }

    #[test]
    fn times_are_beijing_s() {
        let moment = "2026-11-20T18:20:00+08:00".parse().unwrap();
        assert_eq!(time(moment), "2026-11-20T18:20:00+08:00");
    }
}
