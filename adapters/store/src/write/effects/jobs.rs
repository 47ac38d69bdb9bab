//! The outbox.

use domain::job::Envelope;

use super::column;
use crate::write::Together;

const INSERT: &str = "
insert into outbox (job_id, kind, correlation_id, schema, traceparent, body, created_at, attempt)
select * from unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::text[], $6::bytea[], $7::timestamptz[],
                     $8::integer[])";

/// Puts jobs into the outbox.
pub fn insert(all: &mut Together, jobs: &[&Envelope]) {
    if jobs.is_empty() {
        return;
    }
    all.add(INSERT)
        .bind(column(jobs, |job| job.job_id.as_str()))
        .bind(column(jobs, |job| job.kind.as_str()))
        .bind(column(jobs, |job| job.correlation_id.as_str()))
        .bind(column(jobs, |job| job.schema.cast_signed()))
        .bind(column(jobs, |job| job.traceparent.as_deref()))
        .bind(column(jobs, |job| &job.body[..]))
        .bind(column(jobs, |job| job.published_at))
        .bind(column(jobs, |job| job.attempt.cast_signed()));
}
