//! The workers against real RabbitMQ, PostgreSQL and a sandbox; a fresh vhost and database for each test.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod create_intent;
mod notify_merchant;
mod process_callback;
mod provider;
mod query_payment;
mod reconcile;
mod reconciler;
mod store_trouble;
mod support;
mod twice;
mod unknown;
