//! Sluice's pure model: money, ids, payments, orders, notifications, job contracts and the retry policy.
//!
//! Everything here is a value or a function from values to values. No I/O, no async, no SQL and no wire format of a
//! provider: those live in the adapters, which import this crate and which this crate never imports. That is what
//! lets the rules about money be tested by the hundred thousand.

pub mod api_key;
pub mod callback;
pub mod channel;
pub mod clock;
pub mod connect;
pub mod currency;
pub mod dead_letter;
pub mod dispute;
#[cfg(test)]
mod examples;
pub mod fingerprint;
pub mod id;
pub mod job;
pub mod ledger;
pub mod mask;
pub mod merchant;
pub mod money;
pub mod notification;
pub mod operator;
pub mod order;
pub mod outcome;
pub mod payment;
pub mod query_schedule;
pub mod reconciliation;
pub mod refund;
pub mod retry;
pub mod routing;
pub mod scope;
pub mod secret;
pub mod switch;
pub mod texts;
pub mod trace;
pub mod user;
pub mod wallet;
