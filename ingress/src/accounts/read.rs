//! `GET /api/v1/wallets/{id}/account`: looking at the account of a wallet's owner, and at what its provider still wants to know.

use axum::{Json, extract::State};
use domain::{connect::AccountView, id::WalletId};

use crate::{
    answers::{no_such_account, no_such_wallet},
    app::Shared,
    auth::Caller,
    path_id::PathId,
    problem::Problem,
};

/// The account of one wallet's owner.
pub(crate) async fn get(
    State(app): State<Shared>,
    caller: Caller,
    PathId(id): PathId<WalletId>,
) -> Result<Json<AccountView>, Problem> {
    let store = app.reads.seen_by(&caller);
    // Another's wallet does not exist for this one.
    let wallet = app.reads.patiently(store.wallet(id)).await?;
    let wallet = wallet.ok_or_else(no_such_wallet)?;
    let asking = store.account_of_user(wallet.merchant_id, &wallet.user_id);
    let account = app.reads.patiently(asking).await?;
    account
        .as_ref()
        .map(|account| Json(account.into()))
        .ok_or_else(no_such_account)
}
