//! The cases made with PayPal's own library, and what headers alone give away.

use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::paypal::certificate::{Chain, Roots};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/fixtures/paypal_signatures.json")).unwrap()
}

fn headers(case: &Value) -> HeaderMap {
    let named = case["headers"].as_object().unwrap().iter().map(|(name, value)| {
        let name: HeaderName = name.to_ascii_lowercase().parse().unwrap();
        (name, HeaderValue::from_str(value.as_str().unwrap()).unwrap())
    });
    named.collect()
}

fn at(case: &Value) -> DateTime<Utc> {
    DateTime::from_timestamp(case["now"].as_i64().unwrap(), 0).unwrap()
}

struct Case<'v> {
    headers: HeaderMap,
    body: &'v [u8],
    chain: Chain,
    roots: Roots,
    now: DateTime<Utc>,
    webhooks: Vec<&'v str>,
}

impl<'v> Case<'v> {
    fn of(vectors: &'v Value, case: &'v Value) -> Self {
        let certificate = case["certificate"].as_str().unwrap();
        Self {
            headers: headers(case),
            body: case["body"].as_str().unwrap().as_bytes(),
            chain: Chain::read(vectors["certificates"][certificate].as_str().unwrap().as_bytes()).unwrap(),
            roots: Roots::read(vectors["trusted_root_pem"].as_str().unwrap()).unwrap(),
            now: at(case),
            webhooks: vec![case["webhook_id"].as_str().unwrap()],
        }
    }

    fn named(vectors: &'v Value, name: &str) -> Self {
        let cases = vectors["cases"].as_array().unwrap();
        Self::of(vectors, cases.iter().find(|case| case["name"] == name).unwrap())
    }

    fn verify(&self) -> Result<CallbackHead, SignatureRefused> {
        let transmission = Transmission::read(&self.headers, Sources::Paypal, self.now)?;
        let keys = CallbackKeys::of(&self.webhooks);
        let signed = transmission.signed(&keys, self.body);
        self.chain
            .verify(&self.roots, self.now, signed, &transmission.signature)?;
        head(self.body)
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, HeaderValue::from_str(value).unwrap());
        self
    }
}

