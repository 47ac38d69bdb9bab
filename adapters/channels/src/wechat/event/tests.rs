//! Callbacks as WeChat Pay sends them and what they are read as.

use domain::channel::{ChannelRefundStatus, IntentStatus};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::wechat::tests::{credentials, seal, vectors};

const KEY: &str = "0123456789abcdef0123456789ABCDEF";
const NUMBER: &str = "0123456789abcdef0123456789abcdef";

fn callback(event_type: &str, enclosed: &Value) -> String {
    let resource = seal(KEY, "transaction", &enclosed.to_string());
    json!({ "id": "EV-1", "event_type": event_type, "resource": resource }).to_string()
}

fn translated(event_type: &str, enclosed: &Value) -> Result<CallbackEvent, CallbackProblem> {
    translate_callback(&credentials(), callback(event_type, enclosed).as_bytes())
}

fn trade() -> Value {
    json!({
        "mchid": "1900000109", "appid": "wx8888888888888888", "out_trade_no": NUMBER,
        "transaction_id": "4200000000202611200000000001", "trade_state": "SUCCESS",
        "payer": { "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" },
        "amount": { "total": 8888, "payer_total": 8000, "currency": "CNY", "payer_currency": "CNY" },
    })
}

fn refund(status: &str) -> Value {
    json!({
        "mchid": "1900000109", "out_trade_no": NUMBER, "out_refund_no": NUMBER, "refund_status": status,
        "amount": { "total": 8888, "refund": 888, "payer_total": 8888, "payer_refund": 888 },
    })
}

fn with(mut object: Value, path: &str, value: Value) -> Value {
    *object.pointer_mut(path).unwrap() = value;
    object
}

#[test]
fn the_callbacks_of_the_libraries_are_read() {
    for case in vectors()["notify_cases"].as_array().unwrap() {
        let read = translate_callback(&credentials(), case["body"].as_str().unwrap().as_bytes());
        match case["name"].as_str().unwrap() {
            "encrypted_with_other_apiv3_key" | "tampered_body" if read.is_err() => {
                let problem = read.unwrap_err().to_string();
                assert!(problem.contains("none of the API v3 keys"), "{problem}");
            }
            "business_other_mchid" => {
                assert!(matches!(read, Err(CallbackProblem::OtherAccount(_))), "{read:?}");
            }
            // Their orders are numbered as no payment of ours.
            name => assert_eq!(read, Ok(CallbackEvent::Other), "{name}"),
        }
    }
}

#[test]
fn a_paid_order_is_shown_with_what_was_received() {
    let Ok(CallbackEvent::Intent { intent, change }) = translated("TRANSACTION.SUCCESS", &trade()) else {
        panic!("no intent");
    };
    assert_eq!(change, IntentStatus::Succeeded);
    assert_eq!(intent.id, NUMBER);
    assert_eq!(intent.payment_id, numbers::payment(NUMBER));
    assert_eq!((intent.money.amount_minor, intent.received_minor), (8888, 8888));
    assert_eq!(intent.money.currency.code(), "CNY");
}

#[test]
fn an_event_of_success_does_not_make_a_success_of_another_state() {
    for (state, meaning) in [
        ("PAYERROR", "declined"),
        ("NOTPAY", "requires_action"),
        ("CLOSED", "canceled"),
    ] {
        let read = translated(
            "TRANSACTION.SUCCESS",
            &with(trade(), "/trade_state", state.into()),
        );
        let Ok(CallbackEvent::Intent { intent, change }) = read else {
            panic!("{state}: {read:?}");
        };
        assert_eq!((change.name(), intent.received_minor), (meaning, 0));
    }
}

#[test]
fn another_account_is_told_apart_before_anything_is_made_of_it() {
    for object in [
        with(trade(), "/mchid", "1900009999".into()),
        with(trade(), "/appid", "wx0000000000000000".into()),
        with(trade(), "/mchid", Value::Null),
        with(with(trade(), "/appid", Value::Null), "/out_trade_no", "T1".into()),
    ] {
        let read = translated("TRANSACTION.SUCCESS", &object);
        assert!(matches!(read, Err(CallbackProblem::OtherAccount(_))), "{read:?}");
    }
    let read = translated(
        "REFUND.SUCCESS",
        &with(refund("SUCCESS"), "/mchid", "1900009999".into()),
    );
    assert!(matches!(read, Err(CallbackProblem::OtherAccount(_))), "{read:?}");
}

