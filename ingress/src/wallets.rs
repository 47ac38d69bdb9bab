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
pub(crate) use holds::{capture, hold, holds, release};
pub(crate) use movements::{adjust, transfer};
pub(crate) use read::{get, list, transactions};
pub(crate) use withdrawals::{complete, reject, withdraw, withdrawals};

use domain::id::WalletId;

use crate::routes::WALLETS;

/// Where a wallet is.
fn location(id: WalletId) -> String {
    format!("{WALLETS}/{id}")
}
