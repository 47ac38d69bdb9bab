//! Events as callbacks: signed with the endpoint's secret, sent to each endpoint that wants them.

use std::sync::Arc;

use super::book::Account;
use super::endpoints::Endpoint;
use super::events::Event;
use super::signature::signature;
use crate::callbacks::{Composed, Letter, Parcel};
use crate::clock;
use crate::locking::lock;
use crate::world::World;

/// An event on its way to an endpoint.
struct SignedEvent {
    event: Arc<Event>,
    secret: String,
}

impl Letter for SignedEvent {
    fn compose(&self, _attempt: u32) -> Composed {
        let body = self.event.body();
        Composed {
            headers: vec![
                ("content-type", "application/json; charset=utf-8".to_owned()),
                ("stripe-signature", signature(&self.secret, clock::now_s(), &body)),
            ],
            body,
        }
    }

    fn user_agent(&self) -> &'static str {
        "Stripe/1.0 (+https://stripe.com/docs/webhooks)"
    }
}

/// Sends fresh events to every endpoint that wants them.
pub async fn send(world: &Arc<World>, account: &Account, events: Vec<Arc<Event>>) {
    if events.is_empty() {
        return;
    }
    let endpoints = lock(&account.book).endpoints.clone();
    let parcels = events
        .iter()
        .flat_map(|event| parcels(account, &endpoints, event))
        .collect();
    world
        .callbacks
        .dispatch(world, &account.secret_key, parcels)
        .await;
}

/// An event's parcels to the endpoints that want it now; none when no account knows the event.
pub fn sent_again(world: &World, id: &str) -> Option<Vec<Parcel>> {
    world.stripe.all().into_iter().find_map(|account| {
        let book = lock(&account.book);
        let event = book.events.get(id)?;
        Some(parcels(&account, &book.endpoints, &event))
    })
}

fn parcels(account: &Account, endpoints: &[Endpoint], event: &Arc<Event>) -> Vec<Parcel> {
    let wanting = endpoints.iter().filter(|endpoint| endpoint.wants(event.kind));
    wanting
        .map(|endpoint| Parcel {
            account: account.secret_key.clone(),
            event: event.id.clone(),
            kind: event.kind,
            endpoint: endpoint.id.clone(),
            url: endpoint.url.clone(),
            letter: Arc::new(SignedEvent {
                event: Arc::clone(event),
                secret: endpoint.secret.clone(),
            }),
            copy: 1,
        })
        .collect()
}
