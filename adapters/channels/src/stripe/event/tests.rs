//! Callbacks as Stripe sends them and what they are read as.
//!
//! Every `tests/fixtures/stripe_events/<name>.json` has its meaning beside it in `<name>.txt`. Run the tests
//! with `UPDATE_SNAPSHOTS=1` to write the meanings anew, and read the difference before keeping it.

use std::{fs, path::PathBuf};

use super::*;

fn fixtures() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/stripe_events");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|is| is == "json"))
        .collect();
    paths.sort();
    paths
}

#[test]
fn every_fixture_is_read_as_written_beside_it() {
    let fixtures = fixtures();
    assert!(fixtures.len() >= 15, "{fixtures:?}");
    for path in fixtures {
        let read = match translate_callback(&fs::read(&path).unwrap()) {
            Ok(CallbackNews { event, .. }) => format!("{event:#?}\n"),
            Err(error) => format!("Error: {error}\n"),
        };
        let snapshot = path.with_extension("txt");
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            fs::write(&snapshot, &read).unwrap();
        }
        assert_eq!(read, fs::read_to_string(&snapshot).unwrap(), "{}", path.display());
    }
}

#[test]
fn the_events_of_the_official_libraries_are_read() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/fixtures/stripe_signatures.json")).unwrap();
    let mut seen = Vec::new();
    for case in vectors["cases"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|case| case["expect"] == "accept")
    {
        let news = translate_callback(case["payload"].as_str().unwrap().as_bytes()).unwrap();
        seen.push(match news.event {
            CallbackEvent::Intent { change, .. } => change.name(),
            CallbackEvent::Refund(refund) => refund.status.name(),
            CallbackEvent::RefundTold(_) => "refund_told",
            CallbackEvent::Dispute(_) => "dispute",
            CallbackEvent::AccountTold { .. } => "account_told",
            CallbackEvent::AccountLost(_) => "account_lost",
            CallbackEvent::TransferReversed(_) => "transfer_reversed",
            CallbackEvent::NeedsPeople { .. } => "needs_people",
            CallbackEvent::Other => "other",
        });
    }
    for expected in [
        "succeeded",
        "declined",
        "canceled",
        "processing",
        "requires_action",
        "other",
    ] {
        assert!(seen.contains(&expected), "{expected} is not in {seen:?}");
    }
}

#[test]
fn an_event_says_of_which_account_it_is() {
    let account = |more: &str| {
        let body = format!(r#"{{"type":"capability.updated"{more}}}"#);
        translate_callback(body.as_bytes()).map(|news| news.account)
    };
    assert_eq!(
        account(r#","account":"acct_seller""#),
        Ok(Some("acct_seller".into()))
    );
    assert_eq!(account(r#","account":null"#), Ok(None));
    assert_eq!(account(""), Ok(None));
    assert!(account(r#","account":7"#).is_err());
}

#[test]
fn what_is_no_event_is_an_error() {
    for body in [&b""[..], b"null", b"[]", b"{}", br#"{"type":7}"#] {
        assert_eq!(translate_callback(body).unwrap_err().event_type, "unknown");
    }
}
