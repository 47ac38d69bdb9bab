//! What the payer gets to pay with.

use std::time::Duration;

use domain::{channel::Flow, currency::Currency, money::Money, payment::Payer};

use super::*;
use crate::wechat::tests::{credentials, vectors};

const NOW_S: i64 = 1_795_170_000;
const NONCE: &str = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS";

fn action(flow: Flow, answer: &str, lives: Duration, return_url: Option<&str>) -> Option<NextAction> {
    let now = DateTime::from_timestamp(NOW_S, 0).unwrap();
    let new = NewIntent {
        payment_id: "pay_0123456789abcdef0123456789abcdef".parse().unwrap(),
        money: Money {
            amount_minor: 1,
            currency: Currency::CNY,
        },
        description: None,
        payment_method: None,
        return_url: return_url.map(Into::into),
        method: None,
        flow: Some(flow),
        payer: Payer::default(),
        expires_at: now + lives,
        callback_url: String::new(),
        connected_account: None,
        destination: None,
    };
    let signing = Signing {
        credentials: &credentials(),
        nonce: NONCE,
        now,
    };
    let prepaid: WirePrepaid = serde_json::from_str(answer).unwrap();
    prepaid.next_action(&new, Trade::of(&new).unwrap(), signing)
}

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_page_inside_of_wechat_gets_the_parameters_that_the_libraries_sign() {
    let vectors = vectors();
    let signed = &vectors["jsapi_pay_sign"];
    let package = signed["fields"][3].as_str().unwrap();
    let answer = format!(
        r#"{{"prepay_id":"{}"}}"#,
        package.strip_prefix("prepay_id=").unwrap()
    );
    let Some(PayerStep::InApp { parameters }) =
        action(Flow::InApp, &answer, HOUR, None).map(|action| action.step)
    else {
        panic!("no parameters");
    };
    let expected = [
        ("appId", "wx8888888888888888"),
        ("nonceStr", NONCE),
        ("package", package),
        ("paySign", signed["paySign"].as_str().unwrap()),
        ("signType", "RSA"),
        ("timeStamp", "1795170000"),
    ];
    assert_eq!(parameters, named(expected));
}

#[test]
fn an_app_gets_the_parameters_of_its_sdk() {
    let step = action(Flow::App, r#"{"prepay_id":"wx1"}"#, HOUR, None)
        .unwrap()
        .step;
    let PayerStep::App { mut parameters } = step else {
        panic!("{step:?}");
    };
    let message = format!("wx8888888888888888\n{NOW_S}\n{NONCE}\nwx1\n");
    assert_eq!(
        parameters.remove("sign"),
        credentials().private_key().sign(&message)
    );
    let expected = [
        ("appid", "wx8888888888888888"),
        ("noncestr", NONCE),
        ("package", "Sign=WXPay"),
        ("partnerid", "1900000109"),
        ("prepayid", "wx1"),
        ("timestamp", "1795170000"),
    ];
    assert_eq!(parameters, named(expected));
}

#[test]
fn a_page_for_phones_sends_the_payer_back() {
    let answer =
        r#"{"h5_url":"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1&package=2"}"#;
    let url = |return_url| match action(Flow::MobileWeb, answer, HOUR, return_url).unwrap().step {
        PayerStep::Redirect { url } => url,
        other => panic!("{other:?}"),
    };
    let plain = "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1&package=2";
    assert_eq!(url(None), plain);
    let back = url(Some("https://shop.example/back?a=1&b=2"));
    let expected = format!("{plain}&redirect_url=https%3A%2F%2Fshop.example%2Fback%3Fa%3D1%26b%3D2");
    assert_eq!(back, expected);
}

#[test]
fn it_ends_with_the_payment_or_with_what_wechat_pay_gave() {
    let ends = |flow, answer, lives| {
        let at = action(flow, answer, lives, None).unwrap().expires_at.unwrap();
        at.timestamp() - NOW_S
    };
    let code = r#"{"code_url":"weixin://wxpay/bizpayurl?pr=x"}"#;
    assert_eq!(ends(Flow::QrCode, code, HOUR), 3600);
    assert_eq!(ends(Flow::QrCode, code, 3 * HOUR), 7200);
    assert_eq!(ends(Flow::App, r#"{"prepay_id":"wx1"}"#, 3 * HOUR), 7200);
    assert_eq!(ends(Flow::MobileWeb, r#"{"h5_url":"https://a/?b=c"}"#, HOUR), 300);
}

#[test]
fn an_answer_for_another_way_gives_nothing() {
    let page = r#"{"h5_url":"https://a/?b=c"}"#;
    for flow in [Flow::QrCode, Flow::App, Flow::InApp] {
        assert_eq!(action(flow, page, HOUR, None), None);
    }
    assert_eq!(action(Flow::QrCode, r#"{"code_url":""}"#, HOUR, None), None);
    for page in [r#"{"h5_url":"javascript:alert(1)"}"#, r#"{"h5_url":"x"}"#, "{}"] {
        assert_eq!(action(Flow::MobileWeb, page, HOUR, None), None);
    }
}
