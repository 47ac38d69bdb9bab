//! How the comparisons stand, for gauges.

use chrono::{DateTime, NaiveDate, Utc};
use domain::channel::Channel;
use sqlx::FromRow;

use super::names;
use crate::{Store, StoreError, pool::answered};

/// How a channel's comparisons stand, all merchants together.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ReconciliationOverview {
    /// The channel.
    pub channel: String,
    /// How many differences nobody has said anything about.
    pub open_differences: i64,
    /// When the oldest of the days ended that some merchant still has to be compared on; none when all were.
    pub waiting_since: Option<DateTime<Utc>>,
}

/// A comparison that was begun before its day was over has not seen all of it.
const SELECT: &str = "
with due as (
  select config.merchant_id, config.channel, day, (day + 1)::timestamp at time zone 'utc' as ended_at
  from channel_configs config
  join merchants on merchants.id = config.merchant_id
  cross join (select generate_series($1::date, $2::date, interval '1 day')::date as day) as days
  where config.channel = any ($3) and merchants.created_at < (day + 1)::timestamp at time zone 'utc'
), waiting as (
  select channel, min(ended_at) as since from due
  where not exists (
    select from reconciliations run
    where (run.merchant_id, run.channel, run.day) = (due.merchant_id, due.channel, due.day)
      and run.status = 'done' and run.created_at >= due.ended_at)
  group by channel
), open as (
  select run.channel, count(*) as differences
  from reconciliation_differences found join reconciliations run on run.id = found.reconciliation_id
  where found.resolved_at is null
  group by run.channel
)
select used.channel, coalesce(open.differences, 0)::bigint as open_differences, waiting.since as waiting_since
from (select distinct channel from channel_configs where channel = any ($3)) as used
left join open on open.channel = used.channel
left join waiting on waiting.channel = used.channel";

impl Store {
    /// How the comparisons of these days stand, for each of these channels that a merchant uses.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn reconciliation_overview(
        &self,
        channels: &[Channel],
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<Vec<ReconciliationOverview>, StoreError> {
        answered(
            sqlx::query_as(SELECT)
                .bind(first)
                .bind(last)
                .bind(names(channels))
                .fetch_all(&self.pool),
        )
        .await
    }
}
