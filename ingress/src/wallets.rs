//! `/api/v1/wallets`: opening wallets, looking at them, and what is wanted done with them.
//!
//! What is shown of a wallet is what the postings of the ledger come to at that moment, and nothing sets it.

mod create;
mod holds;
mod movements;
mod read;
mod steps;
mod withdrawals;

pub(crate) use create::create;
pub(crate) use holds::{capture, hold, holds, one_hold, release};
pub(crate) use movements::{adjust, transfer};
pub(crate) use read::{get, list, transactions};
pub(crate) use withdrawals::{
    complete, end, one_withdrawal, reject, withdraw, withdrawals, withdrawals_of_all,
};

use domain::id::{HoldId, WalletId, WithdrawalId};

use crate::routes::WALLETS;

/// Where a wallet is.
fn location(id: WalletId) -> String {
    format!("{WALLETS}/{id}")
}

/// Where a hold is.
fn hold_location(wallet: WalletId, id: HoldId) -> String {
    format!("{WALLETS}/{wallet}/holds/{id}")
}

/// Where a withdrawal is.
pub(crate) fn withdrawal_location(wallet: WalletId, id: WithdrawalId) -> String {
    format!("{WALLETS}/{wallet}/withdrawals/{id}")
}
