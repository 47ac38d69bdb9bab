//! A small client of the PayPal double: OAuth and JSON as PayPal's SDKs speak them, written apart from the double.

use std::ops::Deref;

use reqwest::{Method, RequestBuilder};
use sandbox::SandboxConfig;
use serde_json::{Value, json};

use crate::client::Client;

pub const APP: &str = "client-one";
pub const SECRET: &str = "secret-one";

/// A sandbox of a test's own, and an app with a token.
pub struct PayPal {
    client: Client,
    pub token: String,
}

/// An answer that was read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// Asserts the status and answers the body.
    #[track_caller]
    pub fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// Asserts an error by status and issue, and that it looks like PayPal's.
    #[track_caller]
    pub fn refused(self, status: u16, issue: &str) -> Value {
        let told = self.body["details"][0]["issue"].as_str();
        assert_eq!((self.status, told), (status, Some(issue)), "{}", self.body);
        for field in ["name", "message", "debug_id"] {
            assert!(self.body[field].is_string(), "{field}: {}", self.body);
        }
        assert_eq!(self.body["links"][0]["rel"], "information_link");
        self.body
    }
}

impl Deref for PayPal {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl PayPal {
    /// A sandbox in which a second of PayPal's schedules lasts four milliseconds.
    pub async fn start() -> Self {
        Self::with(SandboxConfig {
            second_ms: 4,
            hang_cap_ms: 5_000,
            ..SandboxConfig::default()
        })
        .await
    }

    pub async fn with(config: SandboxConfig) -> Self {
        let mut paypal = Self {
            client: Client::with(config).await,
            token: String::new(),
        };
        let answer = paypal.ask_token(APP, SECRET, "client_credentials").await.is(200);
        paypal.token = answer["access_token"].as_str().unwrap().to_owned();
        paypal
    }

    pub async fn stop(self) {
        self.client.stop().await;
    }

    pub async fn ask_token(&self, client_id: &str, secret: &str, grant: &str) -> Answer {
        let request = self.http.post(format!("{}/paypal/v1/oauth2/token", self.base));
        let request = request
            .basic_auth(client_id, Some(secret))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("grant_type={grant}"));
        send(request).await
    }

    /// A call that was not sent yet.
    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}/paypal{path}", self.base))
            .bearer_auth(&self.token)
            .header("content-type", "application/json")
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.call(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        // An order that names a way to pay is refused without an id of its own.
        self.post_as(&uuid::Uuid::new_v4().to_string(), path, body).await
    }

    pub async fn post_as(&self, key: &str, path: &str, body: &Value) -> Answer {
        let request = self.call(Method::POST, path).header("PayPal-Request-Id", key);
        send(request.body(body.to_string())).await
    }

    /// A call on the control API that must go well.
    pub async fn told(&self, path: &str, body: Value) -> Value {
        self.control(Method::POST, &format!("/paypal{path}"), body).await
    }

    /// The true state.
    pub async fn truth_of(&self, what: &str) -> Vec<Value> {
        let lines = self
            .control(Method::GET, &format!("/paypal/{what}"), Value::Null)
            .await;
        lines.as_array().unwrap().clone()
    }

    /// Makes an order of 88.88 USD and answers its id.
    pub async fn order(&self) -> String {
        let order = self.post("/v2/checkout/orders", &order_of("USD", "88.88")).await;
        id_of(&order.is(200))
    }

    /// Makes an order and approves it with this plan.
    pub async fn approved(&self, plan: Value) -> String {
        let id = self.order().await;
        self.told(&format!("/orders/{id}/approve"), plan).await;
        id
    }

    pub async fn capture(&self, order: &str) -> Answer {
        self.post(&format!("/v2/checkout/orders/{order}/capture"), &json!({}))
            .await
    }

    /// Pays an order to its end and answers the capture's id.
    pub async fn paid(&self, plan: Value) -> String {
        let order = self.approved(plan).await;
        let captured = self.capture(&order).await.is(201);
        id_of(&captured["purchase_units"][0]["payments"]["captures"][0])
    }

    /// Sends the app's events to the merchant endpoint `hooks`, and answers what the app looks like then.
    pub async fn hooks(&self) -> Value {
        let url = format!("{}/merchant/hooks", self.base);
        let app = json!({ "webhook": { "id": "1JE4291016473214C", "url": url } });
        self.control(Method::PUT, &format!("/paypal/apps/{APP}"), app)
            .await
    }
}

/// A request for an order with a wallet as the way to pay.
pub fn order_of(currency: &str, value: &str) -> Value {
    json!({
        "intent": "CAPTURE",
        "purchase_units": [{
            "amount": { "currency_code": currency, "value": value },
            "custom_id": "pay_1",
        }],
        "payment_source": { "paypal": { "experience_context": {
            "return_url": "https://shop.example/back?order=7", "cancel_url": "https://shop.example/left",
        }}},
    })
}

#[track_caller]
pub fn id_of(object: &Value) -> String {
    object["id"].as_str().unwrap().to_owned()
}

pub async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    assert!(response.headers().contains_key("paypal-debug-id"));
    Answer {
        status,
        body: serde_json::from_str(&response.text().await.unwrap()).unwrap(),
    }
}
