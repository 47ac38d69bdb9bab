//! Who wrote a callback (<https://docs.stripe.com/webhooks#verify-manually>).
//!
//! `Stripe-Signature: t=…,v1=…[,v1=…]`, where each `v1` is the lower-case hex of HMAC-SHA256 over `t`, a dot
//! and the raw body, under one of the endpoint's secrets. `v0` belongs to test events of old and proves
//! nothing.

use chrono::{DateTime, Utc};
use domain::{callback::CallbackHead, secret::Secret};
use http::HeaderMap;
use ring::hmac;
use serde::Deserialize;

use crate::callback::{SignatureRefused, header, unix_seconds};

/// The header that carries the signatures.
pub const SIGNATURE_HEADER: &str = "stripe-signature";

/// How far from our clock the timestamp may be, in seconds, in either direction.
const TOLERANCE_S: u64 = 300;
const SCHEME: &str = "v1";
/// More signatures than this in one header are not looked at.
const MAX_SIGNATURES: usize = 16;
const TAG_BYTES: usize = 32;

/// What the header says: when it was signed, in Unix seconds, and the signatures that could be right.
struct Signed {
    at_s: i64,
    tags: Vec<Vec<u8>>,
}

#[derive(Deserialize)]
struct Head {
    id: String,
    #[serde(rename = "type")]
    event_type: String,
}

/// Checks what the headers tell before the body is there: that they hold a signature that could be right, made at most
/// five minutes from now.
///
/// # Errors
/// Says what is wrong with the signature.
pub fn check_headers(headers: &HeaderMap, now: DateTime<Utc>) -> Result<(), SignatureRefused> {
    read(headers, now).map(drop)
}

/// Checks that Stripe signed these bytes at most five minutes from now with one of the secrets.
///
/// # Errors
/// Says what is wrong with the signature.
pub fn verify_callback(
    headers: &HeaderMap,
    body: &[u8],
    secrets: &[Secret],
    now: DateTime<Utc>,
) -> Result<CallbackHead, SignatureRefused> {
    let signed = read(headers, now)?;
    // An empty secret is no secret: anybody could sign with it.
    let usable = || secrets.iter().filter(|secret| !secret.expose().is_empty());
    if usable().next().is_none() {
        return Err(SignatureRefused::NoSecret);
    }
    if !usable().any(|secret| signed.is_by(secret, body)) {
        return Err(SignatureRefused::NoMatch);
    }
    let Head { id, event_type } = serde_json::from_slice(body).map_err(|_| SignatureRefused::NotAnEvent)?;
    if id.is_empty() || event_type.is_empty() {
        return Err(SignatureRefused::NotAnEvent);
    }
    Ok(CallbackHead {
        event_id: id,
        event_type,
    })
}

impl Signed {
    /// Whether one of the tags is this secret's. The body is gone over once, however many tags there are.
    fn is_by(&self, secret: &Secret, body: &[u8]) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        let mut right = hmac::Context::with_key(&key);
        right.update(format!("{}.", self.at_s).as_bytes());
        right.update(body);
        // Two tags are the same when their own tags are, and those are compared in constant time.
        let proof = hmac::sign(&key, right.sign().as_ref());
        self.tags
            .iter()
            .any(|tag| hmac::verify(&key, tag, proof.as_ref()).is_ok())
    }
}

fn read(headers: &HeaderMap, now: DateTime<Utc>) -> Result<Signed, SignatureRefused> {
    let signed = parse(header(headers, SIGNATURE_HEADER)?)?;
    SignatureRefused::check_timestamp(signed.at_s, now.timestamp(), TOLERANCE_S)?;
    if signed.tags.is_empty() {
        return Err(SignatureRefused::NoMatch);
    }
    Ok(signed)
}

