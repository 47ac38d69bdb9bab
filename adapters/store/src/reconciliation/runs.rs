//! Reading runs.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    channel::Channel,
    id::{MerchantId, ReconciliationId},
    job::Reconcile,
    reconciliation::AgreedFee,
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, pool::answered};

/// A comparison of a merchant's day at a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReconciliationRun {
    /// The job that makes it, which says what is compared.
    pub job: Reconcile,
    /// Who wanted it.
    pub requested_by: String,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// How it ended, once it has.
    pub ending: Option<RunEnding>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunEnding {
    /// When.
    pub finished_at: DateTime<Utc>,
    /// How many lines the statement had.
    pub entries: u32,
    /// How many of them agreed with what we have.
    pub matched: u32,
    /// How many differences it found, whatever was said about them since.
    pub differences: u32,
}

#[derive(FromRow)]
struct RunRow {
    id: Uuid,
    merchant_id: Uuid,
    channel: String,
    day: NaiveDate,
    number: i32,
    entries: Option<i32>,
    matched: Option<i32>,
    differences: i64,
    requested_by: String,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

const SELECT: &str = "
select id, merchant_id, channel, day, number, entries, matched, requested_by, created_at, finished_at,
       (select count(*) from reconciliation_differences where reconciliation_id = reconciliations.id) as differences
from reconciliations where id = $1";

const SELECT_NEWEST: &str = "
select id, merchant_id, channel, day, number, entries, matched, requested_by, created_at, finished_at,
       (select count(*) from reconciliation_differences where reconciliation_id = reconciliations.id) as differences
from reconciliations where merchant_id = $1 order by day desc, number desc limit $2";

const SELECT_FEE: &str = "
select fee_bps, fee_fixed_minor from channel_configs where merchant_id = $1 and channel = $2 and fee_bps is not null";

impl Store {
    /// One run.
    ///
    /// # Errors
    /// PostgreSQL is away, or the row cannot be read.
    pub async fn reconciliation(
        &self,
        id: ReconciliationId,
    ) -> Result<Option<ReconciliationRun>, StoreError> {
        let asking = sqlx::query_as::<_, RunRow>(SELECT).bind(id.as_uuid());
        let row = answered(asking.fetch_optional(&self.pool)).await?;
        row.map(ReconciliationRun::try_from).transpose()
    }

    /// A merchant's runs, the newest days first.
    ///
    /// # Errors
    /// As [`Self::reconciliation`].
    pub async fn reconciliations(
        &self,
        merchant_id: MerchantId,
        limit: u32,
    ) -> Result<Vec<ReconciliationRun>, StoreError> {
        let asking = sqlx::query_as::<_, RunRow>(SELECT_NEWEST)
            .bind(merchant_id.as_uuid())
            .bind(i64::from(limit));
        let rows = answered(asking.fetch_all(&self.pool)).await?;
        rows.into_iter().map(ReconciliationRun::try_from).collect()
    }

    /// The merchants that use a channel.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn merchants_of_channel(&self, channel: Channel) -> Result<Vec<MerchantId>, StoreError> {
        let select = "select merchant_id from channel_configs where channel = $1 order by merchant_id";
        let asking = sqlx::query_scalar(select).bind(channel.name());
        let ids: Vec<Uuid> = answered(asking.fetch_all(&self.pool)).await?;
        Ok(ids.into_iter().map(MerchantId::from_uuid).collect())
    }

    /// What a merchant and its provider have agreed that it keeps, if they have.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn agreed_fee(
        &self,
        merchant_id: MerchantId,
        channel: Channel,
    ) -> Result<Option<AgreedFee>, StoreError> {
        let asking = sqlx::query_as(SELECT_FEE)
            .bind(merchant_id.as_uuid())
            .bind(channel.name());
        let row: Option<(i32, i64)> = answered(asking.fetch_optional(&self.pool)).await?;
        Ok(row.map(|(bps, fixed_minor)| AgreedFee {
            bps: bps.cast_unsigned(),
            fixed_minor,
        }))
    }
}

impl TryFrom<RunRow> for ReconciliationRun {
    type Error = StoreError;

    fn try_from(row: RunRow) -> Result<Self, StoreError> {
        let id = ReconciliationId::from_uuid(row.id);
        let count = |count: Option<i32>| count.unwrap_or_default().cast_unsigned();
        Ok(Self {
            job: Reconcile {
                merchant_id: MerchantId::from_uuid(row.merchant_id),
                channel: row
                    .channel
                    .parse()
                    .map_err(|error| StoreError::unreadable(id.to_string(), error))?,
                day: row.day,
                number: row.number.cast_unsigned(),
            },
            requested_by: row.requested_by,
            created_at: row.created_at,
            ending: row.finished_at.map(|finished_at| RunEnding {
                finished_at,
                entries: count(row.entries),
                matched: count(row.matched),
                differences: u32::try_from(row.differences).unwrap_or(u32::MAX),
            }),
        })
    }
}
