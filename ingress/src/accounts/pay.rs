//! `POST /api/v1/wallets/{id}/withdrawals/{withdrawal}/pay`: having a withdrawal paid out to its owner's account.
//!
//! It is paid out once, whatever the key: what pays it is known by the withdrawal alone.

use axum::{extract::State, http::StatusCode, response::Response};
use domain::{
    connect::PayoutRefused,
    id::{MerchantId, WalletId, WithdrawalId},
    job::{CreateTransfer, CreateTransferReply},
    wallet::{Withdrawal, WithdrawalStatus, WithdrawalView},
};
use serde::{Deserialize, Serialize};

use crate::{
    answers::{located, not_here, refused, replayed},
    app::{App, Shared},
    json_body::JsonBody,
    path_id::PathIds,
    problem::Problem,
    routes::WITHDRAWAL_PAY,
    submission::Submission,
    wallets::withdrawal_location,
};

/// The body of a wish to pay out: there is nothing to say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an empty object")]
pub(crate) struct PayOutBody {}

/// Takes a wish to pay a withdrawal out.
pub(crate) async fn pay_out(
    State(app): State<Shared>,
    submission: Submission,
    PathIds(wallet_id, withdrawal_id): PathIds<WalletId, WithdrawalId>,
    JsonBody(PayOutBody {}): JsonBody<PayOutBody>,
) -> Result<Response, Problem> {
    submission.caller.may_pay_out()?;
    let job = CreateTransfer {
        merchant_id: submission.merchant_id,
        wallet_id,
        withdrawal_id,
    };
    if let Some(ended) = look(&app, &submission, &job).await? {
        return Ok(replayed(shown(&ended)));
    }
    let answer = |reply| match reply {
        CreateTransferReply::Withdrawal(view) => Ok(shown(&view)),
        CreateTransferReply::Refused { code, message } => Err(refused(code, message)),
        CreateTransferReply::NoSuchWithdrawal => Err(not_here("withdrawal")),
    };
    submission
        .submit(&app, WITHDRAWAL_PAY, &job, accepted(&job), answer)
        .await
}

/// What PostgreSQL says at once, if it does: that it is over, or cannot be paid out this way.
async fn look(
    app: &App,
    submission: &Submission,
    job: &CreateTransfer,
) -> Result<Option<WithdrawalView>, Problem> {
    let store = app.reads.seen_by(&submission.caller);
    let Ok(found) = app.reads.briefly(store.withdrawal(job.withdrawal_id)).await else {
        return Ok(None);
    };
    let found = found.filter(|withdrawal| withdrawal.wallet_id == job.wallet_id);
    let withdrawal = found.ok_or_else(|| not_here("withdrawal"))?;
    if is_over(&withdrawal) && withdrawal.channel.is_some() {
        return Ok(Some(WithdrawalView::from(&withdrawal)));
    }
    let asking = store.account_of_user(withdrawal.merchant_id, &withdrawal.user_id);
    let Ok(account) = app.reads.briefly(asking).await else {
        return Ok(None);
    };
    // What is being paid out is asked about, whatever the account can be sent by now.
    if withdrawal.status == WithdrawalStatus::Processing {
        return Ok(None);
    }
    match withdrawal.payable_to(account) {
        Ok(_) => Ok(None),
        Err(PayoutRefused { code, message }) => Err(refused(code.into(), message)),
    }
}

const fn is_over(withdrawal: &Withdrawal) -> bool {
    match withdrawal.status {
        WithdrawalStatus::Requested | WithdrawalStatus::Processing => false,
        WithdrawalStatus::Completed | WithdrawalStatus::Rejected | WithdrawalStatus::Failed => true,
    }
}

fn shown(view: &WithdrawalView) -> Response {
    located(StatusCode::OK, withdrawal_location(view.wallet_id, view.id), view)
}

/// A wish that nobody has worked on yet.
#[derive(Serialize)]
struct Accepted {
    /// The withdrawal's.
    id: WithdrawalId,
    wallet_id: WalletId,
    merchant_id: MerchantId,
    action: &'static str,
}

fn accepted(job: &CreateTransfer) -> Response {
    let accepted = Accepted {
        id: job.withdrawal_id,
        wallet_id: job.wallet_id,
        merchant_id: job.merchant_id,
        action: "pay_withdrawal",
    };
    located(
        StatusCode::ACCEPTED,
        withdrawal_location(job.wallet_id, job.withdrawal_id),
        &accepted,
    )
}
