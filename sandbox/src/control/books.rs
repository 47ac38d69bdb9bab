//! What an account's books say: what the provider keeps of charges.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::{Refused, Shown};
use crate::locking::lock;
use crate::world::World;

/// The routes of the books.
pub fn routes() -> Router<Arc<World>> {
    Router::new().route("/sandbox/stripe/fees", post(set_fees))
}

/// What of the rate is to change; what is left out stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fees {
    account: String,
    fee_bps: Option<i64>,
    fee_fixed_minor: Option<i64>,
}

/// Sets what the provider keeps of charges from now on.
async fn set_fees(State(world): State<Arc<World>>, body: Result<Json<Fees>, JsonRejection>) -> Shown {
    let Json(fees) = body?;
    if fees.fee_bps.is_some_and(|bps| !(0..=10_000).contains(&bps)) {
        return Err(Refused::bad("fee_bps must be between 0 and 10000"));
    }
    if fees.fee_fixed_minor.is_some_and(i64::is_negative) {
        return Err(Refused::bad("fee_fixed_minor must not be negative"));
    }
    let account = world.account(&fees.account);
    let rate = &mut lock(&account.book).fee_rate;
    rate.bps = fees.fee_bps.unwrap_or(rate.bps);
    rate.fixed_minor = fees.fee_fixed_minor.unwrap_or(rate.fixed_minor);
    Ok(Json(
        json!({ "fee_bps": rate.bps, "fee_fixed_minor": rate.fixed_minor }),
    ))
}
