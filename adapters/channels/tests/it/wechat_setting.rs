//! A merchant of WeChat Pay, and answers that WeChat Pay signed, or did not.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use channels::Credentials;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    channel::{Channel, Flow, IntentRef, Method, NewIntent, NewRefund},
    clock::{Clock, SystemClock},
    currency::Currency,
    id::{IdempotencyKey, MerchantId, PaymentId, RefundId},
    money::Money,
    payment::Payer,
    secret::Secret,
};
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};

pub const MCHID: &str = "1900000109";
pub const APPID: &str = "wx8888888888888888";

/// Keys and cases made with WeChat Pay's libraries.
pub fn vectors() -> Value {
    serde_json::from_str(include_str!("../fixtures/wechat.json")).unwrap()
}

/// Credentials of the merchant of the vectors, who knows these keys of WeChat Pay's.
pub fn credentials(mchid: &str, verifiers: &Value) -> Credentials {
    let vectors = vectors();
    let written = json!({
        "mchid": mchid,
        "appid": APPID,
        "serial_no": vectors["merchant"]["serial"],
        "private_key": vectors["merchant"]["pkcs8"],
        "apiv3_keys": [vectors["apiv3_key"]],
        "verifiers": verifiers,
    });
    Credentials::read(Channel::Wechat, &Secret::new(written.to_string())).unwrap()
}

/// The same, with the keys of the vectors in both modes.
pub fn of_the_vectors() -> Credentials {
    let vectors = vectors();
    let public_key = &vectors["wechat_public_key"];
    credentials(
        MCHID,
        &json!([
            { "id": public_key["id"], "public_key": public_key["spki"] },
            { "certificate": vectors["platform_cert"]["cert"] },
        ]),
    )
}

/// A new payment of 88.88 yuan.
pub fn new_intent(flow: Flow, callback_url: &str) -> NewIntent {
    let key = IdempotencyKey::try_from("order-1".to_owned()).unwrap();
    NewIntent {
        payment_id: PaymentId::derive(MerchantId::random(), &key),
        money: Money {
            amount_minor: 8888,
            currency: Currency::CNY,
        },
        description: Some("一本书".into()),
        payment_method: None,
        return_url: Some("https://shop.example/back?a=1".into()),
        method: Some(Method::WechatPay),
        flow: Some(flow),
        payer: Payer {
            ip: Some("192.0.2.1".parse().unwrap()),
            openid: Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o".into()),
        },
        expires_at: SystemClock.now() + TimeDelta::minutes(30),
        callback_url: callback_url.to_owned(),
        connected_account: None,
        destination: None,
    }
}

pub fn number(payment_id: PaymentId) -> String {
    payment_id.as_uuid().simple().to_string()
}

pub fn known(new: &NewIntent) -> IntentRef {
    IntentRef {
        id: number(new.payment_id),
        money: Some(new.money),
        connected_account: None,
    }
}

pub fn new_refund(new: &NewIntent, amount_minor: i64) -> NewRefund {
    let key = IdempotencyKey::try_from("refund-1".to_owned()).unwrap();
    NewRefund {
        refund_id: RefundId::derive(MerchantId::random(), &key),
        payment_id: new.payment_id,
        intent: known(new),
        money: Money {
            amount_minor,
            ..new.money
        },
        reason: None,
        callback_url: new.callback_url.clone(),
        destination: None,
    }
}

/// Headers and their values that say who signed a body.
pub fn proof(pkcs8: &str, serial: &str, at: DateTime<Utc>, body: &str) -> [(&'static str, String); 4] {
    let (at_s, nonce) = (at.timestamp().to_string(), "d824f2e086d3c1df967785d13fcd22ef");
    let der: String = pkcs8.lines().filter(|line| !line.starts_with('-')).collect();
    let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
    let mut signature = vec![0; pair.public().modulus_len()];
    let message = format!("{at_s}\n{nonce}\n{body}\n");
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        message.as_bytes(),
        &mut signature,
    )
    .unwrap();
    [
        ("wechatpay-timestamp", at_s),
        ("wechatpay-nonce", nonce.to_owned()),
        ("wechatpay-signature", STANDARD.encode(signature)),
        ("wechatpay-serial", serial.to_owned()),
    ]
}

/// An answer that WeChat Pay signed, in the mode that this holder of the vectors' keys stands for.
pub fn signed_by(holder: &str, at: DateTime<Utc>, status: &str, body: &str) -> String {
    let vectors = vectors();
    let keys = &vectors[holder];
    let serial = keys["id"].as_str().or(keys["serial"].as_str()).unwrap();
    let mut answer = format!("HTTP/1.1 {status}\n");
    for (name, value) in proof(keys["pkcs8"].as_str().unwrap(), serial, at, body) {
        writeln!(answer, "{name}: {value}").unwrap();
    }
    let length = body.len();
    write!(answer, "content-length: {length}\nconnection: close\n\n{body}").unwrap();
    answer
}

/// An answer that WeChat Pay signed just now.
pub fn signed(status: &str, body: &Value) -> String {
    signed_by("wechat_public_key", SystemClock.now(), status, &body.to_string())
}

/// A refusal's body.
pub fn refusal(code: &str) -> Value {
    json!({ "code": code, "message": "不行" })
}

/// An order as it is shown.
pub fn trade(new: &NewIntent, trade_state: &str) -> Value {
    json!({
        "appid": APPID, "mchid": MCHID, "out_trade_no": number(new.payment_id), "trade_state": trade_state,
        "trade_state_desc": "", "amount": { "total": 8888, "currency": "CNY" },
    })
}

/// A refund as it is shown.
pub fn refund(new: &NewRefund, status: &str) -> Value {
    json!({
        "refund_id": "50000000000000000000000000001", "out_refund_no": new.refund_id.as_uuid().simple().to_string(),
        "out_trade_no": new.intent.id, "status": status,
        "amount": { "total": 8888, "refund": new.money.amount_minor, "currency": "CNY" },
    })
}
