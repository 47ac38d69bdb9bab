//! What is asked, and what is not.

use domain::{
    channel::IntentRef,
    id::{IdempotencyKey, MerchantId, PaymentId},
    payment::Payer,
};

use super::*;
use crate::wechat::tests::credentials;

fn payment_id() -> PaymentId {
    let merchant: MerchantId = "mer_00000000000000000000000000000001".parse().unwrap();
    PaymentId::derive(merchant, &IdempotencyKey::try_from("order-1".to_owned()).unwrap())
}

fn new(flow: Option<Flow>) -> NewIntent {
    NewIntent {
        payment_id: payment_id(),
        money: Money {
            amount_minor: 8888,
            currency: Currency::CNY,
        },
        description: Some("Image形象店 1+1".into()),
        payment_method: None,
        return_url: None,
        method: Some(Method::WechatPay),
        flow,
        payer: Payer {
            ip: Some("192.0.2.1".parse().unwrap()),
            openid: Some("oUpF8".into()),
        },
        expires_at: DateTime::from_timestamp(1_795_170_000, 0).unwrap(),
        callback_url: "https://pay.example.test/webhooks/wechat/mer_1".into(),
        connected_account: None,
        destination: None,
    }
}

fn created(new: &NewIntent) -> Result<(String, Value), String> {
    let request = Trade::of(new).and_then(|trade| create(&credentials(), new, trade));
    match request {
        Ok(request) => Ok((
            request.target,
            serde_json::from_str(&request.body.unwrap()).unwrap(),
        )),
        Err(CallError::Refused { code, .. }) => Err(code),
        Err(other) => panic!("{other:?}"),
    }
}

fn refund_of(money: Money, reason: Option<RefundReason>) -> NewRefund {
    NewRefund {
        refund_id: "rfd_0123456789abcdef0123456789abcdef".parse().unwrap(),
        payment_id: payment_id(),
        intent: IntentRef {
            id: numbers::of_payment(payment_id()),
            money: None,
            connected_account: None,
        },
        money,
        reason,
        callback_url: "https://pay.example/callbacks".into(),
        destination: None,
    }
}

#[test]
fn an_order_says_all_that_it_is() {
    let (target, body) = created(&new(None)).unwrap();
    assert_eq!(target, "/v3/pay/transactions/native");
    let expected = json!({
        "appid": "wx8888888888888888",
        "mchid": "1900000109",
        "description": "Image形象店 1+1",
        "out_trade_no": payment_id().as_uuid().simple().to_string(),
        "time_expire": "2026-11-20T18:20:00+08:00",
        "notify_url": "https://pay.example.test/webhooks/wechat/mer_1",
        "amount": { "total": 8888, "currency": "CNY" },
    });
    assert_eq!(body, expected);
    assert_eq!(
        created(&new(None)),
        created(&new(Some(Flow::QrCode))),
        "a repeat is the same"
    );
}

#[test]
fn each_way_says_what_it_needs_and_no_more() {
    let (target, body) = created(&new(Some(Flow::InApp))).unwrap();
    assert_eq!(target, "/v3/pay/transactions/jsapi");
    assert_eq!(
        (&body["payer"]["openid"], body.get("scene_info")),
        (&json!("oUpF8"), None)
    );
    let (target, body) = created(&new(Some(Flow::MobileWeb))).unwrap();
    assert_eq!(target, "/v3/pay/transactions/h5");
    let scene = json!({ "payer_client_ip": "192.0.2.1", "h5_info": { "type": "Wap" } });
    assert_eq!((&body["scene_info"], body.get("payer")), (&scene, None));
    let (target, body) = created(&new(Some(Flow::App))).unwrap();
    assert_eq!(target, "/v3/pay/transactions/app");
    assert_eq!((body.get("scene_info"), body.get("payer")), (None, None));
}

#[test]
fn what_cannot_be_paid_is_not_asked() {
    let but = |change: fn(&mut NewIntent)| {
        let mut new = new(Some(Flow::QrCode));
        change(&mut new);
        created(&new).unwrap_err()
    };
    assert_eq!(but(|new| new.flow = Some(Flow::Web)), "flow_not_taken");
    assert_eq!(but(|new| new.method = Some(Method::Card)), "method_not_taken");
    assert_eq!(but(|new| new.money.currency = Currency::USD), "amount_not_taken");
    assert_eq!(
        but(|new| new.connected_account = Some("1900000110".into())),
        "connected_account_not_supported"
    );
    for flow in [Flow::InApp, Flow::MobileWeb] {
        let mut new = new(Some(flow));
        new.payer = Payer::default();
        assert_eq!(created(&new), Err("payer_missing".into()));
    }
}

#[test]
fn a_description_is_never_missing_and_never_too_long() {
    assert_eq!(description(None), "Payment");
    assert_eq!(description(Some(" ")), "Payment");
    let long = "书".repeat(100);
    assert_eq!(description(Some(&long)), "书".repeat(42));
}

#[test]
fn orders_and_refunds_are_asked_for_and_closed_by_their_numbers() {
    let shown = show(&credentials(), "T1").unwrap();
    assert_eq!(
        shown,
        Request::get("/v3/pay/transactions/out-trade-no/T1?mchid=1900000109".into())
    );
    let closed = close(&credentials(), "T1").unwrap();
    assert_eq!(closed.target, "/v3/pay/transactions/out-trade-no/T1/close");
    assert_eq!(closed.body.as_deref(), Some(r#"{"mchid":"1900000109"}"#));
    assert_eq!(
        show_refund("R1").unwrap().target,
        "/v3/refund/domestic/refunds/R1"
    );
    for number in ["", "a/b", "a?b", "..", "é", &"0".repeat(33)] {
        assert!(show(&credentials(), number).is_err(), "{number}");
        assert!(close(&credentials(), number).is_err(), "{number}");
    }
}

#[test]
fn a_refund_says_what_was_paid_and_why_where_the_payer_may_know() {
    let cny = |amount_minor| Money {
        amount_minor,
        currency: Currency::CNY,
    };
    let body = |reason| {
        let request = refund(&refund_of(cny(888), reason), cny(8888)).unwrap();
        assert_eq!(request.target, "/v3/refund/domestic/refunds");
        serde_json::from_str::<Value>(&request.body.unwrap()).unwrap()
    };
    let plain = json!({
        "out_trade_no": numbers::of_payment(payment_id()),
        "out_refund_no": "0123456789abcdef0123456789abcdef",
        "amount": { "refund": 888, "total": 8888, "currency": "CNY" },
        "notify_url": "https://pay.example/callbacks",
    });
    assert_eq!(body(None), plain);
    assert_eq!(body(Some(RefundReason::Fraudulent)), plain);
    assert_eq!(body(Some(RefundReason::Duplicate))["reason"], "Paid twice");
    let usd = Money {
        amount_minor: 888,
        currency: Currency::USD,
    };
    assert!(refund(&refund_of(usd, None), cny(8888)).is_err());
}
