//! The writes that follow when all guards of a record held.

mod ledger;

pub use ledger::insert as insert_transfers;

use domain::{job::Envelope, notification::Notification};

use super::Tx;
use crate::{
    AttemptRecord, JobFailure, StoreError,
    record::{ExchangeRecord, Record},
};

/// Writes everything of these records but their guards.
pub async fn write(tx: &mut Tx, records: &[&Record]) -> Result<(), StoreError> {
    insert_exchanges(
        tx,
        &records
            .iter()
            .flat_map(|record| &record.exchanges)
            .collect::<Vec<_>>(),
    )
    .await?;
    insert_notifications(
        tx,
        &records
            .iter()
            .flat_map(|record| &record.notifications)
            .collect::<Vec<_>>(),
    )
    .await?;
    insert_attempts(
        tx,
        &records
            .iter()
            .filter_map(|record| record.attempt.as_ref())
            .collect::<Vec<_>>(),
    )
    .await?;
    insert_failures(
        tx,
        &records
            .iter()
            .filter_map(|record| record.failure.as_ref())
            .collect::<Vec<_>>(),
    )
    .await?;
    insert_jobs(
        tx,
        &records.iter().flat_map(|record| &record.jobs).collect::<Vec<_>>(),
    )
    .await
}

const INSERT_EXCHANGES: &str = "
insert into payment_records (payment_id, job_id, attempt, operation, outcome, intent_id, error, duration_ms, at)
select * from unnest($1::uuid[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::integer[], $9::timestamptz[])";

async fn insert_exchanges(tx: &mut Tx, exchanges: &[&ExchangeRecord]) -> Result<(), StoreError> {
    if exchanges.is_empty() {
        return Ok(());
    }
    let column = || exchanges.iter();
    sqlx::query(INSERT_EXCHANGES)
        .bind(column().map(|said| said.payment_id.as_uuid()).collect::<Vec<_>>())
        .bind(column().map(|said| said.job_id.clone()).collect::<Vec<_>>())
        .bind(
            column()
                .map(|said| said.attempt.cast_signed())
                .collect::<Vec<_>>(),
        )
        .bind(column().map(|said| said.exchange.operation).collect::<Vec<_>>())
        .bind(column().map(|said| said.exchange.outcome).collect::<Vec<_>>())
        .bind(
            column()
                .map(|said| said.exchange.intent_id.clone())
                .collect::<Vec<_>>(),
        )
        .bind(
            column()
                .map(|said| said.exchange.error.clone())
                .collect::<Vec<_>>(),
        )
        .bind(column().map(|said| said.exchange.duration_ms).collect::<Vec<_>>())
        .bind(column().map(|said| said.at).collect::<Vec<_>>())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

const INSERT_NOTIFICATIONS: &str = "
insert into notifications (id, merchant_id, payment_id, event_type, payload, created_at)
select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[])
on conflict do nothing";

async fn insert_notifications(tx: &mut Tx, notifications: &[&Notification]) -> Result<(), StoreError> {
    if notifications.is_empty() {
        return Ok(());
    }
    let column = || notifications.iter();
    sqlx::query(INSERT_NOTIFICATIONS)
        .bind(column().map(|told| told.id.as_uuid()).collect::<Vec<_>>())
        .bind(
            column()
                .map(|told| told.merchant_id.as_uuid())
                .collect::<Vec<_>>(),
        )
        .bind(column().map(|told| told.payment_id.as_uuid()).collect::<Vec<_>>())
        .bind(column().map(|told| told.event_type.name()).collect::<Vec<_>>())
        .bind(column().map(|told| told.payload.clone()).collect::<Vec<_>>())
        .bind(column().map(|told| told.created_at).collect::<Vec<_>>())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

// The same attempt seen twice is one attempt: its first account stands. But when its worker died after writing down a
// failure, the same attempt is made again, and may arrive; then there were two, and the second gets the next number: none
// is made after it, and what was delivered has an account that says so. A delivered notification stays delivered, and one
// that ended otherwise keeps the moment at which it did.
const INSERT_ATTEMPTS: &str = "
with attempt as (
  select * from unnest($1::uuid[], $2::integer[], $3::integer[], $4::text[], $5::text[], $6::integer[],
                       $7::timestamptz[], $8::text[])
           as attempt (notification_id, attempt, http_status, error, response, duration_ms, at, status)
), kept as (
  insert into notification_attempts (notification_id, attempt, http_status, error, response, duration_ms, at)
  select notification_id,
         case when http_status between 200 and 299 and exists (
                select from notification_attempts failed
                where failed.notification_id = attempt.notification_id
                having bool_or(failed.attempt = attempt.attempt)
                   and bool_or(failed.http_status between 200 and 299) is not true)
              then (select max(made.attempt) + 1 from notification_attempts made
                    where made.notification_id = attempt.notification_id)
              else attempt end,
         http_status, error, response, duration_ms, at
  from attempt
  on conflict do nothing
)
update notifications set status = attempt.status, finished_at = attempt.at
from attempt
where notifications.id = attempt.notification_id and notifications.status not in ('delivered', attempt.status)
  and attempt.status <> 'pending'";

// Only an endpoint that still is the one that said so is switched off.
const DISABLE_ENDPOINTS: &str = "
update merchants set endpoint_disabled_at = gone.at, endpoint_disabled_reason = 'the endpoint answered 410 Gone'
from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as gone (notification_id, url, at)
join notifications on notifications.id = gone.notification_id
where merchants.id = notifications.merchant_id and merchants.endpoint_url = gone.url
  and merchants.endpoint_disabled_at is null";

async fn insert_attempts(tx: &mut Tx, attempts: &[&AttemptRecord]) -> Result<(), StoreError> {
    if attempts.is_empty() {
        return Ok(());
    }
    let column = || attempts.iter();
    sqlx::query(INSERT_ATTEMPTS)
        .bind(
            column()
                .map(|attempt| attempt.notification_id.as_uuid())
                .collect::<Vec<_>>(),
        )
        .bind(
            column()
                .map(|attempt| attempt.attempt.cast_signed())
                .collect::<Vec<_>>(),
        )
        .bind(
            column()
                .map(|attempt| attempt.http_status.map(i32::from))
                .collect::<Vec<_>>(),
        )
        .bind(column().map(|attempt| attempt.error.clone()).collect::<Vec<_>>())
        .bind(
            column()
                .map(|attempt| attempt.response.clone())
                .collect::<Vec<_>>(),
        )
        .bind(column().map(|attempt| attempt.duration_ms).collect::<Vec<_>>())
        .bind(column().map(|attempt| attempt.at).collect::<Vec<_>>())
        .bind(column().map(|attempt| attempt.status.name()).collect::<Vec<_>>())
        .execute(&mut **tx)
        .await?;
    let gone: Vec<&&AttemptRecord> = column().filter(|attempt| attempt.gone_url.is_some()).collect();
    if !gone.is_empty() {
        sqlx::query(DISABLE_ENDPOINTS)
            .bind(
                gone.iter()
                    .map(|attempt| attempt.notification_id.as_uuid())
                    .collect::<Vec<_>>(),
            )
            .bind(
                gone.iter()
                    .map(|attempt| attempt.gone_url.clone())
                    .collect::<Vec<_>>(),
            )
            .bind(gone.iter().map(|attempt| attempt.at).collect::<Vec<_>>())
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

const INSERT_FAILURES: &str = "
insert into job_failures (job_id, kind, attempt, disposition, error_class, reason, correlation_id, merchant_id, at)
select * from unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::uuid[], $9::timestamptz[])
on conflict (job_id, attempt) do update
set disposition = excluded.disposition, error_class = excluded.error_class, reason = excluded.reason, at = excluded.at";

async fn insert_failures(tx: &mut Tx, failures: &[&JobFailure]) -> Result<(), StoreError> {
    if failures.is_empty() {
        return Ok(());
    }
    let column = || failures.iter();
    sqlx::query(INSERT_FAILURES)
        .bind(column().map(|failure| failure.job_id.clone()).collect::<Vec<_>>())
        .bind(column().map(|failure| failure.kind.clone()).collect::<Vec<_>>())
        .bind(
            column()
                .map(|failure| failure.attempt.cast_signed())
                .collect::<Vec<_>>(),
        )
        .bind(column().map(|failure| failure.disposition).collect::<Vec<_>>())
        .bind(column().map(|failure| failure.error_class).collect::<Vec<_>>())
        .bind(column().map(|failure| failure.reason.clone()).collect::<Vec<_>>())
        .bind(
            column()
                .map(|failure| failure.correlation_id.clone())
                .collect::<Vec<_>>(),
        )
        .bind(
            column()
                .map(|failure| failure.merchant_id.map(|id| id.as_uuid()))
                .collect::<Vec<_>>(),
        )
        .bind(column().map(|failure| failure.at).collect::<Vec<_>>())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

const INSERT_JOBS: &str = "
insert into outbox (job_id, kind, correlation_id, schema, traceparent, body, created_at)
select * from unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::text[], $6::bytea[], $7::timestamptz[])";

/// Puts jobs into the outbox.
pub async fn insert_jobs(tx: &mut Tx, jobs: &[&Envelope]) -> Result<(), StoreError> {
    if jobs.is_empty() {
        return Ok(());
    }
    let column = || jobs.iter();
    sqlx::query(INSERT_JOBS)
        .bind(column().map(|job| job.job_id.clone()).collect::<Vec<_>>())
        .bind(column().map(|job| job.kind.clone()).collect::<Vec<_>>())
        .bind(column().map(|job| job.correlation_id.clone()).collect::<Vec<_>>())
        .bind(column().map(|job| job.schema.cast_signed()).collect::<Vec<_>>())
        .bind(column().map(|job| job.traceparent.clone()).collect::<Vec<_>>())
        .bind(column().map(|job| job.body.clone()).collect::<Vec<_>>())
        .bind(column().map(|job| job.published_at).collect::<Vec<_>>())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// One column of all values.
fn column<'a, T, V>(values: &[&'a T], value: impl Fn(&'a T) -> V) -> Vec<V> {
    values.iter().map(|carried| value(carried)).collect()
}
