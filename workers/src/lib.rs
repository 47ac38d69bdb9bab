//! Sluice's workers: they take jobs off RabbitMQ, do them, and publish what follows from them.
//!
//! Every job is prepare → call → record: read and store what has to be known, call the provider or the merchant with no
//! transaction open, then write all that follows as one [`store::Record`]. Nothing in a worker's memory is needed by
//! another, so more workers are more processes.

mod auditor;
mod bulkhead;
mod circuits;
pub mod config;
mod context;
mod execute;
mod jobs;
mod letters;
mod months;
mod notifier;
mod readiness;
mod reconciler;
mod registry;
mod relay;
mod rolling_up;
mod running;
mod settling;
mod sweeper;
mod switches;
mod workers;

pub use config::WorkersConfig;
pub use running::{EndedEarly, Running};
pub use workers::{StartError, Workers};
