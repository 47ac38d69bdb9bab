//! WeChat Pay's bench.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use channels::{CallbackVerifier, Credentials, capabilities};
use chrono::{DateTime, Utc};
use domain::{
    channel::{Channel, ChannelRefund, Flow, Intent, NewIntent},
    clock::{Clock, SystemClock},
    id::PaymentId,
};
use http::{HeaderName, HeaderValue};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use sandbox::SandboxConfig;
use serde_json::{Value, json};

use super::{
    bench::{Bench, Forgery, Operation, Truth},
    cases::cases,
    suite,
};
use crate::{
    listener::{Listener, RawCallback},
    stand::Stand,
    wechat_setting::{APPID, MCHID, credentials, new_intent, number, proof, vectors},
};

/// The double's own key, which lies beside its code for everyone to read.
const SIGNING_KEY: &str = include_str!("../../../../../sandbox/src/wechat/keys/public_key.key.pem");
/// How long a second of WeChat Pay's lasts at the stand: its minute between two refunds is too long to wait for.
const SECOND_MS: u64 = 20;

pub struct WechatBench {
    stand: Stand,
    listener: Listener,
    credentials: Credentials,
    verifiers: Value,
    verifier: CallbackVerifier,
}

impl WechatBench {
    /// What a payer does in WeChat. Says whether WeChat Pay let it be.
    async fn pay(&self, intent: &Intent, outcome: &str, even_if_closed: bool) -> bool {
        let path = format!("wechat/trades/{}/pay", intent.id);
        let payment = json!({ "outcome": outcome, "even_if_closed": even_if_closed });
        self.stand.ask(&path, &payment).await.is_success
    }
}

impl Bench for WechatBench {
    const CHANNEL: Channel = Channel::Wechat;
    const STALE_AFTER: Duration = Duration::from_secs(299);
    const EXEMPT: &'static [(&'static str, &'static str)] = &[
        ("agreed_money_moves_when_it_is_captured", CAPTURES),
        ("what_nobody_agreed_to_is_not_captured", CAPTURES),
        ("a_capture_undone_without_an_answer_is_repeated", CAPTURES),
        ("a_capture_done_without_an_answer_is_not_done_twice", CAPTURES),
        ("too_many_captures_at_once_are_not_done", CAPTURES),
    ];

    async fn start() -> Self {
        let stand = Stand::start_with(SandboxConfig {
            second_ms: SECOND_MS,
            ..SandboxConfig::default()
        })
        .await;
        let listener = Listener::answering(capabilities(Channel::Wechat).callbacks.taken).await;
        let vectors = vectors();
        let merchant = json!({
            "appid": APPID, "certificate": vectors["merchant"]["cert"], "apiv3_key": vectors["apiv3_key"],
            "key_mode": "public_key",
        });
        let url = format!("{}/sandbox/wechat/merchants/{MCHID}", stand.sandbox.base_url());
        let registered = reqwest::Client::new()
            .put(url)
            .json(&merchant)
            .send()
            .await
            .unwrap();
        assert!(
            registered.status().is_success(),
            "{}",
            registered.text().await.unwrap()
        );
        let shown: Value = registered.json().await.unwrap();
        let keys = &shown["wechat"];
        let verifiers = json!([
            { "id": keys["public_key_id"], "public_key": keys["public_key"] },
            { "certificate": keys["certificate"] },
        ]);
        Self {
            stand,
            listener,
            credentials: credentials(MCHID, &verifiers),
            verifiers,
            verifier: CallbackVerifier::default(),
        }
    }

    fn stand(&self) -> &Stand {
        &self.stand
    }

    fn listener(&self) -> &Listener {
        &self.listener
    }

    fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    fn unknown_credentials(&self) -> Credentials {
        credentials("1900009999", &self.verifiers)
    }

    fn verifier(&self) -> &CallbackVerifier {
        &self.verifier
    }

    fn new_intent(&self) -> NewIntent {
        new_intent(Flow::QrCode, &self.listener.url)
    }

    fn id_of_nobody(&self) -> String {
        "00000000000000000000000000000000".into()
    }

    async fn payer_agrees(&self, intent: &Intent) -> bool {
        self.pay(intent, "paid", false).await
    }

    async fn payer_is_declined(&self, intent: &Intent) {
        assert!(self.pay(intent, "declined", false).await);
    }

    async fn payment_arrives_late(&self, intent: &Intent) {
        assert!(self.pay(intent, "paid", true).await);
    }

    /// Or it ended by itself already.
    async fn refund_arrives(&self, refund: &ChannelRefund) {
        let path = format!("wechat/refunds/{}/settle", refund.id);
        self.stand.ask(&path, &json!({ "status": "SUCCESS" })).await;
    }

    async fn refunds_rest(&self) {
        tokio::time::sleep(Duration::from_millis(61 * SECOND_MS)).await;
    }

    fn dial(&self, operation: Operation, fault: &str, times: u32) -> Value {
        let route = match operation {
            Operation::Open | Operation::Capture => "POST /v3/pay/transactions/native",
            Operation::Show | Operation::Find => "GET /v3/pay/transactions/out-trade-no/{out_trade_no}",
            Operation::Close => "POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close",
            Operation::Refund => "POST /v3/refund/domestic/refunds",
            Operation::ShowRefund | Operation::FindRefund => {
                "GET /v3/refund/domestic/refunds/{out_refund_no}"
            }
        };
        json!({ "route": route, "fault": fault, "times": times })
    }

    async fn truth(&self, payment_id: PaymentId) -> Truth {
        let ours = format!("?out_trade_no={}", number(payment_id));
        let trades = self.stand.shown(&format!("wechat/trades{ours}")).await;
        let refunds = self.stand.shown(&format!("wechat/refunds{ours}")).await;
        let is_paid = |trade: &&Value| matches!(trade["trade_state"].as_str(), Some("SUCCESS" | "REFUND"));
        let paid = trades.iter().filter(is_paid);
        let refunds = refunds.iter().filter(|refund| refund["status"] != "CLOSED");
        Truth {
            intents: trades.len(),
            payments: paid.clone().count(),
            received_minor: paid.map(|trade| trade["amount"]["total"].as_i64().unwrap()).sum(),
            refunds: refunds.clone().count(),
            refunded_minor: refunds
                .map(|refund| refund["amount"]["refund"].as_i64().unwrap())
                .sum(),
        }
    }

    async fn forged(&self, callback: &RawCallback, forgery: &Forgery) -> RawCallback {
        let mut body: Value = serde_json::from_slice(&callback.body).unwrap();
        let mut enclosed = opened(&body["resource"]);
        let wrong_key = vectors()["wrong_key"]["pkcs8"].as_str().unwrap().to_owned();
        let (mut at, mut key) = (SystemClock.now(), SIGNING_KEY);
        match forgery {
            Forgery::AnotherKey => key = &wrong_key,
            Forgery::SignedAt(then) => at = *then,
            Forgery::Amount(amount_minor) => enclosed["amount"]["total"] = (*amount_minor).into(),
            Forgery::Currency(currency) => enclosed["amount"]["currency"] = currency.code().into(),
            Forgery::Account => enclosed["mchid"] = "1900009999".into(),
            Forgery::Object(id) => enclosed["out_trade_no"] = id.as_str().into(),
        }
        close_again(&mut body["resource"], &enclosed);
        signed(&body.to_string(), key, callback, at)
    }
}

