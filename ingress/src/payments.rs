//! `/api/v1/payments`: asking for payments, and looking at them.

mod body;
mod create;
mod cursor;
mod read;

pub(crate) use create::create;
pub(crate) use read::{get, list};
