//! The arguments of `timeline`.

use clap::Args;

/// The arguments of `timeline`.
#[derive(Debug, Args)]
pub struct ShowTimeline {
    /// The payment, refund, order or wallet: pay_…, rfd_…, ord_… or wal_….
    #[arg(value_name = "ID")]
    pub id: String,
    /// How many entries at the most, the newest ones.
    #[arg(long, value_name = "COUNT", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub limit: u32,
}
