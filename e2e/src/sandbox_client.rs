//! The sandbox's controls: what the provider and the merchant's endpoint are told to do, and what they saw.

use std::collections::BTreeMap;

use anyhow::Context;
use reqwest::{Client as Http, Method};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Answer;

/// A client of the sandbox at one address.
#[derive(Clone)]
pub struct Sandbox {
    http: Http,
    base: String,
}

/// A call that the provider received.
#[derive(Debug, Clone, Deserialize)]
pub struct Call {
    /// The route with its method, as fault dials name it.
    pub route: String,
    /// The `Idempotency-Key` it carried.
    pub idempotency_key: Option<String>,
    /// What it was answered with; none when no answer was sent.
    pub status: Option<u16>,
}

/// An attempt of the provider to deliver a callback.
#[derive(Debug, Clone, Deserialize)]
pub struct Delivery {
    /// The event's id.
    pub event: String,
    /// What ingress answered.
    pub status: Option<u16>,
    /// When the attempt began, RFC 3339 in UTC.
    pub sent_at: String,
}

/// An intent as the provider really has it.
#[derive(Debug, Clone, Deserialize)]
pub struct Intent {
    /// Its id.
    pub id: String,
    /// Its status at the provider.
    pub status: String,
    /// What was received, in minor units.
    pub amount_received: i64,
    /// What was given back of it, in minor units; a refund that failed does not count.
    pub amount_refunded: i64,
    /// What the creator noted on it.
    pub metadata: BTreeMap<String, String>,
    /// How often money was taken.
    pub charges_succeeded: u32,
}

/// A refund as the provider really has it.
#[derive(Debug, Clone, Deserialize)]
pub struct Refund {
    /// Its id.
    pub id: String,
    /// The intent it gives back.
    pub payment_intent: String,
    /// How much, in minor units.
    pub amount: i64,
    /// Lower-case currency.
    pub currency: String,
    /// `pending`, `succeeded` or `failed`.
    pub status: String,
    /// What the creator noted on it.
    pub metadata: BTreeMap<String, String>,
}

/// A dispute as the provider really has it.
#[derive(Debug, Clone, Deserialize)]
pub struct Dispute {
    /// Its id.
    pub id: String,
    /// The intent that was paid.
    pub payment_intent: String,
    /// How much, in minor units.
    pub amount: i64,
    /// Lower-case currency.
    pub currency: String,
    /// `needs_response`, `won`, `lost`, `warning_needs_response` or `warning_closed`.
    pub status: String,
}

/// What an injected difference changed.
#[derive(Debug, Clone, Deserialize)]
pub struct Changed {
    /// The intent it is about.
    pub intent: Option<String>,
    /// The charge that is new or differs.
    pub charge: Option<String>,
    /// The refund that is new, differs or is gone.
    pub refund: Option<String>,
    /// The balance transactions that are new, differ or are gone.
    pub transactions: Vec<String>,
}

/// A notification that a merchant's endpoint received.
#[derive(Debug, Clone, Deserialize)]
pub struct Received {
    /// `webhook-id`.
    pub id: Option<String>,
    /// `type` of the payload.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The payload.
    pub payload: Option<Value>,
    /// Whether its signature is right.
    pub verified: Option<bool>,
    /// What it was answered with.
    pub answered: Option<u16>,
}

impl Received {
    /// When it was written, as it says; empty when it says nothing.
    pub fn written(&self) -> &str {
        let payload = self.payload.as_ref();
        payload
            .and_then(|payload| payload["timestamp"].as_str())
            .unwrap_or_default()
    }
}

impl Sandbox {
    /// A client of the sandbox at `base`.
    pub fn new(http: Http, base: &str) -> Self {
        Self {
            http,
            base: base.to_owned(),
        }
    }

    /// The address at which this merchant receives notifications.
    pub fn merchant_endpoint(&self, merchant: &str) -> String {
        format!("{}/merchant/{merchant}", self.base)
    }

    /// Where to read what a merchant was told.
    pub fn deliveries_url(&self, merchant: &str) -> String {
        format!("{}{}", self.base, deliveries_of(merchant))
    }

