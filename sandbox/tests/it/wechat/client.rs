//! A merchant's client of its own: it signs, verifies and decrypts without any of the double's code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderMap;
use reqwest::{Method, Response};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use sandbox::SandboxConfig;
use serde_json::{Value, json};

use crate::client::Client;

pub const MCHID: &str = "1900000109";
pub const APPID: &str = "wx8888888888888888";

/// What stands before every RSA public key of 2048 bits, in a certificate and outside of one.
const BEFORE_KEY: &str = "30820122300d06092a864886f70d01010105000382010f00";
/// How long such a key is.
const KEY_BYTES: usize = 270;

/// What the SDKs made, for comparison, and the merchant's keys.
pub fn vectors() -> Value {
    serde_json::from_str(include_str!("../../fixtures/wechat.json")).unwrap()
}

/// A merchant at a sandbox of a test's own.
pub struct Merchant {
    pub client: Client,
    pub pair: RsaKeyPair,
    pub serial_no: String,
    /// What `Wechatpay-Serial` must say.
    pub wechat_serial: String,
    apiv3_key: String,
    wechat_key: Vec<u8>,
}

/// An answer whose signature was right.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    #[track_caller]
    pub fn error(self, status: u16, code: &str) -> Value {
        let seen = (self.status, self.body["code"].as_str());
        assert_eq!(seen, (status, Some(code)), "{}", self.body);
        assert!(self.body["message"].is_string());
        self.body
    }
}

impl Merchant {
    /// A merchant in public-key mode, in a sandbox with short minutes.
    pub async fn start() -> Self {
        Self::in_mode("public_key").await
    }

    pub async fn in_mode(mode: &str) -> Self {
        Self::with(mode, 1).await
    }

    pub async fn with(mode: &str, second_ms: u64) -> Self {
        let client = Client::with(SandboxConfig {
            second_ms,
            settle_ms: 60,
            hang_cap_ms: 5_000,
            ..SandboxConfig::default()
        })
        .await;
        let vectors = vectors();
        let merchant = &vectors["merchant"];
        let agreed = json!({
            "appid": APPID, "serial_no": merchant["serial"], "public_key": merchant["spki"],
            "apiv3_key": vectors["apiv3_key"], "key_mode": mode,
        });
        let path = format!("/wechat/merchants/{MCHID}");
        let told = client.control(Method::PUT, &path, agreed).await["wechat"].clone();
        let text = |name: &str| told[name].as_str().unwrap().to_owned();
        let (pem, wechat_serial) = match mode {
            "public_key" => (text("public_key"), text("public_key_id")),
            _ => (text("certificate"), text("certificate_serial")),
        };
        Self {
            pair: RsaKeyPair::from_pkcs8(&der(merchant["pkcs8"].as_str().unwrap())).unwrap(),
            serial_no: merchant["serial"].as_str().unwrap().to_owned(),
            apiv3_key: vectors["apiv3_key"].as_str().unwrap().to_owned(),
            wechat_key: key_in(&pem),
            wechat_serial,
            client,
        }
    }

