//! Sluice as a whole (ingress, workers, RabbitMQ, PostgreSQL) against the sandbox; a deployment of its own for each
//! test.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod balancing;
mod broker_faults;
mod crowd;
mod harness;
mod ledger;
mod mismatch;
mod operations;
mod order;
mod outages;
mod pages;
mod restarts;
mod secrets;
mod statistics;
mod store_faults;
mod story;
mod traces;
mod unreadable;
mod upstream;
mod wallet_payments;
mod wallets;
mod wires;
mod wishes;
