//! What an account's books say, set without a word to anybody: what charges cost, when things were made, and
//! differences for those who compare books.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::effects::shown;
use super::{Refused, Shown};
use crate::locking::lock;
use crate::stripe::{Difference, Figure, Target};
use crate::world::World;

/// The routes of the books.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/sandbox/stripe/fees", post(set_fees))
        .route("/sandbox/stripe/backdate", post(date_back))
        .route("/sandbox/stripe/differences", post(make_difference))
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
    let account = world.stripe.of_key(&fees.account);
    let rate = &mut lock(&account.book).fee_rate;
    rate.bps = fees.fee_bps.unwrap_or(rate.bps);
    rate.fixed_minor = fees.fee_fixed_minor.unwrap_or(rate.fixed_minor);
    Ok(Json(
        json!({ "fee_bps": rate.bps, "fee_fixed_minor": rate.fixed_minor }),
    ))
}

/// The intent or the refund that is meant.
fn target(intent: Option<String>, refund: Option<String>) -> Result<Option<Target>, Refused> {
    match (intent, refund) {
        (Some(_), Some(_)) => Err(Refused::bad("either intent or refund")),
        (Some(intent), None) => Ok(Some(Target::Intent(intent))),
        (None, Some(refund)) => Ok(Some(Target::Refund(refund))),
        (None, None) => Ok(None),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Backdate {
    account: String,
    created: i64,
    intent: Option<String>,
    refund: Option<String>,
}

/// Makes what the account holds look as if it was made at another time.
async fn date_back(
    State(world): State<Arc<World>>,
    body: Result<Json<Backdate>, JsonRejection>,
) -> Result<Response, Refused> {
    let Json(wanted) = body?;
    let target = target(wanted.intent, wanted.refund)?;
    let account = world.stripe.of_key(&wanted.account);
    Ok(shown(
        lock(&account.book).date_back(target.as_ref(), wanted.created),
    ))
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Class {
    MissingThere,
    MissingHere,
    Amount,
    Currency,
    Fee,
    Duplicate,
    State,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Injection {
    account: String,
    class: Class,
    intent: Option<String>,
    refund: Option<String>,
    amount: Option<i64>,
    currency: Option<String>,
    fee: Option<i64>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

impl Injection {
    /// What is to differ; what the class needs has to be there.
    fn difference(self) -> Result<Difference, Refused> {
        let needs = |name: &str| Refused::bad(format!("this class needs {name}"));
        let target = target(self.intent, self.refund)?;
        let about = |target: Option<Target>| target.ok_or_else(|| needs("intent or refund"));
        let about_intent = |target: Option<Target>| match target {
            Some(Target::Intent(intent)) => Ok(intent),
            Some(Target::Refund(_)) | None => Err(needs("intent")),
        };
        Ok(match self.class {
            Class::MissingThere => Difference::MissingThere(about(target)?),
            Class::MissingHere if target.is_some() => Difference::UnknownRefund {
                intent: about_intent(target)?,
                amount: self.amount,
            },
            Class::MissingHere => Difference::UnknownPayment {
                amount: self.amount.ok_or_else(|| needs("amount"))?,
                currency: self.currency.ok_or_else(|| needs("currency"))?,
                metadata: self.metadata,
            },
            Class::Amount => {
                let amount = self.amount.ok_or_else(|| needs("amount"))?;
                Difference::Figure(about(target)?, Figure::Amount(amount))
            }
            Class::Currency => {
                let currency = self.currency.ok_or_else(|| needs("currency"))?;
                Difference::Figure(about(target)?, Figure::Currency(currency))
            }
            Class::Fee => {
                let fee = self.fee.ok_or_else(|| needs("fee"))?;
                Difference::Figure(about(target)?, Figure::Fee(fee))
            }
            Class::Duplicate => Difference::Duplicate(about_intent(target)?),
            Class::State => Difference::State(about_intent(target)?),
        })
    }
}

/// Makes the account's books differ from what was asked of it.
async fn make_difference(
    State(world): State<Arc<World>>,
    body: Result<Json<Injection>, JsonRejection>,
) -> Result<Response, Refused> {
    let Json(injection) = body?;
    let account = world.stripe.of_key(&injection.account);
    let difference = injection.difference()?;
    Ok(match lock(&account.book).differ(difference) {
        Ok(changed) => Json(changed).into_response(),
        Err(error) => shown(Err(error)),
    })
}