    /// The merchant's signature.
    pub fn sign(&self, text: &str) -> String {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                text.as_bytes(),
                &mut signature,
            )
            .unwrap();
        STANDARD.encode(signature)
    }

    /// The `Authorization` header of a call.
    pub fn authorization(&self, method: &str, target: &str, sent_s: i64, nonce: &str, body: &str) -> String {
        let signature = self.sign(&format!("{method}\n{target}\n{sent_s}\n{nonce}\n{body}\n"));
        format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{MCHID}\",nonce_str=\"{nonce}\",signature=\"{signature}\",\
             timestamp=\"{sent_s}\",serial_no=\"{}\"",
            self.serial_no
        )
    }

    /// A call with this `Authorization`, its answer as it came.
    pub async fn raw(&self, method: Method, url_path: &str, authorization: &str, body: &str) -> Response {
        self.unsent(method, url_path, authorization, body)
            .send()
            .await
            .unwrap()
    }

    pub fn unsent(
        &self,
        method: Method,
        url_path: &str,
        authorization: &str,
        body: &str,
    ) -> reqwest::RequestBuilder {
        self.client
            .http
            .request(method, format!("{}{url_path}", self.client.base))
            .header("authorization", authorization)
            .header("accept", "application/json")
            .header("user-agent", "merchant/1")
            .header("content-type", "application/json")
            .body(body.to_owned())
    }

    /// A call as it is right, whose answer must be signed.
    pub async fn call(&self, method: Method, target: &str, body: &Value) -> Answer {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let authorization = self.authorization(method.as_str(), target, now_s(), "N1", &body);
        let response = self.raw(method, target, &authorization, &body).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        assert_eq!(self.problem(&headers, &text), None, "{target}: {status} {text}");
        Answer {
            status,
            body: serde_json::from_str(&text).unwrap_or_default(),
        }
    }

    pub async fn post(&self, target: &str, body: &Value) -> Answer {
        self.call(Method::POST, target, body).await
    }

    pub async fn get(&self, target: &str) -> Answer {
        self.call(Method::GET, target, &Value::Null).await
    }

    /// What is wrong with what proves a text to be WeChat Pay's.
    pub fn problem(&self, headers: &HeaderMap, body: &str) -> Option<&'static str> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let proof = [
            header("wechatpay-timestamp"),
            header("wechatpay-nonce"),
            header("wechatpay-signature"),
            header("wechatpay-serial"),
        ];
        self.verify(proof, body).err()
    }

    fn verify(&self, proof: [Option<&str>; 4], body: &str) -> Result<(), &'static str> {
        let [Some(sent), Some(nonce), Some(signature), Some(serial)] = proof else {
            return Err("missing");
        };
        if serial != self.wechat_serial {
            return Err("serial");
        }
        if signature.starts_with("WECHATPAY/SIGNTEST/") {
            return Err("probe");
        }
        if now_s().abs_diff(sent.parse().map_err(|_| "timestamp")?) > 300 {
            return Err("stale");
        }
        let signature = STANDARD.decode(signature).map_err(|_| "base64")?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.wechat_key)
            .verify(format!("{sent}\n{nonce}\n{body}\n").as_bytes(), &signature)
            .map_err(|_| "signature")
    }

    /// Verifies what the merchant's endpoint recorded.
    pub fn problem_of(&self, delivery: &Value) -> Option<&'static str> {
        let header = |name: &str| delivery["headers"][name].as_str();
        let proof = [
            header("wechatpay-timestamp"),
            header("wechatpay-nonce"),
            header("wechatpay-signature"),
            header("wechatpay-serial"),
        ];
        self.verify(proof, delivery["body"].as_str().unwrap()).err()
    }

    /// What an encrypted resource says.
    pub fn decrypted(&self, resource: &Value) -> String {
        assert_eq!(resource["algorithm"], "AEAD_AES_256_GCM");
        let text = |name: &str| resource[name].as_str().unwrap();
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, self.apiv3_key.as_bytes()).unwrap());
        let nonce = Nonce::try_assume_unique_for_key(text("nonce").as_bytes()).unwrap();
        let mut bytes = STANDARD.decode(text("ciphertext")).unwrap();
        let associated = Aad::from(text("associated_data").as_bytes());
        let opened = key.open_in_place(nonce, associated, &mut bytes).unwrap();
        String::from_utf8(opened.to_vec()).unwrap()
    }

    /// What a recorded notification tells: its type and its resource. Its signature must be right.
    #[track_caller]
    pub fn told(&self, delivery: &Value) -> (String, Value) {
        assert_eq!(self.problem_of(delivery), None, "{delivery}");
        let kind = delivery["payload"]["event_type"].as_str().unwrap().to_owned();
        let resource = self.decrypted(&delivery["payload"]["resource"]);
        (kind, serde_json::from_str(&resource).unwrap())
    }

    /// The body of an order of 88.88 yuan that is told at the merchant's endpoint `hooks`.
    pub fn order(&self, number: &str) -> Value {
        json!({
            "appid": APPID, "mchid": MCHID, "description": "Image形象店 1+1", "out_trade_no": number,
            "notify_url": format!("{}/merchant/hooks", self.client.base), "attach": "m=42&t=中文",
            "amount": { "total": 8888, "currency": "CNY" },
        })
    }

    /// Places a trade that is paid by scanning, and answers its code.
    pub async fn place(&self, number: &str) -> String {
        let placed = self
            .post("/v3/pay/transactions/native", &self.order(number))
            .await;
        placed.ok()["code_url"].as_str().unwrap().to_owned()
    }

    /// Places a trade and pays it; answers the transaction's id.
    pub async fn paid(&self, number: &str) -> String {
        self.place(number).await;
        let trade = self.pay(number, json!({})).await;
        trade["transaction_id"].as_str().unwrap().to_owned()
    }

    pub async fn pay(&self, number: &str, payment: Value) -> Value {
        let path = format!("/wechat/trades/{number}/pay");
        self.client.control(Method::POST, &path, payment).await
    }

    pub async fn query(&self, number: &str) -> Answer {
        let target = format!("/v3/pay/transactions/out-trade-no/{number}?mchid={MCHID}");
        self.get(&target).await
    }

    pub async fn state(&self, number: &str) -> String {
        self.query(number).await.ok()["trade_state"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub async fn close(&self, number: &str) -> Answer {
        let target = format!("/v3/pay/transactions/out-trade-no/{number}/close");
        self.post(&target, &json!({ "mchid": MCHID })).await
    }

    /// The body of a refund that is told at `hooks`.
    pub fn refund_of(&self, number: &str, refund_number: &str, sum: i64) -> Value {
        json!({
            "out_trade_no": number, "out_refund_no": refund_number, "reason": "用户退款",
            "notify_url": format!("{}/merchant/hooks", self.client.base),
            "amount": { "refund": sum, "total": 8888, "currency": "CNY" },
        })
    }

    pub async fn refund(&self, number: &str, refund_number: &str, sum: i64) -> Answer {
        let body = self.refund_of(number, refund_number, sum);
        self.post("/v3/refund/domestic/refunds", &body).await
    }

    pub async fn refund_status(&self, refund_number: &str) -> String {
        let shown = self
            .get(&format!("/v3/refund/domestic/refunds/{refund_number}"))
            .await;
        shown.ok()["status"].as_str().unwrap().to_owned()
    }

    /// A call on the control API that may be refused; answers its status.
    pub async fn control_status(&self, path: &str, body: Value) -> u16 {
        let request = self
            .client
            .http
            .post(format!("{}/sandbox{path}", self.client.base));
        let request = request
            .header("content-type", "application/json")
            .body(body.to_string());
        request.send().await.unwrap().status().as_u16()
    }

    pub async fn dial(&self, what: &str, body: Value) {
        let path = format!("/wechat/merchants/{MCHID}/{what}");
        self.client.control(Method::POST, &path, body).await;
    }
}

/// The machine's time, in seconds.
#[expect(clippy::disallowed_methods, reason = "a client has its own clock")]
pub fn now_s() -> i64 {
    chrono::Utc::now().timestamp()
}

/// The moment so many milliseconds from now, as requests say it.
#[expect(clippy::disallowed_methods, reason = "a client has its own clock")]
pub fn in_ms(ms: i64) -> String {
    (chrono::Utc::now() + chrono::TimeDelta::milliseconds(ms)).to_rfc3339()
}

fn der(pem: &str) -> Vec<u8> {
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    STANDARD.decode(lines.collect::<String>()).unwrap()
}

/// The key in a certificate or a public key, found by what stands before every such key.
fn key_in(pem: &str) -> Vec<u8> {
    let (bytes, before) = (der(pem), hex::decode(BEFORE_KEY).unwrap());
    let found = bytes
        .windows(before.len())
        .position(|window| window == before)
        .unwrap();
    bytes[found + before.len()..][..KEY_BYTES].to_vec()
}

#[tokio::test]
async fn the_client_signs_as_the_sdks_do() {
    let (merchant, vectors) = (Merchant::start().await, vectors());
    for case in vectors["request_signing"].as_array().unwrap() {
        let text = |name: &str| case[name].as_str().unwrap();
        let sent_s = case["timestamp"].as_str().map_or_else(
            || case["timestamp"].as_i64().unwrap(),
            |text| text.parse().unwrap(),
        );
        let made = merchant.authorization(
            text("method"),
            text("path"),
            sent_s,
            text("nonce_str"),
            text("body"),
        );
        assert_eq!(made, text("authorization"));
    }
    let text = vectors["jsapi_pay_sign"]["string_to_sign"].as_str().unwrap();
    assert_eq!(merchant.sign(text), vectors["jsapi_pay_sign"]["paySign"]);
    merchant.client.stop().await;
}
