//! Where a payment's money goes on to, as a client writes it: a provider's account, or a wallet whose owner has one.

use domain::{
    channel::{Channel, Destination},
    connect::ConnectedAccount,
    id::{PaymentId, WalletId},
    wallet::Wallet,
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
/// job says what is charged for whatever becomes of the wallet. A repeat of the request for payment `id` means what the first meant.
pub(super) async fn resolve(
    app: &App,
    submission: &Submission,
    id: PaymentId,
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
        (Some(account), None) => named(app, submission, id, account).await?,
        (None, Some(wallet_id)) => account_of(app, submission, id, &wallet_id).await?,
        (Some(_), Some(_)) | (None, None) => {
            return Err(wrong("destination", "either an account or a wallet_id"));
        }
    };
    Ok(Some(Destination {
        account,
        application_fee_minor: fee,
    }))
}

/// The account that a client names, unless it is known to be over. A payment that was stored before goes on to it all the same:
/// whoever repeats the request has to hear of it. When PostgreSQL does not answer quickly, the worker looks.
async fn named(
    app: &App,
    submission: &Submission,
    id: PaymentId,
    account: String,
) -> Result<String, Problem> {
    let store = app.reads.seen_by(&submission.caller);
    let asking = store.account_of_channel(submission.merchant_id, Channel::Stripe, &account);
    let known = app.reads.briefly(asking).await.ok().flatten();
    let refused = known.and_then(|known| not_over(&known, "destination.account").err());
    match refused {
        Some(refused) if matches!(app.reads.briefly(store.payment(id)).await, Ok(None)) => Err(refused),
        Some(_) | None => Ok(account),
    }
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

/// The account of a wallet's owner: the one that the payment goes on to when it was stored before, or else the one there is.
async fn account_of(
    app: &App,
    submission: &Submission,
    id: PaymentId,
    wallet_id: &str,
) -> Result<String, Problem> {
    let wallet_id: Result<WalletId, _> = wallet_id.parse();
    let wallet_id = wallet_id.map_err(|unknown| wrong("destination.wallet_id", &format!("{unknown}")))?;
    let store = app.reads.seen_by(&submission.caller);
    let wallet = app.reads.patiently(store.wallet(wallet_id)).await?;
    let wallet = wallet.ok_or_else(|| wrong("destination.wallet_id", "you have no wallet of this id"))?;
    let asking = store.account_of_user(wallet.merchant_id, &wallet.user_id);
    let account = app.reads.patiently(asking).await?;
    // Read after the account, so that what was stored while that was there is seen.
    match stored_account(app, submission, id, &wallet).await? {
        Some(stored) => Ok(stored),
        None => usable(account.as_ref()),
    }
}

/// The account that a stored payment goes on to, if it is one of this wallet's owner.
async fn stored_account(
    app: &App,
    submission: &Submission,
    id: PaymentId,
    wallet: &Wallet,
) -> Result<Option<String>, Problem> {
    let store = app.reads.seen_by(&submission.caller);
    let payment = app.reads.patiently(store.payment(id)).await?;
    let Some(destination) = payment.and_then(|payment| payment.request.destination) else {
        return Ok(None);
    };
    let asking = store.account_of_channel(wallet.merchant_id, Channel::Stripe, &destination.account);
    let owned = app.reads.patiently(asking).await?;
    let owned = owned.filter(|account| account.user_id == wallet.user_id);
    Ok(owned.map(|_| destination.account))
}

fn usable(account: Option<&ConnectedAccount>) -> Result<String, Problem> {
    if let Some(account) = account {
        not_over(account, "destination.wallet_id")?;
    }
    account
        .and_then(|account| account.channel_account_id.clone())
        .ok_or_else(|| {
            let problem = "its owner has no account at the provider yet; ask for one first";
            wrong("destination.wallet_id", problem)
        })
}

fn wrong(field: &str, problem: &str) -> Problem {
    invalid(vec![error(field, problem.to_owned())])
}
