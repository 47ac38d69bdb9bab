//! `GET` and `POST /api/v1/wallets/{id}/withdrawals`, `GET …/{withdrawal}`, `POST …/{withdrawal}/complete`,
//! `…/{withdrawal}/reject` and `…/{withdrawal}/end`, and `GET /api/v1/withdrawals`: money of wallets on its way out to their owners.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use domain::{
    id::{WalletId, WithdrawalId},
    wallet::{WalletStep, Withdrawal, WithdrawalEnd, WithdrawalStatus, WithdrawalView},
};
use serde::Deserialize;
use serde_json::Value;

use super::steps::{ReservationQuery, page, reservations, take};
use crate::{
    answers::{no_such_wallet, not_here},
    app::Shared,
    auth::Caller,
    fields::{amount_minor, error, invalid, user_id},
    json_body::JsonBody,
    paging::{List, Part, Place, query},
    path_id::{PathId, PathIds},
    problem::Problem,
    routes::{WALLET_WITHDRAWALS, WITHDRAWAL_COMPLETE, WITHDRAWAL_END, WITHDRAWAL_REJECT},
    submission::Submission,
};

/// The body of a wish to withdraw.
#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with amount_minor, note and operator"
)]
pub(crate) struct WithdrawBody {
    amount_minor: Value,
    note: Option<String>,
    operator: Option<String>,
}

/// The body of the word that a withdrawal was paid out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with reference and operator")]
pub(crate) struct CompleteBody {
    reference: Option<String>,
    operator: Option<String>,
}

/// The body of the word that a withdrawal is not paid out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with reason and operator")]
pub(crate) struct RejectBody {
    reason: String,
    operator: Option<String>,
}

/// The body of the word how a withdrawal in review ended.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with end and reason")]
pub(crate) struct EndBody {
    end: String,
    reason: String,
}

/// Takes a wish to have money of a wallet paid out.
pub(crate) async fn withdraw(
    State(app): State<Shared>,
    submission: Submission,
    PathId(id): PathId<WalletId>,
    JsonBody(body): JsonBody<WithdrawBody>,
) -> Result<Response, Problem> {
    let step = WalletStep::Withdraw {
        amount_minor: amount_minor(&body.amount_minor)?,
        note: body.note,
    };
    take(&app, WALLET_WITHDRAWALS, &submission, id, step, body.operator).await
}

/// Takes the word that a withdrawal was paid out.
pub(crate) async fn complete(
    State(app): State<Shared>,
    submission: Submission,
    PathIds(id, withdrawal_id): PathIds<WalletId, WithdrawalId>,
    JsonBody(body): JsonBody<CompleteBody>,
) -> Result<Response, Problem> {
    submission.caller.may_pay_out()?;
    let step = WalletStep::CompleteWithdrawal {
        withdrawal_id,
        reference: body.reference,
    };
    take(&app, WITHDRAWAL_COMPLETE, &submission, id, step, body.operator).await
}

/// Takes the word that a withdrawal is not paid out.
pub(crate) async fn reject(
    State(app): State<Shared>,
    submission: Submission,
    PathIds(id, withdrawal_id): PathIds<WalletId, WithdrawalId>,
    JsonBody(body): JsonBody<RejectBody>,
) -> Result<Response, Problem> {
    submission.caller.may_pay_out()?;
    let step = WalletStep::RejectWithdrawal {
        withdrawal_id,
        reason: body.reason,
    };
    take(&app, WITHDRAWAL_REJECT, &submission, id, step, body.operator).await
}

/// Takes the word how a withdrawal in review ended, of somebody who runs the deployment.
pub(crate) async fn end(
    State(app): State<Shared>,
    submission: Submission,
    PathIds(id, withdrawal_id): PathIds<WalletId, WithdrawalId>,
    JsonBody(body): JsonBody<EndBody>,
) -> Result<Response, Problem> {
    let administrator = submission.caller.may_end_payout()?.as_str().to_owned();
    let end = WithdrawalEnd::ALL.into_iter().find(|end| end.name() == body.end);
    let step = WalletStep::EndWithdrawal {
        withdrawal_id,
        end: end.ok_or_else(|| invalid(vec![error("end", "completed or failed".into())]))?,
        reason: body.reason,
        administrator,
    };
    take(&app, WITHDRAWAL_END, &submission, id, step, None).await
}

/// One withdrawal of a wallet.
pub(crate) async fn one_withdrawal(
    State(app): State<Shared>,
    caller: Caller,
    PathIds(wallet_id, id): PathIds<WalletId, WithdrawalId>,
) -> Result<Json<WithdrawalView>, Problem> {
    let store = app.reads.seen_by(&caller);
    let withdrawal = app.reads.patiently(store.withdrawal(id)).await?;
    withdrawal
        .filter(|withdrawal| withdrawal.wallet_id == wallet_id)
        .map(|withdrawal| Json(WithdrawalView::from(&withdrawal)))
        .ok_or_else(|| not_here("withdrawal"))
}

/// Which withdrawals to list, whichever wallet they are of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WithdrawalsQuery {
    user_id: Option<String>,
    status: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// Withdrawals from all wallets, newest first: what whoever pays them out has to do.
pub(crate) async fn withdrawals_of_all(
    State(app): State<Shared>,
    caller: Caller,
    given: Result<Query<WithdrawalsQuery>, QueryRejection>,
) -> Result<Json<List<WithdrawalView>>, Problem> {
    let given = query(given, "user_id, status, limit and cursor")?;
    let part = Part::read(given.limit.as_deref(), given.cursor.as_deref())?;
    let user = caller.only_of(user_id(given.user_id.as_deref())?)?;
    let status = given.status.as_deref();
    let page = reservations(&part, status, &WithdrawalStatus::ALL, WithdrawalStatus::name)?;
    let store = app.reads.seen_by(&caller);
    let asking = store.withdrawals_of_all(user.as_ref(), &page);
    let withdrawals = app.reads.list(&caller, asking).await?;
    Ok(Json(listed(&part, withdrawals)))
}

/// Withdrawals of a wallet, newest first.
pub(crate) async fn withdrawals(
    State(app): State<Shared>,
    caller: Caller,
    PathId(id): PathId<WalletId>,
    given: Result<Query<ReservationQuery>, QueryRejection>,
) -> Result<Json<List<WithdrawalView>>, Problem> {
    let (part, page) = page(given, &WithdrawalStatus::ALL, WithdrawalStatus::name)?;
    let store = app.reads.seen_by(&caller);
    let withdrawals = app.reads.patiently(store.withdrawals(id, &page)).await?;
    Ok(Json(listed(&part, withdrawals.ok_or_else(no_such_wallet)?)))
}

fn listed(part: &Part, withdrawals: Vec<Withdrawal>) -> List<WithdrawalView> {
    let place = |withdrawal: &Withdrawal| Place {
        created_at: withdrawal.created_at,
        id: withdrawal.id.as_uuid(),
    };
    part.list(withdrawals, place, |withdrawal| WithdrawalView::from(withdrawal))
}
