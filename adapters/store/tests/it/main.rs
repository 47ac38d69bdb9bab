//! The store against a real PostgreSQL, a fresh database for each test.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod merchants;
mod outbox;
mod payments;
mod queries;
mod recorder;
mod support;
