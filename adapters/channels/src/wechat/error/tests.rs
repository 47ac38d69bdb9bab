//! What answers mean that give nothing.

use super::*;

fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status,
        body: Bytes::copy_from_slice(body.as_bytes()),
        request_id: Some("08F78BB5".into()),
        retry_after: None,
        signed: Ok(()),
    }
}

fn meaning(status: u16, code: &str) -> &'static str {
    let body = format!(r#"{{"code":"{code}","message":"m"}}"#);
    match answer(status, &body).judge() {
        CallError::Declined(_) => "declined",
        CallError::Refused { .. } => "refused",
        CallError::Limited { .. } => "limited",
        CallError::NotDone { .. } => "not done",
        CallError::Unknown { .. } => "unknown",
    }
}

#[test]
fn every_documented_code_has_a_meaning() {
    for (status, code) in [
        (400, "PARAM_ERROR"),
        (400, "APPID_MCHID_NOT_MATCH"),
        (400, "ORDER_CLOSED"),
        (401, "SIGN_ERROR"),
        (403, "NO_AUTH"),
        // The merchant's balance does not cover the refund: the application for it failed, says the documentation.
        (403, "NOT_ENOUGH"),
        (403, "OUT_TRADE_NO_USED"),
        (404, "ORDER_NOT_EXIST"),
        (404, "MCH_NOT_EXISTS"),
    ] {
        assert_eq!(meaning(status, code), "refused", "{code}");
    }
    assert_eq!(meaning(429, "FREQUENCY_LIMITED"), "limited");
    assert_eq!(meaning(403, "FREQUENCY_LIMITED"), "limited");
    assert_eq!(meaning(429, "RATELIMIT_EXCEEDED"), "limited");
    for (status, code) in [
        (500, "SYSTEM_ERROR"),
        (403, "SYSTEM_ERROR"),
        (400, "BIZERR_NEED_RETRY"),
        (502, "PARAM_ERROR"),
        (202, "USER_PAYING"),
        (302, "PARAM_ERROR"),
    ] {
        assert_eq!(meaning(status, code), "unknown", "{status} {code}");
    }
}

#[test]
fn what_is_not_there_has_one_code_for_orders_and_refunds() {
    for code in ["ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS"] {
        let body = format!(r#"{{"code":"{code}","message":"m"}}"#);
        let CallError::Refused { code, .. } = answer(404, &body).judge() else {
            panic!("{code}");
        };
        assert_eq!(code, "ORDER_NOT_EXIST");
    }
}

#[test]
fn a_limit_says_how_long_to_wait() {
    let mut limited = answer(429, "");
    let wait = |answer: &Answer| match answer.judge() {
        CallError::Limited { retry_after, .. } => retry_after.as_secs(),
        other => panic!("{other:?}"),
    };
    assert_eq!(wait(&limited), 60);
    limited.retry_after = Some(Duration::from_secs(7));
    assert_eq!(wait(&limited), 7);
}

#[test]
fn success_that_nobody_signed_and_pages_of_proxies_prove_nothing() {
    let mut unsigned = answer(200, "{}");
    unsigned.signed = Err(SignatureRefused::MissingHeader("wechatpay-signature"));
    let said = unsigned.judge().to_string();
    assert!(
        said.contains("not signed by WeChat Pay") && said.contains("unsigned"),
        "{said}"
    );
    for (status, body) in [(200, "junk"), (404, "<html></html>"), (502, ""), (400, "{}")] {
        assert!(
            matches!(answer(status, body).judge(), CallError::Unknown { .. }),
            "{status}"
        );
    }
}

#[test]
fn what_was_sent_is_not_quoted() {
    let body = r#"{"code":"PARAM_ERROR","message":"openid oUpF8uMuAJO_M2pxb1Q9zNjWeS6o 与 192.0.2.1 不匹配, 2001:db8::1"}"#;
    let said = answer(400, body).judge().to_string();
    for value in ["oUpF8", "192.0.2.1", "2001:db8::1"] {
        assert!(!said.contains(value), "{said}");
    }
    assert!(
        said.contains("不匹配") && said.contains("request 08F78BB5"),
        "{said}"
    );
}
