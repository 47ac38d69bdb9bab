//! `POST /api/v1/wallets/{id}/transfers` and `…/adjustments`: movements that are over when they are made.

use axum::{extract::State, response::Response};
use domain::{
    id::{InvalidId, WalletId},
    wallet::WalletStep,
};
use serde::Deserialize;
use serde_json::Value;

use super::steps::take;
use crate::{
    app::Shared,
    fields::{amount_minor, error, invalid},
    json_body::JsonBody,
    path_id::PathId,
    problem::Problem,
    routes::{WALLET_ADJUSTMENTS, WALLET_TRANSFERS},
    submission::Submission,
};

/// The body of a wish to give money to another wallet.
#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with to_wallet_id, amount_minor, note and operator"
)]
pub(crate) struct TransferBody {
    to_wallet_id: String,
    amount_minor: Value,
    note: Option<String>,
    operator: Option<String>,
}

/// The body of a correction.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with amount_minor and reason")]
pub(crate) struct AdjustBody {
    amount_minor: Value,
    reason: String,
}

/// Takes a wish to give money to another wallet.
pub(crate) async fn transfer(
    State(app): State<Shared>,
    submission: Submission,
    PathId(id): PathId<WalletId>,
    JsonBody(body): JsonBody<TransferBody>,
) -> Result<Response, Problem> {
    let to_wallet_id = body.to_wallet_id.parse();
    let step = WalletStep::Transfer {
        to_wallet_id: to_wallet_id
            .map_err(|wrong: InvalidId| invalid(vec![error("to_wallet_id", wrong.to_string())]))?,
        amount_minor: amount_minor(&body.amount_minor)?,
        note: body.note,
    };
    take(&app, WALLET_TRANSFERS, &submission, id, step, body.operator).await
}

/// Takes a correction, of somebody who runs the deployment.
pub(crate) async fn adjust(
    State(app): State<Shared>,
    submission: Submission,
    PathId(id): PathId<WalletId>,
    JsonBody(body): JsonBody<AdjustBody>,
) -> Result<Response, Problem> {
    let administrator = submission.caller.may_adjust()?.as_str().to_owned();
    let step = WalletStep::Adjust {
        amount_minor: amount_minor(&body.amount_minor)?,
        reason: body.reason,
        administrator,
    };
    take(&app, WALLET_ADJUSTMENTS, &submission, id, step, None).await
}
