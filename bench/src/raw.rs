//! The parts that Sluice is made of, by themselves: what RabbitMQ confirms and delivers, and what PostgreSQL commits.
//!
//! Messages and rows have the sizes of those of a payment. A payment needs three of each message operation
//! (`create_intent`, `process_callback`, `notify_merchant`) and four transactions (it is stored, its intent is, its callback is
//! with all that follows, and the delivery of its notification is).

mod messages;
mod transactions;

use std::time::Duration;

use serde::Serialize;

use crate::{meter::Usage, stage::meter_of};

/// Message operations that one payment needs.
pub const MESSAGES: f64 = 3.0;
/// Transactions that one payment needs.
pub const TRANSACTIONS: f64 = 4.0;
/// Cores of the machine.
fn cores() -> f64 {
    std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64)
}

/// One operation: how often in a second, and what it costs everybody who takes part.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Rate {
    /// Operations per second.
    pub per_second: f64,
    /// CPU seconds of client and server for a thousand of them.
    pub cpu_s_per_1000: f64,
}

/// All of them.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Raw {
    /// Publishing to a quorum queue, persistent, mandatory and confirmed, 64 at once.
    pub publish: Rate,
    /// Consuming and acknowledging, 128 ahead.
    pub consume: Rate,
    /// A transaction of a locking read, two inserts and an update, on 32 connections.
    pub transaction: Rate,
}

impl Raw {
    /// Measures each for so long.
    ///
    /// # Errors
    /// A server refuses.
    pub async fn measure(during: Duration) -> anyhow::Result<Self> {
        let ground = chaos::ground::Ground::prepare("bench_raw").await?;
        let meter = meter_of(&ground).await?;
        let (publish, consume) = messages::measure(&ground.amqp_url, &meter, during).await?;
        let transaction = transactions::measure(&ground.database_url, &meter, during).await?;
        ground.clear().await?;
        Ok(Self {
            publish,
            consume,
            transaction,
        })
    }

    /// The payments per second that the machine could do if a payment cost nothing but its raw operations.
    pub fn composed_limit(&self) -> f64 {
        let messages = MESSAGES * (self.publish.cpu_s_per_1000 + self.consume.cpu_s_per_1000);
        let transactions = TRANSACTIONS * self.transaction.cpu_s_per_1000;
        1_000.0 * cores() / (messages + transactions)
    }
}

impl Rate {
    fn of(count: u64, usage: Usage) -> Self {
        let count = count as f64;
        Self {
            per_second: count / usage.seconds,
            cpu_s_per_1000: 1_000.0 * usage.total_cpu_s() / count,
        }
    }
}
