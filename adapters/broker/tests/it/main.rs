//! The broker adapter against a real RabbitMQ, with a fresh vhost per test.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod calling;
mod consuming;
mod draining;
mod identity;
mod nodes;
mod pausing;
mod publishing;
mod raw;
mod recovering;
mod refusing;
mod support;
mod topology;
