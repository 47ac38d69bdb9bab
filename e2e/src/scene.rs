//! One merchant's part of the world, and what can be done and seen there.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    Answer, Merchant, World,
    rabbit::Letter,
    sandbox_client::{Call, Delivery, Intent},
    wait,
};

/// How long creators of payments in the story wait for the intent, in seconds.
const WAIT_S: u32 = 20;

/// The call that opens an intent, as the sandbox names it.
pub const OPENING: &str = "POST /v1/payment_intents";

/// The call that makes a refund.
pub const REFUNDING: &str = "POST /v1/refunds";

/// The call that asks which intents there are.
pub const ASKING: &str = "GET /v1/payment_intents";

/// A merchant on its own, so that cases do not disturb each other.
pub struct Scene<'a> {
    /// Everything around it.
    pub world: &'a World,
    /// The merchant.
    pub merchant: Merchant,
}

/// A notification that reached the merchant's endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// `webhook-id`.
    pub id: String,
    /// What is announced.
    pub kind: String,
    /// What the payer can do, as it says.
    pub next_step: String,
    /// Whether the endpoint found its signature right.
    pub verified: bool,
    /// What the endpoint answered.
    pub answered: Option<u16>,
}

/// A body for a payment of 19.99 dollars.
pub fn body() -> Value {
    json!({ "amount": 1999, "currency": "USD", "description": "Tea", "reference": "order-1" })
}

/// The same, charged to this card at once.
pub fn body_with(payment_method: &str) -> Value {
    let mut body = body();
    body["payment_method"] = payment_method.into();
    body
}

/// A new idempotency key.
pub fn key() -> String {
    Uuid::new_v4().to_string()
}

impl<'a> Scene<'a> {
    /// A scene with a merchant of its own.
    ///
    /// # Errors
    /// The merchant cannot be registered.
    pub async fn set(world: &'a World, name: &str) -> anyhow::Result<Self> {
        Ok(Self {
            world,
            merchant: world.merchant(name).await?,
        })
    }

    /// Asks for a payment under a new key and waits for its intent.
    ///
    /// # Errors
    /// Ingress does not answer.
    pub async fn create(&self, body: &Value) -> anyhow::Result<Answer> {
        self.merchant.api.create_and_wait(&key(), body, WAIT_S).await
    }

    /// Asks for a payment that must become payable, and gives its id and its intent's.
    ///
    /// # Errors
    /// It does not become payable.
    pub async fn payable(&self, body: &Value) -> anyhow::Result<(String, String)> {
        let answer = self.create(body).await?;
        let (payment, intent) = (answer.text("/id"), answer.text("/channel_intent_id"));
        ensure!(
            !intent.is_empty(),
            "asked for a payment, ingress answered {}: {}",
            answer.status,
            answer.text("/status")
        );
        Ok((payment.to_owned(), intent.to_owned()))
    }

    /// A payable payment that soon expires. On a busy machine one may expire before it is payable: then the next gets
    /// twice as long.
    ///
    /// # Errors
    /// Not even one with eight seconds becomes payable.
    pub async fn payable_briefly(&self) -> anyhow::Result<(String, String)> {
        let mut expires_in_s = 1;
        loop {
            let mut body = body();
            body["expires_in_s"] = expires_in_s.into();
            let payable = self.payable(&body).await;
            if payable.is_ok() || expires_in_s >= 8 {
                return payable;
            }
            expires_in_s *= 2;
        }
    }

    /// Asks for a payment and pays it; gives its id and its intent's.
    ///
    /// # Errors
    /// It is not paid in the end.
    pub async fn paid(&self, body: &Value, payment_method: &str) -> anyhow::Result<(String, String)> {
        let (payment, intent) = self.payable(body).await?;
        self.pay(&intent, payment_method).await?;
        let paid = self.payment_until(&payment, "succeeded").await?;
        ensure!(
            paid.text("/status") == "succeeded",
            "the payment is {}",
            paid.text("/status")
        );
        Ok((payment, intent))
    }

    /// Asks under a new key for money of a payment to be given back, and waits for the end.
    ///
    /// # Errors
    /// Ingress does not answer.
    pub async fn refund(&self, payment: &str, body: &Value) -> anyhow::Result<Answer> {
        let api = &self.merchant.api;
        api.create_refund(payment, &key(), body, Some(WAIT_S)).await
    }

