//! The ledger: where money is and how it came there, in double entry.
//!
//! A [`Transfer`] is a set of postings that sum to zero, so money is never made and never lost, only moved between
//! accounts. A posting's sign says what it does to its account: positive when the account gains, negative when it gives.
//! An account that stands for the outside, such as what a provider holds for a merchant, is therefore negative by what
//! it owes.
//!
//! Nothing in a ledger changes. Money that is reserved before anybody moves it is a transfer on a layer of its own,
//! [`Layer::Pending`]; another transfer resolves it later, by taking the reservation back and, when it is posted, moving
//! the money. So a balance is a sum over postings, on either layer, and can be told for any moment.

mod account;
mod movements;
mod transfer;

pub use account::{Account, AccountKind};
pub use transfer::{Layer, Phase, Posting, Transfer, TransferKind};

#[cfg(test)]
mod tests;
