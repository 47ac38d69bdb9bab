//! Wallets and what is on its way out of them: what clients were told, what is stored, and what the provider has of it.
//!
//! That payments into wallets and from them moved money once is found with all other payments: wallets are a channel there.
//! Here it is compared with what the wallets say.

mod accounts;
mod add_up;
mod covered;
mod honest;
mod kept;
mod paid_out;
mod stated;
mod taken;
mod told;

pub use accounts::accounts;
pub use add_up::add_up;
pub use covered::covered;
pub use honest::honest;
pub use kept::kept;
pub use paid_out::paid_out;
pub use stated::stated;
pub use taken::taken;
pub use told::told;

/// Of how many orders for payments every story of the wallets beside them has surely come to its end, of which there is one for
/// every twelve: each has been played three times, and a provider that is away ends one early.
const ORDERS_BESIDE_ONE: usize = 300;
