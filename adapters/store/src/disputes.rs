//! Reading disputes.

use chrono::{DateTime, Utc};
use domain::{
    dispute::{Dispute, DisputeStatus},
    id::{DisputeId, MerchantId, PaymentId},
    money::Money,
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, pool::answered};

const SELECT: &str = "
select id, merchant_id, payment_id, channel, channel_dispute_id, amount_minor, currency, reason, status, created_at,
       updated_at
from disputes where id = $1";

impl Store {
    /// One dispute.
    ///
    /// # Errors
    /// PostgreSQL is away, or the row cannot be read.
    pub async fn dispute(&self, id: DisputeId) -> Result<Option<Dispute>, StoreError> {
        let row = answered(
            sqlx::query_as::<_, DisputeRow>(SELECT)
                .bind(id.as_uuid())
                .fetch_optional(&self.pool),
        )
        .await?;
        row.map(Dispute::try_from).transpose()
    }
}

#[derive(FromRow)]
struct DisputeRow {
    id: Uuid,
    merchant_id: Uuid,
    payment_id: Uuid,
    channel: String,
    channel_dispute_id: String,
    amount_minor: i64,
    currency: String,
    reason: String,
    status: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<DisputeRow> for Dispute {
    type Error = StoreError;

    fn try_from(row: DisputeRow) -> Result<Self, StoreError> {
        let id = DisputeId::from_uuid(row.id);
        let unreadable = |problem: String| StoreError::unreadable(id.to_string(), problem);
        Ok(Self {
            id,
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            payment_id: PaymentId::from_uuid(row.payment_id),
            channel: row.channel.parse().map_err(|e| unreadable(format!("{e}")))?,
            channel_dispute_id: row.channel_dispute_id,
            money: Money {
                amount_minor: row.amount_minor,
                currency: row.currency.parse().map_err(|e| unreadable(format!("{e}")))?,
            },
            reason: row.reason,
            status: DisputeStatus::named(&row.status)
                .ok_or_else(|| unreadable(format!("status {:?}", row.status)))?,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
