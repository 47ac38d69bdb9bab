//! Beginning runs: one that somebody asks for, and those that are due.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    channel::Channel,
    id::MerchantId,
    job::{Envelope, Reconcile},
};
use failpoints::{Point, reach};
use sqlx::FromRow;
use uuid::Uuid;

use super::{SCHEDULE, names};
use crate::{
    Store, StoreError,
    pool::answered,
    write::{Together, Tx, insert_jobs},
};

/// How often a number that somebody else took is replaced by the next one.
const MAX_LOOKS: u32 = 5;

#[derive(FromRow)]
struct DueRow {
    merchant_id: Uuid,
    channel: String,
    day: NaiveDate,
    number: i32,
}

const NEXT_NUMBER: &str = "
select coalesce(max(number), 0) + 1 from reconciliations where merchant_id = $1 and channel = $2 and day = $3";

/// What a person had compared before does not count: the day may not have been over.
const DUE: &str = "
select config.merchant_id, config.channel, due.day, coalesce(max(run.number), 0) + 1 as number
from channel_configs config
join merchants on merchants.id = config.merchant_id
cross join (select generate_series($1::date, $2::date, interval '1 day')::date as day) as due
left join reconciliations run
  on run.merchant_id = config.merchant_id and run.channel = config.channel and run.day = due.day
where config.channel = any ($5) and merchants.created_at < (due.day + 1)::timestamp at time zone 'utc'
group by config.merchant_id, config.channel, due.day
having bool_or(run.requested_by = $3) is not true
order by due.day, config.merchant_id, config.channel
limit $4";

const INSERT: &str = "
insert into reconciliations (id, merchant_id, channel, day, number, requested_by, created_at)
select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::date[], $5::integer[]), (select $6::text, $7::timestamptz) as begun
on conflict do nothing
returning id";

impl Store {
    /// Begins a run of a day and puts its job into the outbox.
    ///
    /// # Errors
    /// PostgreSQL is away or refuses: there is no such merchant. Nothing was begun then.
    pub async fn begin_reconciliation(
        &self,
        merchant_id: MerchantId,
        channel: Channel,
        day: NaiveDate,
        requested_by: &str,
        now: DateTime<Utc>,
    ) -> Result<Reconcile, StoreError> {
        for _ in 0..MAX_LOOKS {
            let number: i32 = answered(
                sqlx::query_scalar(NEXT_NUMBER)
                    .bind(merchant_id.as_uuid())
                    .bind(channel.name())
                    .bind(day)
                    .fetch_one(&self.pool),
            )
            .await?;
            let job = Reconcile {
                merchant_id,
                channel,
                day,
                number: number.cast_unsigned(),
            };
            let begun = self
                .refusals
                .note(answered(self.begin(&[job], requested_by, now)).await)?;
            if begun == 1 {
                return Ok(job);
            }
        }
        Err(StoreError::Contended(format!("the comparisons of {day}")))
    }

    /// Begins the runs that are due: for each merchant and each of these channels that it uses one of each of these days
    /// since there is the merchant, unless it was begun before, by whichever process. At most `limit` of them; answers how
    /// many.
    ///
    /// # Errors
    /// PostgreSQL is away, or a row cannot be read.
    pub async fn begin_due_reconciliations(
        &self,
        channels: &[Channel],
        first: NaiveDate,
        last: NaiveDate,
        limit: i64,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let due: Vec<DueRow> = answered(
            sqlx::query_as(DUE)
                .bind(first)
                .bind(last)
                .bind(SCHEDULE)
                .bind(limit)
                .bind(names(channels))
                .fetch_all(&self.pool),
        )
        .await?;
        if due.is_empty() {
            return Ok(0);
        }
        let jobs: Vec<Reconcile> = due.into_iter().map(DueRow::into_job).collect::<Result<_, _>>()?;
        self.refusals
            .note(answered(self.begin(&jobs, SCHEDULE, now)).await)
    }

    /// Begins those runs whose number nobody has taken since.
    async fn begin(
        &self,
        jobs: &[Reconcile],
        requested_by: &str,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let mut tx = self.pool.begin().await?;
        let begun = insert(&mut tx, jobs, requested_by, now).await?;
        let begun = jobs
            .iter()
            .filter(|job| begun.contains(&job.reconciliation_id().as_uuid()));
        let envelopes: Vec<Envelope> = begun.map(|job| Envelope::new(job, None, now)).collect();
        let mut all = Together::default();
        insert_jobs(&mut all, &envelopes.iter().collect::<Vec<_>>());
        all.run(&mut tx).await?;
        reach(Point::ReconciliationBeforeBegin);
        tx.commit().await?;
        reach(Point::ReconciliationBegun);
        Ok(envelopes.len())
    }
}

async fn insert(
    tx: &mut Tx<'_>,
    jobs: &[Reconcile],
    requested_by: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, StoreError> {
    let column = || jobs.iter();
    Ok(sqlx::query_scalar(INSERT)
        .bind(
            column()
                .map(|job| job.reconciliation_id().as_uuid())
                .collect::<Vec<_>>(),
        )
        .bind(column().map(|job| job.merchant_id.as_uuid()).collect::<Vec<_>>())
        .bind(column().map(|job| job.channel.name()).collect::<Vec<_>>())
        .bind(column().map(|job| job.day).collect::<Vec<_>>())
        .bind(column().map(|job| job.number.cast_signed()).collect::<Vec<_>>())
        .bind(requested_by)
        .bind(now)
        .fetch_all(&mut **tx)
        .await?)
}

impl DueRow {
    fn into_job(self) -> Result<Reconcile, StoreError> {
        let channel = self.channel.parse();
        Ok(Reconcile {
            merchant_id: MerchantId::from_uuid(self.merchant_id),
            channel: channel.map_err(|error| StoreError::unreadable("a channel's name", error))?,
            day: self.day,
            number: self.number.cast_unsigned(),
        })
    }
}
