//! Reading the ledger: balances, and whether it agrees with what it is about.

mod balances;
mod check;
mod checks;

pub use balances::Balance;
pub use check::{Disagreement, LayerSum, LedgerReport};
pub use checks::{LedgerCheck, LedgerCheckBegun};