    /// Registers an account's callback address and gives the secret that will sign.
    ///
    /// # Errors
    /// The sandbox refuses or does not answer.
    pub async fn register_callbacks(&self, account: &str, url: &str) -> anyhow::Result<String> {
        self.register_callbacks_of(&["*"], account, url).await
    }

    /// The same for callbacks of certain types only.
    ///
    /// # Errors
    /// The sandbox refuses or does not answer.
    pub async fn register_callbacks_of(
        &self,
        types: &[&str],
        account: &str,
        url: &str,
    ) -> anyhow::Result<String> {
        let body = json!({ "account": account, "url": url, "enabled_events": types });
        let answer = self.post("/sandbox/stripe/webhook_endpoints", body).await?;
        Ok(answer.text("/secret").to_owned())
    }

    /// Registers an account's callback address for what happens to accounts connected to it, signed with the same secret.
    ///
    /// # Errors
    /// The sandbox refuses or does not answer.
    pub async fn register_connected(&self, account: &str, url: &str, secret: &str) -> anyhow::Result<()> {
        let body = json!({ "account": account, "url": url, "secret": secret, "connect": true });
        self.post("/sandbox/stripe/webhook_endpoints", body)
            .await
            .map(drop)
    }

    /// The owner of a connected account follows its link and tells all that is asked.
    ///
    /// # Errors
    /// The sandbox refuses or does not answer.
    pub async fn follow(&self, link: &str) -> anyhow::Result<()> {
        let answer = self.http.post(link).send().await.context("the onboarding page")?;
        answer.error_for_status().context("the onboarding page")?;
        Ok(())
    }

