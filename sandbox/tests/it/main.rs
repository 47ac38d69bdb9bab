//! The sandbox as its clients see it: over HTTP, on a free port, one sandbox per test.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod alipay;
mod alipay_client;
mod alipay_money;
mod callbacks;
mod client;
mod differences;
mod disputes;
mod faults;
mod idempotency;
mod intents;
mod listing;
mod merchant;
mod refunds;
mod refusals;
mod schema;
mod transactions;
mod wechat;
