//! Reading what happened to orders.

use chrono::{DateTime, Utc};
use domain::{
    id::{OrderId, PaymentId, RefundId},
    order::{LoggedStep, OrderLog},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Scoped, StoreError, pool::answered};

/// A step of an order, and its number among those of all orders: what happened later has a higher one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedLog {
    /// The number.
    pub number: i64,
    /// The step.
    pub log: OrderLog,
}

/// Which steps of an order to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderLogPage {
    /// Only those before the one of this number.
    pub before: Option<i64>,
    /// How many at the most.
    pub limit: u32,
}

const SELECT: &str = "
select id, step, status, operator, reason, payment_id, refund_id, at
from order_logs where order_id = $1 and id < $2
order by id desc limit $3";

impl Scoped<'_> {
    /// What happened to an order, newest first; none when there is no such order to be seen.
    ///
    /// # Errors
    /// PostgreSQL is away, or a row cannot be read.
    pub async fn order_logs(
        &self,
        id: OrderId,
        page: OrderLogPage,
    ) -> Result<Option<Vec<NumberedLog>>, StoreError> {
        if self.order(id).await?.is_none() {
            return Ok(None);
        }
        let reading = sqlx::query_as::<_, LogRow>(SELECT)
            .bind(id.as_uuid())
            .bind(page.before.unwrap_or(i64::MAX))
            .bind(i64::from(page.limit));
        let rows = answered(reading.fetch_all(&self.store.pool)).await?;
        let logs = rows.into_iter().map(|row| row.into_log(id));
        logs.collect::<Result<_, _>>().map(Some)
    }
}

#[derive(FromRow)]
struct LogRow {
    id: i64,
    step: String,
    status: String,
    operator: Option<String>,
    reason: Option<String>,
    payment_id: Option<Uuid>,
    refund_id: Option<Uuid>,
    at: DateTime<Utc>,
}

impl LogRow {
    fn into_log(self, order_id: OrderId) -> Result<NumberedLog, StoreError> {
        let unreadable =
            |problem: String| StoreError::unreadable(format!("step {} of {order_id}", self.id), problem);
        let log = OrderLog {
            order_id,
            step: LoggedStep::named(&self.step)
                .ok_or_else(|| unreadable(format!("unknown step {:?}", self.step)))?,
            status: self.status.parse().map_err(|e| unreadable(format!("{e}")))?,
            operator: self.operator,
            reason: self.reason,
            payment_id: self.payment_id.map(PaymentId::from_uuid),
            refund_id: self.refund_id.map(RefundId::from_uuid),
            at: self.at,
        };
        Ok(NumberedLog { number: self.id, log })
    }
}
