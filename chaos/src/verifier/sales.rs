//! Orders for goods: what clients were told of them, what is stored, and the payments and refunds that belong to them.
//!
//! That money moved once and is in the books is found with all other payments and refunds. Here it is compared with what the
//! orders say of it.

mod ended;
mod honest;
mod items;
mod kept;
mod logged;
mod paid_once;
mod taken;
mod told;

pub use ended::ended;
pub use honest::honest;
pub use items::items;
pub use kept::kept;
pub use logged::logged;
pub use paid_once::paid_once;
pub use taken::{Begun, taken};
pub use told::told;

/// Of how many orders for payments every story of the orders for goods beside them has surely been played, of which there is one
/// for every four.
const ORDERS_BESIDE_ONE: usize = 100;
