//! What the changes of payments and refunds do to wallets, as part of the same record: the wallet follows from the transfer that
//! is written with it, and its version guards it.

use chrono::{DateTime, Utc};
use domain::{
    id::WalletId,
    ledger::{Account, AccountKind, Transfer},
    payment::Payment,
    wallet::{Wallet, WalletChange, WalletRefused},
};
use store::{Record, StoreError, TransferRecord};

use crate::context::Context;

/// Pays what `payment` brought into the wallet that it is for, as part of `record`. False when the wallet does not take it.
///
/// # Errors
/// PostgreSQL is away.
pub async fn top_up(
    context: &Context,
    payment: &mut Payment,
    record: &mut Record,
) -> Result<bool, StoreError> {
    let Some(wallet_id) = payment.request.wallet_id else {
        return Ok(true);
    };
    let wallet = read(context, wallet_id).await?;
    let at = payment.updated_at;
    let transfer = Transfer::topped_up(payment, &wallet);
    let Ok(change) = wallet.after(&transfer, None, at) else {
        return Ok(false);
    };
    payment.paid_into = Some(wallet.user_id);
    record.transfers.push(TransferRecord { transfer, at });
    record.wallets.push(change);
    Ok(true)
}

/// What `transfer` does to the wallet that it takes from or gives to, if there is one.
///
/// # Errors
/// PostgreSQL is away.
pub async fn moved_by(
    context: &Context,
    transfer: &Transfer,
    at: DateTime<Utc>,
) -> Result<Option<Result<WalletChange, WalletRefused>>, StoreError> {
    let accounts = transfer.postings.iter().map(|posting| &posting.account);
    let Some(account) = accounts.into_iter().find(|account| is_wallet(account)) else {
        return Ok(None);
    };
    let user = account.detail.parse().map_err(|error| StoreError::Unreadable {
        what: account.id.to_string(),
        problem: format!("{error}"),
    })?;
    let id = WalletId::derive(account.merchant_id, &user, account.currency.code());
    let wallet = read(context, id).await?;
    Ok(Some(wallet.after(transfer, None, at)))
}

fn is_wallet(account: &Account) -> bool {
    account.kind == AccountKind::CustomerWallet
}

/// The wallet as it stands by now. Payments name none that is not there.
async fn read(context: &Context, id: WalletId) -> Result<Wallet, StoreError> {
    let wallet = context.store.wallet(id).await?;
    wallet.ok_or_else(|| StoreError::Unreadable {
        what: id.to_string(),
        problem: "it is not there".into(),
    })
}
