//! How merchants' endpoints do.

use chrono::{DateTime, TimeDelta, Utc};
use domain::id::MerchantId;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, pool::answered};

/// How a merchant's endpoint does.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointHealth {
    /// Whose.
    pub merchant_id: MerchantId,
    /// The address; it may carry a token.
    pub url: Option<String>,
    /// Why it is switched off, if it is.
    pub disabled_reason: Option<String>,
    /// Since when the merchant's notifications are paused, if they are.
    pub paused_since: Option<DateTime<Utc>>,
    /// When it last took something, of its newest notifications.
    pub last_success_at: Option<DateTime<Utc>>,
    /// When it last took something not, likewise.
    pub last_failure_at: Option<DateTime<Utc>>,
    /// Why.
    pub last_failure: Option<String>,
    /// The tries of the last hour: those that were taken, and all.
    pub last_hour: (i64, i64),
    /// The same of the last day.
    pub last_day: (i64, i64),
    /// Notifications that are not delivered yet, those that are kept included; counted up to a bound.
    pub waiting: i64,
    /// Those of them that are kept while the merchant's are paused.
    pub held: i64,
    /// Notifications that were given up, or for which there was no endpoint; counted up to a bound.
    pub given_up: i64,
}

#[derive(FromRow)]
struct HealthRow {
    id: Uuid,
    url: Option<String>,
    disabled_reason: Option<String>,
    paused_since: Option<DateTime<Utc>>,
    last_success_at: Option<DateTime<Utc>>,
    last_failure_at: Option<DateTime<Utc>>,
    last_failure: Option<String>,
    hour_ok: i64,
    hour_all: i64,
    day_ok: i64,
    day_all: i64,
    waiting: i64,
    held: i64,
    given_up: i64,
}

// The tries of a day stand together in their table. What is counted is counted up to a bound, and of what was last only the
// newest notifications are looked at: an endpoint that has taken none of those is not well, whatever came before.
const SELECT: &str = "
with tried as (
  select told.merchant_id,
         count(*) filter (where made.at > $2 and made.http_status between 200 and 299) as hour_ok,
         count(*) filter (where made.at > $2) as hour_all,
         count(*) filter (where made.http_status between 200 and 299) as day_ok,
         count(*) as day_all
  from notification_attempts made join notifications told on told.id = made.notification_id
  where made.at > $3 and ($1::uuid is null or told.merchant_id = $1)
  group by told.merchant_id
)
select merchants.id, merchants.endpoint_url as url, merchants.endpoint_disabled_reason as disabled_reason,
       switches.since as paused_since, newest.last_success_at, newest.last_failure_at, newest.last_failure,
       coalesce(hour_ok, 0) as hour_ok, coalesce(hour_all, 0) as hour_all, coalesce(day_ok, 0) as day_ok,
       coalesce(day_all, 0) as day_all,
       (select count(*) from (select from notifications where merchant_id = merchants.id and status = 'pending'
                              limit 10000) as counted) as waiting,
       (select count(*) from (select from notifications where merchant_id = merchants.id and held_at is not null
                              limit 10000) as counted) as held,
       (select count(*) from (select from notifications where merchant_id = merchants.id
                              and status in ('exhausted', 'undeliverable') limit 10000) as counted) as given_up
from merchants
left join tried on tried.merchant_id = merchants.id
left join switches on switches.what = 'notifications'
                   and switches.name = 'mer_' || replace(merchants.id::text, '-', '')
cross join lateral (
  select max(made.at) filter (where made.http_status between 200 and 299) as last_success_at,
         max(made.at) filter (where (made.http_status between 200 and 299) is not true) as last_failure_at,
         (array_agg(coalesce(made.error, 'it answered ' || made.http_status) order by made.at desc)
            filter (where (made.http_status between 200 and 299) is not true))[1] as last_failure
  from (select id from notifications where merchant_id = merchants.id order by created_at desc, id desc limit 200) as told
  join notification_attempts made on made.notification_id = told.id
) as newest
where $1::uuid is null or merchants.id = $1
order by merchants.created_at, merchants.id";

impl Store {
    /// How the endpoints of all merchants do, or of one.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn endpoint_health(
        &self,
        merchant: Option<MerchantId>,
        now: DateTime<Utc>,
    ) -> Result<Vec<EndpointHealth>, StoreError> {
        let asking = sqlx::query_as::<_, HealthRow>(SELECT)
            .bind(merchant.map(|merchant| merchant.as_uuid()))
            .bind(now - TimeDelta::hours(1))
            .bind(now - TimeDelta::days(1));
        let rows = answered(asking.fetch_all(&self.pool)).await?;
        Ok(rows.into_iter().map(HealthRow::read).collect())
    }
}

impl HealthRow {
    fn read(self) -> EndpointHealth {
        EndpointHealth {
            merchant_id: MerchantId::from_uuid(self.id),
            url: self.url,
            disabled_reason: self.disabled_reason,
            paused_since: self.paused_since,
            last_success_at: self.last_success_at,
            last_failure_at: self.last_failure_at,
            last_failure: self.last_failure,
            last_hour: (self.hour_ok, self.hour_all),
            last_day: (self.day_ok, self.day_all),
            waiting: self.waiting,
            held: self.held,
            given_up: self.given_up,
        }
    }
}
