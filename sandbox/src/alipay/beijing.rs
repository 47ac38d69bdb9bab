//! Times as Alipay writes them: Asia/Shanghai, which has known no summer time since 1991, without saying so.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

const FORMAT: &str = "%Y-%m-%d %H:%M:%S";
const AHEAD_H: i64 = 8;

/// A moment on the clocks of Beijing.
pub fn show(moment: DateTime<Utc>) -> String {
    (moment + TimeDelta::hours(AHEAD_H)).format(FORMAT).to_string()
}

/// The moment; none for any other format. chrono reads numbers without their leading zeros, Alipay does not.
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    if text.len() != "2026-11-20 18:00:00".len() {
        return None;
    }
    let there = NaiveDateTime::parse_from_str(text, FORMAT).ok()?;
    Some((there - TimeDelta::hours(AHEAD_H)).and_utc())
}
