//! A stand with an application at Alipay, and what tests of Alipay begin with.

use std::{ops::Deref, sync::LazyLock, time::Duration};

use channels::Credentials;
use chrono::TimeDelta;
use domain::{
    channel::{Channel, Flow, Intent, IntentRef, Method, NewIntent, NewRefund},
    clock::{Clock, SystemClock},
    currency::Currency,
    id::{IdempotencyKey, MerchantId, PaymentId, RefundId},
    money::Money,
    payment::Payer,
    secret::Secret,
};
use serde_json::{Value, json};

use crate::stand::Stand;

pub const APP_ID: &str = "2021000000000001";
pub const SELLER_ID: &str = "2088000000000001";

/// The cases of the official libraries, for their throw-away keys.
pub static VECTORS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../fixtures/alipay.json")).unwrap());

pub struct AlipaySetting {
    pub stand: Stand,
    pub credentials: Credentials,
    /// The same keys with an application that Alipay does not know.
    pub unknown_credentials: Credentials,
}

/// Credentials that take this key for Alipay's.
pub fn credentials(app_id: &str, alipay_public_key: &Value) -> Credentials {
    let fields = json!({
        "app_id": app_id,
        "seller_id": SELLER_ID,
        "private_key": VECTORS["merchant_key"]["pkcs1"],
        "alipay_public_keys": [alipay_public_key],
    });
    Credentials::read(Channel::Alipay, &Secret::new(fields.to_string())).unwrap()
}

/// A new payment of 88.88 yuan.
pub fn new_intent(flow: Flow, callback_url: &str) -> NewIntent {
    let key = IdempotencyKey::try_from("order-1".to_owned()).unwrap();
    NewIntent {
        payment_id: PaymentId::derive(MerchantId::random(), &key),
        money: Money {
            amount_minor: 8_888,
            currency: Currency::CNY,
        },
        description: Some("One book & a pen".into()),
        payment_method: None,
        return_url: Some("https://shop.example/back?a=1&b=2".into()),
        method: Some(Method::Alipay),
        flow: Some(flow),
        payer: Payer::default(),
        expires_at: SystemClock.now() + TimeDelta::minutes(30),
        callback_url: callback_url.into(),
        connected_account: None,
        destination: None,
    }
}

/// The intent of a payment, as it is known here.
pub fn known(new: &NewIntent) -> IntentRef {
    IntentRef {
        id: new.payment_id.as_uuid().simple().to_string(),
        money: Some(new.money),
        connected_account: None,
    }
}

/// A new refund of a part of a payment.
pub fn new_refund(new: &NewIntent, amount_minor: i64) -> NewRefund {
    let key = IdempotencyKey::try_from("refund-1".to_owned()).unwrap();
    NewRefund {
        refund_id: RefundId::derive(MerchantId::random(), &key),
        payment_id: new.payment_id,
        intent: known(new),
        money: Money {
            amount_minor,
            ..new.money
        },
        reason: None,
        callback_url: new.callback_url.clone(),
        destination: None,
    }
}

/// As much time as Alipay wants between two refunds of one trade.
pub async fn rest() {
    tokio::time::sleep(Duration::from_millis(3_050)).await;
}

impl AlipaySetting {
    pub async fn new() -> Self {
        let stand = Stand::start().await;
        let url = format!("{}/sandbox/alipay/apps/{APP_ID}", stand.sandbox.base_url());
        let details = json!({"public_key": VECTORS["merchant_key"]["spki"], "seller_id": SELLER_ID});
        let registered = reqwest::Client::new()
            .put(url)
            .json(&details)
            .send()
            .await
            .unwrap();
        let app: Value = registered.json().await.unwrap();
        let key = &app["alipay_public_key"];
        Self {
            credentials: credentials(APP_ID, key),
            unknown_credentials: credentials("2021000000009999", key),
            stand,
        }
    }

    /// Opens an intent in this way.
    pub async fn opened(&self, flow: Flow) -> (NewIntent, Intent) {
        let new = new_intent(flow, "http://127.0.0.1:9/nobody");
        let (intent, _) = self.channels.create_intent(&self.credentials, &new).await;
        (new, intent.unwrap())
    }

    /// A payment that was paid by scanning a code.
    pub async fn paid(&self) -> NewIntent {
        let (new, intent) = self.opened(Flow::QrCode).await;
        assert!(self.payer(&intent.id, &json!({})).await);
        new
    }

    /// What the payer does with a trade. Says whether Alipay let it be.
    pub async fn payer(&self, number: &str, does: &Value) -> bool {
        let path = format!("alipay/trades/{number}/pay");
        self.ask(&path, does).await.is_success
    }

    /// How often a method was called.
    pub async fn called(&self, method: &str) -> usize {
        let route = format!("POST /alipay/gateway.do#{method}");
        self.calls(&route).await.len()
    }
}

/// A setting is a stand with a merchant's application at Alipay.
impl Deref for AlipaySetting {
    type Target = Stand;

    fn deref(&self) -> &Stand {
        &self.stand
    }
}
