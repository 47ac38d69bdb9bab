//! Tries to deliver notifications, and what they say about the endpoint.

use super::column;
use crate::{AttemptRecord, write::Together};

// The same attempt seen twice is one attempt: its first account stands. But when its worker died after writing down a
// failure, the same attempt is made again, and may arrive; then there were two, and the second gets the next number: none
// is made after it, and what was delivered has an account that says so. A delivered notification stays delivered, and one
// that ended otherwise keeps the moment at which it did. What comes of a schedule that was followed by another says nothing
// about that one.
const ATTEMPTS: &str = "
select * from unnest($1::uuid[], $2::integer[], $3::integer[], $4::text[], $5::text[], $6::integer[],
                     $7::timestamptz[], $8::text[], $9::integer[])
         as made (notification_id, attempt, http_status, error, response, duration_ms, at, status, attempts_before)";

const INSERT: &str = "
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
on conflict do nothing";

const UPDATE: &str = "
update notifications set status = attempt.status, finished_at = attempt.at
from attempt
where notifications.id = attempt.notification_id and notifications.status not in ('delivered', attempt.status)
  and attempt.status <> 'pending'
  and (notifications.attempts_before <= attempt.attempts_before or attempt.status = 'delivered')";

/// Adds tries, and notes how far their notifications and endpoints came.
pub fn insert(all: &mut Together, attempts: &[&AttemptRecord]) {
    if attempts.is_empty() {
        return;
    }
    all.add_as("attempt", ATTEMPTS)
        .bind(column(attempts, |attempt| attempt.notification_id.as_uuid()))
        .bind(column(attempts, |attempt| {
            (attempt.attempts_before + attempt.attempt).cast_signed()
        }))
        .bind(column(attempts, |attempt| attempt.http_status.map(i32::from)))
        .bind(column(attempts, |attempt| attempt.error.as_deref()))
        .bind(column(attempts, |attempt| attempt.response.as_deref()))
        .bind(column(attempts, |attempt| attempt.duration_ms))
        .bind(column(attempts, |attempt| attempt.at))
        .bind(column(attempts, |attempt| attempt.status.name()))
        .bind(column(attempts, |attempt| attempt.attempts_before.cast_signed()));
    all.add(INSERT);
    all.add(UPDATE);
    disable_endpoints(all, attempts);
}

// Only an endpoint that still is the one that said so is switched off.
const DISABLE_ENDPOINTS: &str = "
update merchants set endpoint_disabled_at = gone.at, endpoint_disabled_reason = 'the endpoint answered 410 Gone'
from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as gone (notification_id, url, at)
join notifications on notifications.id = gone.notification_id
where merchants.id = notifications.merchant_id and merchants.endpoint_url = gone.url
  and merchants.endpoint_disabled_at is null";

fn disable_endpoints(all: &mut Together, attempts: &[&AttemptRecord]) {
    let gone = attempts.iter().filter(|attempt| attempt.gone_url.is_some());
    let gone: Vec<&AttemptRecord> = gone.copied().collect();
    if gone.is_empty() {
        return;
    }
    all.add(DISABLE_ENDPOINTS)
        .bind(column(&gone, |attempt| attempt.notification_id.as_uuid()))
        .bind(column(&gone, |attempt| attempt.gone_url.as_deref()))
        .bind(column(&gone, |attempt| attempt.at));
}