const CAPTURES: &str = "WeChat Pay takes the money when the payer pays; there is nothing left to capture.";

fn cipher() -> LessSafeKey {
    let key = vectors()["apiv3_key"].as_str().unwrap().to_owned();
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_bytes()).unwrap())
}

fn nonce(resource: &Value) -> Nonce {
    Nonce::try_assume_unique_for_key(resource["nonce"].as_str().unwrap().as_bytes()).unwrap()
}

/// What a callback encloses.
fn opened(resource: &Value) -> Value {
    let mut bytes = STANDARD.decode(resource["ciphertext"].as_str().unwrap()).unwrap();
    let associated_data = Aad::from(resource["associated_data"].as_str().unwrap());
    let plain = cipher()
        .open_in_place(nonce(resource), associated_data, &mut bytes)
        .unwrap();
    serde_json::from_slice(plain).unwrap()
}

fn close_again(resource: &mut Value, enclosed: &Value) {
    let mut bytes = enclosed.to_string().into_bytes();
    let associated_data = Aad::from(resource["associated_data"].as_str().unwrap().to_owned());
    cipher()
        .seal_in_place_append_tag(nonce(resource), associated_data, &mut bytes)
        .unwrap();
    resource["ciphertext"] = STANDARD.encode(bytes).into();
}

/// A body with the headers that WeChat Pay would send with it.
fn signed(body: &str, key: &str, callback: &RawCallback, at: DateTime<Utc>) -> RawCallback {
    let serial = callback.headers["wechatpay-serial"].to_str().unwrap();
    let headers = proof(key, serial, at, body).map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_str(&value).unwrap(),
        )
    });
    RawCallback {
        headers: headers.into_iter().collect(),
        body: body.as_bytes().to_vec(),
    }
}

cases!(suite; WechatBench);
