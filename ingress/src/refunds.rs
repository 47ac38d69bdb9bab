//! `/api/v1/refunds`: asking for refunds, and looking at them.

mod body;
mod create;
mod read;
mod refusal;

pub(crate) use create::{create, create_of_payment};
pub(crate) use read::{get, list};

use domain::id::RefundId;

use crate::routes::REFUNDS;

/// Where a refund is.
fn location(id: RefundId) -> String {
    format!("{REFUNDS}/{id}")
}
