//! A sandbox of its own for every test, the channels pointed at it, and the orders that only a sandbox takes.

use std::time::Duration;

use channels::{Channels, ChannelsConfig, ContainmentConfig};
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};

/// How long a call may take in these tests: long enough for a loaded machine, short enough to wait for.
pub const TIMEOUT: Duration = Duration::from_millis(1_500);

pub struct Stand {
    pub sandbox: Sandbox,
    pub channels: Channels,
    http: reqwest::Client,
}

/// What the sandbox said to an order.
pub struct Said {
    pub is_success: bool,
    pub body: String,
}

pub fn channels_at(api_base: &str) -> Channels {
    runtime::install_crypto();
    Channels::new(&config_at(api_base)).unwrap()
}

pub fn config_at(api_base: &str) -> ChannelsConfig {
    ChannelsConfig {
        stripe_api_base: api_base.to_owned(),
        alipay_gateway: format!("{api_base}/alipay/gateway.do"),
        wechat_api_base: api_base.to_owned(),
        paypal_api_base: format!("{api_base}/paypal"),
        timeout: TIMEOUT,
        connect_timeout: Duration::from_millis(500),
        find_timeout: 4 * TIMEOUT,
        find_page_limit: 2,
        statement_timeout: 4 * TIMEOUT,
        statement_page_limit: 2,
        containment: ContainmentConfig {
            calls_at_once: 1_024,
            ..ContainmentConfig::default()
        },
    }
}

impl Stand {
    pub async fn start() -> Self {
        Self::start_with(SandboxConfig::default()).await
    }

    pub async fn start_with(config: SandboxConfig) -> Self {
        runtime::install_crypto();
        let sandbox = sandbox::start(config).await.unwrap();
        Self {
            channels: channels_at(&sandbox.base_url()),
            sandbox,
            // A payer who has paid is sent back to a shop that nobody runs here.
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
        }
    }

    /// Lets the next call of a route go wrong.
    pub async fn fault_once(&self, route: &str, fault: &str) {
        self.fault(&json!({"route": route, "fault": fault, "times": 1}))
            .await;
    }

    pub async fn fault(&self, dial: &Value) {
        self.order("faults", dial).await;
    }

    /// Lets the sandbox do something that a payer, a bank or a fault would.
    pub async fn order(&self, path: &str, order: &Value) -> Value {
        let said = self.ask(path, order).await;
        assert!(said.is_success, "{path}: {}", said.body);
        serde_json::from_str(&said.body).unwrap_or_default()
    }

    /// The same of an order that may be turned down.
    pub async fn ask(&self, path: &str, order: &Value) -> Said {
        let url = format!("{}/sandbox/{path}", self.sandbox.base_url());
        let said = self.http.post(url).json(order).send().await.unwrap();
        Said {
            is_success: said.status().is_success() || said.status().is_redirection(),
            body: said.text().await.unwrap(),
        }
    }

    /// Sets something up in the sandbox, and answers what it looks like then.
    pub async fn set(&self, path: &str, settings: &Value) -> Value {
        let url = format!("{}/sandbox/{path}", self.sandbox.base_url());
        let said = self.http.put(url).json(settings).send().await.unwrap();
        assert!(
            said.status().is_success(),
            "{path}: {}",
            said.text().await.unwrap()
        );
        said.json().await.unwrap()
    }

    /// Lets the sandbox forget something.
    pub async fn forget(&self, path: &str) {
        let url = format!("{}/sandbox/{path}", self.sandbox.base_url());
        assert!(self.http.delete(url).send().await.unwrap().status().is_success());
    }

    /// What the sandbox really holds.
    pub async fn shown(&self, path: &str) -> Vec<Value> {
        let url = format!("{}/sandbox/{path}", self.sandbox.base_url());
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// The calls of a route that the sandbox received.
    pub async fn calls(&self, route: &str) -> Vec<Value> {
        let all = self.shown("calls").await;
        all.into_iter().filter(|call| call["route"] == route).collect()
    }

    /// What another program does with a merchant's account at Stripe.
    pub async fn at_stripe(&self, secret_key: &str, path: &str, form: &'static str) -> Value {
        let url = format!("{}/v1/{path}", self.sandbox.base_url());
        let request = self.http.post(url).bearer_auth(secret_key);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.body(form).send().await.unwrap().json().await.unwrap()
    }
}
