//! `/api/v1/wallets/{id}/account`: the account that a wallet's owner has at a provider, connected to the merchant's own, and
//! what is paid out to it.
//!
//! All wallets of a user share one, so it has no address of its own.

mod create;
mod link;
mod pay;
mod read;

pub(crate) use create::{AccountBody, create, known_of};
pub(crate) use link::create_link;
pub(crate) use pay::pay_out;
pub(crate) use read::get;

use domain::{id::WalletId, wallet::Wallet};

use crate::{
    answers::no_such_wallet, app::App, problem::Problem, reads::Unanswered, routes::WALLETS,
    submission::Submission,
};

/// Where the account of a wallet's owner is.
fn location(wallet: WalletId) -> String {
    format!("{WALLETS}/{wallet}/account")
}

/// The wallet that something is wanted for, if PostgreSQL says so quickly; for whoever has to own it, it has to say so.
async fn wanted(app: &App, submission: &Submission, id: WalletId) -> Result<Option<Wallet>, Problem> {
    let store = app.reads.seen_by(&submission.caller);
    let found = if submission.caller.has_to_own() {
        app.reads.patiently(store.wallet(id)).await?
    } else {
        match app.reads.briefly(store.wallet(id)).await {
            Ok(found) => found,
            Err(Unanswered::Away | Unanswered::Broken) => return Ok(None),
        }
    };
    found.map(Some).ok_or_else(no_such_wallet)
}
