//! Paying through Alipay in a test.

use channels::Credentials;
use domain::{channel::Channel, secret::Secret};
use serde_json::{Value, json};

use crate::support::{World, now};

pub const APP_ID: &str = "2021000000000001";
pub const SELLER_ID: &str = "2088000000000001";

impl World {
    /// Gives the merchant an application at Alipay.
    pub async fn open_alipay(&self) {
        let vectors = include_str!("../../../adapters/channels/tests/fixtures/alipay.json");
        let vectors: Value = serde_json::from_str(vectors).unwrap();
        let key = &vectors["merchant_key"];
        let url = format!("{}/sandbox/alipay/apps/{APP_ID}", self.sandbox.base_url());
        let details = json!({ "public_key": key["spki"], "seller_id": SELLER_ID });
        let app = self.http.put(url).json(&details).send().await.unwrap();
        let app: Value = app.json().await.unwrap();
        let fields = json!({
            "app_id": APP_ID, "seller_id": SELLER_ID, "private_key": key["pkcs1"],
            "alipay_public_keys": [app["alipay_public_key"]],
        });
        let credentials = Credentials::read(Channel::Alipay, &Secret::new(fields.to_string())).unwrap();
        let json = credentials.to_json().unwrap();
        let stored = self.store.set_credentials(
            self.merchant_id,
            Channel::Alipay,
            &json,
            store::Doing::by("test", now()),
        );
        stored.await.unwrap();
    }
}
