//! Where a payment's money goes on to, as a client writes it: a provider's account, or a wallet whose owner has one.

use domain::{
    channel::{Channel, Destination},
    connect::ConnectedAccount,
    id::WalletId,
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    app::App,
    fields::{self, error, invalid},
    problem::{FieldError, Problem},
    submission::Submission,
};

/// One of the two.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with account or wallet_id")]
pub(super) struct DestinationBody {
    account: Option<String>,
    wallet_id: Option<String>,
}

/// The provider's account behind what a client wrote, and what the merchant keeps. A wallet's is looked up here, so that the
/// job says what is charged for whatever becomes of the wallet.
pub(super) async fn resolve(
    app: &App,
    submission: &Submission,
    written: Option<DestinationBody>,
    fee: Option<Value>,
) -> Result<Option<Destination>, Problem> {
    let Some(written) = written else {
        return match fee {
            None => Ok(None),
            Some(_) => Err(wrong("application_fee_minor", "only with a destination")),
        };
    };
    submission.caller.may_choose_account()?;
    let fee = fee.as_ref().map(fields::amount).transpose();
    let fee = fee.map_err(|FieldError { detail, .. }| wrong("application_fee_minor", &detail))?;
    let account = match (written.account, written.wallet_id) {
        (Some(account), None) => named(app, submission, account).await?,
        (None, Some(wallet_id)) => account_of(app, submission, &wallet_id).await?,
        (Some(_), Some(_)) | (None, None) => {
            return Err(wrong("destination", "either an account or a wallet_id"));
        }
    };
    Ok(Some(Destination {
        account,
        application_fee_minor: fee,
    }))
}

/// The account that a client names, unless it is known to be over. When PostgreSQL does not answer quickly, the worker looks.
async fn named(app: &App, submission: &Submission, account: String) -> Result<String, Problem> {
    let store = app.reads.seen_by(&submission.caller);
    let asking = store.account_of_channel(submission.merchant_id, Channel::Stripe, &account);
    let known = app.reads.briefly(asking).await.ok().flatten();
    known
        .map_or(Ok(()), |known| not_over(&known, "destination.account"))
        .map(|()| account)
}

fn not_over(account: &ConnectedAccount, field: &str) -> Result<(), Problem> {
    if account.status.is_over() {
        let problem = format!(
            "the account is {}, and cannot be sent money any more",
            account.status
        );
        return Err(wrong(field, &problem));
    }
    Ok(())
}

async fn account_of(app: &App, submission: &Submission, wallet_id: &str) -> Result<String, Problem> {
    let id: Result<WalletId, _> = wallet_id.parse();
    let id = id.map_err(|unknown| wrong("destination.wallet_id", &format!("{unknown}")))?;
    let store = app.reads.seen_by(&submission.caller);
    let wallet = app.reads.patiently(store.wallet(id)).await?;
    let wallet = wallet.ok_or_else(|| wrong("destination.wallet_id", "you have no wallet of this id"))?;
    let asking = store.account_of_user(wallet.merchant_id, &wallet.user_id);
    let account = app.reads.patiently(asking).await?;
    if let Some(account) = &account {
        not_over(account, "destination.wallet_id")?;
    }
    account
        .and_then(|account| account.channel_account_id)
        .ok_or_else(|| {
            let problem = "its owner has no account at the provider yet; ask for one first";
            wrong("destination.wallet_id", problem)
        })
}

fn wrong(field: &str, problem: &str) -> Problem {
    invalid(vec![error(field, problem.to_owned())])
}
