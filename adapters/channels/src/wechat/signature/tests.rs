//! Signatures in both directions.

use http::{HeaderName, HeaderValue};
use serde_json::Value;

use super::*;
use crate::wechat::tests::{credentials, vectors};

fn at(timestamp: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(timestamp, 0).unwrap()
}

fn headers(of: &Value) -> HeaderMap {
    let header = |(name, value): (&String, &Value)| {
        let name: HeaderName = name.parse().unwrap();
        (name, HeaderValue::from_str(value.as_str().unwrap()).unwrap())
    };
    of["headers"].as_object().unwrap().iter().map(header).collect()
}

fn case(name: &str) -> Value {
    let vectors = vectors();
    let mut cases = vectors["notify_cases"].as_array().unwrap().iter();
    cases.find(|case| case["name"] == name).unwrap().clone()
}

fn verified(case: &Value, headers: &HeaderMap, now_s: i64) -> Result<CallbackHead, SignatureRefused> {
    let body = case["body"].as_str().unwrap().as_bytes();
    verify_callback(headers, body, &credentials().callback_keys(), at(now_s))
}

#[test]
fn the_callbacks_of_the_libraries_pass_as_marked() {
    let vectors = vectors();
    let cases = vectors["notify_cases"].as_array().unwrap();
    assert!(cases.len() >= 18);
    for case in cases {
        let verified = verified(case, &headers(case), case["now"].as_i64().unwrap());
        // What is enclosed is not looked at here.
        let name = case["name"].as_str().unwrap();
        let is_signed = name == "encrypted_with_other_apiv3_key"
            || !case["expect"].as_str().unwrap().starts_with("reject");
        assert_eq!(verified.is_ok(), is_signed, "{name}: {verified:?}");
        let early = check_headers(&headers(case), at(case["now"].as_i64().unwrap()));
        assert!(early.is_ok() || verified.is_err(), "{name}: {early:?}");
    }
}

#[test]
fn every_refusal_says_what_is_wrong() {
    let refused = |name: &str| {
        let case = case(name);
        verified(&case, &headers(&case), case["now"].as_i64().unwrap()).unwrap_err()
    };
    for name in ["tampered_body", "tampered_nonce", "wrong_key"] {
        assert_eq!(refused(name), SignatureRefused::NoMatch, "{name}");
    }
    assert_eq!(refused("wrong_serial_unknown"), SignatureRefused::UnknownKey);
    assert_eq!(refused("signtest_probe"), SignatureRefused::Probe);
    assert!(matches!(
        refused("old_timestamp_10min"),
        SignatureRefused::TooOld { .. }
    ));
    assert!(matches!(
        refused("future_timestamp_10min"),
        SignatureRefused::TooNew { .. }
    ));
    for (name, header) in [
        ("missing_wechatpay-signature", SIGNATURE_HEADER),
        ("missing_wechatpay-serial", SERIAL_HEADER),
        ("missing_wechatpay-timestamp", TIMESTAMP_HEADER),
    ] {
        assert_eq!(refused(name), SignatureRefused::MissingHeader(header));
    }
}

#[test]
fn the_head_of_the_event_is_given() {
    let case = case("valid_refund_success");
    let head = verified(&case, &headers(&case), 1_795_170_000).unwrap();
    assert_eq!(head.event_id, "EV-2026112018300000002");
    assert_eq!(head.event_type, "REFUND.SUCCESS");
}

#[test]
fn five_minutes_are_too_much_in_either_direction() {
    let case = case("valid_public_key_mode");
    let (headers, signed_at_s) = (headers(&case), 1_795_169_997);
    for (distance_s, is_taken) in [(299, true), (300, false), (-299, true), (-300, false)] {
        let verified = verified(&case, &headers, signed_at_s + distance_s);
        assert_eq!(verified.is_ok(), is_taken, "{distance_s}: {verified:?}");
    }
}