    /// The accounts that are connected to an account.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn accounts(&self, account: &str) -> anyhow::Result<Vec<Value>> {
        let path = format!("/sandbox/stripe/accounts?account={account}");
        let answer = self.send(Method::GET, &path, None).await?.success()?;
        Ok(answer.body.as_array().cloned().unwrap_or_default())
    }

    /// The transfers that an account really has made: amount, what of it was taken back, and to whom.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn transfers(&self, account: &str) -> anyhow::Result<Vec<Value>> {
        let path = format!("/sandbox/stripe/transfers?account={account}");
        let answer = self.send(Method::GET, &path, None).await?.success()?;
        Ok(answer.body.as_array().cloned().unwrap_or_default())
    }

    /// Sets a fault dial; fields as in the sandbox's README.
    ///
    /// # Errors
    /// The sandbox refuses or does not answer.
    pub async fn set_fault(&self, dial: Value) -> anyhow::Result<()> {
        self.post("/sandbox/faults", dial).await.map(drop)
    }

    /// Puts all fault dials back.
    ///
    /// # Errors
    /// The sandbox refuses or does not answer.
    pub async fn clear_faults(&self) -> anyhow::Result<()> {
        let answer = self.send(Method::DELETE, "/sandbox/faults", None).await?;
        answer.success().map(drop)
    }

    /// Puts all callback dials back.
    ///
    /// # Errors
    /// The sandbox refuses or does not answer.
    pub async fn clear_callbacks(&self) -> anyhow::Result<()> {
        let answer = self.send(Method::DELETE, "/sandbox/callbacks", None).await?;
        answer.success().map(drop)
    }

    /// Changes the callback dials of an account; fields as in the sandbox's README.
    ///
    /// # Errors
    /// The sandbox refuses or does not answer.
    pub async fn set_callbacks(&self, dials: Value) -> anyhow::Result<()> {
        self.post("/sandbox/callbacks", dials).await.map(drop)
    }

    /// Pays an intent as the payer's browser does. A declined card is an answer too.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn pay(&self, intent: &str, payment_method: &str) -> anyhow::Result<Answer> {
        let body = json!({ "payment_method": payment_method });
        self.send(
            Method::POST,
            &format!("/sandbox/stripe/intents/{intent}/pay"),
            Some(body),
        )
        .await
    }

    /// Pays an intent although it may have been canceled meanwhile, as with a payer whose money was on its way already.
    ///
    /// # Errors
    /// The sandbox refuses, for instance a payment method that does not pay at once, or does not answer.
    pub async fn pay_late(&self, intent: &str, payment_method: &str) -> anyhow::Result<()> {
        let body = json!({ "payment_method": payment_method, "even_if_closed": true });
        self.post(&format!("/sandbox/stripe/intents/{intent}/pay"), body)
            .await
            .map(drop)
    }

    /// Ends the payer's 3-D Secure authentication, which the intent has to wait for.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn authenticate(&self, intent: &str) -> anyhow::Result<Answer> {
        self.send(Method::POST, &format!("/sandbox/3ds/{intent}/complete"), None)
            .await
    }

    /// Changes an intent's amount behind Sluice's back, as somebody with access to the merchant's account could.
    ///
    /// # Errors
    /// The sandbox refuses or does not answer.
    pub async fn change_amount(&self, account: &str, intent: &str, amount_minor: i64) -> anyhow::Result<()> {
        let request = self
            .http
            .post(format!("{}/v1/payment_intents/{intent}", self.base))
            .bearer_auth(account);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(format!("amount={amount_minor}")).send().await?;
        Answer::read(response).await?.success().map(drop)
    }

    /// The calls an account received on a route, such as `POST /v1/payment_intents`, oldest first.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn calls(&self, account: &str, route: &str) -> anyhow::Result<Vec<Call>> {
        let calls: Vec<Call> = self.list(&format!("/sandbox/calls?account={account}")).await?;
        Ok(calls.into_iter().filter(|call| call.route == route).collect())
    }

    /// The attempts to deliver an account's callbacks of one type, oldest first.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn callbacks(&self, account: &str, event_type: &str) -> anyhow::Result<Vec<Delivery>> {
        self.list(&format!(
            "/sandbox/deliveries?account={account}&type={event_type}"
        ))
        .await
    }

    /// An account's intents.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn intents(&self, account: &str) -> anyhow::Result<Vec<Intent>> {
        self.list(&format!("/sandbox/stripe/intents?account={account}"))
            .await
    }

    /// An account's refunds, oldest first.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn refunds(&self, account: &str) -> anyhow::Result<Vec<Refund>> {
        self.list(&format!("/sandbox/stripe/refunds?account={account}"))
            .await
    }

    /// Ends a pending refund, or lets one fail that had succeeded.
    ///
    /// # Errors
    /// There is no such refund, or the sandbox does not answer.
    pub async fn settle_refund(&self, refund: &str, succeeded: bool) -> anyhow::Result<()> {
        let body = json!({ "succeeded": succeeded });
        self.post(&format!("/sandbox/stripe/refunds/{refund}/settle"), body)
            .await
            .map(drop)
    }

    /// Opens a dispute about what paid an intent and gives its id; fields as in the sandbox's README, `{}` for all of
    /// the money.
    ///
    /// # Errors
    /// The intent is not paid or disputed already, or the sandbox does not answer.
    pub async fn open_dispute(&self, intent: &str, claim: Value) -> anyhow::Result<String> {
        let answer = self
            .post(&format!("/sandbox/stripe/intents/{intent}/dispute"), claim)
            .await?;
        Ok(answer.text("/id").to_owned())
    }

    /// Decides an open dispute; a warning is only closed.
    ///
    /// # Errors
    /// The dispute is closed already, or the sandbox does not answer.
    pub async fn close_dispute(&self, dispute: &str, won: bool) -> anyhow::Result<()> {
        let body = json!({ "won": won });
        self.post(&format!("/sandbox/stripe/disputes/{dispute}/close"), body)
            .await
            .map(drop)
    }

    /// An account's disputes, oldest first.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn disputes(&self, account: &str) -> anyhow::Result<Vec<Dispute>> {
        self.list(&format!("/sandbox/stripe/disputes?account={account}"))
            .await
    }

    /// Sets what charges of an account cost from now on: so many hundredths of a per cent, and so many minor units.
    ///
    /// # Errors
    /// The sandbox refuses or does not answer.
    pub async fn set_fees(&self, account: &str, fee_bps: i64, fee_fixed_minor: i64) -> anyhow::Result<()> {
        let body = json!({ "account": account, "fee_bps": fee_bps, "fee_fixed_minor": fee_fixed_minor });
        self.post("/sandbox/stripe/fees", body).await.map(drop)
    }

    /// Makes everything that an account holds look as if it was made at this second since the epoch.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn date_back(&self, account: &str, created: i64) -> anyhow::Result<()> {
        let body = json!({ "account": account, "created": created });
        self.post("/sandbox/stripe/backdate", body).await.map(drop)
    }

    /// Makes an account's books differ from what was asked of it, without a word to anybody; `class` and other fields as
    /// in the sandbox's README.
    ///
    /// # Errors
    /// The difference cannot be made, or the sandbox does not answer.
    pub async fn differ(&self, account: &str, mut difference: Value) -> anyhow::Result<Changed> {
        difference["account"] = account.into();
        let answer = self.post("/sandbox/stripe/differences", difference).await?;
        serde_json::from_value(answer.body).context("what an injected difference changed")
    }

    /// How many entries each of the sandbox's logs has dropped because it was full.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn dropped(&self) -> anyhow::Result<BTreeMap<String, u64>> {
        let answer = self
            .send(Method::GET, "/sandbox/dropped", None)
            .await?
            .success()?;
        serde_json::from_value(answer.body).context("counts by log")
    }

    /// Tells a merchant's endpoint which secret notifications are signed with.
    ///
    /// # Errors
    /// The sandbox refuses or does not answer.
    pub async fn set_secret(&self, merchant: &str, secret: &str) -> anyhow::Result<()> {
        let path = format!("/sandbox/merchants/{merchant}");
        self.send(Method::PUT, &path, Some(json!({ "secret": secret })))
            .await?
            .success()
            .map(drop)
    }

    /// Tells a merchant's endpoint how to answer; fields as in the sandbox's README.
    ///
    /// # Errors
    /// The sandbox refuses or does not answer.
    pub async fn set_behaviour(&self, merchant: &str, behaviour: Value) -> anyhow::Result<()> {
        self.post(&format!("/sandbox/merchants/{merchant}/behaviour"), behaviour)
            .await
            .map(drop)
    }

    /// What a merchant's endpoint received, in order of arrival.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn received(&self, merchant: &str) -> anyhow::Result<Vec<Received>> {
        self.list(&deliveries_of(merchant)).await
    }

    /// Sets something at the sandbox; `path` as in the sandbox's README.
    ///
    /// # Errors
    /// The sandbox refuses or does not answer.
    pub async fn put(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        Ok(self.send(Method::PUT, path, Some(body)).await?.success()?.body)
    }

    /// Has something done at the sandbox; `path` as in the sandbox's README.
    ///
    /// # Errors
    /// The sandbox refuses or does not answer.
    pub async fn act(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        Ok(self.post(path, body).await?.body)
    }

    async fn post(&self, path: &str, body: Value) -> anyhow::Result<Answer> {
        self.send(Method::POST, path, Some(body)).await?.success()
    }

    /// Any list of the sandbox, read as what the caller wants to know of it; `path` as in the sandbox's README.
    ///
    /// # Errors
    /// The sandbox does not answer, or lists something else.
    pub async fn list<T: for<'a> Deserialize<'a>>(&self, path: &str) -> anyhow::Result<Vec<T>> {
        let answer = self.send(Method::GET, path, None).await?.success()?;
        serde_json::from_value(answer.body)
            .with_context(|| format!("the sandbox's answer to {}", without_query(path)))
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.json(&body);
        }
        // The address may hold an account's key.
        let response = request.send().await.map_err(reqwest::Error::without_url);
        Answer::read(response.with_context(|| format!("sandbox {}", without_query(path)))?).await
    }
}

fn without_query(path: &str) -> &str {
    path.split_once('?').map_or(path, |(path, _)| path)
}

fn deliveries_of(merchant: &str) -> String {
    format!("/sandbox/merchants/{merchant}/deliveries")
}
