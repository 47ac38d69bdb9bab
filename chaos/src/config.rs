//! The settings of a run.

use std::{env, path::PathBuf, str::FromStr, time::Duration};

use anyhow::{Context, bail, ensure};
use e2e::Account;

/// The provider's logs hold the calls of about so long.
const MAX_MINUTES: f64 = 60.0;

/// What a run is to be like.
#[derive(Debug, Clone)]
pub struct Config {
    /// What all choices follow from.
    pub seed: u64,
    /// How long things are broken.
    pub time: Duration,
    /// How many merchants take part.
    pub merchants: usize,
    /// The accounts that each of them has beside the one at Stripe.
    pub accounts: &'static [Account],
    /// The script that kills the servers and brings them back.
    pub servers: PathBuf,
    /// For a run against a cluster: where the management APIs of its nodes are, separated by commas.
    pub cluster: Option<String>,
    /// Where the processes' logs go.
    pub logs: PathBuf,
}

impl Config {
    /// Reads `CHAOS_MINUTES` (5, may have a fraction), `CHAOS_SEED` (random), `CHAOS_MERCHANTS` (6),
    /// `CHAOS_CHANNELS` (all, or stripe), `CHAOS_SERVERS`, `CHAOS_CLUSTER` (none) and `CHAOS_LOGS`.
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
        let accounts: &[Account] = match setting("CHAOS_CHANNELS").as_deref() {
            None | Some("all") => &Account::ALL,
            Some("stripe") => &[],
            Some(other) => bail!("CHAOS_CHANNELS: {other:?} is neither all nor stripe"),
        };
        Ok(Self {
            // Six digits are enough to differ and few enough to be told.
            seed: number("CHAOS_SEED")?.unwrap_or_else(|| u64::from(rand::random::<u32>()) % 1_000_000),
            time: Duration::from_secs_f64(60.0 * minutes),
            merchants,
            accounts,
            servers: setting("CHAOS_SERVERS")
                .context("CHAOS_SERVERS is not set: use make chaos")?
                .into(),
            cluster: setting("CHAOS_CLUSTER"),
            logs: setting("CHAOS_LOGS")
                .unwrap_or_else(|| ".run/chaos".to_owned())
                .into(),
        })
    }

    /// The settings that repeat the plan.
    pub fn repetition(&self) -> String {
        format!(
            "CHAOS_SEED={} CHAOS_MINUTES={} CHAOS_MERCHANTS={} CHAOS_CHANNELS={}",
            self.seed,
            self.time.as_secs_f64() / 60.0,
            self.merchants,
            if self.accounts.is_empty() { "stripe" } else { "all" }
        )
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
