//! Paying through PayPal in a test.

use channels::{Credentials, PaypalCredentials};
use domain::{
    channel::{Channel, Method},
    payment::{Payment, PaymentRequest, PaymentStatus},
    secret::Secret,
};
use serde_json::{Value, json};

use crate::support::{World, now, request};

/// The calls that open an order, show it and capture it.
pub const ORDERING: &str = "POST /paypal/v2/checkout/orders";
pub const SHOWING: &str = "GET /paypal/v2/checkout/orders/{id}";
pub const CAPTURING: &str = "POST /paypal/v2/checkout/orders/{id}/capture";

/// A request for a payment through PayPal.
pub fn paypal_request() -> PaymentRequest {
    PaymentRequest {
        method: Some(Method::Paypal),
        return_url: Some("https://shop.example/back".into()),
        ..request(None)
    }
}

impl World {
    /// Gives the merchant an app at PayPal, which has no webhook that could be reached.
    pub async fn open_paypal(&self) {
        let app = json!({ "secret": "s", "merchant_id": "M1", "webhook": { "id": "WH1", "url": "http://127.0.0.1:1/" } });
        self.put(&format!("/sandbox/paypal/apps/{}", self.account), app)
            .await;
        self.set_paypal_secret("s").await;
    }

    /// Stores credentials with this secret, right or wrong.
    pub async fn set_paypal_secret(&self, secret: &str) {
        let webhooks = vec![Secret::new("WH1")];
        let paypal = PaypalCredentials::new(
            Secret::new(&*self.account),
            Secret::new(secret),
            webhooks,
            Some(Secret::new("M1")),
        );
        let credentials = Credentials::Paypal(paypal.unwrap()).to_json().unwrap();
        let stored = self.store.set_credentials(
            self.merchant_id,
            Channel::Paypal,
            &credentials,
            store::Doing::by("test", now()),
        );
        stored.await.unwrap();
    }

    /// A payment whose order waits for its payer.
    pub async fn open_at_paypal(&self, name: &str) -> Payment {
        let job = self.job(name, paypal_request());
        self.publish(&job).await;
        self.wait_for(job.payment_id(), PaymentStatus::RequiresAction)
            .await
    }

    /// The payer approves an open payment at PayPal, and this becomes of it.
    pub async fn approve(&self, payment: &Payment, plan: Value) {
        let order = payment.intent_id.as_deref().unwrap();
        self.post(&format!("/sandbox/paypal/orders/{order}/approve"), plan)
            .await;
    }
}
