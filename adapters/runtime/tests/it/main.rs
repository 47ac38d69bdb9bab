//! The parts that touch the machine: a real TCP listener, real signals.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod internal;
mod kubernetes;
mod metrics;
mod program;
mod shutdown;
mod sources;
mod traces;
