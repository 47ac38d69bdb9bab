//! The arguments of `dead-letters`.

use clap::{Args, Subcommand};
use domain::{
    dead_letter::LetterState,
    id::{DeadLetterActionId, DeadLetterGroupId, DeadLetterId, OrderId, PaymentId},
};

use crate::dead_letters::choosing::{FASTEST, MOST, kinds};

/// About dead letters.
#[derive(Debug, Subcommand)]
pub enum DeadLettersCommand {
    /// List what was parked, the newest first: all of it, or what is looked for.
    List(ListLetters),
    /// List what was parked by its trouble: kind, class of error, and the reason without numbers and ids.
    Groups(ListGroups),
    /// Show a letter: its job, masked, every try with its error, how what it is about stands, and what was done with it.
    Show {
        /// The letter's id, dlt_….
        id: DeadLetterId,
    },
    /// Have parked jobs sent again. The workers do it; a job that was done already does nothing.
    Replay(AskForLetters),
    /// Have parked messages thrown away. The workers do it.
    Discard(AskForLetters),
    /// Show what was asked for and how far it has come: the newest, or one of them.
    Actions(ListActions),
}

/// Which letters.
#[derive(Debug, Args, Default)]
pub struct LetterSearch {
    /// Those about this payment or a refund of it, pay_….
    #[arg(long)]
    pub payment: Option<PaymentId>,
    /// Those about this order, its payments and their refunds, ord_….
    #[arg(long)]
    pub order: Option<OrderId>,
    /// Those of this merchant, mer_….
    #[arg(long)]
    pub merchant: Option<String>,
    /// Those about what the provider calls by this id: an intent, a refund, a dispute, an event.
    #[arg(long)]
    pub provider_id: Option<String>,
    /// Those whose error holds this text; upper and lower case are the same.
    #[arg(long)]
    pub text: Option<String>,
    /// Those of this kind of job, or `unroutable`.
    #[arg(long, value_parser = kind)]
    pub kind: Option<String>,
    /// Those with this trouble, dlg_….
    #[arg(long)]
    pub group: Option<DeadLetterGroupId>,
}

/// The arguments of `dead-letters list`.
#[derive(Debug, Args)]
pub struct ListLetters {
    /// Which.
    #[command(flatten)]
    pub search: LetterSearch,
    /// Those that have come so far: parked, replaying, replayed, discarding, discarded or missing.
    #[arg(long)]
    pub state: Option<LetterState>,
    /// How many at the most.
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Go on after this letter, the last of the page before.
    #[arg(long, value_name = "LETTER")]
    pub after: Option<DeadLetterId>,
}

/// The arguments of `dead-letters groups`.
#[derive(Debug, Args)]
pub struct ListGroups {
    /// Those of this kind of job, or `unroutable`.
    #[arg(long, value_parser = kind)]
    pub kind: Option<String>,
    /// Also those of which none is parked any more.
    #[arg(long)]
    pub all: bool,
    /// How many at the most, those of which most are parked first.
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

/// The arguments of `dead-letters replay` and `discard`.
#[derive(Debug, Args)]
pub struct AskForLetters {
    /// The letters' ids, dlt_….
    #[arg(required_unless_present = "all_matching", conflicts_with = "all_matching")]
    pub ids: Vec<DeadLetterId>,
    /// All parked letters that are looked for; without anything to look for, all.
    #[arg(long)]
    pub all_matching: bool,
    /// What is looked for.
    #[command(flatten)]
    pub search: LetterSearch,
    /// With `--all-matching`: how many at the most, the oldest first.
    #[arg(long, value_name = "COUNT", default_value_t = MOST, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST)))]
    pub limit: u32,
    /// Only say how many it would be, and which are the newest.
    #[arg(long)]
    pub dry_run: bool,
    /// How many a second at the most.
    #[arg(long, value_name = "PER_SECOND", value_parser = clap::value_parser!(u32).range(1..=i64::from(FASTEST)))]
    pub rate: Option<u32>,
    /// Why, 1 to 500 characters. It is written down with who you are.
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    pub reason: Option<String>,
    /// Wait until it is done, and say on the way how far it has come.
    #[arg(long)]
    pub wait: bool,
    /// For how many seconds it is waited for.
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
    pub wait_s: u32,
}

/// The arguments of `dead-letters actions`.
#[derive(Debug, Args)]
pub struct ListActions {
    /// One of them, dla_….
    pub id: Option<DeadLetterActionId>,
    /// How many at the most, the newest first.
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

fn kind(name: &str) -> Result<String, String> {
    if kinds().any(|kind| kind == name) {
        return Ok(name.to_owned());
    }
    let kinds: Vec<&str> = kinds().collect();
    Err(format!("expected one of {}", kinds.join(", ")))
}