/// The timestamp and the signatures of our scheme. Signatures that are not the lower-case hex of a tag match nothing.
fn parse(header: &str) -> Result<Signed, SignatureRefused> {
    let malformed = SignatureRefused::MalformedHeader(SIGNATURE_HEADER);
    let items = || header.split(',').filter_map(|item| item.split_once('='));
    let (_, timestamp) = items().find(|(name, _)| *name == "t").ok_or(malformed)?;
    let at_s = unix_seconds(timestamp).ok_or(malformed)?;
    let mut signatures = items()
        .filter(|(name, _)| *name == SCHEME)
        .map(|(_, value)| value)
        .peekable();
    if signatures.peek().is_none() {
        return Err(SignatureRefused::NoSignature(SCHEME));
    }
    let lower_case = |value: &&str| !value.bytes().any(|byte| byte.is_ascii_uppercase());
    let tags = signatures
        .take(MAX_SIGNATURES)
        .filter(lower_case)
        .filter_map(|value| hex::decode(value).ok())
        .filter(|tag| tag.len() == TAG_BYTES)
        .collect();
    Ok(Signed { at_s, tags })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::Value;

    use super::*;

    const NOW: i64 = 1_795_170_000;
    const BODY: &[u8] = br#"{"id":"evt_1","type":"payment_intent.succeeded"}"#;

    fn at(timestamp: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(timestamp, 0).unwrap()
    }

    fn headers(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(SIGNATURE_HEADER, HeaderValue::from_str(value).unwrap());
        headers
    }

    fn secrets(secrets: &[&str]) -> Vec<Secret> {
        secrets.iter().map(|secret| Secret::new(*secret)).collect()
    }

    fn tag(secret: &str, timestamp: i64, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let signed = [format!("{timestamp}.").as_bytes(), body].concat();
        hex::encode(hmac::sign(&key, &signed))
    }

    fn verify(header: &str, with: &[&str], now: i64) -> Result<CallbackHead, SignatureRefused> {
        verify_callback(&headers(header), BODY, &secrets(with), at(now))
    }

    #[test]
    fn the_cases_of_the_official_libraries_pass_as_marked() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../tests/fixtures/stripe_signatures.json")).unwrap();
        let cases = vectors["cases"].as_array().unwrap();
        assert!(cases.len() >= 23);
        for case in cases {
            let headers = case["header"].as_str().map(headers).unwrap_or_default();
            let (payload, secret) = (
                case["payload"].as_str().unwrap(),
                case["secret"].as_str().unwrap(),
            );
            let verified = verify_callback(
                &headers,
                payload.as_bytes(),
                &secrets(&[secret]),
                at(case["now"].as_i64().unwrap()),
            );
            // The libraries take any time in the future; we take five minutes of it.
            let accepted = case["expect"] == "accept";
            assert_eq!(verified.is_ok(), accepted, "{}: {verified:?}", case["name"]);
        }
    }

    #[test]
    fn the_head_of_the_event_is_given() {
        let head = verify(&format!("t={NOW},v1={}", tag("s", NOW, BODY)), &["s"], NOW).unwrap();
        assert_eq!(head.event_id, "evt_1");
        assert_eq!(head.event_type, "payment_intent.succeeded");
    }

    #[test]
    fn five_minutes_are_allowed_in_either_direction() {
        let header = format!("t={NOW},v1={}", tag("s", NOW, BODY));
        assert!(verify(&header, &["s"], NOW + 300).is_ok());
        assert!(verify(&header, &["s"], NOW - 300).is_ok());
        let (age_s, tolerance_s) = (301, 300);
        assert_eq!(
            verify(&header, &["s"], NOW + 301),
            Err(SignatureRefused::TooOld { age_s, tolerance_s })
        );
        assert_eq!(
            verify(&header, &["s"], NOW - 301),
            Err(SignatureRefused::TooNew {
                ahead_s: 301,
                tolerance_s
            })
        );
        let far = format!("t={},v1={}", i64::MAX, tag("s", i64::MAX, BODY));
        assert!(matches!(
            verify(&far, &["s"], NOW),
            Err(SignatureRefused::TooNew { .. })
        ));
    }

    #[test]
    fn any_signature_under_any_secret_is_enough() {
        let (good, bad) = (tag("new", NOW, BODY), "0".repeat(64));
        assert!(verify(&format!("t={NOW},v1={bad},v1={good}"), &["old", "new"], NOW).is_ok());
        assert!(verify(&format!("t={NOW},v1={good},v1=junk"), &["new", "old"], NOW).is_ok());
        assert_eq!(
            verify(&format!("t={NOW},v1={good}"), &["old"], NOW),
            Err(SignatureRefused::NoMatch)
        );
        assert_eq!(
            verify(&format!("t={NOW},v1={good}"), &[], NOW),
            Err(SignatureRefused::NoSecret)
        );
        let unsigned = tag("", NOW, BODY);
        assert_eq!(
            verify(&format!("t={NOW},v1={unsigned}"), &[""], NOW),
            Err(SignatureRefused::NoSecret)
        );
    }

    #[test]
    fn malformed_headers_are_told_apart() {
        let good = tag("s", NOW, BODY);
        let malformed = Err(SignatureRefused::MalformedHeader(SIGNATURE_HEADER));
        let refused = |header: &str| verify(header, &["s"], NOW);
        assert_eq!(
            refused(&format!("t={NOW},v0={good}")),
            Err(SignatureRefused::NoSignature("v1"))
        );
        assert_eq!(
            refused(&format!("t={NOW},v1={}", good.to_uppercase())),
            Err(SignatureRefused::NoMatch)
        );
        assert_eq!(
            refused(&format!("t={NOW},v1={}", &good[..62])),
            Err(SignatureRefused::NoMatch)
        );
        assert_eq!(refused(&format!("v1={good}")), malformed);
        assert_eq!(refused(&format!("t=,v1={good}")), malformed);
        assert_eq!(refused(&format!("t=-5,v1={good}")), malformed);
        assert_eq!(refused(&format!("t=99999999999999999999,v1={good}")), malformed);
        assert_eq!(
            verify_callback(&HeaderMap::new(), BODY, &secrets(&["s"]), at(NOW)),
            Err(SignatureRefused::MissingHeader(SIGNATURE_HEADER))
        );
    }

    #[test]
    fn the_headers_alone_tell_what_cannot_be_right() {
        let check = |header: &str, now| check_headers(&headers(header), at(now));
        let plausible = format!("t={NOW},v1={}", "0".repeat(64));
        assert_eq!(check(&plausible, NOW), Ok(()));
        assert!(matches!(
            check(&plausible, NOW + 301),
            Err(SignatureRefused::TooOld { .. })
        ));
        assert_eq!(
            check(&format!("t={NOW},v1=00"), NOW),
            Err(SignatureRefused::NoMatch)
        );
        assert_eq!(
            check_headers(&HeaderMap::new(), at(NOW)),
            Err(SignatureRefused::MissingHeader(SIGNATURE_HEADER))
        );
    }

    #[test]
    fn many_signatures_cost_no_more_passes_over_the_body() {
        let body = vec![b' '; 8 << 20];
        let fastest = |tags: usize| {
            let header = format!("t={NOW}{}", format!(",v1={}", "0".repeat(64)).repeat(tags));
            let (headers, secrets) = (headers(&header), secrets(&["s"]));
            let run = |_| {
                let started = std::time::Instant::now();
                let verified = verify_callback(&headers, &body, &secrets, at(NOW));
                assert_eq!(verified, Err(SignatureRefused::NoMatch));
                started.elapsed()
            };
            (0..5).map(run).min().unwrap()
        };
        let (one, most) = (fastest(1), fastest(MAX_SIGNATURES));
        assert!(most < one * 5, "one: {one:?}, {MAX_SIGNATURES}: {most:?}");
    }

    #[test]
    fn a_signed_body_that_is_no_event_is_refused() {
        for body in [
            &b"{}"[..],
            b"junk",
            br#"{"id":"","type":"x"}"#,
            br#"{"id":"evt_1"}"#,
            b"",
        ] {
            let header = headers(&format!("t={NOW},v1={}", tag("s", NOW, body)));
            let refused = verify_callback(&header, body, &secrets(&["s"]), at(NOW));
            assert_eq!(refused, Err(SignatureRefused::NotAnEvent));
        }
    }
}
