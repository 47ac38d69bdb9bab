//! `/api/v1/wallets`: opening wallets and looking at them and at their statements.
//!
//! What is shown of a wallet is what the postings of the ledger come to at that moment, and nothing sets it.

mod create;
mod read;

pub(crate) use create::create;
pub(crate) use read::{get, list, transactions};

use domain::id::WalletId;

use crate::routes::WALLETS;

/// Where a wallet is.
fn location(id: WalletId) -> String {
    format!("{WALLETS}/{id}")
}
