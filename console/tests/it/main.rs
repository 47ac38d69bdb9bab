//! The console as people run it: the built program against a fresh database.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod dead_letters;
mod desk;
mod endpoints;
mod keys;
mod ledger;
mod merchants;
mod operators;
mod reconciliation;
mod refusals;
mod routes;
mod schema;
mod switches;
mod terms;
mod timeline;
mod web;
