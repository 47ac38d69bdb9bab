//! Paying through WeChat Pay in a test.

use channels::Credentials;
use domain::{
    channel::Channel,
    currency::Currency,
    job::QueryPayment,
    money::Money,
    payment::{Payment, PaymentRequest, PaymentStatus},
    secret::Secret,
};
use serde_json::{Value, json};

use crate::support::{World, now, request};

pub const MCHID: &str = "1900000109";
const APPID: &str = "wx8888888888888888";

impl World {
    /// Gives the merchant an account at WeChat Pay.
    pub async fn open_wechat(&self) {
        let vectors = include_str!("../../../adapters/channels/tests/fixtures/wechat.json");
        let vectors: Value = serde_json::from_str(vectors).unwrap();
        let merchant = json!({
            "appid": APPID, "certificate": vectors["merchant"]["cert"], "apiv3_key": vectors["apiv3_key"],
            "key_mode": "public_key",
        });
        let url = format!("{}/sandbox/wechat/merchants/{MCHID}", self.sandbox.base_url());
        let shown = self.http.put(url).json(&merchant).send().await.unwrap();
        let keys = &shown.json::<Value>().await.unwrap()["wechat"];
        let fields = json!({
            "mchid": MCHID, "appid": APPID, "serial_no": vectors["merchant"]["serial"],
            "private_key": vectors["merchant"]["pkcs8"], "apiv3_keys": [vectors["apiv3_key"]],
            "verifiers": [{ "id": keys["public_key_id"], "public_key": keys["public_key"] }],
        });
        let credentials = Credentials::read(Channel::Wechat, &Secret::new(fields.to_string())).unwrap();
        let json = credentials.to_json().unwrap();
        let stored = self.store.set_credentials(
            self.merchant_id,
            Channel::Wechat,
            &json,
            store::Doing::by("test", now()),
        );
        stored.await.unwrap();
    }

    /// A payment of 19.99 yuan that was paid through WeChat Pay.
    pub async fn paid_by_wechat(&self, name: &str) -> Payment {
        let money = Money {
            amount_minor: 1_999,
            currency: Currency::CNY,
        };
        let job = self.job(
            name,
            PaymentRequest {
                money,
                channel: Some(Channel::Wechat),
                ..request(None)
            },
        );
        self.publish(&job).await;
        let open = self
            .wait_for(job.payment_id(), PaymentStatus::RequiresAction)
            .await;
        let order = open.intent_id.as_deref().unwrap();
        let paid = json!({ "outcome": "paid" });
        self.post(&format!("/sandbox/wechat/trades/{order}/pay"), paid)
            .await;
        let query = QueryPayment {
            payment_id: open.id,
            merchant_id: open.merchant_id,
            query: 1,
        };
        self.publish(&query).await;
        self.wait_for(open.id, PaymentStatus::Succeeded).await
    }
}
