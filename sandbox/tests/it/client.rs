//! A small client of the sandbox: form-encoded calls as SDKs make them, and the control API.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use sandbox::{Sandbox, SandboxConfig};
use serde_json::Value;

pub const KEY: &str = "sk_test_one";

/// A sandbox of a test's own, and a client for it.
pub struct Client {
    pub http: reqwest::Client,
    pub base: String,
    sandbox: Sandbox,
}

/// An answer that was read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub replayed: bool,
    pub body: Value,
}

impl Answer {
    async fn read(response: Response) -> Self {
        let status = response.status().as_u16();
        assert!(
            response.headers().contains_key("request-id"),
            "every answer carries a request id"
        );
        let replayed = response
            .headers()
            .get("idempotent-replayed")
            .is_some_and(|value| value == "true");
        Self {
            status,
            replayed,
            body: serde_json::from_str(&response.text().await.unwrap()).unwrap(),
        }
    }

    /// Asserts that the call went well and answers the object.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// Asserts an error by status and code, and answers the error object.
    #[track_caller]
    pub fn error(self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.body["error"]["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.body
        );
        self.body["error"].clone()
    }

    /// The id of the object.
    #[track_caller]
    pub fn id(self) -> String {
        self.ok()["id"].as_str().unwrap().to_owned()
    }
}

impl Client {
    /// A sandbox with short delays.
    pub async fn start() -> Self {
        Self::with(SandboxConfig {
            webhook_retry_ms: 40,
            settle_ms: 60,
            hang_cap_ms: 5_000,
            ..SandboxConfig::default()
        })
        .await
    }

    pub async fn with(config: SandboxConfig) -> Self {
        let sandbox = sandbox::start(config).await.unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .build()
            .unwrap();
        Self {
            http,
            base: sandbox.base_url(),
            sandbox,
        }
    }

    pub async fn stop(self) {
        self.sandbox.stop().await;
    }

    /// A call that was not sent yet.
    pub fn call(&self, method: Method, path: &str, form: &[(&str, &str)]) -> RequestBuilder {
        let encoded = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = self
            .http
            .request(method.clone(), format!("{}/v1/{path}", self.base))
            .bearer_auth(KEY);
        if method == Method::POST {
            return request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(encoded);
        }
        let url = format!("{}/v1/{path}?{encoded}", self.base);
        self.http.request(method, url).bearer_auth(KEY)
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        send(self.call(Method::POST, path, form)).await
    }

    pub async fn post_as(&self, key: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        send(self.call(Method::POST, path, form).header("idempotency-key", key)).await
    }

    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        send(self.call(Method::GET, path, query)).await
    }

    /// Creates an intent of 20.00 USD with this payment id in its metadata.
    pub async fn intent(&self, payment: &str) -> String {
        self.post(
            "payment_intents",
            &[
                ("amount", "2000"),
                ("currency", "usd"),
                ("metadata[payment_id]", payment),
            ],
        )
        .await
        .id()
    }

    /// Creates an intent and pays it.
    pub async fn paid(&self, method: &str) -> String {
        let form = [
            ("amount", "2000"),
            ("currency", "usd"),
            ("payment_method", method),
            ("confirm", "true"),
        ];
        self.post("payment_intents", &form).await.id()
    }

    /// A call on the control API.
    pub async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.http.request(method, format!("{}/sandbox{path}", self.base));
        let request = if body.is_null() {
            request
        } else {
            request
                .header("content-type", "application/json")
                .body(body.to_string())
        };
        let response = request.send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub async fn fault(&self, dial: Value) {
        self.control(Method::POST, "/faults", dial).await;
    }

    pub async fn callbacks(&self, dials: Value) {
        self.control(Method::POST, "/callbacks", dials).await;
    }

    /// Registers the merchant endpoint `hooks` as receiver of all events and answers its secret.
    pub async fn hooks(&self) -> String {
        let url = format!("{}/merchant/hooks", self.base);
        let endpoint = self
            .post("webhook_endpoints", &[("url", &url), ("enabled_events[]", "*")])
            .await
            .ok();
        endpoint["secret"].as_str().unwrap().to_owned()
    }

    /// What the merchant received so far.
    pub async fn received(&self, merchant: &str) -> Vec<Value> {
        let received = self
            .control(
                Method::GET,
                &format!("/merchants/{merchant}/deliveries"),
                Value::Null,
            )
            .await;
        received.as_array().unwrap().clone()
    }

    /// Waits until the merchant received this many deliveries.
    pub async fn await_received(&self, merchant: &str, count: usize) -> Vec<Value> {
        for _ in 0..200 {
            let received = self.received(merchant).await;
            if received.len() >= count {
                return received;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!(
            "{merchant} did not receive {count} deliveries: {:?}",
            self.received(merchant).await
        );
    }

    /// The calls that match, as the sandbox saw them.
    pub async fn calls(&self, filter: &str) -> Vec<Value> {
        self.control(Method::GET, &format!("/calls?{filter}"), Value::Null)
            .await
            .as_array()
            .unwrap()
            .clone()
    }

    /// The true state of all intents that match.
    pub async fn truth(&self, filter: &str) -> Vec<Value> {
        self.control(Method::GET, &format!("/stripe/intents?{filter}"), Value::Null)
            .await
            .as_array()
            .unwrap()
            .clone()
    }
}

/// Sends a call and reads its answer.
pub async fn send(request: RequestBuilder) -> Answer {
    Answer::read(request.send().await.unwrap()).await
}

/// The `type` of each delivery.
pub fn kinds(received: &[Value]) -> Vec<&str> {
    received
        .iter()
        .map(|delivery| delivery["type"].as_str().unwrap())
        .collect()
}
