//! The store against a real PostgreSQL, a fresh database for each test.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod actions;
mod circuits;
mod constraints;
mod disputes;
mod expiries;
mod kept;
mod ledger;
mod ledger_check;
mod ledger_checks;
mod merchants;
mod migration;
mod months;
mod months_before;
mod orders;
mod outbox;
mod owners;
mod payments;
mod plans;
mod queries;
mod reconciliations;
mod recorder;
mod refunds;
mod routes;
mod runbooks;
mod statistics;
mod support;
mod timelines;
mod wallet_payments;
mod wallet_steps;
mod wallets;