#[test]
fn the_algorithm_is_ours_to_say() {
    let case = case("valid_public_key_mode");
    let now_s = case["now"].as_i64().unwrap();
    let mut headers = headers(&case);
    headers.remove(KIND_HEADER);
    assert!(verified(&case, &headers, now_s).is_ok());
    headers.insert(KIND_HEADER, HeaderValue::from_static("WECHATPAY2-SM2-WITH-SM3"));
    assert_eq!(verified(&case, &headers, now_s), Err(SignatureRefused::Algorithm));
}

#[test]
fn malformed_headers_and_missing_keys_are_told_apart() {
    let case = case("valid_public_key_mode");
    let now_s = case["now"].as_i64().unwrap();
    let with = |name: &'static str, value: &'static str| {
        let mut headers = headers(&case);
        headers.insert(name, HeaderValue::from_static(value));
        verified(&case, &headers, now_s)
    };
    for timestamp in ["", "-1", "1795169997.0", "99999999999999999999"] {
        let malformed = Err(SignatureRefused::MalformedHeader(TIMESTAMP_HEADER));
        assert_eq!(with(TIMESTAMP_HEADER, timestamp), malformed, "{timestamp}");
    }
    assert_eq!(
        with(SIGNATURE_HEADER, "not base64"),
        Err(SignatureRefused::MalformedHeader(SIGNATURE_HEADER))
    );
    assert_eq!(with(SIGNATURE_HEADER, ""), Err(SignatureRefused::NoMatch));
    let nobody = CallbackKeys {
        verifiers: Vec::new(),
    };
    let refused = verify_callback(&headers(&case), b"{}", &nobody, at(now_s));
    assert_eq!(refused, Err(SignatureRefused::NoSecret));
}

#[test]
fn a_serial_number_is_one_in_either_case_and_picks_one_key_only() {
    let case = case("valid_platform_cert_mode");
    let mut headers = headers(&case);
    let lower = headers[SERIAL_HEADER].to_str().unwrap().to_lowercase();
    headers.insert(SERIAL_HEADER, HeaderValue::from_str(&lower).unwrap());
    assert!(verified(&case, &headers, 1_795_170_000).is_ok());
    let other = vectors()["wechat_public_key"]["id"].as_str().unwrap().to_owned();
    headers.insert(SERIAL_HEADER, HeaderValue::from_str(&other).unwrap());
    assert_eq!(
        verified(&case, &headers, 1_795_170_000),
        Err(SignatureRefused::NoMatch)
    );
}

#[test]
fn answers_are_verified_alike_also_empty_ones() {
    for case in vectors()["response_cases"].as_array().unwrap() {
        let body = case["body"].as_str().unwrap().as_bytes();
        let (now, credentials) = (at(case["now"].as_i64().unwrap()), credentials());
        let verified = verify(&headers(case), body, credentials.verifiers(), now);
        assert_eq!(
            verified.is_ok(),
            case["expect"] == "accept",
            "{}: {verified:?}",
            case["name"]
        );
    }
}

#[test]
fn requests_are_signed_as_the_libraries_sign_them() {
    let pieces = |header: &str| {
        let (scheme, rest) = header.split_once(' ').unwrap();
        let mut pieces: Vec<_> = rest
            .split("\",")
            .map(|piece| piece.trim_end_matches('"').to_owned())
            .collect();
        pieces.push(scheme.to_owned());
        pieces.sort();
        pieces
    };
    for case in vectors()["request_signing"].as_array().unwrap() {
        let text = |name: &str| case[name].as_str().unwrap();
        let timestamp_s = case["timestamp"].to_string().trim_matches('"').parse().unwrap();
        let signed = authorization(
            &credentials(),
            text("method"),
            text("path"),
            timestamp_s,
            text("nonce_str"),
            text("body"),
        );
        assert_eq!(pieces(&signed.unwrap()), pieces(text("authorization")));
    }
}
