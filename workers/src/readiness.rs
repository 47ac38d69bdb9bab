//! Whether this process can work: what `/readyz` answers.

use broker::{ConsumerStatus, Publisher};
use runtime::Check;
use store::{Recorder, Store};
use tokio_util::sync::CancellationToken;

/// What is looked at.
#[derive(Clone)]
pub struct Readiness {
    /// PostgreSQL, and its schema.
    pub store: Store,
    /// The task that writes.
    pub recorder: Recorder,
    /// The connection that publishes.
    pub publisher: Publisher,
    /// The subscriptions, by kind.
    pub consumers: Vec<(&'static str, ConsumerStatus)>,
    /// Cancelled when no more jobs are taken.
    pub stopping: CancellationToken,
}

impl Readiness {
    /// One line for each thing that can be missing.
    pub async fn checks(self) -> Vec<Check> {
        let consumers = self.consumers.iter();
        let mut checks: Vec<Check> = consumers
            .map(|(kind, status)| {
                // What people have paused is as it should be.
                let well = status.is_consuming() || status.is_paused();
                (*kind, that(well, "not consuming"))
            })
            .collect();
        checks.push(("process", that(!self.stopping.is_cancelled(), "stopping")));
        checks.push((
            "publisher",
            that(
                self.publisher.is_ready(),
                "not connected, or RabbitMQ accepts no messages",
            ),
        ));
        checks.push((
            "recorder",
            that(self.recorder.is_running(), "ended; restart this process"),
        ));
        checks.push((
            "postgresql",
            self.store.check().await.map_err(|error| error.to_string()),
        ));
        checks
    }
}

fn that(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}
