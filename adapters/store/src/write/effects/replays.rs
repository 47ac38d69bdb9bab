//! What came of jobs that were sent again after they had been parked.

use super::column;
use crate::{ReplayedJob, StoreError, write::Tx};

// It may be done before it is written down that it was sent.
const UPDATE: &str = "
update dead_letters set outcome = 'done'
from unnest($1::text[], $2::integer[]) as done (job_id, attempt)
where dead_letters.job_id = done.job_id and dead_letters.attempt = done.attempt and outcome is null
  and state in ('replaying', 'replayed')";

/// Notes that they are done.
pub async fn update(tx: &mut Tx, replayed: &[&ReplayedJob]) -> Result<(), StoreError> {
    if replayed.is_empty() {
        return Ok(());
    }
    sqlx::query(UPDATE)
        .bind(column(replayed, |job| job.job_id.as_str()))
        .bind(column(replayed, |job| job.attempt.cast_signed()))
        .execute(&mut **tx)
        .await?;
    Ok(())
}