#[test]
fn refunds_are_read_and_an_abnormal_one_waits_for_people() {
    for (event_type, status, meaning) in [
        ("REFUND.SUCCESS", "SUCCESS", "succeeded"),
        ("REFUND.ABNORMAL", "ABNORMAL", "stuck"),
        ("REFUND.CLOSED", "CLOSED", "failed"),
    ] {
        let Ok(CallbackEvent::Refund(read)) = translated(event_type, &refund(status)) else {
            panic!("{event_type}");
        };
        assert_eq!(read.status.name(), meaning);
        assert_eq!(
            (read.money.amount_minor, read.intent_id.as_deref()),
            (888, Some(NUMBER))
        );
        assert_eq!(read.refund_id, numbers::refund(NUMBER));
        if let ChannelRefundStatus::Failed(failure) = read.status {
            assert_eq!(failure.code, "closed");
        }
    }
}

#[test]
fn foreign_numbers_and_unknown_events_are_none_of_ours() {
    let foreign = with(trade(), "/out_trade_no", "T20261120000001".into());
    assert_eq!(
        translated("TRANSACTION.SUCCESS", &foreign),
        Ok(CallbackEvent::Other)
    );
    let foreign = with(refund("SUCCESS"), "/out_refund_no", "R1".into());
    assert_eq!(translated("REFUND.SUCCESS", &foreign), Ok(CallbackEvent::Other));
    for body in [
        r#"{"event_type":"PAYSCORE.USER_OPEN_SERVICE"}"#,
        r#"{"event_type":"x","resource":7}"#,
    ] {
        assert_eq!(
            translate_callback(&credentials(), body.as_bytes()),
            Ok(CallbackEvent::Other)
        );
    }
}

#[test]
fn what_cannot_be_understood_is_named_and_nobody_is_quoted() {
    let openid = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
    for (enclosed, expected) in [
        (with(trade(), "/amount", Value::Null), "there is no amount"),
        (
            with(trade(), "/amount/total", openid.into()),
            "amount.total is not of the kind",
        ),
        (with(trade(), "/amount/currency", "XXZ".into()), "currency"),
        (with(trade(), "/amount/total", (-1).into()), "negative"),
        (with(trade(), "/trade_state", "ACCEPT".into()), "ACCEPT"),
        (json!({ "mchid": "1900000109" }), "missing field `out_trade_no`"),
        (openid.into(), "not of the kind"),
    ] {
        let Err(CallbackProblem::Unreadable(unreadable)) = translated("TRANSACTION.SUCCESS", &enclosed)
        else {
            panic!("{enclosed}");
        };
        assert!(unreadable.problem.contains(expected), "{unreadable}");
        assert!(!unreadable.to_string().contains(openid), "{unreadable}");
        assert_eq!(unreadable.event_type, "TRANSACTION.SUCCESS");
    }
    for body in ["", "[]", "{}", r#"{"event_type":"TRANSACTION.SUCCESS"}"#] {
        assert!(
            translate_callback(&credentials(), body.as_bytes()).is_err(),
            "{body}"
        );
    }
}

proptest! {
    #[test]
    fn junk_never_panics(junk: Vec<u8>, text: String, state: String, total: i64, number in "[0-9a-f]{32}|\\PC*") {
        let _ = translate_callback(&credentials(), &junk);
        let _ = translate_callback(&credentials(), text.as_bytes());
        let enclosed = json!({
            "mchid": "1900000109", "appid": "wx8888888888888888", "out_trade_no": number, "trade_state": state,
            "amount": { "total": total },
        });
        let _ = translated("TRANSACTION.SUCCESS", &enclosed);
        let body = json!({
            "event_type": "REFUND.SUCCESS",
            "resource": { "algorithm": "AEAD_AES_256_GCM", "ciphertext": text, "nonce": number, "associated_data": state },
        });
        prop_assert!(translate_callback(&credentials(), body.to_string().as_bytes()).is_err());
    }
}
