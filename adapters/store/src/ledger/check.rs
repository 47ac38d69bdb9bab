//! Whether the ledger agrees with itself and with the payments, refunds and disputes that it is about.
//!
//! Payments, refunds and disputes keep figures of their own, written beside the ledger but not read from it. So each of
//! them is an independent witness, and whoever tampers with one, or writes one without the other, is found out here.

use std::time::Duration;

use sqlx::FromRow;

use crate::{Store, StoreError};

/// What the ledger says of itself, and every disagreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerReport {
    /// How many transfers there are.
    pub transfers: i64,
    /// How many postings.
    pub postings: i64,
    /// The sums of all postings.
    pub sums: Vec<LayerSum>,
    /// The first disagreements, at the most [`Self::SHOWN`].
    pub disagreements: Vec<Disagreement>,
    /// How many disagreements there are.
    pub total: i64,
}

/// The sum of all postings of one currency on one layer.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LayerSum {
    /// The ISO 4217 code.
    pub currency: String,
    /// `posted` or `pending`.
    pub layer: String,
    /// What all accounts together have gained, in minor units. Anything but zero is a disagreement.
    pub sum_minor: i64,
    /// How much has moved to accounts that gained, in minor units.
    pub moved_minor: i64,
}

/// Two sources that do not agree. The rules:
/// - `postings_differ`: the postings about a payment, a refund or a dispute do not come to what it says of itself. A
///   payment without its transfer is this, a transfer without its payment, a reservation that nobody resolved.
/// - `refunded_differs`, `reserved_differs`, `disputed_differs`: a payment's own figure is not the sum of its refunds or
///   disputes.
/// - `wallet_balance_differs`, `wallet_holds_differ`, `wallet_statement_differs`: a wallet's own figures are not what the
///   postings on its account come to, or not what the last line of its statement says. An account without a wallet is this, too.
/// - `transfer_unbalanced`, `transfer_without_postings`: a transfer is not what a transfer has to be.
/// - `resolves_another`: a transfer resolves what is no reservation of the same thing.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Disagreement {
    /// Which rule is broken, such as `postings_differ`.
    pub rule: String,
    /// The id of the transfer, payment, refund, dispute or wallet; the account of a wallet that is not there.
    pub subject: String,
    /// What the other source says it has to be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

impl LedgerReport {
    /// How many disagreements are shown at the most.
    pub const SHOWN: i64 = 100;

    /// Whether everything agrees.
    pub const fn agrees(&self) -> bool {
        self.total == 0
    }
}

/// The whole ledger is read: longer than any other statement may take. PostgreSQL keeps it, so that nothing runs on whose process
/// is gone.
const TAKE_TIME: &str = "set local statement_timeout = '30min'";
/// How long all answers are waited for: longer than that, so that PostgreSQL's own word comes first.
const PATIENCE: Duration = Duration::from_secs(31 * 60);

const SUMS: &str = "
select currency, layer, sum(amount_minor)::bigint as sum_minor,
       coalesce(sum(amount_minor) filter (where amount_minor > 0), 0)::bigint as moved_minor
from ledger_postings group by currency, layer order by currency, layer";

const COUNTS: &str = "select (select count(*) from ledger_transfers), (select count(*) from ledger_postings)";

const DISAGREEMENTS: &str = include_str!("disagreements.sql");

#[derive(FromRow)]
struct DisagreementRow {
    #[sqlx(flatten)]
    disagreement: Disagreement,
    total: i64,
}

impl Store {
    /// Compares the whole ledger with itself and with what it is about, at one moment.
    ///
    /// # Errors
    /// PostgreSQL is away, or takes longer than half an hour.
    pub async fn ledger_check(&self) -> Result<LedgerReport, StoreError> {
        let checked = tokio::time::timeout(PATIENCE, self.check_ledger()).await;
        checked.unwrap_or_else(|_| Err(StoreError::silent()))
    }

    async fn check_ledger(&self) -> Result<LedgerReport, StoreError> {
        // One snapshot for all that is read, so that what is written meanwhile is seen whole or not at all.
        let mut tx = self
            .pool
            .begin_with("begin isolation level repeatable read, read only")
            .await?;
        sqlx::query(TAKE_TIME).execute(&mut *tx).await?;
        let (transfers, postings) = sqlx::query_as(COUNTS).fetch_one(&mut *tx).await?;
        let sums = sqlx::query_as(SUMS).fetch_all(&mut *tx).await?;
        let rows: Vec<DisagreementRow> = sqlx::query_as(DISAGREEMENTS)
            .bind(LedgerReport::SHOWN)
            .fetch_all(&mut *tx)
            .await?;
        Ok(LedgerReport {
            transfers,
            postings,
            sums,
            total: rows.first().map_or(0, |row| row.total),
            disagreements: rows.into_iter().map(|row| row.disagreement).collect(),
        })
    }
}
