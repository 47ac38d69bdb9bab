//! Events as notifications: encrypted and signed anew for each attempt, under an id that stays.
//!
//! Whoever wants to know a repeat has only the id to go by: the nonce, the time and the ciphertext differ each time.
//! So do the keys when the merchant has changed them meanwhile.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::answers::{Forgery, headers};
use super::keys::Keys;
use super::numbers;
use super::seal::sealed;
use super::settings::Settings;
use super::shop::Shop;
use crate::callbacks::{Composed, Letter, Parcel};
use crate::clock;
use crate::locking::lock;
use crate::world::World;

/// The delays before each repeat that WeChat Pay publishes, in seconds: a little more than a day in all.
const DELAYS_S: [u64; 15] = [
    15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600, 21_600,
];

/// Something that happened.
#[derive(Debug)]
pub struct Event {
    /// `EV-…`
    pub id: String,
    /// For example `TRANSACTION.SUCCESS`.
    pub kind: &'static str,
    created: DateTime<Utc>,
    url: String,
    resource: String,
}

impl Event {
    /// Something that happened now and is told at this address.
    pub fn build(kind: &'static str, url: &str, resource: &Value) -> Self {
        Self {
            id: format!("EV-{}", numbers::serial("", 22)),
            kind,
            created: clock::now(),
            url: url.to_owned(),
            resource: resource.to_string(),
        }
    }

    fn summary(&self) -> &'static str {
        match self.kind {
            "TRANSACTION.SUCCESS" => "支付成功",
            "REFUND.SUCCESS" => "退款成功",
            "REFUND.ABNORMAL" => "退款异常",
            _ => "退款关闭",
        }
    }

    fn body(&self, settings: &Settings) -> Value {
        let about = if self.kind.starts_with("REFUND") {
            "refund"
        } else {
            "transaction"
        };
        // The length of the key was checked when the merchant was registered.
        let mut resource = sealed(&settings.apiv3_key, about, self.resource.as_bytes()).unwrap_or_default();
        resource["original_type"] = about.into();
        json!({
            "id": self.id, "create_time": numbers::time(self.created), "resource_type": "encrypt-resource",
            "event_type": self.kind, "summary": self.summary(), "resource": resource,
        })
    }
}

/// An event on its way to the merchant.
struct Notification {
    event: Arc<Event>,
    shop: Arc<Shop>,
    keys: Arc<Keys>,
    forgery: Option<Forgery>,
}

impl Letter for Notification {
    fn compose(&self, _attempt: u32) -> Composed {
        let settings = self.shop.settings();
        let body = self.event.body(&settings).to_string();
        let mut headers = headers(&self.keys, settings.key_mode, body.as_bytes(), self.forgery);
        headers.push(("content-type", "application/json".to_owned()));
        headers.push(("accept", "*/*".to_owned()));
        Composed {
            headers,
            body: body.into(),
        }
    }

    fn user_agent(&self) -> &'static str {
        "Mozilla/4.0"
    }

    fn is_receipt(&self, status: u16, _body: &str) -> bool {
        matches!(status, 200 | 204)
    }

    fn delays_s(&self) -> Option<&'static [u64]> {
        Some(&DELAYS_S)
    }
}

/// An event's parcel.
pub fn parcel(world: &World, shop: &Arc<Shop>, event: &Arc<Event>, forgery: Option<Forgery>) -> Parcel {
    Parcel {
        account: shop.mchid.clone(),
        event: event.id.clone(),
        kind: event.kind,
        endpoint: event.url.clone(),
        url: event.url.clone(),
        letter: Arc::new(Notification {
            event: Arc::clone(event),
            shop: Arc::clone(shop),
            keys: Arc::clone(&world.wechat.keys),
            forgery,
        }),
        copy: 1,
    }
}

/// Sends fresh events to the addresses they name.
pub async fn send(world: &Arc<World>, shop: &Arc<Shop>, events: Vec<Arc<Event>>) {
    let parcels = events
        .iter()
        .map(|event| parcel(world, shop, event, None))
        .collect();
    world.callbacks.dispatch(world, &shop.mchid, parcels).await;
}

/// An event's parcel once more; none when no merchant knows the event.
pub fn sent_again(world: &World, id: &str) -> Option<Vec<Parcel>> {
    world.wechat.shops.all().into_iter().find_map(|shop| {
        let event = lock(&shop.book).event(id)?;
        Some(vec![parcel(world, &shop, &event, None)])
    })
}
