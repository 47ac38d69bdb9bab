//! Checking the signature of a notification (<https://opendocs.alipay.com/common/02mse7>).
//!
//! The body is a form. Its signature covers whatever arrived, fields nobody knows yet included, but for `sign` and
//! `sign_type`. RSA2 is the only kind that counts: the body's own word about the kind is not signed, so it can only make
//! a notification be refused.
//!
//! When it was sent is among what is signed. Alipay repeats a notification for 25 hours; what is older was kept by somebody
//! else, and is refused. One that comes again is known by its id.

use chrono::{DateTime, Utc};
use domain::callback::CallbackHead;
use http::{HeaderMap, header::CONTENT_TYPE};

use super::{credentials::CallbackKeys, form::Form, words::from_shanghai};
use crate::{
    callback::{SignatureRefused, header},
    credentials::is_token,
};

const SIGNATURE: &str = "RSA2";

/// How long ago a notification may have been sent, in seconds: the 25 hours for which Alipay repeats it
/// (<https://opendocs.alipay.com/open/203/105286>), and one more.
const OLDEST_S: u64 = 26 * 3_600;

/// The longest body that is looked at. A real one has about two kilobytes.
const LONGEST: usize = 64 * 1024;

/// The longest id or kind of an event, in characters.
const LONGEST_NAME: usize = 128;

/// Checks what a callback's headers tell before its body is there: nothing but that it is a form. Alipay signs no header.
///
/// # Errors
/// The body is said to be something else.
pub fn check_headers(headers: &HeaderMap, _: DateTime<Utc>) -> Result<(), SignatureRefused> {
    if !headers.contains_key(CONTENT_TYPE) {
        return Ok(());
    }
    let kind = header(headers, "content-type")?.to_ascii_lowercase();
    if kind.starts_with("application/x-www-form-urlencoded") {
        Ok(())
    } else {
        Err(SignatureRefused::MalformedHeader("content-type"))
    }
}

/// Checks that Alipay signed these bytes with one of its keys, no longer ago than it sends them. For whom they are is told
/// when they are translated.
///
/// # Errors
/// Says what is wrong with the signature.
pub fn verify_callback(
    headers: &HeaderMap,
    body: &[u8],
    keys: &CallbackKeys,
    now: DateTime<Utc>,
) -> Result<CallbackHead, SignatureRefused> {
    check_headers(headers, now)?;
    if body.len() > LONGEST {
        return Err(SignatureRefused::NoMatch);
    }
    // Alipay signs no form that can be read in two ways.
    let form = Form::decode(body).map_err(|_| SignatureRefused::NoMatch)?;
    if form.filled("sign_type").is_some_and(|kind| kind != SIGNATURE) {
        return Err(SignatureRefused::Algorithm);
    }
    let signature = form
        .filled("sign")
        .ok_or(SignatureRefused::NoSignature(SIGNATURE))?;
    if !keys.verify(&form.signed_text(), signature) {
        return Err(SignatureRefused::NoMatch);
    }
    let sent_at = form.filled("notify_time").and_then(from_shanghai);
    SignatureRefused::check_age(sent_at.ok_or(SignatureRefused::NotAnEvent)?, now, OLDEST_S)?;
    head(&form).ok_or(SignatureRefused::NotAnEvent)
}

