//! PayPal's bench.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use channels::{CallbackVerifier, CallbacksConfig, Credentials, capabilities};
use domain::{
    channel::{Channel, Intent, NewIntent},
    id::{JobId, PaymentId},
    secret::Secret,
};
use http::HeaderValue;
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};

use super::{
    bench::{Bench, Forgery, Operation, Truth, known},
    cases::cases,
    suite,
};
use crate::{
    listener::{Listener, RawCallback},
    setting::new_intent,
    stand::Stand,
};

const CLIENT: &str = "client-conformance";
const WEBHOOK: &str = "1JE4291016473214C";
const PAYEE: &str = "CONFORMANCEMERCHANT";
/// The double's key, which is published with it.
const SIGNING_KEY: &str = include_str!("../../../../../sandbox/src/paypal/keys/signing_key.pem");

pub struct PaypalBench {
    stand: Stand,
    listener: Listener,
    credentials: Credentials,
    verifier: CallbackVerifier,
}

fn credentials(client_secret: &str) -> Credentials {
    let json = json!({
        "client_id": CLIENT, "client_secret": client_secret, "webhook_ids": [WEBHOOK], "merchant_id": PAYEE,
    });
    Credentials::read(Channel::Paypal, &Secret::new(json.to_string())).unwrap()
}

impl PaypalBench {
    /// The payer agrees, and this becomes of it. Says whether PayPal let it be.
    async fn approve(&self, intent: &Intent, plan: &Value) -> bool {
        let path = format!("paypal/orders/{}/approve", intent.id);
        self.stand.ask(&path, plan).await.is_success
    }
}

