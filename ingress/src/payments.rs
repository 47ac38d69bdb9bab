//! `/api/v1/payments`: asking for payments, looking at them, and what is wanted done with them.

mod actions;
mod body;
mod create;
mod destination;
mod history;
mod read;
mod shown;

pub(crate) use actions::{cancel, confirm};
pub(crate) use create::create;
pub(crate) use history::history;
pub(crate) use read::{get, list, status};

use domain::id::PaymentId;

use crate::routes::PAYMENTS;

/// Where a payment is.
fn location(id: PaymentId) -> String {
    format!("{PAYMENTS}/{id}")
}
