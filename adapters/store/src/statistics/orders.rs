//! Reading what orders come to.

use domain::{currency::Currency, order::OrderStatus};
use sqlx::FromRow;

use super::{Days, Grouping};
use crate::{Scoped, StoreError, pool::answered};

/// An order that is given back stays paid, and shipped: that goes by the stage.
const SELECT: &str = "
select case $6 when 'day' then ((slot at time zone $1)::date)::text when 'status' then status end as key,
       currency,
       sum(orders)::bigint as orders,
       coalesce(sum(orders) filter (where stage in ('paid', 'shipped', 'completed')), 0)::bigint as paid,
       coalesce(sum(orders) filter (where stage = 'payment_failed'), 0)::bigint as payment_failed,
       coalesce(sum(orders) filter (where stage = 'canceled'), 0)::bigint as canceled,
       coalesce(sum(orders) filter (where stage in ('shipped', 'completed')), 0)::bigint as shipped,
       coalesce(sum(orders) filter (where stage = 'completed'), 0)::bigint as completed,
       sum(refunded)::bigint as refunded,
       sum(refunded_fully)::bigint as refunded_fully,
       sum(amount_minor)::bigint as amount_minor,
       coalesce(sum(amount_minor) filter (where stage in ('paid', 'shipped', 'completed')), 0)::bigint as paid_minor,
       sum(refunded_minor)::bigint as refunded_minor,
       sum(paying_ms)::bigint as paying_ms
from order_statistics
where slot >= $2::date::timestamp at time zone $1 and slot < ($3::date + 1)::timestamp at time zone $1
  and ($4::text is null or currency = $4) and ($5::text is null or status = $5)
  and ($7::uuid is null or merchant_id = $7)
group by 1, 2 order by 1, 2";

/// Which orders are asked about: those that were created on these days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFilter {
    /// The days.
    pub days: Days,
    /// Only those in this currency.
    pub currency: Option<Currency>,
    /// Only those that stand so by now.
    pub status: Option<OrderStatus>,
}

/// What some orders of one currency come to.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct OrderFigures {
    /// Which they are, by the grouping.
    pub key: Option<String>,
    /// The currency of all amounts.
    pub currency: String,
    /// How many were created.
    pub orders: i64,
    /// How many of them are paid, whatever became of them since.
    pub paid: i64,
    /// Of how many the last payment has failed.
    pub payment_failed: i64,
    /// How many were called off before they were paid.
    pub canceled: i64,
    /// How many were sent, whether or not they have arrived.
    pub shipped: i64,
    /// How many have arrived.
    pub completed: i64,
    /// Of how many something was given back.
    pub refunded: i64,
    /// Of how many everything was given back.
    pub refunded_fully: i64,
    /// What was ordered.
    pub amount_minor: i64,
    /// What was paid.
    pub paid_minor: i64,
    /// What was given back.
    pub refunded_minor: i64,
    /// How long those that are paid took to be paid, all together, in milliseconds.
    pub paying_ms: i64,
}

impl OrderFilter {
    /// All orders of some days.
    pub const fn of(days: Days) -> Self {
        Self {
            days,
            currency: None,
            status: None,
        }
    }
}

impl Scoped<'_> {
    /// What orders come to, as of [`Self::statistics_until`], for each currency and group. Nobody has counted what is a user's,
    /// so a user sees nothing.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn order_statistics(
        &self,
        filter: &OrderFilter,
        grouping: Grouping,
    ) -> Result<Vec<OrderFigures>, StoreError> {
        if self.scope.user().is_some() {
            return Ok(Vec::new());
        }
        let asking = sqlx::query_as(SELECT)
            .bind(filter.days.zone.name())
            .bind(filter.days.from)
            .bind(filter.days.to)
            .bind(filter.currency.map(|currency| currency.code()))
            .bind(filter.status.map(|status| status.name()))
            .bind(grouping.name())
            .bind(self.scope.merchant().map(|merchant| merchant.as_uuid()));
        answered(asking.fetch_all(&self.store.pool)).await
    }
}
