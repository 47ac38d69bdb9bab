//! RabbitMQ: the only crate that knows AMQP.
//!
//! It owns the topology, the publishing of jobs with the broker's confirmation, the apalis backend that hands jobs to
//! workers, and what becomes of a job afterwards (acknowledged, retried, put off, dead-lettered). It never looks into
//! a payload and never decides whether a job deserves another try: that is the domain's business.
//!
//! Two rules hold everywhere. A message counts as published only when the broker confirmed it, and a delivery is
//! acknowledged only when everything that follows from it is durable. Both can therefore happen twice but never
//! not at all; consumers recognise a repeated job by its id.
//!
//! Publishers and consumers use connections of their own, because a broker that runs short of memory or disk stops
//! reading from connections that publish, and acknowledgements must still get through then.

mod backend;
mod caller;
mod config;
mod consumption;
mod ladder;
pub mod letters;
mod line;
mod message;
mod nodes;
mod pause;
mod publisher;
mod settle;
mod subscription;
#[cfg(feature = "testing")]
pub mod testing;
pub mod topology;
mod untouched;

pub use backend::{ConsumerConfig, ConsumerStatus, RabbitBackend};
pub use caller::{Called, Caller};
pub use config::BrokerConfig;
pub use ladder::{RetryLadder, Tier};
pub use line::{PublishError, PublishLimits};
pub use nodes::InvalidUrl;
pub use pause::Pause;
pub use publisher::{Publisher, Target};
pub use settle::{Settle, SettleError, SettleLayer};
