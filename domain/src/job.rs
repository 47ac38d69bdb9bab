//! Job contracts: the wire format between those who publish jobs and the workers.
//!
//! One file per kind, mirrored by a handler of the same name in `workers`. A payload carries ids and facts that never
//! change, not copies of rows. Changing one in a way that old readers misread means a new `SCHEMA`.

mod contract;
mod create_intent;
mod envelope;
mod notify_merchant;
mod process_callback;
mod query_payment;

pub use contract::{Contract, Job, Kind, UnknownKind};
pub use create_intent::{CreateIntent, CreateIntentReply};
pub use envelope::{Envelope, Unreadable};
pub use notify_merchant::NotifyMerchant;
pub use process_callback::ProcessCallback;
pub use query_payment::QueryPayment;