impl Bench for PaypalBench {
    const CHANNEL: Channel = Channel::Paypal;
    const STALE_AFTER: Duration = Duration::from_secs(4 * 24 * 60 * 60);
    const EXEMPT: &'static [(&'static str, &'static str)] = &[
        ("a_lost_intent_is_found", NOT_FOUND),
        ("a_lost_intent_that_was_paid_is_found", NOT_FOUND),
        (
            "a_question_without_an_answer_is_not_taken_for_a_no",
            "Looking for an order asks PayPal nothing, so that there is no answer to go missing.",
        ),
        (
            "an_open_intent_is_closed",
            "PayPal has no call that closes an order; one that we do not capture moves no money and ends by itself.",
        ),
    ];

    async fn start() -> Self {
        let stand = Stand::start().await;
        let listener = Listener::answering(capabilities(Channel::Paypal).callbacks.taken).await;
        let app = json!({
            "secret": "secret-conformance", "merchant_id": PAYEE,
            "webhook": { "id": WEBHOOK, "url": listener.url },
        });
        let app = stand.set(&format!("paypal/apps/{CLIENT}"), &app).await;
        let verifier = CallbackVerifier::new(&CallbacksConfig {
            paypal_certificate_base: Some(app["api_base"].as_str().unwrap().to_owned()),
            paypal_trust_roots: Some(app["trusted_root_pem"].as_str().unwrap().to_owned()),
            ..CallbacksConfig::default()
        });
        Self {
            stand,
            listener,
            credentials: credentials("secret-conformance"),
            verifier: verifier.unwrap(),
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
        credentials("secret-of-nobody")
    }

    fn verifier(&self) -> &CallbackVerifier {
        &self.verifier
    }

    fn new_intent(&self) -> NewIntent {
        NewIntent {
            return_url: Some("https://shop.example/back".into()),
            ..new_intent(None)
        }
    }

    fn id_of_nobody(&self) -> String {
        "0NOBODYKNOWSTHIS0".into()
    }

    async fn payer_agrees(&self, intent: &Intent) -> bool {
        self.approve(intent, &json!({})).await
    }

    async fn payer_is_declined(&self, intent: &Intent) {
        let plan = json!({ "capture": "instrument_declined" });
        assert!(self.approve(intent, &plan).await);
    }

    /// A capture that was under way when the order was given up.
    async fn payment_arrives_late(&self, intent: &Intent) {
        assert!(self.payer_agrees(intent).await);
        let capture = channels::Capture {
            payment_id: intent.payment_id.unwrap(),
            job_id: JobId::derive("capture_payment", &[intent.id.as_bytes()]),
            intent: known(&self.new_intent(), intent),
        };
        let captured = self.stand.channels.capture_intent(&self.credentials, &capture);
        captured.await.0.unwrap();
    }

    fn dial(&self, operation: Operation, fault: &str, times: u32) -> Value {
        let route = match operation {
            Operation::Open => "POST /paypal/v2/checkout/orders",
            Operation::Show | Operation::Find | Operation::Close | Operation::FindRefund => {
                "GET /paypal/v2/checkout/orders/{id}"
            }
            Operation::Capture => "POST /paypal/v2/checkout/orders/{id}/capture",
            Operation::Refund => "POST /paypal/v2/payments/captures/{id}/refund",
            Operation::ShowRefund => "GET /paypal/v2/payments/refunds/{id}",
        };
        json!({ "route": route, "fault": fault, "times": times })
    }

    async fn truth(&self, payment_id: PaymentId) -> Truth {
        let marked = format!("?custom_id={payment_id}");
        let orders = self.stand.shown(&format!("paypal/orders{marked}")).await;
        let captures = self.stand.shown(&format!("paypal/captures{marked}")).await;
        let taken: Vec<_> = captures
            .iter()
            .filter(|capture| {
                !matches!(
                    capture["status"].as_str(),
                    Some("PENDING" | "DECLINED" | "FAILED")
                )
            })
            .collect();
        let of_order = |refund: &&Value| orders.iter().any(|order| order["id"] == refund["order"]);
        let refunds = self.stand.shown("paypal/refunds").await;
        let refunds: Vec<_> = refunds
            .iter()
            .filter(of_order)
            .filter(|refund| matches!(refund["status"].as_str(), Some("PENDING" | "COMPLETED")))
            .collect();
        let sum = |of: &[&Value]| of.iter().map(|one| one["amount"].as_i64().unwrap()).sum();
        Truth {
            intents: orders.len(),
            payments: taken.len(),
            received_minor: sum(&taken),
            refunds: refunds.len(),
            refunded_minor: sum(&refunds),
        }
    }

    async fn forged(&self, callback: &RawCallback, forgery: &Forgery) -> RawCallback {
        let mut event: Value = serde_json::from_slice(&callback.body).unwrap();
        let mut forged = callback.clone();
        let resource = &mut event["resource"];
        let is_order = resource["purchase_units"].is_array();
        let part = if is_order {
            &mut resource["purchase_units"][0]
        } else {
            &mut *resource
        };
        match forgery {
            Forgery::AnotherKey => {}
            Forgery::SignedAt(then) => {
                let time = HeaderValue::from_str(&then.to_rfc3339()).unwrap();
                forged.headers.insert("paypal-transmission-time", time);
            }
            Forgery::Amount(minor) => {
                part["amount"]["value"] = format!("{}.{:02}", minor / 100, minor % 100).into();
            }
            Forgery::Currency(currency) => part["amount"]["currency_code"] = currency.code().into(),
            Forgery::Account => part["payee"]["merchant_id"] = "SOMEBODYELSE".into(),
            Forgery::Object(id) if is_order => resource["id"] = id.as_str().into(),
            Forgery::Object(id) => {
                resource["supplementary_data"]["related_ids"]["order_id"] = id.as_str().into();
            }
        }
        forged.body = event.to_string().into_bytes();
        sign(&mut forged);
        if *forgery == Forgery::AnotherKey {
            // A signature of the right length that no key of PayPal's makes.
            let other = HeaderValue::from_str(&STANDARD.encode([0x5a; 256])).unwrap();
            forged.headers.insert("paypal-transmission-sig", other);
        }
        forged
    }
}

const NOT_FOUND: &str = "PayPal finds no order by what it was opened for; without its id nobody can capture it, and it moves no money.";

/// Signs a callback as the double would.
fn sign(callback: &mut RawCallback) {
    let text = |name| callback.headers[name].to_str().unwrap();
    let (id, time) = (text("paypal-transmission-id"), text("paypal-transmission-time"));
    let line = format!("{id}|{time}|{WEBHOOK}|{}", crc32(&callback.body));
    let pem: String = SIGNING_KEY
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(pem).unwrap()).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        line.as_bytes(),
        &mut signature,
    )
    .unwrap();
    let signature = HeaderValue::from_str(&STANDARD.encode(signature)).unwrap();
    callback.headers.insert("paypal-transmission-sig", signature);
}

/// Bit by bit, apart from the channel's own.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |rest, _| {
            (rest >> 1) ^ (0xedb8_8320 & (rest & 1).wrapping_neg())
        })
    })
}

cases!(suite; PaypalBench);
