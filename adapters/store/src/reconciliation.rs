//! Reconciliations: runs, the books they read, and the differences they find.
//!
//! A run is begun together with the job that makes it, and ended together with all that it found, each in one
//! transaction. The runs of one merchant's day at a channel end one after the other, under a lock on that day: what the
//! last of them found is what is open about the day, and no fee is posted by two.

mod begin;
mod books;
mod differences;
mod finish;
mod overview;
mod runs;

use domain::channel::Channel;

pub use differences::{DifferenceFilter, RecordedDifference, Resolution, Resolved};
pub use finish::Finding;
pub use overview::ReconciliationOverview;
pub use runs::{ReconciliationRun, RunEnding};

/// Who asks for the runs that no person asks for.
const SCHEDULE: &str = "schedule";

/// Channels as PostgreSQL takes them.
fn names(channels: &[Channel]) -> Vec<&'static str> {
    channels.iter().map(|channel| channel.name()).collect()
}
