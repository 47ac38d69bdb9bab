//! What is measured.

mod accept;
mod backlog;
mod growth;
mod notify;
mod pipeline;

use std::time::Duration;

use anyhow::bail;

use crate::{raw::Raw, report::Measured, settings::number};

/// A scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// Ingress alone.
    Accept,
    /// From the request to the merchant's notification.
    Pipeline,
    /// Deliveries to merchants.
    Notify,
    /// Many jobs that wait.
    Backlog,
    /// Many payments stored.
    Growth,
}

impl Scenario {
    const ALL: [Self; 5] = [
        Self::Accept,
        Self::Pipeline,
        Self::Notify,
        Self::Backlog,
        Self::Growth,
    ];

    /// Those that fit into ten minutes together.
    const ORDINARY: [Self; 4] = [Self::Accept, Self::Pipeline, Self::Notify, Self::Backlog];

    /// The scenarios with these names, separated by commas; those of [`Self::ORDINARY`] when there is none.
    ///
    /// # Errors
    /// There is no scenario of that name.
    pub fn named(names: &str) -> anyhow::Result<Vec<Self>> {
        if names.trim().is_empty() {
            return Ok(Self::ORDINARY.into());
        }
        let named = |name: &str| {
            Self::ALL
                .into_iter()
                .find(|scenario| scenario.name() == name.trim())
        };
        names
            .split(',')
            .map(|name| match named(name) {
                Some(scenario) => Ok(scenario),
                None => bail!(
                    "BENCH={name:?}: there is no such scenario; there are {}",
                    Self::names()
                ),
            })
            .collect()
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Pipeline => "pipeline",
            Self::Notify => "notify",
            Self::Backlog => "backlog",
            Self::Growth => "growth",
        }
    }

    /// Measures it; each phase takes so long.
    ///
    /// # Errors
    /// Something does not start or does not answer.
    pub async fn play(self, raw: &Raw, phase: Duration) -> anyhow::Result<Measured> {
        match self {
            Self::Accept => accept::play(raw, phase).await,
            Self::Pipeline => pipeline::play(raw, phase).await,
            Self::Notify => notify::play(raw, phase).await,
            Self::Backlog => backlog::play(raw, phase).await,
            Self::Growth => growth::play(raw, phase).await,
        }
    }

    fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

/// How many processes of workers there are: `BENCH_WORKERS`, one where nothing else is said.
fn workers() -> anyhow::Result<usize> {
    number("BENCH_WORKERS", 1)
}
