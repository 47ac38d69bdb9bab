//! Webhooks: where an app's events are sent, and what goes with each transmission.
//!
//! Every attempt is a transmission of its own, with its id, time and signature; the event stays the same.

use std::sync::Arc;

use super::book::{App, Paypal};
use super::events::{Event, Kind};
use super::ids::resource_id;
use super::signing::{ALGORITHM, CERTIFICATE, Signer, Transmission};
use super::time::written;
use crate::callbacks::{Composed, Letter, Parcel};
use crate::clock;
use crate::locking::lock;
use crate::world::World;

/// PayPal repeats up to 25 times over three days, and does not say when. These delays double at first.
const DELAYS_S: [u64; 25] = [
    10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 5_120, 16_600, 16_600, 16_600, 16_600, 16_600, 16_600,
    16_600, 16_600, 16_600, 16_600, 16_600, 16_600, 16_600, 16_600, 16_600,
];

/// Where an app's events are sent.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// What signatures are bound to; only PayPal and the merchant know it.
    pub id: String,
    /// Where to post.
    pub url: String,
    /// Which events; `*` stands for all.
    pub event_types: Vec<String>,
}

impl Webhook {
    /// A webhook with an id of the caller's choice, or a random one.
    pub fn build(id: Option<String>, url: &str, event_types: Option<Vec<String>>) -> Self {
        Self {
            id: id.unwrap_or_else(resource_id),
            url: url.to_owned(),
            event_types: event_types.unwrap_or_else(|| vec!["*".to_owned()]),
        }
    }

    fn wants(&self, kind: Kind) -> bool {
        self.event_types
            .iter()
            .any(|wanted| wanted == "*" || wanted == kind.name())
    }

    fn parcel(&self, app: &App, event: Arc<Event>, base: &str, signer: &Arc<Signer>) -> Parcel {
        Parcel {
            account: app.client_id.clone(),
            event: event.id.clone(),
            kind: event.kind.name(),
            endpoint: self.id.clone(),
            url: self.url.clone(),
            letter: Arc::new(SignedEvent {
                event,
                webhook_id: self.id.clone(),
                certificate: certificate_url(base),
                signer: Arc::clone(signer),
            }),
            copy: 1,
        }
    }
}

/// `PAYPAL-CERT-URL`
pub fn certificate_url(base: &str) -> String {
    format!("{base}/paypal/v1/notifications/certs/{CERTIFICATE}")
}

/// An event on its way to a webhook.
struct SignedEvent {
    event: Arc<Event>,
    webhook_id: String,
    certificate: String,
    signer: Arc<Signer>,
}

impl Letter for SignedEvent {
    fn compose(&self, _attempt: u32) -> Composed {
        let (id, time) = (uuid::Uuid::new_v4().to_string(), written(clock::now()));
        let signature = self.signer.sign(Transmission {
            id: &id,
            time: &time,
            webhook_id: &self.webhook_id,
            body: &self.event.body,
        });
        Composed {
            headers: vec![
                ("content-type", "application/json".to_owned()),
                ("paypal-transmission-id", id),
                ("paypal-transmission-time", time),
                ("paypal-transmission-sig", signature.unwrap_or_default()),
                ("paypal-cert-url", self.certificate.clone()),
                ("paypal-auth-algo", ALGORITHM.to_owned()),
                ("paypal-auth-version", "v2".to_owned()),
            ],
            body: self.event.body.clone(),
        }
    }

    fn user_agent(&self) -> &'static str {
        "PayPal/AUHD-1.0-1"
    }

    fn delays_s(&self) -> Option<&'static [u64]> {
        Some(&DELAYS_S)
    }
}

/// Sends fresh events to the app's webhook, if it wants them.
pub async fn send(world: &Arc<World>, app: &App, events: Vec<Arc<Event>>) {
    if events.is_empty() {
        return;
    }
    let Some(webhook) = lock(&app.book).webhook.clone() else {
        return;
    };
    let wanted = events.into_iter().filter(|event| webhook.wants(event.kind));
    let parcels = wanted.map(|event| webhook.parcel(app, event, &world.base_url, &world.paypal.signer));
    world
        .callbacks
        .dispatch(world, &app.client_id, parcels.collect())
        .await;
}

/// An event's parcels to the webhook that wants it now; none when no app knows the event.
pub fn sent_again(paypal: &Paypal, base: &str, id: &str) -> Option<Vec<Parcel>> {
    paypal.apps.all().into_iter().find_map(|app| {
        let (event, webhook) = {
            let book = lock(&app.book);
            (book.event(id)?, book.webhook.clone())
        };
        let wanting = webhook.filter(|webhook| webhook.wants(event.kind));
        Some(
            wanting
                .map(|webhook| webhook.parcel(&app, event, base, &paypal.signer))
                .into_iter()
                .collect(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::DELAYS_S;

    #[test]
    fn repeats_spread_over_three_days() {
        let hours = DELAYS_S.iter().sum::<u64>() / 3600;
        assert_eq!((DELAYS_S.len(), hours), (25, 72));
    }
}
