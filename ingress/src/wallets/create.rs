//! `POST /api/v1/wallets`: finding a wallet, or opening it.
//!
//! Its id derives from the merchant, the owner and the currency, so one that is there is the answer whatever key it is asked
//! for under. An account that its owner is to have as well is asked for by the same job.

use axum::{extract::State, http::StatusCode, response::Response};
use domain::{
    currency::Currency,
    id::{MerchantId, WalletId},
    job::{AccountWish, CreateWallet, CreateWalletReply},
    user::{InvalidUserId, UserId},
    wallet::WalletView,
};
use serde::{Deserialize, Serialize};
use tracing::{Span, field::display};

use super::location;
use crate::{
    accounts::{self, AccountBody},
    answers::located,
    app::{App, Shared},
    fields::{self, error, invalid},
    json_body::JsonBody,
    problem::Problem,
    routes::WALLETS,
    submission::Submission,
};

/// The body of a request for a wallet.
#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with user_id, currency and account"
)]
pub(crate) struct WalletBody {
    user_id: Option<String>,
    currency: String,
    account: Option<AccountBody>,
}

/// Takes a request for a wallet.
pub(crate) async fn create(
    State(app): State<Shared>,
    submission: Submission,
    JsonBody(body): JsonBody<WalletBody>,
) -> Result<Response, Problem> {
    let job = body.into_job(&submission)?;
    let id = job.wallet_id();
    Span::current().record("wallet_id", display(id));
    let store = app.reads.seen_by(&submission.caller);
    let found = app.reads.briefly(store.wallet(id)).await;
    let found = found.ok().flatten().map(|wallet| WalletView::from(&wallet));
    let has_its_account = has_its_account(&app, &submission, &job).await?;
    let (status, taken) = match &found {
        Some(view) => (StatusCode::OK, located(StatusCode::OK, location(id), view)),
        None => (StatusCode::CREATED, accepted(&job)),
    };
    if found.is_some() && has_its_account {
        return Ok(taken);
    }
    let answer =
        |CreateWalletReply::Wallet(view): CreateWalletReply| Ok(located(status, location(view.id), &view));
    submission.submit(&app, WALLETS, &job, taken, answer).await
}

/// Whether nothing is left to do for the owner's account: none is asked for, or its provider has it.
async fn has_its_account(app: &App, submission: &Submission, job: &CreateWallet) -> Result<bool, Problem> {
    let Some(account) = job.create_account() else {
        return Ok(true);
    };
    account.validate().map_err(|refused| {
        let field = format!("account.{}", refused.field);
        invalid(vec![error(&field, refused.problem)])
    })?;
    let known = accounts::known_of(app, submission, &job.user_id, &account);
    Ok(known.await?.is_some())
}

impl WalletBody {
    /// The job of this caller, once every value in it can be used.
    fn into_job(self, submission: &Submission) -> Result<CreateWallet, Problem> {
        let user_id = self.user_id.map(|id| id.parse()).transpose();
        let user_id = user_id.map_err(|wrong: InvalidUserId| error("user_id", wrong.to_string()));
        let (user_id, currency) = match (user_id, fields::currency(&self.currency)) {
            (Ok(user_id), Ok(currency)) => (user_id, currency),
            (user_id, currency) => {
                let errors = [user_id.err(), currency.err()];
                return Err(invalid(errors.into_iter().flatten().collect()));
            }
        };
        let nobodys = || {
            let detail = "say which of your users the wallet is for";
            invalid(vec![error("user_id", detail.into())])
        };
        Ok(CreateWallet {
            merchant_id: submission.merchant_id,
            user_id: submission.caller.owner(user_id)?.ok_or_else(nobodys)?,
            currency,
            account: self.account.map(|account| AccountWish {
                idempotency_key: submission.idempotency_key.clone(),
                country: account.country,
            }),
        })
    }
}

/// A wallet that nobody has worked on yet, under the id it will have.
#[derive(Serialize)]
struct Accepted<'a> {
    id: WalletId,
    merchant_id: MerchantId,
    user_id: &'a UserId,
    currency: Currency,
}

fn accepted(job: &CreateWallet) -> Response {
    let accepted = Accepted {
        id: job.wallet_id(),
        merchant_id: job.merchant_id,
        user_id: &job.user_id,
        currency: job.currency,
    };
    located(StatusCode::ACCEPTED, location(accepted.id), &accepted)
}
