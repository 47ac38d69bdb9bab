//! Sluice as a whole (ingress, workers, RabbitMQ, PostgreSQL) against the sandbox; a deployment of its own for each
//! test.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod balancing;
mod crowd;
mod harness;
mod mismatch;
mod outages;
mod restarts;
mod secrets;
mod story;
mod unreadable;
mod upstream;
mod wires;
