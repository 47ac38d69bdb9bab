//! A merchant's app as a client of the Alipay double: signs what it sends, verifies what it gets, and trusts nothing.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use sandbox::SandboxConfig;
use serde_json::{Value, json};

use crate::client::Client;

pub const APP: &str = "2021000000000001";
pub const SELLER: &str = "2088000000000001";

pub fn vectors() -> Value {
    serde_json::from_str(include_str!("../fixtures/alipay.json")).unwrap()
}

fn key_of(pem: &str) -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(&der(pem)).unwrap()
}

/// The content of a PEM file.
fn der(pem: &str) -> Vec<u8> {
    let content: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(content).unwrap()
}

/// A registered app and the sandbox it talks to.
pub struct Shop {
    pub client: Client,
    key: RsaKeyPair,
    alipay: Vec<u8>,
}

impl Shop {
    /// A sandbox whose seconds last `second_ms`.
    pub async fn with(second_ms: u64) -> Self {
        let client = Client::with(SandboxConfig {
            second_ms,
            hang_cap_ms: 2_000,
            ..SandboxConfig::default()
        })
        .await;
        let vectors = vectors();
        let details = json!({
            "public_key": vectors["merchant_key"]["spki"], "seller_id": SELLER,
            "notify_url": format!("{}/merchant/shop", client.base),
        });
        let shown = client
            .control(Method::PUT, &format!("/alipay/apps/{APP}"), details)
            .await;
        // The key's own structure follows a header of 24 bytes, which is the same for every RSA key of 2048 bits.
        let alipay = der(shown["alipay_public_key"].as_str().unwrap())[24..].to_vec();
        let shop = Self {
            client,
            key: key_of(vectors["merchant_key"]["pkcs8"].as_str().unwrap()),
            alipay,
        };
        shop.answers("success").await;
        shop
    }

    pub async fn start() -> Self {
        Self::with(5).await
    }

    /// Signs with another key from now on.
    pub fn use_key(&mut self, pem: &str) {
        self.key = key_of(pem);
    }

    /// What the shop answers to notifications.
    pub async fn answers(&self, body: &str) {
        let behaviour = json!({"mode": "ok", "body": body});
        self.client
            .control(Method::POST, "/merchants/shop/behaviour", behaviour)
            .await;
    }

    /// The signed parameters of a request, with some common ones set otherwise; an empty one is left out.
    pub fn order(&self, method: &str, content: &Value, common: &[(&str, &str)]) -> String {
        let content = content.to_string();
        let mut params = BTreeMap::from([
            ("app_id", APP),
            ("method", method),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("timestamp", "2026-11-20 18:00:00"),
            ("version", "1.0"),
            ("biz_content", content.as_str()),
        ]);
        params.extend(common.iter().copied());
        params.retain(|_, value| !value.is_empty());
        let signed: Vec<_> = params
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut signature = vec![0; self.key.public().modulus_len()];
        let signed = signed.join("&");
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .unwrap();
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(params)
            .append_pair("sign", &STANDARD.encode(signature))
            .finish()
    }

    /// Posts what was encoded, and answers the body as it came.
    pub async fn post(&self, encoded: String) -> reqwest::Result<String> {
        let request = self
            .client
            .http
            .post(format!("{}/alipay/gateway.do", self.client.base));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.body(encoded).send().await?.text().await
    }

    /// Calls a method and answers the content, whose signature must be good.
    pub async fn ask(&self, method: &str, content: Value) -> Value {
        let text = self.post(self.order(method, &content, &[])).await.unwrap();
        self.verified(method, &text)
    }

    #[track_caller]
    pub fn verified(&self, method: &str, text: &str) -> Value {
        let opening = format!(r#"{{"{}_response":"#, method.replace('.', "_"));
        let rest = text
            .strip_prefix(opening.as_str())
            .unwrap_or_else(|| panic!("{text}"));
        let (content, signature) = rest
            .split_once(r#","sign":""#)
            .unwrap_or_else(|| panic!("{text}"));
        let signature = signature.strip_suffix("\"}").unwrap();
        assert!(self.is_alipays(content, signature), "{text}");
        serde_json::from_str(content).unwrap()
    }

    pub fn is_alipays(&self, signed: &str, signature: &str) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.alipay)
            .verify(signed.as_bytes(), &STANDARD.decode(signature).unwrap())
            .is_ok()
    }

    /// Whether a received notification is signed by Alipay.
    pub fn is_genuine(&self, delivery: &Value) -> bool {
        let mut fields = fields(delivery);
        let signature = fields.remove("sign").unwrap();
        assert_eq!(fields.remove("sign_type").unwrap(), "RSA2");
        let signed: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        self.is_alipays(&signed.join("&"), &signature)
    }

    /// Offers a QR code and answers its link.
    pub async fn qr(&self, number: &str, amount: &str) -> String {
        let content = json!({"out_trade_no": number, "total_amount": amount, "subject": "A/B & {C}"});
        let answer = self.ask("alipay.trade.precreate", content).await;
        assert_eq!(answer["code"], "10000", "{answer}");
        answer["qr_code"].as_str().unwrap().to_owned()
    }

    /// Scans and pays.
    pub async fn paid(&self, number: &str, amount: &str) {
        self.qr(number, amount).await;
        self.pay(number, Value::Null).await;
    }

    pub async fn pay(&self, number: &str, body: Value) -> Value {
        let body = if body.is_null() { json!({}) } else { body };
        self.client
            .control(Method::POST, &format!("/alipay/trades/{number}/pay"), body)
            .await
    }

    pub async fn query(&self, number: &str) -> Value {
        self.ask("alipay.trade.query", json!({"out_trade_no": number}))
            .await
    }

    pub async fn refund(&self, number: &str, request: &str, amount: &str) -> Value {
        let content = json!({"out_trade_no": number, "out_request_no": request, "refund_amount": amount});
        self.ask("alipay.trade.refund", content).await
    }

    /// A list of the control API.
    pub async fn shown(&self, path: &str) -> Vec<Value> {
        let shown = self
            .client
            .control(Method::GET, &format!("/alipay/{path}"), Value::Null)
            .await;
        shown.as_array().unwrap().clone()
    }
}

/// The fields of a received notification.
pub fn fields(delivery: &Value) -> BTreeMap<String, String> {
    let body = delivery["body"].as_str().unwrap();
    form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}
