//! The settings of a run.

use std::{env, path::PathBuf, str::FromStr, time::Duration};

use anyhow::{Context, ensure};

/// Longer than anybody watches.
const MAX_MINUTES: f64 = 24.0 * 60.0;

/// What a run is to be like.
#[derive(Debug, Clone)]
pub struct Config {
    /// What all choices follow from.
    pub seed: u64,
    /// How long things are broken.
    pub time: Duration,
    /// How many merchants take part.
    pub merchants: usize,
    /// The script that kills the servers and brings them back.
    pub servers: PathBuf,
    /// For a run against a cluster: where the management APIs of its nodes are, separated by commas.
    pub cluster: Option<String>,
    /// Where the processes' logs go.
    pub logs: PathBuf,
}

impl Config {
    /// Reads `CHAOS_MINUTES` (5, may have a fraction), `CHAOS_SEED` (random), `CHAOS_MERCHANTS` (6), `CHAOS_SERVERS`,
    /// `CHAOS_CLUSTER` (none) and `CHAOS_LOGS`.
    ///
    /// # Errors
    /// One of them cannot be understood, or the script is not named.
    pub fn from_env() -> anyhow::Result<Self> {
        let minutes: f64 = number("CHAOS_MINUTES")?.unwrap_or(5.0);
        ensure!(
            minutes > 0.0 && minutes <= MAX_MINUTES,
            "CHAOS_MINUTES: a number above 0 and up to {MAX_MINUTES}"
        );
        let merchants = number("CHAOS_MERCHANTS")?.unwrap_or(6);
        ensure!(merchants > 0, "CHAOS_MERCHANTS: one at least");
        Ok(Self {
            // Six digits are enough to differ and few enough to be told.
            seed: number("CHAOS_SEED")?.unwrap_or_else(|| u64::from(rand::random::<u32>()) % 1_000_000),
            time: Duration::from_secs_f64(60.0 * minutes),
            merchants,
            servers: setting("CHAOS_SERVERS")
                .context("CHAOS_SERVERS is not set: use make chaos")?
                .into(),
            cluster: setting("CHAOS_CLUSTER"),
            logs: setting("CHAOS_LOGS")
                .unwrap_or_else(|| ".run/chaos".to_owned())
                .into(),
        })
    }
}

fn number<T: FromStr>(name: &str) -> anyhow::Result<Option<T>> {
    let read = |value: String| {
        value
            .parse()
            .ok()
            .with_context(|| format!("{name}: {value:?} is no number"))
    };
    setting(name).map(read).transpose()
}

fn setting(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
