//! A stand with an account at Stripe, and the payments and refunds that tests of Stripe begin with.

use std::ops::Deref;

use channels::{Credentials, LostIntent, Period, StripeCredentials};
use chrono::TimeDelta;
use domain::{
    channel::{Intent, IntentRef, IntentStatus, NewIntent, NewRefund, RefundRef},
    clock::{Clock, SystemClock},
    currency::Currency,
    id::{IdempotencyKey, JobId, MerchantId, PaymentId, RefundId},
    money::Money,
    payment::Payer,
    secret::Secret,
};
use serde_json::Value;

use crate::stand::Stand;

/// The key of the merchant whose account the tests use.
pub const SECRET_KEY: &str = "sk_test_channels";

pub struct Setting {
    pub stand: Stand,
    pub credentials: Credentials,
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
        method: None,
        flow: None,
        payer: Payer::default(),
        expires_at: SystemClock.now() + TimeDelta::minutes(30),
        callback_url: "https://sluice.example/webhooks/stripe/mer_1".into(),
        connected_account: None,
        destination: None,
    }
}

/// An intent of the merchant's own, of which only the id is known.
pub fn named(id: &str) -> IntentRef {
    IntentRef {
        id: id.to_owned(),
        money: None,
        connected_account: None,
    }
}

/// The intent of a payment, opened lately, to which no answer came.
pub fn lost(new: &NewIntent) -> LostIntent {
    lost_within(new, lately())
}

/// The intent of a payment, opened within a period, to which no answer came.
pub fn lost_within(new: &NewIntent, period: Period) -> LostIntent {
    LostIntent {
        payment_id: new.payment_id,
        money: new.money,
        connected_account: new.connected_account.clone(),
        period,
    }
}

/// A refund of which only the provider's id is known.
pub fn refund_named(id: &str) -> RefundRef {
    RefundRef {
        refund_id: refund_id(),
        id: id.to_owned(),
        intent: named("pi_1"),
        money: Money {
            amount_minor: 1,
            currency: Currency::USD,
        },
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
        intent: named(&intent.id),
        money: Money {
            amount_minor,
            ..intent.money
        },
        reason: None,
        callback_url: String::new(),
        destination: None,
    }
}

pub fn job(number: u8) -> JobId {
    JobId::derive("test", &[&[number]])
}

impl Setting {
    pub async fn new() -> Self {
        Self {
            stand: Stand::start().await,
            credentials: credentials(SECRET_KEY),
        }
    }

    /// Lets Stripe forget its idempotency keys, as it does after a day.
    pub async fn forget_keys(&self) {
        self.forget("stripe/idempotency_keys").await;
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
        self.at_stripe(SECRET_KEY, path, form).await
    }

    /// The intents that the sandbox really holds.
    pub async fn intents(&self) -> Vec<Value> {
        self.shown("stripe/intents").await
    }
}

/// A setting is a stand with a merchant's account at Stripe.
impl Deref for Setting {
    type Target = Stand;

    fn deref(&self) -> &Stand {
        &self.stand
    }
}
