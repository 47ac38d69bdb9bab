//! `Prefer: wait=N` (RFC 7240): the client would rather wait for the result than come back for it.

use std::time::Duration;

use axum::http::HeaderMap;

/// More than this ties up connections on both sides; whoever needs longer asks again.
const MAX_WAIT_S: u64 = 30;

/// For how long the client wants to wait, if it does. A preference that cannot be understood is ignored, as the RFC asks.
pub(crate) fn wait(headers: &HeaderMap) -> Option<Duration> {
    let lines = headers
        .get_all("prefer")
        .iter()
        .filter_map(|line| line.to_str().ok());
    // The first one counts, where it is given twice.
    let seconds = lines.flat_map(|line| line.split(',')).find_map(wait_seconds);
    seconds
        .filter(|seconds| *seconds > 0)
        .map(|seconds| Duration::from_secs(seconds.min(MAX_WAIT_S)))
}

fn wait_seconds(preference: &str) -> Option<u64> {
    let (preference, _parameters) = preference.split_once(';').unwrap_or((preference, ""));
    let (name, value) = preference.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("wait") {
        return None;
    }
    let value = value.trim().trim_matches('"');
    let all_digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    // A number too large for 64 bits is as good as the longest wait.
    all_digits.then(|| value.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(lines: &[&str]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("prefer", line.parse().unwrap());
        }
        wait(&headers).map(|wait| wait.as_secs())
    }

    #[test]
    fn reads_the_wait_among_other_preferences() {
        assert_eq!(waits(&["wait=5"]), Some(5));
        assert_eq!(waits(&["respond-async, Wait = \"10\"; x=y"]), Some(10));
        assert_eq!(waits(&["return=minimal", "wait=3, wait=7"]), Some(3));
    }

    #[test]
    fn a_long_wait_is_cut_and_a_strange_one_ignored() {
        assert_eq!(waits(&["wait=3600"]), Some(30));
        assert_eq!(waits(&["wait=99999999999999999999"]), Some(30));
        for ignored in [
            "",
            "wait",
            "wait=",
            "wait=0",
            "wait=-1",
            "wait=1.5",
            "waiting=5",
            "5",
        ] {
            assert_eq!(waits(&[ignored]), None, "{ignored}");
        }
    }
}
