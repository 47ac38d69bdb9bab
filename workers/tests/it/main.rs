//! The workers against real RabbitMQ, PostgreSQL and a sandbox; a fresh vhost and database for each test.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod accounts;
mod alipay;
mod cancel_payment;
mod capture_payment;
mod confirm_payment;
mod containment;
mod create_intent;
mod create_refund;
mod dead_letters;
mod expire_payment;
mod forgotten;
mod late_payments;
mod notify_merchant;
mod ordering;
mod orders;
mod paypal;
mod process_callback;
mod provider;
mod query_payment;
mod query_refund;
mod reconcile;
mod reconciler;
mod refund_callbacks;
mod refund_unknown;
mod refunding;
mod routing;
mod rows;
mod schedules;
mod store_trouble;
mod support;
mod twice;
mod unknown;
mod wallets;
mod wechat;
mod wishing;
