//! Sluice's front door: payments, refunds and their queries for merchants, callbacks from providers, over HTTP.
//!
//! Ingress is thin and keeps nothing. It finds out who asks, checks what is asked, publishes a job and answers; it never
//! calls a provider and never writes to PostgreSQL, whose role for it can only read. A 2xx to a request that creates
//! something is sent only after RabbitMQ confirmed the durable message.
//!
//! With PostgreSQL away it still accepts, from everybody it has met before. With RabbitMQ away it says
//! 503 and that nothing was accepted: it has no place of its own where a promise could be kept.

mod accounts;
mod answers;
mod app;
mod auth;
mod callbacks;
mod config;
mod fields;
mod health;
mod idempotency;
mod json_body;
mod observe;
mod openapi;
mod orders;
mod paging;
mod path_id;
mod payment_methods;
mod payments;
mod prefer;
mod problem;
mod publishing;
mod qr_code;
mod rate_limit;
mod reads;
mod refunds;
mod remembered;
mod routes;
mod running;
mod server;
mod statistics;
mod submission;
mod wallets;

pub use config::{Config, JwksPlace, JwtConfig, JwtKeys, Limits};
pub use problem::ProblemKind;
pub use rate_limit::Rate;
pub use running::{Ingress, IngressError, Running};
