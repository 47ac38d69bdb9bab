//! The sandbox as its clients see it: over HTTP, on a free port, one sandbox per test.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod alipay;
mod alipay_client;
mod alipay_money;
mod callbacks;
mod client;
mod connect;
mod connecting;
mod differences;
mod disputes;
mod faults;
mod idempotency;
mod intents;
mod listing;
mod merchant;
mod paypal_auth;
mod paypal_client;
mod paypal_idempotency;
mod paypal_money;
mod paypal_orders;
mod paypal_webhooks;
mod refunds;
mod refusals;
mod schema;
mod transactions;
mod wallets;
mod wechat;
