//! `/api/v1/orders`: asking for orders, looking at them, and what is wanted done with them.

mod body;
mod create;
mod logs;
mod read;
mod steps;

pub(crate) use create::create;
pub(crate) use logs::logs;
pub(crate) use read::{get, list};
pub(crate) use steps::{cancel, complete, pay, refund, ship};

use domain::id::OrderId;

use crate::routes::ORDERS;

/// Where an order is.
fn location(id: OrderId) -> String {
    format!("{ORDERS}/{id}")
}
