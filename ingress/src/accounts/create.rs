//! `POST /api/v1/wallets/{id}/account`: having an account opened for a wallet's owner.

use axum::{extract::State, http::StatusCode, response::Response};
use domain::{
    connect::{AccountStatus, AccountView},
    id::{ConnectedAccountId, MerchantId, WalletId},
    job::{CreateAccount, CreateAccountReply},
    user::UserId,
};
use serde::{Deserialize, Serialize};

use super::{location, wanted};
use crate::{
    answers::{conflict, located, no_such_wallet, refused, replayed},
    app::{App, Shared},
    fields::invalid,
    json_body::JsonBody,
    path_id::PathId,
    problem::Problem,
    routes::WALLET_ACCOUNT,
    submission::Submission,
};

/// The body of a request for an account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with country")]
pub(crate) struct AccountBody {
    pub(crate) country: String,
}

/// Takes a request for an account.
pub(crate) async fn create(
    State(app): State<Shared>,
    submission: Submission,
    PathId(wallet_id): PathId<WalletId>,
    JsonBody(body): JsonBody<AccountBody>,
) -> Result<Response, Problem> {
    let job = CreateAccount {
        merchant_id: submission.merchant_id,
        idempotency_key: submission.idempotency_key.clone(),
        wallet_id,
        country: body.country,
    };
    job.validate().map_err(|refused| invalid(vec![refused.into()]))?;
    if let Some(account) = known(&app, &submission, &job).await? {
        return Ok(replayed(shown(StatusCode::OK, wallet_id, &account)));
    }
    let answer = |reply| match reply {
        CreateAccountReply::Account(view) => Ok(shown(StatusCode::CREATED, wallet_id, &view)),
        CreateAccountReply::NoSuchWallet => Err(no_such_wallet()),
        CreateAccountReply::Conflict => Err(conflict()),
        CreateAccountReply::OtherCountry => Err(other_country()),
    };
    submission
        .submit(&app, WALLET_ACCOUNT, &job, accepted(&job), answer)
        .await
}

/// The account, if it is there and its provider has it.
async fn known(
    app: &App,
    submission: &Submission,
    job: &CreateAccount,
) -> Result<Option<AccountView>, Problem> {
    let Some(wallet) = wanted(app, submission, job.wallet_id).await? else {
        return Ok(None);
    };
    known_of(app, submission, &wallet.user_id, job).await
}

/// The same for this user, whose wallet need not be there. An account that is still being opened may have been left by a worker
/// that then died: asking again does no harm and may help.
pub(crate) async fn known_of(
    app: &App,
    submission: &Submission,
    user_id: &UserId,
    job: &CreateAccount,
) -> Result<Option<AccountView>, Problem> {
    let store = app.reads.seen_by(&submission.caller);
    let own = store.connected_account(job.account_id());
    let own = app.reads.briefly(own).await.ok().flatten();
    let account = match own {
        // What was asked for under this key answers its repeats, whatever the user has by now.
        Some(own) if own.fingerprint != job.fingerprint() => return Err(conflict()),
        Some(own) => Some(own),
        None => {
            let asking = store.account_of_user(job.merchant_id, user_id);
            app.reads.briefly(asking).await.ok().flatten()
        }
    };
    match account {
        Some(account) if account.leaves_room() && account.id != job.account_id() => Ok(None),
        Some(account) if account.country != job.country => Err(other_country()),
        Some(account) if account.is_settled() => Ok(Some(AccountView::from(&account))),
        Some(_) | None => Ok(None),
    }
}

fn shown(status: StatusCode, wallet_id: WalletId, view: &AccountView) -> Response {
    located(status, location(wallet_id), view)
}

fn other_country() -> Problem {
    let message = "The user has an account in another country, which cannot change.";
    refused("account_in_another_country".into(), message.into())
}

/// An account that nobody has worked on yet. It is the one of this id, unless the user has one already.
#[derive(Serialize)]
struct Accepted<'a> {
    id: ConnectedAccountId,
    merchant_id: MerchantId,
    status: AccountStatus,
    country: &'a str,
}

fn accepted(job: &CreateAccount) -> Response {
    let accepted = Accepted {
        id: job.account_id(),
        merchant_id: job.merchant_id,
        status: AccountStatus::Pending,
        country: &job.country,
    };
    located(StatusCode::ACCEPTED, location(job.wallet_id), &accepted)
}
