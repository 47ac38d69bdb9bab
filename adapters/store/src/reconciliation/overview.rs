//! How the comparisons stand, for gauges.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::{Store, StoreError, pool::answered};

/// How a channel's comparisons stand, all merchants together.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ReconciliationOverview {
    /// The channel.
    pub channel: String,
    /// How many differences nobody has said anything about.
    pub open_differences: i64,
    /// When the merchant that was not compared for the longest time was last compared; or came, if it never was.
    pub oldest_success: DateTime<Utc>,
}

const SELECT: &str = "
select config.channel, coalesce(max(open.differences), 0) as open_differences,
       min(coalesce(last.finished_at, merchants.created_at)) as oldest_success
from channel_configs config
join merchants on merchants.id = config.merchant_id
left join (
  select merchant_id, channel, max(finished_at) as finished_at from reconciliations group by merchant_id, channel
) as last on last.merchant_id = config.merchant_id and last.channel = config.channel
left join (
  select run.channel, count(*) as differences
  from reconciliation_differences found join reconciliations run on run.id = found.reconciliation_id
  where found.resolved_at is null
  group by run.channel
) as open on open.channel = config.channel
group by config.channel";

impl Store {
    /// How the comparisons stand, for each channel that a merchant uses.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn reconciliation_overview(&self) -> Result<Vec<ReconciliationOverview>, StoreError> {
        answered(sqlx::query_as(SELECT).fetch_all(&self.pool)).await
    }
}