#[test]
fn the_cases_of_the_official_library_pass_as_marked() {
    let vectors = vectors();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() >= 21);
    for vector in cases {
        let case = Case::of(&vectors, vector);
        let verified = case.verify();
        let name = &vector["name"];
        match vector["expect"].as_str().unwrap() {
            "accept" => assert!(verified.is_ok(), "{name}: {verified:?}"),
            // It is ten days old, and PayPal sends an event again for three.
            "business_decision" => assert!(
                matches!(verified, Err(SignatureRefused::TooOld { .. })),
                "{name}: {verified:?}"
            ),
            "reject" => assert!(verified.is_err(), "{name}"),
            "reject_without_fetch" => {
                let read = Transmission::read(&case.headers, Sources::Paypal, case.now).map(drop);
                assert_eq!(read, Err(SignatureRefused::MalformedHeader(CERT_URL)), "{name}");
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn what_is_signed_is_put_together_as_marked() {
    let vectors = vectors();
    let mut compared = 0;
    for vector in vectors["cases"].as_array().unwrap() {
        if vector["expect"] != "accept" {
            continue;
        }
        let case = Case::of(&vectors, vector);
        let transmission = Transmission::read(&case.headers, Sources::Paypal, case.now).unwrap();
        let signed: Vec<_> = transmission
            .signed(&CallbackKeys::of(&case.webhooks), case.body)
            .collect();
        assert_eq!(signed, [vector["signed_string"].as_str().unwrap()]);
        compared += 1;
    }
    assert!(compared >= 6);
}

#[test]
fn the_refusals_say_what_is_wrong() {
    let vectors = vectors();
    let refused = |name| Case::named(&vectors, name).verify().unwrap_err();
    for name in [
        "reserialised_body",
        "tampered_body",
        "tampered_transmission_id",
        "other_webhook_id",
        "wrong_key",
    ] {
        assert_eq!(refused(name), SignatureRefused::NoMatch, "{name}");
    }
    let other_name = SignatureRefused::Certificate("it is not one of PayPal's");
    assert_eq!(refused("cert_other_common_name"), other_name);
    let head = Case::named(&vectors, "valid_capture_completed").verify().unwrap();
    assert_eq!(head.event_id, "WH-58D329510W468432D-8HN650336L201105X");
    assert_eq!(head.event_type, "PAYMENT.CAPTURE.COMPLETED");
}

#[test]
fn any_of_the_webhooks_is_enough_and_none_is_not() {
    let vectors = vectors();
    let mut case = Case::named(&vectors, "valid_capture_completed");
    let own = case.webhooks[0];
    case.webhooks = vec!["9XX0000000000000X", own];
    assert!(case.verify().is_ok());
    case.webhooks = vec!["9XX0000000000000X"];
    assert_eq!(case.verify(), Err(SignatureRefused::NoMatch));
    case.webhooks = vec![];
    assert_eq!(case.verify(), Err(SignatureRefused::NoMatch));
}

#[test]
fn a_chain_is_judged_at_the_moment_and_by_the_roots() {
    let vectors = vectors();
    let (long_ago, far_off) = (1_600_000_000, 4_000_000_000);
    for (now, why) in [
        (long_ago, "it, or one that vouches for it, is not valid yet"),
        (far_off, "it, or one that vouches for it, has expired"),
    ] {
        let now = DateTime::from_timestamp(now, 0).unwrap();
        let mut case =
            Case::named(&vectors, "valid_capture_completed").with(TRANSMISSION_TIME, &now.to_rfc3339());
        case.now = now;
        assert_eq!(case.verify(), Err(SignatureRefused::Certificate(why)));
    }
    let mut case = Case::named(&vectors, "valid_capture_completed");
    case.roots = Roots::of_the_web();
    let unknown = SignatureRefused::Certificate("nobody who is trusted vouches for it");
    assert_eq!(case.verify(), Err(unknown));
    // A certificate that vouches for itself is nobody's.
    let mut case = Case::named(&vectors, "valid_capture_completed");
    case.chain = Chain::read(vectors["trusted_root_pem"].as_str().unwrap().as_bytes()).unwrap();
    assert!(matches!(case.verify(), Err(SignatureRefused::Certificate(_))));
}

#[test]
fn what_paypal_would_not_send_any_more_is_refused() {
    let vectors = vectors();
    let mut case = Case::named(&vectors, "valid_capture_completed");
    let signed_at = case.now;
    let mut after = |passed_s: i64| {
        case.now = signed_at + TimeDelta::seconds(passed_s);
        case.verify()
    };
    let four_days = 4 * 86_400;
    for passed_s in [-300, 0, 3 * 86_400, four_days] {
        assert!(after(passed_s).is_ok(), "{passed_s}");
    }
    assert_eq!(
        after(four_days + 1),
        Err(SignatureRefused::TooOld {
            age_s: 345_601,
            tolerance_s: 345_600
        })
    );
    assert_eq!(
        after(-301),
        Err(SignatureRefused::TooNew {
            ahead_s: 301,
            tolerance_s: 300
        })
    );
}

#[test]
fn only_plain_addresses_at_paypal_may_be_asked() {
    for good in [
        "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-5edc0ebc",
        "https://api-m.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
        "https://api-m.sandbox.paypal.com/v1/notifications/certs/CERT-1",
    ] {
        assert!(Sources::Paypal.may_give(good), "{good}");
        assert!(!Sources::Only("http://127.0.0.1:1").may_give(good), "{good}");
    }
    for bad in [
        "",
        "http://api.paypal.com/v1/notifications/certs/CERT-1",
        "HTTPS://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
        "https://api.paypal.com:443/v1/notifications/certs/CERT-1",
        "https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1",
        "https://evil.example@api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1",
        "https://evil.example/v1/notifications/certs/CERT-1",
        "https://evilapi.paypal.com/v1/notifications/certs/CERT-1",
        "https://www.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com\\@evil.example/v1/notifications/certs/CERT-1",
        "https://api.paypal.com/v1/notifications/certs/",
        "https://api.paypal.com/v1/notifications/certs/../../oauth2/token",
        "https://api.paypal.com/v1/notifications/certs/..%2fx",
        "https://api.paypal.com/v1/notifications/certs/CERT-1?x=1",
        "https://api.paypal.com/v1/notifications/certs/CERT-1#x",
        "https://api.paypal.com/v1/notifications/certs/CERT-1/x",
        "https://api.paypal.com//v1/notifications/certs/CERT-1",
        "https://api.paypal.com/v1/oauth2/token",
        " https://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://169.254.169.254/v1/notifications/certs/CERT-1",
        "file:///etc/passwd",
    ] {
        assert!(!Sources::Paypal.may_give(bad), "{bad}");
    }
    let only = Sources::Only("http://127.0.0.1:4010");
    assert!(only.may_give("http://127.0.0.1:4010/v1/notifications/certs/CERT-1"));
    for bad in [
        "http://127.0.0.1:40101/v1/notifications/certs/CERT-1",
        "http://127.0.0.1:4010@evil.example/v1/notifications/certs/CERT-1",
        "http://127.0.0.1/v1/notifications/certs/CERT-1",
    ] {
        assert!(!only.may_give(bad), "{bad}");
    }
    let endless = format!("https://api.paypal.com{PATH}{}", "A".repeat(101));
    assert!(!Sources::Paypal.may_give(&endless));
}

#[test]
fn the_headers_alone_tell_what_cannot_be_right() {
    let vectors = vectors();
    let case = || Case::named(&vectors, "valid_capture_completed");
    let read = |case: Case<'_>| Transmission::read(&case.headers, Sources::Paypal, case.now).map(drop);
    assert_eq!(read(case()), Ok(()));
    for name in [
        TRANSMISSION_ID,
        TRANSMISSION_TIME,
        TRANSMISSION_SIG,
        CERT_URL,
        AUTH_ALGO,
    ] {
        let mut without = case();
        without.headers.remove(name);
        assert_eq!(read(without), Err(SignatureRefused::MissingHeader(name)));
    }
    for algorithm in [
        "SHA1withRSA",
        "sha256withrsa",
        "MD5withRSA",
        "SHA256withRSA ",
        "none",
        "",
    ] {
        let other = case().with(AUTH_ALGO, algorithm);
        assert_eq!(read(other), Err(SignatureRefused::Algorithm), "{algorithm:?}");
    }
    for (name, bad) in [
        (TRANSMISSION_ID, ""),
        (TRANSMISSION_ID, "a|b"),
        (TRANSMISSION_ID, "a b"),
        (TRANSMISSION_TIME, "2026-11-20T10:20:00Z|x"),
        (TRANSMISSION_TIME, "1795170000"),
        (TRANSMISSION_SIG, ""),
        (TRANSMISSION_SIG, "%%%"),
    ] {
        assert_eq!(
            read(case().with(name, bad)),
            Err(SignatureRefused::MalformedHeader(name)),
            "{bad:?}"
        );
    }
    let endless = case().with(TRANSMISSION_SIG, &"A".repeat(1_404));
    assert_eq!(
        read(endless),
        Err(SignatureRefused::MalformedHeader(TRANSMISSION_SIG))
    );
}

#[test]
fn a_body_that_is_no_event_has_no_head() {
    for body in [
        "",
        "junk",
        "{}",
        r#"{"id":"","event_type":"X"}"#,
        r#"{"id":"WH-1"}"#,
        r#"{"id":1,"event_type":"X"}"#,
    ] {
        assert_eq!(head(body.as_bytes()), Err(SignatureRefused::NotAnEvent), "{body}");
    }
    assert!(head(br#"{"id":"WH-\u0031","event_type":"X"}"#).is_ok());
}

proptest! {
    #[test]
    fn no_header_makes_it_panic(id in "[ -~]{0,120}", url in "[ -~]{0,200}", signature in "[ -~]{0,200}") {
        let vectors = vectors();
        let case = Case::named(&vectors, "valid_capture_completed")
            .with(TRANSMISSION_ID, &id)
            .with(TRANSMISSION_SIG, &signature);
        let verified = case.verify();
        prop_assert!(verified.is_err());
        prop_assert!(!Sources::Paypal.may_give(&url));
    }
}
