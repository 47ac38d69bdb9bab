//! `GET /api/v1/wallets`, `GET /api/v1/wallets/{id}` and `GET /api/v1/wallets/{id}/transactions`: looking at wallets.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use domain::{
    currency::UnknownCurrency,
    id::WalletId,
    wallet::{Wallet, WalletTransaction, WalletTransactionView, WalletView},
};
use serde::Deserialize;
use store::{WalletCursor, WalletPage};

use crate::{
    answers::no_such_wallet,
    app::Shared,
    auth::Caller,
    fields::{self, invalid_query},
    paging::{List, Part, PartOfLines, Place, query},
    path_id::PathId,
    problem::Problem,
};

/// One wallet.
pub(crate) async fn get(
    State(app): State<Shared>,
    caller: Caller,
    PathId(id): PathId<WalletId>,
) -> Result<Json<WalletView>, Problem> {
    let store = app.reads.seen_by(&caller);
    // Another's wallet does not exist for this one.
    let wallet = app.reads.patiently(store.wallet(id)).await?;
    wallet
        .as_ref()
        .map(|wallet| Json(wallet.into()))
        .ok_or_else(no_such_wallet)
}

/// What to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    user_id: Option<String>,
    currency: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// Wallets, newest first.
pub(crate) async fn list(
    State(app): State<Shared>,
    caller: Caller,
    given: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<List<WalletView>>, Problem> {
    let given = query(given, "user_id, currency, limit and cursor")?;
    let part = Part::read(given.limit.as_deref(), given.cursor.as_deref())?;
    let currency = given.currency.as_deref().map(str::parse).transpose();
    let page = WalletPage {
        user_id: caller.only_of(fields::user_id(given.user_id.as_deref())?)?,
        currency: currency.map_err(|_: UnknownCurrency| {
            invalid_query("currency", "an ISO 4217 code that Sluice knows, such as EUR")
        })?,
        after: part.after.map(|place| WalletCursor {
            created_at: place.created_at,
            id: WalletId::from_uuid(place.id),
        }),
        limit: part.rows(),
    };
    let store = app.reads.seen_by(&caller);
    let wallets = app.reads.list(&caller, store.wallets(&page)).await?;
    let place = |wallet: &Wallet| Place {
        created_at: wallet.created_at,
        id: wallet.id.as_uuid(),
    };
    Ok(Json(part.list(wallets, place, |wallet| WalletView::from(wallet))))
}

/// Which part of a statement to show.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatementQuery {
    limit: Option<String>,
    cursor: Option<String>,
}

/// The statement of one wallet, newest first. A line's number is its place.
pub(crate) async fn transactions(
    State(app): State<Shared>,
    caller: Caller,
    PathId(id): PathId<WalletId>,
    given: Result<Query<StatementQuery>, QueryRejection>,
) -> Result<Json<List<WalletTransactionView>>, Problem> {
    let given = query(given, "limit and cursor")?;
    let part = PartOfLines::read(given.limit.as_deref(), given.cursor.as_deref())?;
    let store = app.reads.seen_by(&caller);
    let asking = store.wallet_transactions(id, part.after, part.rows());
    let lines = app.reads.patiently(asking).await?.ok_or_else(no_such_wallet)?;
    let number = |line: &WalletTransaction| line.number.into();
    Ok(Json(
        part.list(lines, number, |line| WalletTransactionView::from(line)),
    ))
}
