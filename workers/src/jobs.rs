//! The handlers: one file for each kind of job, named like its contract in `domain`.

mod change;
mod create_intent;
mod inquiry;
mod notify_merchant;
mod process_callback;
mod query_payment;
mod reconcile;
mod unbuilt;
