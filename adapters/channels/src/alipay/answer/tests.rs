use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::alipay::examples::{ALIPAY, OTHER, VECTORS, credentials, sign, signed_answer, signed_answer_by};

fn keys() -> CallbackKeys {
    credentials().callback_keys()
}

fn query(body: &str) -> Result<Value, Failed> {
    read(body.as_bytes(), ApiMethod::Query, &keys())
}

fn refusal(code: &str, sub_code: &str) -> Failed {
    let answer = json!({"code": code, "msg": "m", "sub_code": sub_code, "sub_msg": "s"});
    query(&signed_answer(ApiMethod::Query, &answer.to_string())).unwrap_err()
}

fn is_unknown(failed: &Failed) -> bool {
    matches!(failed, Failed::Other(CallError::Unknown { .. }))
}

#[test]
fn the_cases_of_the_official_libraries_pass_as_marked() {
    let cases = VECTORS["response_cases"].as_array().unwrap();
    assert!(cases.len() >= 8);
    for case in cases {
        let method = match case["response_key"].as_str().unwrap() {
            "alipay_trade_query_response" => ApiMethod::Query,
            "alipay_trade_refund_response" => ApiMethod::Refund,
            other => panic!("{other}"),
        };
        let answered = read::<Value>(case["raw_body"].as_str().unwrap().as_bytes(), method, &keys());
        match case["expect"].as_str().unwrap() {
            "accept" => assert!(answered.is_ok(), "{}: {answered:?}", case["name"]),
            "reject" => assert!(is_unknown(&answered.unwrap_err()), "{}", case["name"]),
            "accept_as_business_error" => {
                let failed = answered.unwrap_err();
                assert!(matches!(&failed, Failed::Refused { code, .. } if code == "ACQ.TRADE_NOT_EXIST"));
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn braces_and_quotes_inside_of_texts_do_not_move_the_cut() {
    for text in [
        r#"}"#,
        r#"{{{"#,
        r#"\"},\"sign\":\"x\",\"a\":{\""#,
        r#"\\\\"#,
        r#"\u007d"#,
        "支付{宝}",
    ] {
        let answer = format!(r#"{{"code":"10000", "msg":"{text}","inner":{{"a":["}}"]}} }}"#);
        let body = signed_answer(ApiMethod::Query, &answer);
        assert!(query(&body).is_ok(), "{body}");
    }
}

#[test]
fn the_signature_may_come_first_and_strangers_may_stand_around() {
    let answer = r#"{"code":"10000"}"#;
    let sign = sign(&ALIPAY.pkcs8, answer);
    let name = ApiMethod::Query.answer_name();
    let turned =
        format!("{{\n \"sign\" : \"{sign}\" , \"alipay_cert_sn\":\"1\", \"{name}\" :  {answer} }}\n");
    assert!(query(&turned).is_ok(), "{turned}");
}

#[test]
fn what_alipay_did_not_sign_proves_nothing() {
    let good = r#"{"code":"10000","trade_status":"TRADE_SUCCESS"}"#;
    let signed = signed_answer(ApiMethod::Query, good);
    let by_another = signed_answer_by(&OTHER.pkcs8, ApiMethod::Query, good);
    let twice = signed.replacen('{', &format!(r#"{{"alipay_trade_query_response":{good},"#), 1);
    let unsigned = format!(r#"{{"alipay_trade_query_response":{good}}}"#);
    let empty = format!(r#"{{"alipay_trade_query_response":{good},"sign":""}}"#);
    let other_method = signed_answer(ApiMethod::Close, good);
    let reformatted = signed.replace("\"code\":", "\"code\": ");
    for body in [
        &by_another,
        &twice,
        &unsigned,
        &empty,
        &other_method,
        &reformatted,
        "",
        "<html>502</html>",
        "[]",
        "{}",
        r#"{"error_response":{"code":"10000"}}"#,
    ] {
        assert!(is_unknown(&query(body).unwrap_err()), "{body}");
    }
}

#[test]
fn an_unsigned_refusal_is_a_hint_and_no_decision() {
    for name in ["error_response", "alipay_trade_query_response"] {
        let body = json!({name: {"code": "40002", "msg": "Invalid Arguments",
            "sub_code": "isv.invalid-signature", "sub_msg": "验签出错"}});
        let failed = query(&body.to_string()).unwrap_err();
        assert!(
            matches!(&failed, Failed::Unsigned { code, .. } if code == "isv.invalid-signature"),
            "{failed:?}"
        );
        let error = CallError::from(failed);
        assert!(
            matches!(&error, CallError::Unknown { message } if message.contains("isv.invalid-signature"))
        );
    }
}

#[test]
fn a_signed_refusal_is_told_from_trouble_and_from_a_limit() {
    for (code, sub_code) in [
        ("40004", "ACQ.TRADE_NOT_EXIST"),
        ("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH"),
        ("40002", "isv.invalid-signature"),
        ("40006", "isv.insufficient-isv-permissions"),
    ] {
        let expected = Failed::Refused {
            code: sub_code.into(),
            message: "s".into(),
        };
        assert_eq!(refusal(code, sub_code), expected);
    }
    for (code, sub_code) in [
        ("40004", "ACQ.SYSTEM_ERROR"),
        ("40004", "AQC.SYSTEM_ERROR"),
        ("20000", "isp.unknow-error"),
        ("20000", "aop.unknow-error"),
        ("20000", ""),
        ("10003", ""),
        ("99999", "ACQ.WHATEVER"),
    ] {
        assert!(is_unknown(&refusal(code, sub_code)), "{code} {sub_code}");
    }
    for (code, sub_code) in [
        ("40005", "isv.app-call-limited"),
        ("40004", "isv.method-call-limited"),
    ] {
        let failed = refusal(code, sub_code);
        assert!(
            matches!(&failed, Failed::Other(CallError::Limited { retry_after, .. }) if *retry_after == PAUSE)
        );
    }
}

#[test]
fn what_alipay_says_is_shown_without_personal_data() {
    let answer =
        json!({"code": "40004", "msg": "m", "sub_code": "ACQ.X", "sub_msg": "payer jane@example.com"});
    let failed = query(&signed_answer(ApiMethod::Query, &answer.to_string())).unwrap_err();
    assert!(!format!("{failed:?}").contains("jane"), "{failed:?}");
}

proptest! {
    #[test]
    fn junk_is_unknown_and_no_panic(junk in ".*") {
        prop_assert!(query(&junk).is_err());
        let wrapped = json!({"alipay_trade_query_response": junk, "sign": junk}).to_string();
        prop_assert!(query(&wrapped).is_err());
    }
}
