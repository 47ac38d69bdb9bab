use chrono::NaiveDateTime;
use serde_json::Value;

use super::*;
use crate::alipay::examples::{VECTORS, credentials};

fn method(name: &str) -> ApiMethod {
    [
        ApiMethod::PagePay,
        ApiMethod::WapPay,
        ApiMethod::AppPay,
        ApiMethod::Precreate,
        ApiMethod::Query,
        ApiMethod::Close,
        ApiMethod::Refund,
        ApiMethod::RefundQuery,
    ]
    .into_iter()
    .find(|method| method.name() == name)
    .unwrap()
}

fn moment(parameters: &Value) -> DateTime<Utc> {
    let text = parameters["timestamp"].as_str().unwrap();
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap();
    local.and_utc() - chrono::TimeDelta::hours(8)
}

#[test]
fn the_requests_of_the_official_libraries_are_made_byte_for_byte() {
    let mut made = 0;
    for case in VECTORS["requests"].as_array().unwrap() {
        let parameters = &case["params"];
        let text = |name: &str| parameters[name].as_str().map(str::to_owned);
        let name = text("method").unwrap();
        // Nothing here withdraws a trade: that would give money back under no number of ours.
        if name == "alipay.trade.cancel" {
            continue;
        }
        let request = Request {
            method: method(&name),
            biz_content: text("biz_content").unwrap(),
            notify_url: text("notify_url"),
            return_url: text("return_url"),
        };
        let signed = request.sign(&credentials(), moment(parameters)).unwrap();
        let (_, sign) = signed.0.last().unwrap();
        assert_eq!(Some(sign.as_str()), case["sign"].as_str(), "{}", case["name"]);
        if let Some(encoded) = case["encoded"].as_str() {
            assert_eq!(signed.encoded(), encoded, "{}", case["name"]);
        }
        let sorted = &signed.0[..signed.0.len() - 1];
        assert_eq!(
            Some(text_to_sign(sorted).as_str()),
            case["string_to_sign"].as_str()
        );
        made += 1;
    }
    assert!(made >= 10, "{made}");
}

#[test]
fn a_call_keeps_its_content_out_of_the_address() {
    let request = query("0123");
    let signed = request.sign(&credentials(), DateTime::UNIX_EPOCH).unwrap();
    assert!(!signed.query().contains("0123") && signed.query().contains("charset=utf-8"));
    assert_eq!(signed.body(), "biz_content=%7B%22out_trade_no%22%3A%220123%22%7D");
}

#[test]
fn the_answer_is_named_after_the_method() {
    let name = ApiMethod::RefundQuery.answer_name();
    assert_eq!(name, "alipay_trade_fastpay_refund_query_response");
}
