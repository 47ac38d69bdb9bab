//! Changing an account's book from outside its API, with the events that follow from it.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::Refused;
use crate::locking::lock;
use crate::stripe::{Account, Answered, Book, Origin, send, start_timers};
use crate::world::World;

/// The account whose intent this is.
pub fn owner_of_intent(world: &World, id: &str) -> Result<Arc<Account>, Refused> {
    owner(world, |book| book.intents.get(id).is_some()).ok_or_else(|| Refused::unknown("intent", id))
}

/// The account whose refund this is.
pub fn owner_of_refund(world: &World, id: &str) -> Result<Arc<Account>, Refused> {
    owner(world, |book| book.refunds.get(id).is_some()).ok_or_else(|| Refused::unknown("refund", id))
}

/// The account whose dispute this is.
pub fn owner_of_dispute(world: &World, id: &str) -> Result<Arc<Account>, Refused> {
    owner(world, |book| book.disputes.get(id).is_some()).ok_or_else(|| Refused::unknown("dispute", id))
}

/// The platform whose connected account this is.
pub fn owner_of_connected(world: &World, id: &str) -> Result<Arc<Account>, Refused> {
    owner(world, |book| book.accounts.get(id).is_some()).ok_or_else(|| Refused::unknown("account", id))
}

fn owner(world: &World, has: impl Fn(&Book) -> bool) -> Option<Arc<Account>> {
    world
        .stripe
        .all()
        .into_iter()
        .find(|account| has(&lock(&account.book)))
}

/// Changes an account's book and hands out the events that follow.
pub async fn change<T>(
    world: &Arc<World>,
    account: &Arc<Account>,
    change: impl FnOnce(&mut Book, &Origin) -> T,
) -> T {
    let origin = Origin {
        base_url: world.base_url.clone(),
        ..Origin::default()
    };
    let (outcome, events, timers) = {
        let book = &mut *lock(&account.book);
        let outcome = change(book, &origin);
        (outcome, book.take_fresh(), book.take_timers())
    };
    start_timers(world, account, timers);
    send(world, account, events).await;
    outcome
}

/// The object, or the provider's own error.
pub fn shown(outcome: Answered) -> Response {
    match outcome {
        Ok(object) => Json(object).into_response(),
        Err(error) => {
            let status = StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::BAD_REQUEST);
            (status, Json(error.envelope("req_sandbox"))).into_response()
        }
    }
}
