//! Tells everybody which circuits of this process are not closed, for as long as they are not.

use std::{sync::Arc, time::Duration};

use domain::clock::Clock;
use store::{Store, StoreError, ToldCircuit};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::context::Context;

/// How often they are looked at. What is told counts for some times as long.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// What telling needs.
pub struct Circuits {
    /// Where it is told.
    pub store: Store,
    /// What calls providers.
    pub context: Arc<Context>,
    /// For when it is told.
    pub clock: Arc<dyn Clock>,
}

impl Circuits {
    /// Tells until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let process = Uuid::new_v4();
        let mut told = Vec::new();
        let next = || stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY));
        while next().await.is_some() {
            let shut = self.shut();
            if shut.is_empty() && told.is_empty() {
                continue;
            }
            match self.tell(process, &shut).await {
                Ok(()) => told = shut,
                Err(error) => tracing::warn!(%error, "how the circuits stand cannot be told"),
            }
        }
    }

    async fn tell(&self, process: Uuid, shut: &[ToldCircuit]) -> Result<(), StoreError> {
        self.store.tell_circuits(process, shut, self.clock.now()).await
    }

    fn shut(&self) -> Vec<ToldCircuit> {
        let shut = self.context.channels.shut_circuits().into_iter();
        let told = |circuit: channels::ShutCircuit| ToldCircuit {
            channel: circuit.channel.name(),
            calls: circuit.calls,
            state: circuit.state,
        };
        shut.map(told).collect()
    }
}
