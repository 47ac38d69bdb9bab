//! The arguments of `reconcile` and `differences`.

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use domain::channel::Channel;

/// The arguments of `reconcile`.
#[derive(Debug, Args)]
pub struct ReconcileDay {
    /// The channel whose statement is read.
    #[arg(long)]
    pub channel: Channel,
    /// The day, from midnight to midnight UTC, as in 2026-11-19. One that is not over is compared up to a few minutes ago.
    #[arg(long, value_name = "DAY")]
    pub date: NaiveDate,
    /// The merchant's id, mer_…; all that use the channel when left out.
    #[arg(long)]
    pub merchant: Option<String>,
    /// For how many seconds the result is waited for.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub wait_s: u32,
}

/// The arguments of `differences`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Differences {
    /// What to do with them, if not to list them.
    #[command(subcommand)]
    pub command: Option<DifferencesCommand>,
    /// Only those that nobody has said anything about.
    #[arg(long)]
    pub open: bool,
    /// Only those of this merchant, mer_….
    #[arg(long)]
    pub merchant: Option<String>,
    /// How many at the most, the oldest first.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    pub limit: u32,
}

/// What to do with differences.
#[derive(Debug, Subcommand)]
pub enum DifferencesCommand {
    /// Write down what a difference is or what was done about it. It is open no longer then; nothing else changes.
    Resolve(ResolveDifference),
}

/// The arguments of `differences resolve`.
#[derive(Debug, Args)]
pub struct ResolveDifference {
    /// The difference's number.
    #[arg(long)]
    pub id: i64,
    /// The word on it, 1 to 500 characters.
    #[arg(long, value_name = "TEXT")]
    pub resolution: String,
}
