//! The handlers: one file for each kind of job, named like its contract in `domain`.

mod cancel_payment;
mod capture_payment;
mod change;
mod change_order;
mod change_wallet;
mod closing;
mod confirm_payment;
mod create_account;
mod create_account_link;
mod create_intent;
mod create_order;
mod create_refund;
mod create_transfer;
mod create_wallet;
mod expire_payment;
mod inquiry;
mod notify_merchant;
mod opening;
mod patience;
pub mod people;
mod process_callback;
mod query_account;
mod query_payment;
mod query_refund;
mod query_transfer;
mod reconcile;
mod subject;
mod wish;

use domain::{
    id::{MerchantId, WalletId},
    wallet::Wallet,
};
use store::StoreError;

use crate::context::Context;

/// The wallet of this id, if it is this merchant's.
async fn wallet_of(
    context: &Context,
    merchant_id: MerchantId,
    wallet_id: WalletId,
) -> Result<Option<Wallet>, StoreError> {
    let wallet = context.store.wallet(wallet_id).await?;
    Ok(wallet.filter(|wallet| wallet.merchant_id == merchant_id))
}