/// The id that is the same on every delivery, and what kind of news it is.
fn head(form: &Form) -> Option<CallbackHead> {
    let named = |name: &str| form.filled(name).filter(|text| is_token(text, LONGEST_NAME));
    let kind = named("notify_type")?;
    let event_type = match named("trade_status") {
        Some(status) => format!("{kind}.{status}"),
        None => kind.to_owned(),
    };
    Some(CallbackHead {
        event_id: named("notify_id")?.to_owned(),
        event_type,
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use http::HeaderValue;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::alipay::{
        CredentialFields,
        examples::{ALIPAY, OTHER, VECTORS, credentials, fields, sign, signed_notification},
        form,
    };

    /// When the notifications of the cases were sent.
    const SENT: (&str, &str) = ("notify_time", "2026-11-20 18:00:05");

    const FIELDS: [(&str, &str); 6] = [
        SENT,
        ("notify_id", "n1"),
        ("notify_type", "trade_status_sync"),
        ("trade_status", "TRADE_SUCCESS"),
        ("subject", ""),
        ("body", "a+b & c=d {€}"),
    ];

    fn sent_at() -> DateTime<Utc> {
        "2026-11-20T10:00:05Z".parse().unwrap()
    }

    fn verify(body: &[u8]) -> Result<CallbackHead, SignatureRefused> {
        verify_at(body, sent_at())
    }

    fn verify_at(body: &[u8], now: DateTime<Utc>) -> Result<CallbackHead, SignatureRefused> {
        let keys = credentials().callback_keys();
        verify_callback(&HeaderMap::new(), body, &keys, now)
    }

    #[test]
    fn the_cases_of_the_official_libraries_pass_as_marked() {
        let cases = VECTORS["notify_cases"].as_array().unwrap();
        assert!(cases.len() >= 16);
        let keys = credentials().callback_keys();
        for case in cases {
            let mut headers = HeaderMap::new();
            let kind = case["content_type"].as_str().unwrap();
            headers.insert(CONTENT_TYPE, HeaderValue::from_str(kind).unwrap());
            let body = case["form_body"].as_str().unwrap().as_bytes();
            let verified = verify_callback(&headers, body, &keys, sent_at());
            let accepted = case["expect"] != "reject";
            assert_eq!(verified.is_ok(), accepted, "{}: {verified:?}", case["name"]);
        }
    }

    #[test]
    fn the_head_of_the_event_is_given() {
        let head = verify(signed_notification(&FIELDS).as_bytes()).unwrap();
        assert_eq!(head.event_id, "n1");
        assert_eq!(head.event_type, "trade_status_sync.TRADE_SUCCESS");
        let other = signed_notification(&[SENT, ("notify_id", "n2"), ("notify_type", "x")]);
        let other = verify(other.as_bytes());
        assert_eq!(other.unwrap().event_type, "x");
    }

    #[test]
    fn what_alipay_would_not_send_any_more_is_refused() {
        let body = signed_notification(&FIELDS);
        let after = |passed_s| verify_at(body.as_bytes(), sent_at() + TimeDelta::seconds(passed_s));
        let hours = 3_600;
        for passed_s in [-300, 0, 25 * hours, 26 * hours] {
            assert!(after(passed_s).is_ok(), "{passed_s}");
        }
        assert_eq!(
            after(26 * hours + 1),
            Err(SignatureRefused::TooOld {
                age_s: 93_601,
                tolerance_s: 93_600
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
    fn any_of_alipays_keys_is_enough() {
        let mut fields = fields();
        fields["alipay_public_keys"] = json!([OTHER.spki, ALIPAY.spki]);
        let read: CredentialFields = serde_json::from_value(fields).unwrap();
        let keys = crate::AlipayCredentials::try_from(read).unwrap().callback_keys();
        let body = signed_notification(&FIELDS);
        assert!(verify_callback(&HeaderMap::new(), body.as_bytes(), &keys, sent_at()).is_ok());
    }

    #[test]
    fn a_weaker_kind_of_signature_is_refused_whoever_made_it() {
        let body = signed_notification(&FIELDS).replace("RSA2", "RSA");
        assert_eq!(verify(body.as_bytes()), Err(SignatureRefused::Algorithm));
        let body = signed_notification(&FIELDS).replace("&sign_type=RSA2", "");
        assert!(verify(body.as_bytes()).is_ok(), "what is not said is RSA2");
    }

    #[test]
    fn changed_forms_are_refused() {
        let good = signed_notification(&FIELDS);
        for (body, refused) in [
            (good.replace("n1", "n2"), SignatureRefused::NoMatch),
            (good.replace("&subject=", ""), SignatureRefused::NoMatch),
            (format!("{good}&extra="), SignatureRefused::NoMatch),
            (format!("{good}&notify_id=n1"), SignatureRefused::NoMatch),
            (format!("{good}&sign=x"), SignatureRefused::NoMatch),
            (format!("{good}&a=%"), SignatureRefused::NoMatch),
            (
                format!("{good}&a={}", "x".repeat(LONGEST)),
                SignatureRefused::NoMatch,
            ),
            (
                good.replace("sign=", "sin="),
                SignatureRefused::NoSignature("RSA2"),
            ),
            (String::new(), SignatureRefused::NoSignature("RSA2")),
        ] {
            assert_eq!(verify(body.as_bytes()), Err(refused), "{body:.300}");
        }
    }

    #[test]
    fn what_is_signed_and_no_event_is_refused() {
        for fields in [
            &[SENT, ("notify_type", "x")][..],
            &[SENT, ("notify_id", "1")],
            &[SENT, ("notify_id", "\n"), ("notify_type", "x")],
            &[SENT, ("notify_id", "1 2"), ("notify_type", "x")],
            &[("notify_id", "1"), ("notify_type", "x")],
            &[
                ("notify_id", "1"),
                ("notify_type", "x"),
                ("notify_time", "2026-11-20T10:00:05Z"),
            ],
        ] {
            let body = signed_notification(fields);
            assert_eq!(
                verify(body.as_bytes()),
                Err(SignatureRefused::NotAnEvent),
                "{body}"
            );
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_verified_all_the_same() {
        let text = "notify_id=1&notify_time=2026-11-20 18:00:05&notify_type=x";
        let sign = form::encode([("sign", sign(&ALIPAY.pkcs8, text).as_str())]);
        assert!(verify(format!("{text}&{sign}").as_bytes()).is_ok());
        let with_junk = format!("{text}&zz=%ff%fe&{sign}");
        assert_eq!(verify(with_junk.as_bytes()), Err(SignatureRefused::NoMatch));
    }

    #[test]
    fn the_headers_alone_tell_what_is_no_form() {
        let check = |kind: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            check_headers(&headers, DateTime::UNIX_EPOCH)
        };
        assert_eq!(check("application/x-www-form-urlencoded; charset=utf-8"), Ok(()));
        assert_eq!(check("Application/X-WWW-Form-Urlencoded"), Ok(()));
        let refused = Err(SignatureRefused::MalformedHeader("content-type"));
        assert_eq!(check("application/json"), refused);
        assert_eq!(check_headers(&HeaderMap::new(), DateTime::UNIX_EPOCH), Ok(()));
    }

    proptest! {
        #[test]
        fn junk_is_refused_without_a_panic(junk in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(verify(&junk).is_err());
        }
    }
}
