//! A sandbox of its own for every test, and the channels pointed at it.

use std::time::Duration;

use channels::{Channels, ChannelsConfig, Credentials, Period, StripeCredentials};
use chrono::TimeDelta;
use domain::{
    channel::{Intent, IntentStatus, NewIntent, NewRefund},
    clock::{Clock, SystemClock},
    currency::Currency,
    id::{IdempotencyKey, JobId, MerchantId, PaymentId, RefundId},
    money::Money,
    secret::Secret,
};
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};

/// How long a call may take in these tests: long enough for a loaded machine, short enough to wait for.
pub const TIMEOUT: Duration = Duration::from_millis(1_500);

/// The key of the merchant whose account the tests use.
const SECRET_KEY: &str = "sk_test_channels";

pub struct Setting {
    pub sandbox: Sandbox,
    pub channels: Channels,
    pub credentials: Credentials,
    http: reqwest::Client,
}

pub fn channels_at(api_base: &str) -> Channels {
    runtime::install_crypto();
    Channels::new(&config_at(api_base)).unwrap()
}

pub fn config_at(api_base: &str) -> ChannelsConfig {
    ChannelsConfig {
        stripe_api_base: api_base.to_owned(),
        timeout: TIMEOUT,
        connect_timeout: Duration::from_millis(500),
        find_timeout: 4 * TIMEOUT,
        find_page_limit: 2,
        statement_timeout: 4 * TIMEOUT,
        statement_page_limit: 2,
    }
}

/// Everything that was opened in the last minute, and from now on.
pub fn lately() -> Period {
    Period {
        from: SystemClock.now() - TimeDelta::minutes(1),
        to: None,
    }
}

pub fn credentials(secret_key: &str) -> Credentials {
    let webhook_secrets = vec![Secret::new("whsec_test")];
    Credentials::Stripe(StripeCredentials::new(Secret::new(secret_key), webhook_secrets).unwrap())
}

/// A new payment of 19.99 dollars, paid at once if a payment method is given.
pub fn new_intent(payment_method: Option<&str>) -> NewIntent {
    let key = IdempotencyKey::try_from("order-1".to_owned()).unwrap();
    NewIntent {
        payment_id: PaymentId::derive(MerchantId::random(), &key),
        money: Money {
            amount_minor: 1999,
            currency: Currency::USD,
        },
        description: Some("One book & a pen".into()),
        payment_method: payment_method.map(Into::into),
        return_url: None,
    }
}

/// A refund nobody has heard of yet.
pub fn refund_id() -> RefundId {
    let key = IdempotencyKey::try_from("refund-1".to_owned()).unwrap();
    RefundId::derive(MerchantId::random(), &key)
}

/// A new refund of a part of a paid intent.
pub fn new_refund(intent: &Intent, amount_minor: i64) -> NewRefund {
    NewRefund {
        refund_id: refund_id(),
        payment_id: intent.payment_id.unwrap(),
        intent_id: intent.id.clone(),
        money: Money {
            amount_minor,
            ..intent.money
        },
        reason: None,
    }
}

pub fn job(number: u8) -> JobId {
    JobId::derive("test", &[&[number]])
}

impl Setting {
    pub async fn new() -> Self {
        runtime::install_crypto();
        let sandbox = sandbox::start(SandboxConfig::default()).await.unwrap();
        let channels = channels_at(&sandbox.base_url());
        Self {
            sandbox,
            channels,
            credentials: credentials(SECRET_KEY),
            http: reqwest::Client::new(),
        }
    }

    /// Lets the next call of a route go wrong.
    pub async fn fault_once(&self, route: &str, fault: &str) {
        self.fault(json!({"route": route, "fault": fault, "times": 1}))
            .await;
    }

    pub async fn fault(&self, dial: Value) {
        self.order("faults", &dial).await;
    }

    /// Lets the sandbox do something that a payer, a bank or a fault would.
    pub async fn order(&self, path: &str, order: &Value) -> Value {
        let url = format!("{}/sandbox/{path}", self.sandbox.base_url());
        let done = self.http.post(url).json(order).send().await.unwrap();
        let (status, answer) = (done.status(), done.text().await.unwrap());
        assert!(status.is_success(), "{path}: {answer}");
        serde_json::from_str(&answer).unwrap_or_default()
    }

    /// Lets Stripe forget its idempotency keys, as it does after a day.
    pub async fn forget_keys(&self) {
        let url = format!("{}/sandbox/stripe/idempotency_keys", self.sandbox.base_url());
        assert!(self.http.delete(url).send().await.unwrap().status().is_success());
    }

    /// A payment that was paid with this payment method.
    pub async fn paid(&self, payment_method: &str) -> Intent {
        let new = new_intent(Some(payment_method));
        let (intent, _) = self.channels.create_intent(&self.credentials, &new).await;
        let intent = intent.unwrap();
        assert_eq!(intent.status, IntentStatus::Succeeded);
        intent
    }

    /// What another program does with the merchant's account.
    pub async fn elsewhere(&self, path: &str, form: &'static str) -> Value {
        let url = format!("{}/v1/{path}", self.sandbox.base_url());
        let request = self.http.post(url).bearer_auth(SECRET_KEY);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.body(form).send().await.unwrap().json().await.unwrap()
    }

    /// The calls of a route that the sandbox received.
    pub async fn calls(&self, route: &str) -> Vec<Value> {
        let all = self.control("calls").await;
        all.as_array()
            .unwrap()
            .iter()
            .filter(|call| call["route"] == route)
            .cloned()
            .collect()
    }

    /// The intents that the sandbox really holds.
    pub async fn intents(&self) -> Vec<Value> {
        self.control("stripe/intents").await.as_array().unwrap().clone()
    }

    async fn control(&self, path: &str) -> Value {
        let url = format!("{}/sandbox/{path}", self.sandbox.base_url());
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }
}