    /// Calls a payment off under a new key, and waits for the end.
    ///
    /// # Errors
    /// Ingress does not answer.
    pub async fn cancel(&self, payment: &str, body: &Value) -> anyhow::Result<Answer> {
        self.merchant
            .api
            .cancel(payment, &key(), body, Some(WAIT_S))
            .await
    }

    /// Tries a card on a payment from the merchant's server under a new key, and waits for the end.
    ///
    /// # Errors
    /// Ingress does not answer.
    pub async fn confirm(&self, payment: &str, payment_method: &str) -> anyhow::Result<Answer> {
        let body = json!({ "payment_method": payment_method });
        self.merchant
            .api
            .confirm(payment, &key(), &body, Some(WAIT_S))
            .await
    }

    /// Looks at a refund until it has the status, or patience runs out.
    ///
    /// # Errors
    /// Ingress does not answer.
    pub async fn refund_until(&self, refund: &str, status: &str) -> anyhow::Result<Answer> {
        let ask = async || self.merchant.api.refund(refund).await;
        wait::until(self.world.patience, ask, |answer| {
            answer.text("/status") == status
        })
        .await
    }

    /// The only refund of a payment once it has succeeded, or as it stands when patience runs out.
    ///
    /// # Errors
    /// Ingress does not answer.
    pub async fn refund_of(&self, payment: &str) -> anyhow::Result<Value> {
        let query = format!("payment_id={payment}");
        let ask = async || Ok(self.merchant.api.refunds(&query).await?.body["data"][0].clone());
        wait::until(self.world.patience, ask, |refund| refund["status"] == "succeeded").await
    }

    /// Asks for an order under a new key; gives its id.
    ///
    /// # Errors
    /// It is not stored in time.
    pub async fn ordered(&self, body: &Value) -> anyhow::Result<String> {
        let answer = self.merchant.api.create_order(&key(), body, Some(WAIT_S)).await?;
        ensure!(
            answer.status == 201,
            "asked for an order, ingress answered {}: {}",
            answer.status,
            answer.problem()
        );
        Ok(answer.text("/id").to_owned())
    }

    /// Has a step of an order taken under a new key, and waits for the end.
    ///
    /// # Errors
    /// Ingress does not answer.
    pub async fn step(&self, order: &str, step: &str, body: &Value) -> anyhow::Result<Answer> {
        let api = &self.merchant.api;
        api.change_order(order, step, &key(), body, Some(WAIT_S)).await
    }

    /// Looks at an order until it has the status, or patience runs out.
    ///
    /// # Errors
    /// Ingress does not answer.
    pub async fn order_until(&self, order: &str, status: &str) -> anyhow::Result<Answer> {
        let ask = async || self.merchant.api.order(order).await;
        wait::until(self.world.patience, ask, |answer| {
            answer.text("/status") == status
        })
        .await
    }

    /// The names of an order's steps, from the first to the last.
    ///
    /// # Errors
    /// Ingress does not answer.
    pub async fn log_of(&self, order: &str) -> anyhow::Result<Vec<String>> {
        let answer = self.merchant.api.order_logs(order).await?;
        let steps = answer.body["data"].as_array().into_iter().flatten().rev();
        Ok(steps
            .map(|step| step["step"].as_str().unwrap_or_default().to_owned())
            .collect())
    }

    /// Asks for a wallet under a new key; gives its id.
    ///
    /// # Errors
    /// It is not stored in time.
    pub async fn wallet(&self, body: &Value) -> anyhow::Result<String> {
        let answer = self.of_wallets("wallets", body).await?;
        ensure!(
            answer.status == 201,
            "asked for a wallet, ingress answered {}: {}",
            answer.status,
            answer.problem()
        );
        Ok(answer.text("/id").to_owned())
    }

    /// What is in a wallet, in minor units.
    ///
    /// # Errors
    /// Ingress does not answer.
    pub async fn balance(&self, wallet: &str) -> anyhow::Result<Option<i64>> {
        let answer = self.merchant.api.wallet(wallet).await?;
        Ok(answer.body["balance_minor"].as_i64())
    }

