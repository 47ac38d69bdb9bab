//! Cases made with the reference libraries, and the limits of a secret.

use chrono::DateTime;
use http::{HeaderName, HeaderValue};
use serde_json::Value;

use super::*;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../tests/fixtures/standard_webhooks.json")).unwrap()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

fn headers(case: &Value) -> HeaderMap {
    let pairs = case["headers"].as_object().unwrap().iter();
    let typed = pairs.map(|(name, value)| {
        let name: HeaderName = name.parse().unwrap();
        (name, HeaderValue::from_str(value.as_str().unwrap()).unwrap())
    });
    typed.collect()
}

#[test]
fn the_reference_cases_pass_as_marked() {
    let vectors = vectors();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() >= 15);
    for case in cases {
        let now = DateTime::from_timestamp(case["now"].as_i64().unwrap(), 0).unwrap();
        let secrets = [Secret::new(text(case, "secret"))];
        let verified = verify(&headers(case), text(case, "payload").as_bytes(), &secrets, now);
        let accepted = text(case, "expect") == "accept";
        assert_eq!(verified.is_ok(), accepted, "{}: {verified:?}", text(case, "name"));
    }
}

#[test]
fn signs_as_the_reference_does() {
    let vectors = vectors();
    let example = &vectors["reference_example"];
    let timestamp = example["timestamp"].as_i64().unwrap();
    let secret = Secret::new(text(example, "secret"));
    let signed = sign(
        &[secret],
        text(example, "msg_id"),
        timestamp,
        text(example, "payload").as_bytes(),
    );
    assert_eq!(signed.as_deref(), Ok(text(example, "signature")));

    let rotating = vectors["cases"]
        .as_array()
        .unwrap()
        .iter()
        .find(|case| case["name"] == "valid_rotation_new_then_old");
    let case = rotating.unwrap();
    let secrets = ["secret", "secret_old"].map(|name| Secret::new(text(&vectors, name)));
    let signed = sign(
        &secrets,
        text(&case["headers"], "webhook-id"),
        1_795_170_000,
        text(case, "payload").as_bytes(),
    );
    assert_eq!(signed.as_deref(), Ok(text(&case["headers"], "webhook-signature")));
}

#[test]
fn either_of_two_secrets_verifies_while_one_is_replaced() {
    let (new, old) = (generate_secret().unwrap(), generate_secret().unwrap());
    assert_ne!(new, old);
    let now = DateTime::from_timestamp(1_795_170_000, 0).unwrap();
    let signature = sign(&[new.clone(), old.clone()], "ntf_1", now.timestamp(), b"{}").unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(ID_HEADER, HeaderValue::from_static("ntf_1"));
    headers.insert(TIMESTAMP_HEADER, HeaderValue::from(now.timestamp()));
    headers.insert(SIGNATURE_HEADER, HeaderValue::from_str(&signature).unwrap());
    for secret in [new, old] {
        assert_eq!(verify(&headers, b"{}", &[secret], now), Ok(()));
    }
    assert_eq!(
        verify(&headers, b"{}", &[generate_secret().unwrap()], now),
        Err(SignatureRefused::NoMatch)
    );
    assert_eq!(verify(&headers, b"{}", &[], now), Err(SignatureRefused::NoSecret));
    let late = now + chrono::Duration::seconds(301);
    assert_eq!(
        verify(&headers, b"{}", &[], late),
        Err(SignatureRefused::TooOld {
            age_s: 301,
            tolerance_s: 300
        })
    );
}

#[test]
fn a_secret_is_24_to_64_bytes() {
    let of_length = |length| Secret::new(format!("whsec_{}", STANDARD.encode(vec![7_u8; length])));
    for (length, expected) in [
        (23, false),
        (24, true),
        (32, true),
        (64, true),
        (65, false),
        (0, false),
    ] {
        assert_eq!(
            check_secret(&of_length(length)).is_ok(),
            expected,
            "{length} bytes"
        );
    }
    assert_eq!(
        check_secret(&Secret::new("whsec_not base64 at all, not at all")),
        Err(InvalidSecret::Malformed)
    );
    assert_eq!(sign(&[], "ntf_1", 0, b""), Err(InvalidSecret::None));
    let unpadded = of_length(32).expose().trim_end_matches('=').to_owned();
    assert_eq!(
        sign(&[Secret::new(unpadded)], "a", 1, b"x"),
        sign(&[of_length(32)], "a", 1, b"x")
    );
}
