//! A merchant's own system: asks ingress for payments and looks at them.

use std::time::Duration;

use anyhow::Context;
use reqwest::{Client as Http, RequestBuilder, header};
use serde_json::Value;

use crate::{Answer, issuer::ADMINISTRATOR};

/// Longer than any answer of ingress may take.
const TIMEOUT: Duration = Duration::from_secs(45);

/// Asks ingress in one merchant's name.
#[derive(Clone)]
pub struct Client {
    http: Http,
    base: String,
    /// What it shows: an API key, or a token.
    shown: String,
    /// The merchant that it acts for, where what it shows does not say.
    acts_for: Option<String>,
}

impl Client {
    /// A client of the ingress at `base` with this API key.
    pub fn new(http: Http, base: &str, api_key: &str) -> Self {
        Self {
            http,
            base: format!("{base}/api/v1"),
            shown: api_key.to_owned(),
            acts_for: None,
        }
    }

    /// The client of an administrator who acts for this merchant.
    pub fn of_administrator(http: Http, base: &str, merchant_id: &str) -> Self {
        Self {
            acts_for: Some(merchant_id.to_owned()),
            ..Self::new(http, base, ADMINISTRATOR)
        }
    }

    /// Asks for a payment and comes back for it later.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn create(&self, key: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(self.creation(key, body)).await
    }

    /// Asks for a payment and waits up to `wait_s` seconds until it can be paid.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn create_and_wait(&self, key: &str, body: &Value, wait_s: u32) -> anyhow::Result<Answer> {
        self.send(
            self.creation(key, body)
                .header("prefer", format!("wait={wait_s}")),
        )
        .await
    }

    /// Looks at a payment.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn payment(&self, id: &str) -> anyhow::Result<Answer> {
        self.send(self.http.get(format!("{}/payments/{id}", self.base)))
            .await
    }

    /// Lists payments, newest first; `query` as in `status=failed&limit=10`.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn payments(&self, query: &str) -> anyhow::Result<Answer> {
        self.send(self.http.get(format!("{}/payments?{query}", self.base)))
            .await
    }

    /// Asks for money of a payment to be given back; with `wait_s`, waits for the end up to so many seconds.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn create_refund(
        &self,
        payment: &str,
        key: &str,
        body: &Value,
        wait_s: Option<u32>,
    ) -> anyhow::Result<Answer> {
        self.wish(&format!("payments/{payment}/refund"), key, body, wait_s)
            .await
    }

    /// Calls a payment off.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn cancel(
        &self,
        payment: &str,
        key: &str,
        body: &Value,
        wait_s: Option<u32>,
    ) -> anyhow::Result<Answer> {
        self.wish(&format!("payments/{payment}/cancel"), key, body, wait_s)
            .await
    }

    /// Tries to pay a payment from the merchant's server.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn confirm(
        &self,
        payment: &str,
        key: &str,
        body: &Value,
        wait_s: Option<u32>,
    ) -> anyhow::Result<Answer> {
        self.wish(&format!("payments/{payment}/confirm"), key, body, wait_s)
            .await
    }

    /// Looks at a refund.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn refund(&self, id: &str) -> anyhow::Result<Answer> {
        self.send(self.http.get(format!("{}/refunds/{id}", self.base)))
            .await
    }

    /// Lists refunds, newest first; `query` as in `payment_id=pay_…&status=failed`.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn refunds(&self, query: &str) -> anyhow::Result<Answer> {
        self.send(self.http.get(format!("{}/refunds?{query}", self.base)))
            .await
    }

    /// Asks for an order.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn create_order(&self, key: &str, body: &Value, wait_s: Option<u32>) -> anyhow::Result<Answer> {
        self.wish("orders", key, body, wait_s).await
    }

    /// Has a step of an order taken: `pay`, `cancel`, `refund`, `ship` or `complete`.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn change_order(
        &self,
        order: &str,
        step: &str,
        key: &str,
        body: &Value,
        wait_s: Option<u32>,
    ) -> anyhow::Result<Answer> {
        self.wish(&format!("orders/{order}/{step}"), key, body, wait_s)
            .await
    }

    /// Looks at an order.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn order(&self, id: &str) -> anyhow::Result<Answer> {
        self.send(self.http.get(format!("{}/orders/{id}", self.base)))
            .await
    }

    /// What payments or orders come to; `about` as in `orders?group_by=day`.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn statistics(&self, about: &str) -> anyhow::Result<Answer> {
        self.send(self.http.get(format!("{}/statistics/{about}", self.base)))
            .await
    }

    /// Looks at what happened to an order.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn order_logs(&self, id: &str) -> anyhow::Result<Answer> {
        self.send(self.http.get(format!("{}/orders/{id}/logs", self.base)))
            .await
    }

    /// Looks at a wallet.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn wallet(&self, id: &str) -> anyhow::Result<Answer> {
        self.send(self.http.get(format!("{}/wallets/{id}", self.base)))
            .await
    }

    /// Asks for a wallet, or for something of one: `wallets`, `wallets/{id}/holds`, `wallets/{id}/account`.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn of_wallets(
        &self,
        path: &str,
        key: &str,
        body: &Value,
        wait_s: Option<u32>,
    ) -> anyhow::Result<Answer> {
        self.wish(path, key, body, wait_s).await
    }

    /// Looks at the account of a wallet's owner.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn account(&self, wallet: &str) -> anyhow::Result<Answer> {
        self.send(self.http.get(format!("{}/wallets/{wallet}/account", self.base)))
            .await
    }

    async fn wish(&self, path: &str, key: &str, body: &Value, wait_s: Option<u32>) -> anyhow::Result<Answer> {
        let mut request = self.http.post(format!("{}/{path}", self.base));
        if let Some(wait_s) = wait_s {
            request = request.header("prefer", format!("wait={wait_s}"));
        }
        self.send(request.header("idempotency-key", key).json(body)).await
    }

    fn creation(&self, key: &str, body: &Value) -> RequestBuilder {
        self.http
            .post(format!("{}/payments", self.base))
            .header("idempotency-key", key)
            .json(body)
    }

    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Answer> {
        let mut request = request
            .header(header::AUTHORIZATION, format!("Bearer {}", self.shown))
            .timeout(TIMEOUT);
        if let Some(merchant_id) = &self.acts_for {
            request = request.header("sluice-merchant", merchant_id);
        }
        Answer::read(request.send().await.context("ingress does not answer")?).await
    }
}

/// Posts a callback to ingress as somebody would who is not the provider.
///
/// # Errors
/// There is no answer.
pub async fn post_callback(
    http: &Http,
    url: &str,
    body: &Value,
    signature: Option<&str>,
) -> anyhow::Result<Answer> {
    let mut request = http.post(url).json(body).timeout(TIMEOUT);
    if let Some(signature) = signature {
        request = request.header("stripe-signature", signature);
    }
    Answer::read(request.send().await.context("ingress does not answer")?).await
}
