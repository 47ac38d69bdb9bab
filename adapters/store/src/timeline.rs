//! Everything that is stored about one payment, refund, order or wallet, in one list by time.
//!
//! It is read for people, table by table, each by an index and within a bound: of what happened more often, the newest. What
//! merchants and payers wrote (descriptions, metadata, names, notes, operators, whole answers) is not read at all; what
//! providers and we said of errors is, and has to be masked before it is shown.

mod events;
mod scope;
mod sources;

use chrono::{DateTime, Utc};
use domain::id::{MerchantId, OrderId, PaymentId, RefundId, WalletId};
use sqlx::{AssertSqlSafe, FromRow};

pub use self::events::{Event, EventName};
use crate::{Store, StoreError, pool::answered};
use scope::Scope;
use sources::{By, SOURCES, Source};

/// What a timeline is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimelineOf {
    /// A payment, with its refunds and disputes.
    Payment(PaymentId),
    /// A refund.
    Refund(RefundId),
    /// An order, with its payments and their refunds and disputes.
    Order(OrderId),
    /// A wallet, with its holds and withdrawals.
    Wallet(WalletId),
}

/// What happened, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// What happened.
    pub entries: Vec<TimelineEntry>,
    /// How many older ones were left out.
    pub left_out: u64,
    /// Whether there are more than that: nobody counted further.
    pub is_more: bool,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineEntry {
    /// What tells of it: `request`, `exchange`, `callback`, `job`, `notification`, `ledger`, `order`, `refund`, `dispute`,
    /// `wallet` or `audit`.
    pub source: &'static str,
    /// The rest.
    pub happened: Happened,
}

/// The columns that all sources have in common.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Happened {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    #[sqlx(try_from = "Vec<Option<String>>")]
    pub event: Event,
    /// The payment, refund, order, notification … it happened to, by its id.
    pub subject: String,
    /// The job that did it.
    pub job_id: Option<String>,
    /// Which try of that, or of telling the merchant.
    pub attempt: Option<i32>,
    /// How long it took.
    pub duration_ms: Option<i32>,
    /// What the merchant's endpoint answered.
    pub http_status: Option<i32>,
    /// The class of error.
    pub error_class: Option<String>,
    /// Why it did not work. To be masked.
    pub reason: Option<String>,
    /// How many there are of the source, counted up to a bound.
    total: i64,
}

impl Store {
    /// The last `limit` things that happened to something; none when there is no such thing.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn timeline(&self, of: TimelineOf, limit: u32) -> Result<Option<Timeline>, StoreError> {
        let Some(scope) = Scope::find(self, of).await? else {
            return Ok(None);
        };
        let mut entries = Vec::new();
        let (mut total, mut is_more) = (0, false);
        for source in SOURCES {
            let rows = self.happened(source, &scope, limit).await?;
            let counted = rows.first().map_or(0, |row| row.total);
            total += counted.unsigned_abs();
            is_more |= counted >= sources::COUNTED;
            let of_source = |happened| TimelineEntry {
                source: source.name,
                happened,
            };
            entries.extend(rows.into_iter().map(of_source));
        }
        entries.sort_by_key(|entry| entry.happened.at);
        let surplus = entries.len().saturating_sub(limit as usize);
        entries.drain(..surplus);
        Ok(Some(Timeline {
            merchant_id: scope.merchant_id,
            left_out: total - entries.len() as u64,
            is_more,
            entries,
        }))
    }

    async fn happened(
        &self,
        source: &Source,
        scope: &Scope,
        limit: u32,
    ) -> Result<Vec<Happened>, StoreError> {
        let reading = sqlx::query_as::<_, Happened>(AssertSqlSafe(source.bounded_sql()));
        let reading = match source.by {
            By::Ids(ids) => reading.bind(ids(scope)),
            By::Texts(texts) => reading.bind(texts(scope)),
        };
        let reading = reading.bind(sources::COUNTED).bind(i64::from(limit));
        let reading = reading.bind(scope.merchant_id.as_uuid());
        answered(reading.fetch_all(&self.pool)).await
    }
}
