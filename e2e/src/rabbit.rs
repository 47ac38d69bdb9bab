//! RabbitMQ's management API: what operations people see of the queues.

pub use management::{Depth, Letter, PEEKED, Rabbit};
