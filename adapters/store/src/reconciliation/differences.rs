//! Reading differences, and what a person says about one.

use chrono::{DateTime, Utc};
use domain::{
    id::{MerchantId, PaymentId, ReconciliationId, RefundId},
    reconciliation::{Difference, DifferenceClass},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, pool::answered};

/// A difference as a run recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedDifference {
    /// Its number, by which people name it.
    pub id: i64,
    /// The run that found it.
    pub reconciliation_id: ReconciliationId,
    /// Whose books it is in.
    pub merchant_id: MerchantId,
    /// What differs.
    pub difference: Difference,
    /// When it was found.
    pub found_at: DateTime<Utc>,
    /// What was said about it, by whom and when.
    pub resolution: Option<Resolution>,
}

/// A word on a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The word.
    pub text: String,
    /// Whose it is.
    pub by: String,
    /// When it was said.
    pub at: DateTime<Utc>,
}

/// Which differences to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DifferenceFilter {
    /// Only those in this merchant's books.
    pub merchant_id: Option<MerchantId>,
    /// Only those that this run found.
    pub reconciliation_id: Option<ReconciliationId>,
    /// Only those that nobody has said anything about.
    pub open: bool,
    /// How many at the most.
    pub limit: u32,
}

/// What became of a person's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// It stands.
    Now,
    /// Another word stands already.
    Before,
    /// There is no such difference.
    Unknown,
}

#[derive(FromRow)]
struct DifferenceRow {
    id: i64,
    reconciliation_id: Uuid,
    merchant_id: Uuid,
    class: String,
    payment_id: Option<Uuid>,
    refund_id: Option<Uuid>,
    object_id: Option<String>,
    entry_id: Option<String>,
    ours: String,
    theirs: String,
    found_at: DateTime<Utc>,
    resolved_at: Option<DateTime<Utc>>,
    resolution: Option<String>,
    resolved_by: Option<String>,
}

const SELECT: &str = "
select found.id, reconciliation_id, run.merchant_id, class, payment_id, refund_id, object_id, entry_id, ours, theirs,
       found_at, resolved_at, resolution, resolved_by
from reconciliation_differences found join reconciliations run on run.id = found.reconciliation_id
where ($1::uuid is null or run.merchant_id = $1) and ($2::uuid is null or run.id = $2)
  and (not $3 or resolved_at is null)
order by found.id limit $4";

const COUNT: &str = "
select count(*)
from reconciliation_differences found join reconciliations run on run.id = found.reconciliation_id
where ($1::uuid is null or run.merchant_id = $1) and ($2::uuid is null or run.id = $2)
  and (not $3 or resolved_at is null)";

const RESOLVE: &str = "
with resolved as (
  update reconciliation_differences set resolution = $2, resolved_by = $3, resolved_at = $4
  where id = $1 and resolved_at is null
  returning id
)
insert into audit_log (actor, action, subject, at)
select $3, 'difference.resolved', 'difference ' || id, $4 from resolved";

impl Store {
    /// Differences, the oldest first.
    ///
    /// # Errors
    /// PostgreSQL is away, or a row cannot be read.
    pub async fn differences(
        &self,
        filter: &DifferenceFilter,
    ) -> Result<Vec<RecordedDifference>, StoreError> {
        let asking = sqlx::query_as::<_, DifferenceRow>(SELECT)
            .bind(filter.merchant_id.map(|id| id.as_uuid()))
            .bind(filter.reconciliation_id.map(|id| id.as_uuid()))
            .bind(filter.open)
            .bind(i64::from(filter.limit));
        let rows = answered(asking.fetch_all(&self.pool)).await?;
        rows.into_iter().map(RecordedDifference::try_from).collect()
    }

    /// How many differences there are, whatever the limit.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn count_differences(&self, filter: &DifferenceFilter) -> Result<u64, StoreError> {
        let asking = sqlx::query_scalar(COUNT)
            .bind(filter.merchant_id.map(|id| id.as_uuid()))
            .bind(filter.reconciliation_id.map(|id| id.as_uuid()))
            .bind(filter.open);
        let count: i64 = answered(asking.fetch_one(&self.pool)).await?;
        Ok(count.cast_unsigned())
    }

    /// Writes down what a person says about an open difference, and who it was.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn resolve_difference(
        &self,
        id: i64,
        resolution: &str,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<Resolved, StoreError> {
        let resolving = sqlx::query(RESOLVE)
            .bind(id)
            .bind(resolution)
            .bind(actor)
            .bind(now);
        if answered(resolving.execute(&self.pool)).await?.rows_affected() == 1 {
            return Ok(Resolved::Now);
        }
        let exists = "select exists (select from reconciliation_differences where id = $1)";
        let exists = sqlx::query_scalar(exists).bind(id);
        let is_there: bool = answered(exists.fetch_one(&self.pool)).await?;
        Ok(if is_there {
            Resolved::Before
        } else {
            Resolved::Unknown
        })
    }
}

impl TryFrom<DifferenceRow> for RecordedDifference {
    type Error = StoreError;

    fn try_from(row: DifferenceRow) -> Result<Self, StoreError> {
        let class = DifferenceClass::named(&row.class).ok_or_else(|| {
            StoreError::unreadable(format!("difference {}", row.id), format!("class {:?}", row.class))
        })?;
        let said = row.resolution.zip(row.resolved_by).zip(row.resolved_at);
        Ok(Self {
            id: row.id,
            reconciliation_id: ReconciliationId::from_uuid(row.reconciliation_id),
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            difference: Difference {
                class,
                payment_id: row.payment_id.map(PaymentId::from_uuid),
                refund_id: row.refund_id.map(RefundId::from_uuid),
                object_id: row.object_id,
                entry_id: row.entry_id,
                ours: row.ours,
                theirs: row.theirs,
            },
            found_at: row.found_at,
            resolution: said.map(|((text, by), at)| Resolution { text, by, at }),
        })
    }
}
