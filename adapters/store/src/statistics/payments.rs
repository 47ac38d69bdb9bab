//! Reading what payments come to.

use domain::{
    channel::{Channel, Method},
    currency::Currency,
    payment::PaymentStatus,
};
use sqlx::FromRow;

use super::{Days, Grouping};
use crate::{Scoped, StoreError, pool::answered};

/// A day of a zone is made of quarters of an hour that are days apart only where clocks are changed. Each quarter is read
/// once, however many groupings are asked for.
const SELECT: &str = "
select asked.name as grouping,
       case asked.name when 'day' then ((slot at time zone $1)::date)::text when 'channel' then channel
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
from payment_statistics cross join unnest($8::text[]) as asked (name)
where slot >= $2::date::timestamp at time zone $1 and slot < ($3::date + 1)::timestamp at time zone $1
  and ($4::text is null or currency = $4) and ($5::text is null or channel = $5)
  and ($6::text is null or method = $6) and ($7::text is null or status = $7)
  and ($9::uuid is null or merchant_id = $9)
group by 1, 2, 3 order by 1, 2, 3";

/// Which payments are asked about: those that were asked for on these days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentFilter {
    /// The days.
    pub days: Days,
    /// Only those in this currency.
    pub currency: Option<Currency>,
    /// Only those of this channel.
    pub channel: Option<Channel>,
    /// Only those by this method.
    pub method: Option<Method>,
    /// Only those that stand so by now.
    pub status: Option<PaymentStatus>,
}

/// What some payments of one currency come to.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct PaymentFigures {
    /// What they are told apart by: the name of the grouping.
    pub grouping: String,
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

impl PaymentFilter {
    /// All payments of some days.
    pub const fn of(days: Days) -> Self {
        Self {
            days,
            currency: None,
            channel: None,
            method: None,
            status: None,
        }
    }
}

impl Scoped<'_> {
    /// What payments come to, as of [`Self::statistics_until`], for each grouping, currency and group. Nobody has counted what
    /// is a user's, so a user sees nothing.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn payment_statistics(
        &self,
        filter: &PaymentFilter,
        groupings: &[Grouping],
    ) -> Result<Vec<PaymentFigures>, StoreError> {
        if self.scope.user().is_some() {
            return Ok(Vec::new());
        }
        let names: Vec<&str> = groupings.iter().map(|grouping| grouping.name()).collect();
        let asking = sqlx::query_as(SELECT)
            .bind(filter.days.zone.name())
            .bind(filter.days.from)
            .bind(filter.days.to)
            .bind(filter.currency.map(|currency| currency.code()))
            .bind(filter.channel.map(|channel| channel.name()))
            .bind(filter.method.map(|method| method.name()))
            .bind(filter.status.map(|status| status.name()))
            .bind(names)
            .bind(self.scope.merchant().map(|merchant| merchant.as_uuid()));
        answered(asking.fetch_all(&self.store.pool)).await
    }
}
