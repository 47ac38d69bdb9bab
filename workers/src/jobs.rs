//! The handlers: one file for each kind of job, named like its contract in `domain`.

mod cancel_payment;
mod capture_payment;
mod change;
mod change_order;
mod change_wallet;
mod closing;
mod confirm_payment;
mod create_intent;
mod create_order;
mod create_refund;
mod create_wallet;
mod expire_payment;
mod inquiry;
mod notify_merchant;
mod opening;
mod patience;
mod people;
mod process_callback;
mod query_payment;
mod query_refund;
mod reconcile;
mod subject;
mod wish;