    /// Looks at a wallet until this much is in it, or patience runs out; gives what is in it then.
    ///
    /// # Errors
    /// Ingress does not answer.
    pub async fn balance_until(&self, wallet: &str, balance_minor: i64) -> anyhow::Result<i64> {
        let ask = async || self.balance(wallet).await;
        let seen = wait::until(self.world.patience, ask, |seen| *seen == Some(balance_minor)).await?;
        seen.context("a wallet without a balance")
    }

    /// Asks under a new key for a wallet, or for something of one, and waits for the end.
    ///
    /// # Errors
    /// Ingress does not answer.
    pub async fn of_wallets(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.merchant
            .api
            .of_wallets(path, &key(), body, Some(WAIT_S))
            .await
    }

    /// Looks at the account of a wallet's owner until it has the status, or patience runs out.
    ///
    /// # Errors
    /// Ingress does not answer.
    pub async fn account_until(&self, wallet: &str, status: &str) -> anyhow::Result<Answer> {
        let ask = async || self.merchant.api.account(wallet).await;
        wait::until(self.world.patience, ask, |answer| {
            answer.text("/status") == status
        })
        .await
    }

    /// The payer pays; gives the intent's status, or the decline code.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn pay(&self, intent: &str, payment_method: &str) -> anyhow::Result<String> {
        let answer = self.world.sandbox.pay(intent, payment_method).await?;
        let said =
            ["/error/decline_code", "/error/code", "/status"].map(|pointer| answer.text(pointer).to_owned());
        Ok(said.into_iter().find(|said| !said.is_empty()).unwrap_or_default())
    }

    /// Looks at a payment until it has the status, or patience runs out.
    ///
    /// # Errors
    /// Ingress does not answer.
    pub async fn payment_until(&self, payment: &str, status: &str) -> anyhow::Result<Answer> {
        let ask = async || self.merchant.api.payment(payment).await;
        wait::until(self.world.patience, ask, |answer| {
            answer.text("/status") == status
        })
        .await
    }

    /// What the merchant was told about a payment or refund so far.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn told(&self, id: &str) -> anyhow::Result<Vec<Notification>> {
        self.told_where(|data| data["id"] == id).await
    }

    /// What the merchant was told about a payment and its refunds and disputes, once that includes this kind of
    /// notification, or patience runs out.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn told_of_all_until(&self, payment: &str, kind: &str) -> anyhow::Result<Vec<Notification>> {
        let is_about = |data: &Value| data["id"] == payment || data["payment_id"] == payment;
        let ask = async || self.told_where(is_about).await;
        let is_told = |told: &Vec<Notification>| told.iter().any(|told| told.kind == kind);
        wait::until(self.world.patience, ask, is_told).await
    }

    /// In the order in which it was written: what was written later may arrive first.
    async fn told_where(&self, is_meant: impl Fn(&Value) -> bool) -> anyhow::Result<Vec<Notification>> {
        let mut received = self.world.sandbox.received(&self.merchant.name).await?;
        received.sort_by_cached_key(|received| received.written().to_owned());
        let meant = received.into_iter().filter_map(|received| {
            let payload = received.payload.unwrap_or_default();
            let next_step = payload.pointer("/data/failure/next_step").and_then(Value::as_str);
            is_meant(&payload["data"]).then(|| Notification {
                id: received.id.unwrap_or_default(),
                kind: received.kind.unwrap_or_default(),
                next_step: next_step.unwrap_or_default().to_owned(),
                verified: received.verified == Some(true),
                answered: received.answered,
            })
        });
        Ok(meant.collect())
    }

    /// What the merchant was told, once that is so many notifications, or patience runs out.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn told_until(&self, payment: &str, count: usize) -> anyhow::Result<Vec<Notification>> {
        let ask = async || self.told(payment).await;
        wait::until(self.world.patience, ask, |told| told.len() >= count).await
    }

    /// What the merchant was told when nothing more is on its way: another payment has gone all the way meanwhile.
    ///
    /// # Errors
    /// Something does not answer, or the other payment gets stuck.
    pub async fn told_in_the_end(&self, payment: &str, count: usize) -> anyhow::Result<Vec<Notification>> {
        self.told_until(payment, count).await?;
        let (later, intent) = self.payable(&json!({ "amount": 700, "currency": "USD" })).await?;
        self.pay(&intent, "pm_card_visa").await?;
        let told = self.told_until(&later, 1).await?;
        ensure!(
            !told.is_empty(),
            "a payment made to see what else happens got stuck"
        );
        self.told(payment).await
    }

    /// The provider's refunds of an intent: amount and status of each.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn given_back(&self, intent: &str) -> anyhow::Result<String> {
        let refunds = self.world.sandbox.refunds(&self.merchant.account).await?;
        let refunds = refunds.iter().filter(|refund| refund.payment_intent == intent);
        let shown: Vec<String> = refunds
            .map(|refund| format!("{} {}", refund.amount, refund.status))
            .collect();
        Ok(if shown.is_empty() {
            "nothing".into()
        } else {
            shown.join(", ")
        })
    }

    /// The status of a payment's intent at the provider.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn intent_status(&self, payment: &str) -> anyhow::Result<String> {
        let intents = self.intents_of(payment).await?;
        let statuses: Vec<String> = intents.into_iter().map(|intent| intent.status).collect();
        Ok(statuses.join(", "))
    }

    /// The intent that the provider has for a payment.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn intents_of(&self, payment: &str) -> anyhow::Result<Vec<Intent>> {
        let intents = self.world.sandbox.intents(&self.merchant.account).await?;
        let is_of = |intent: &Intent| intent.metadata.values().any(|value| value == payment);
        Ok(intents.into_iter().filter(is_of).collect())
    }

    /// The calls that asked the provider to open an intent.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn openings(&self) -> anyhow::Result<Vec<Call>> {
        self.world.sandbox.calls(&self.merchant.account, OPENING).await
    }

    /// The provider's callbacks that say a payment was paid, once so many are answered, or patience runs out.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn paid_callbacks(&self, count: usize) -> anyhow::Result<Vec<Delivery>> {
        let ask = async || {
            self.world
                .sandbox
                .callbacks(&self.merchant.account, "payment_intent.succeeded")
                .await
        };
        wait::until(self.world.patience, ask, |callbacks| callbacks.len() >= count).await
    }

    /// The job about a payment in a dead-letter queue, once it is there, or patience runs out.
    ///
    /// # Errors
    /// RabbitMQ does not answer.
    pub async fn parked(&self, queue: &str, payment: &str) -> anyhow::Result<Option<Letter>> {
        let ask = async || {
            let letters = self.world.rabbit.peek(queue).await?;
            Ok(letters
                .into_iter()
                .find(|letter| letter.property("correlation_id") == payment))
        };
        wait::until(self.world.patience, ask, Option::is_some).await
    }

    /// Makes a call of this merchant's account at the provider go wrong; fields as in the sandbox's README.
    ///
    /// # Errors
    /// The sandbox refuses or does not answer.
    pub async fn set_fault(&self, route: &str, mut dial: Value) -> anyhow::Result<()> {
        dial["route"] = route.into();
        dial["account"] = self.merchant.account.as_str().into();
        self.world.sandbox.set_fault(dial).await
    }

    /// Changes how the provider calls back for this merchant; fields as in the sandbox's README.
    ///
    /// # Errors
    /// The sandbox refuses or does not answer.
    pub async fn set_callbacks(&self, mut dials: Value) -> anyhow::Result<()> {
        dials["account"] = self.merchant.account.as_str().into();
        self.world.sandbox.set_callbacks(dials).await
    }
}

/// Notifications in the words of a report: what was told, in order, and whether it could be trusted.
pub fn told_as_text(told: &[Notification]) -> String {
    let kinds: Vec<String> = told
        .iter()
        .map(|told| {
            if told.verified {
                told.kind.clone()
            } else {
                format!("{} (signature wrong)", told.kind)
            }
        })
        .collect();
    if kinds.is_empty() {
        "nothing".into()
    } else {
        kinds.join(", ")
    }
}

/// How many different idempotency keys the calls carried.
pub fn keys_of(calls: &[Call]) -> usize {
    calls
        .iter()
        .map(|call| &call.idempotency_key)
        .collect::<std::collections::HashSet<_>>()
        .len()
}
