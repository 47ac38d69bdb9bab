//! Ingress over real HTTP, with a real RabbitMQ (a fresh vhost) and a real PostgreSQL (a fresh database) behind it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod accounts;
mod actions;
mod bad_requests;
mod callbacks;
mod contract;
mod gate;
mod history;
mod idempotency;
mod issuer;
mod listing;
mod matrix;
mod orders;
mod other_callbacks;
mod owners;
mod postgres_away;
mod process;
mod rabbitmq_away;
mod rate_limit;
mod refunds;
mod routing;
mod service;
mod statistics;
mod stopping;
mod tokens;
mod waiting;
mod wallets;
mod worker;
mod world;
