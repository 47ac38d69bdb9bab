//! What tests begin with: throw-away keys, credentials made of them, and the cases of the official libraries.

use std::sync::LazyLock;

use domain::{channel::Channel, secret::Secret};
use serde_json::{Value, json};

use super::{AlipayCredentials, form, keys::SigningKey, request::ApiMethod};
use crate::Credentials;

/// The cases of the official libraries.
pub static VECTORS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../tests/fixtures/alipay.json")).unwrap());

/// One key in all its forms, as PEM.
pub struct Keys {
    pub pkcs8: String,
    pub pkcs1: String,
    pub spki: String,
}

fn keys(name: &str) -> Keys {
    let of = |form: &str| VECTORS[name][form].as_str().unwrap().to_owned();
    Keys {
        pkcs8: of("pkcs8"),
        pkcs1: of("pkcs1"),
        spki: of("spki"),
    }
}

pub static MERCHANT: LazyLock<Keys> = LazyLock::new(|| keys("merchant_key"));
pub static ALIPAY: LazyLock<Keys> = LazyLock::new(|| keys("alipay_key"));
pub static OTHER: LazyLock<Keys> = LazyLock::new(|| keys("wrong_key"));

/// A PEM's base64 without its lines.
pub fn bare(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

/// The credentials of the merchant of the cases, as they are handed in.
pub fn fields() -> Value {
    json!({
        "app_id": VECTORS["app_id"],
        "seller_id": VECTORS["seller_id"],
        "private_key": MERCHANT.pkcs1,
        "alipay_public_keys": [ALIPAY.spki],
    })
}

/// The credentials of the merchant of the cases.
pub fn credentials() -> AlipayCredentials {
    let json = Secret::new(fields().to_string());
    match Credentials::read(Channel::Alipay, &json) {
        Ok(Credentials::Alipay(credentials)) => credentials,
        other => panic!("{other:?}"),
    }
}

/// A body of the gateway with this answer, signed by Alipay.
pub fn signed_answer(method: ApiMethod, answer: &str) -> String {
    signed_answer_by(&ALIPAY.pkcs8, method, answer)
}

/// The same, signed by anybody.
pub fn signed_answer_by(key: &str, method: ApiMethod, answer: &str) -> String {
    let sign = sign(key, answer);
    format!(r#"{{"{}":{answer},"sign":"{sign}"}}"#, method.answer_name())
}

/// The signature of a text.
pub fn sign(key: &str, text: &str) -> String {
    let key = SigningKey::read("key", Secret::new(key)).unwrap();
    key.sign(text).unwrap()
}

/// A notification with these fields, signed by Alipay.
pub fn signed_notification(fields: &[(&str, &str)]) -> String {
    let unsigned = form::encode(fields.iter().copied());
    let text = form::Form::decode(unsigned.as_bytes()).unwrap().signed_text();
    let sign = sign(&ALIPAY.pkcs8, std::str::from_utf8(&text).unwrap());
    format!(
        "{unsigned}&{}",
        form::encode([("sign", sign.as_str()), ("sign_type", "RSA2")])
    )
}
