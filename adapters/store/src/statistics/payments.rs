//! Reading what payments come to.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{channel::Channel, currency::Currency, payment::PaymentStatus};
use sqlx::FromRow;

use crate::{Scoped, StoreError, pool::answered};

/// A day of a zone is made of quarters of an hour that are days apart only where clocks are changed.
const SELECT: &str = "
select case $8 when 'day' then ((slot at time zone $1)::date)::text when 'channel' then channel
               when 'method' then method when 'status' then status end as key,
       currency,
       sum(payments)::bigint as payments,
       coalesce(sum(payments) filter (where status = 'succeeded'), 0)::bigint as succeeded,
       coalesce(sum(payments) filter (where status = 'failed'), 0)::bigint as failed,
       coalesce(sum(payments) filter (where status = 'canceled'), 0)::bigint as canceled,
       coalesce(sum(payments) filter (where status = 'expired'), 0)::bigint as expired,
       sum(refunded)::bigint as refunded,
       sum(amount_minor)::bigint as amount_minor,
       coalesce(sum(amount_minor) filter (where status = 'succeeded'), 0)::bigint as paid_minor,
       sum(refunded_minor)::bigint as refunded_minor,
       sum(paying_ms)::bigint as paying_ms
from payment_statistics
where slot >= $2::date::timestamp at time zone $1 and slot < ($3::date + 1)::timestamp at time zone $1
  and ($4::text is null or currency = $4) and ($5::text is null or channel = $5)
  and ($6::text is null or method = $6) and ($7::text is null or status = $7)
  and ($9::uuid is null or merchant_id = $9)
group by 1, 2 order by 1, 2";

const DAY_IN_ZONE: &str = "select ($2 at time zone name)::date from pg_timezone_names where name = $1";

/// The name of a time zone that PostgreSQL knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(String);

/// Which payments are asked about: those that were asked for on these days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatisticsFilter {
    /// Whose days.
    pub zone: Zone,
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// Only those in this currency.
    pub currency: Option<Currency>,
    /// Only those of this channel.
    pub channel: Option<Channel>,
    /// Only those by this method, by its name.
    pub method: Option<domain::channel::Method>,
    /// Only those that stand so by now.
    pub status: Option<PaymentStatus>,
}

/// What the figures are told apart by, besides the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// Nothing.
    None,
    /// The day on which they were asked for.
    Day,
    /// The channel.
    Channel,
    /// The method.
    Method,
    /// How they stand by now.
    Status,
}

/// What some payments of one currency come to.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Figures {
    /// Which they are, by the grouping; empty for payments that say no method.
    pub key: Option<String>,
    /// The currency of all amounts.
    pub currency: String,
    /// How many were asked for.
    pub payments: i64,
    /// How many of them are paid.
    pub succeeded: i64,
    /// How many have failed.
    pub failed: i64,
    /// How many were canceled.
    pub canceled: i64,
    /// How many were not paid in time.
    pub expired: i64,
    /// Of how many something was given back.
    pub refunded: i64,
    /// What was asked for.
    pub amount_minor: i64,
    /// What was paid.
    pub paid_minor: i64,
    /// What was given back.
    pub refunded_minor: i64,
    /// How long those that are paid took to be paid, all together, in milliseconds.
    pub paying_ms: i64,
}

impl Zone {
    /// Coordinated Universal Time.
    pub fn utc() -> Self {
        Self("UTC".into())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl Grouping {
    /// All that there are, but for none.
    pub const ALL: [Self; 4] = [Self::Day, Self::Channel, Self::Method, Self::Status];

    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Day => "day",
            Self::Channel => "channel",
            Self::Method => "method",
            Self::Status => "status",
        }
    }
}

impl Scoped<'_> {
    /// What payments come to, as of [`Self::statistics_until`], for each currency and group. Nobody has counted what is a
    /// user's, so a user sees nothing.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn payment_statistics(
        &self,
        filter: &StatisticsFilter,
        grouping: Grouping,
    ) -> Result<Vec<Figures>, StoreError> {
        if self.scope.user().is_some() {
            return Ok(Vec::new());
        }
        let asking = sqlx::query_as(SELECT)
            .bind(filter.zone.name())
            .bind(filter.from)
            .bind(filter.to)
            .bind(filter.currency.map(|currency| currency.code()))
            .bind(filter.channel.map(|channel| channel.name()))
            .bind(filter.method.map(|method| method.name()))
            .bind(filter.status.map(|status| status.name()))
            .bind(grouping.name())
            .bind(self.scope.merchant().map(|merchant| merchant.as_uuid()));
        answered(asking.fetch_all(&self.store.pool)).await
    }

    /// The time zone of this name, such as `Asia/Shanghai`, and the day that it is there at this moment; none when there is
    /// none.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn zone(
        &self,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<(Zone, NaiveDate)>, StoreError> {
        let asking = sqlx::query_scalar(DAY_IN_ZONE).bind(name).bind(now);
        let day: Option<NaiveDate> = answered(asking.fetch_optional(&self.store.pool)).await?;
        Ok(day.map(|day| (Zone(name.to_owned()), day)))
    }

    /// Until when all changes are counted.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn statistics_until(&self) -> Result<DateTime<Utc>, StoreError> {
        self.store.rolled_up_until().await
    }
}
