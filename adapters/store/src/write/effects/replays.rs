//! What came of jobs that were sent again after they had been parked.

use super::column;
use crate::{ReplayedJob, write::Together};

// It may be done before it is written down that it was sent.
const UPDATE: &str = "
update dead_letters set outcome = 'done'
from unnest($1::text[], $2::integer[]) as done (job_id, attempt)
where dead_letters.job_id = done.job_id and dead_letters.attempt = done.attempt and outcome is null
  and state in ('replaying', 'replayed')";

/// Notes that they are done.
pub fn update(all: &mut Together, replayed: &[&ReplayedJob]) {
    if replayed.is_empty() {
        return;
    }
    all.add(UPDATE)
        .bind(column(replayed, |job| job.job_id.as_str()))
        .bind(column(replayed, |job| job.attempt.cast_signed()));
}
