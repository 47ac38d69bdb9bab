//! `GET` and `POST /api/v1/wallets/{id}/holds`, `GET …/{hold}`, `POST …/{hold}/capture` and `…/{hold}/release`: money of a wallet that is kept for
//! its merchant.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use domain::{
    id::{HoldId, WalletId},
    wallet::{Hold, HoldStatus, HoldView, WalletStep},
};
use serde::Deserialize;
use serde_json::Value;

use super::steps::{ReservationQuery, page, take};
use crate::{
    answers::{no_such_wallet, not_here},
    app::Shared,
    auth::Caller,
    fields::amount_minor,
    json_body::JsonBody,
    paging::{List, Place},
    path_id::{PathId, PathIds},
    problem::Problem,
    routes::{HOLD_CAPTURE, HOLD_RELEASE, WALLET_HOLDS},
    submission::Submission,
};

/// The body of a wish to hold.
#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with amount_minor, reason and operator"
)]
pub(crate) struct HoldBody {
    amount_minor: Value,
    reason: String,
    operator: Option<String>,
}

/// The body of a wish to capture.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with amount_minor and operator")]
pub(crate) struct CaptureBody {
    amount_minor: Option<Value>,
    operator: Option<String>,
}

/// The body of a wish to release.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with operator")]
pub(crate) struct ReleaseBody {
    operator: Option<String>,
}

/// Takes a wish to keep money of a wallet.
pub(crate) async fn hold(
    State(app): State<Shared>,
    submission: Submission,
    PathId(id): PathId<WalletId>,
    JsonBody(body): JsonBody<HoldBody>,
) -> Result<Response, Problem> {
    submission.caller.may_hold()?;
    let step = WalletStep::Hold {
        amount_minor: amount_minor(&body.amount_minor)?,
        reason: body.reason,
    };
    take(&app, WALLET_HOLDS, &submission, id, step, body.operator).await
}

/// Takes a wish to take what is kept, or a part of it.
pub(crate) async fn capture(
    State(app): State<Shared>,
    submission: Submission,
    PathIds(id, hold_id): PathIds<WalletId, HoldId>,
    JsonBody(body): JsonBody<CaptureBody>,
) -> Result<Response, Problem> {
    submission.caller.may_hold()?;
    let step = WalletStep::Capture {
        hold_id,
        amount_minor: body.amount_minor.as_ref().map(amount_minor).transpose()?,
    };
    take(&app, HOLD_CAPTURE, &submission, id, step, body.operator).await
}

/// Takes a wish to let go what is kept.
pub(crate) async fn release(
    State(app): State<Shared>,
    submission: Submission,
    PathIds(id, hold_id): PathIds<WalletId, HoldId>,
    JsonBody(body): JsonBody<ReleaseBody>,
) -> Result<Response, Problem> {
    submission.caller.may_hold()?;
    let step = WalletStep::Release { hold_id };
    take(&app, HOLD_RELEASE, &submission, id, step, body.operator).await
}

/// One hold of a wallet.
pub(crate) async fn one_hold(
    State(app): State<Shared>,
    caller: Caller,
    PathIds(wallet_id, id): PathIds<WalletId, HoldId>,
) -> Result<Json<HoldView>, Problem> {
    let store = app.reads.seen_by(&caller);
    let hold = app.reads.patiently(store.hold(id)).await?;
    hold.filter(|hold| hold.wallet_id == wallet_id)
        .map(|hold| Json(HoldView::from(&hold)))
        .ok_or_else(|| not_here("hold"))
}

/// Holds of a wallet, newest first.
pub(crate) async fn holds(
    State(app): State<Shared>,
    caller: Caller,
    PathId(id): PathId<WalletId>,
    given: Result<Query<ReservationQuery>, QueryRejection>,
) -> Result<Json<List<HoldView>>, Problem> {
    let (part, page) = page(given, &HoldStatus::ALL, HoldStatus::name)?;
    let store = app.reads.seen_by(&caller);
    let holds = app.reads.patiently(store.holds(id, &page)).await?;
    let place = |hold: &Hold| Place {
        created_at: hold.created_at,
        id: hold.id.as_uuid(),
    };
    let holds = holds.ok_or_else(no_such_wallet)?;
    Ok(Json(part.list(holds, place, |hold| HoldView::from(hold))))
}
