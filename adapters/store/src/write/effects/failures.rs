//! Tries of jobs that did not work.

use super::column;
use crate::{JobFailure, write::Together};

const INSERT: &str = "
insert into job_failures (job_id, kind, attempt, disposition, error_class, reason, correlation_id, merchant_id, at)
select * from unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::uuid[], $9::timestamptz[])
on conflict (job_id, attempt) do update
set disposition = excluded.disposition, error_class = excluded.error_class, reason = excluded.reason, at = excluded.at";

/// Adds failures; the newest account of a try stands.
pub fn insert(all: &mut Together, failures: &[&JobFailure]) {
    if failures.is_empty() {
        return;
    }
    all.add(INSERT)
        .bind(column(failures, |failure| failure.job_id.as_str()))
        .bind(column(failures, |failure| failure.kind.as_str()))
        .bind(column(failures, |failure| failure.attempt.cast_signed()))
        .bind(column(failures, |failure| failure.disposition))
        .bind(column(failures, |failure| failure.error_class))
        .bind(column(failures, |failure| failure.reason.as_str()))
        .bind(column(failures, |failure| failure.correlation_id.as_str()))
        .bind(column(failures, |failure| {
            failure.merchant_id.map(|id| id.as_uuid())
        }))
        .bind(column(failures, |failure| failure.at));
}
