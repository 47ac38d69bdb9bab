//! Writing parked messages down.

use chrono::{DateTime, Utc};
use domain::{
    dead_letter::{ParkedBy, pattern},
    id::{DeadLetterGroupId, DeadLetterId, MerchantId},
};

use super::rows::place;
use crate::{Store, StoreError, pool::answered};

/// A parked message that is to be written down.
#[derive(Debug, Clone)]
pub struct NewLetter {
    /// Its id.
    pub id: DeadLetterId,
    /// The kind in whose queue it is parked.
    pub kind: String,
    /// The job.
    pub job_id: String,
    /// Which try it was, from 1.
    pub attempt: u32,
    /// The tries before it was last sent again.
    pub replayed_after: u32,
    /// `correlation_id` of the message.
    pub correlation_id: String,
    /// Whose job it is, where it says so.
    pub merchant_id: Option<MerchantId>,
    /// The ids of all that it is about.
    pub subjects: Vec<String>,
    /// The class of error.
    pub error_class: String,
    /// Why it is parked.
    pub reason: String,
    /// Who parked it.
    pub parked_by: ParkedBy,
    /// When.
    pub parked_at: DateTime<Utc>,
    /// The message as JSON. It is sealed before it is stored.
    pub message: Vec<u8>,
}

/// A job that was sent again and is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayedJob {
    /// The job.
    pub job_id: String,
    /// The tries before it was sent again: the last of them parked it.
    pub attempt: u32,
}

const INSERT_GROUPS: &str = "
insert into dead_letter_groups (id, kind, error_class, pattern, first_at, last_at)
select distinct on (id) * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $5::timestamptz[])
       as news (id, kind, error_class, pattern, first_at, last_at)
order by id
on conflict do nothing";

const INSERT: &str = "
insert into dead_letters (id, kind, group_id, job_id, attempt, replayed_after, correlation_id, merchant_id, subjects,
                          error_class, reason, parked_by, parked_at, recorded_at, message)
select id, kind, group_id, job_id, attempt, replayed_after, correlation_id, merchant_id, string_to_array(subjects, ' '),
       error_class, reason, parked_by, parked_at, $14, message
from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::integer[], $6::integer[], $7::text[], $8::uuid[],
            $9::text[], $10::text[], $11::text[], $12::text[], $13::timestamptz[], $15::bytea[])
     as news (id, kind, group_id, job_id, attempt, replayed_after, correlation_id, merchant_id, subjects, error_class,
              reason, parked_by, parked_at, message)
on conflict do nothing";

// A message that is the same as one that was done with: it is found by looking through its queue.
const LOOK_AGAIN: &str = "
delete from dead_letter_surveys
where kind in (select kind from dead_letters where id = any($1) and ended_at is not null and not is_open)";

const PARKED_AGAIN: &str = "
update dead_letters set outcome = 'parked_again'
from unnest($1::text[], $2::integer[]) as again (job_id, attempt)
where dead_letters.job_id = again.job_id and dead_letters.attempt = again.attempt and outcome is null
  and state in ('replaying', 'replayed')";

impl Store {
    /// Writes parked messages down, each once however often it is seen.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn note_letters(&self, letters: &[NewLetter], now: DateTime<Utc>) -> Result<(), StoreError> {
        if letters.is_empty() {
            return Ok(());
        }
        self.refusals
            .note(answered(self.insert_letters(letters, now)).await)
    }

    async fn insert_letters(&self, letters: &[NewLetter], now: DateTime<Utc>) -> Result<(), StoreError> {
        fn column<T>(letters: &[NewLetter], value: impl Fn(&NewLetter) -> T) -> Vec<T> {
            letters.iter().map(value).collect()
        }
        let patterns = column(letters, |letter| pattern(&letter.reason));
        let groups: Vec<_> = letters
            .iter()
            .zip(&patterns)
            .map(|(letter, pattern)| {
                DeadLetterGroupId::derive(&letter.kind, &letter.error_class, pattern).as_uuid()
            })
            .collect();
        let sealed = column(letters, |letter| {
            self.vault.seal(&place(letter.id), &letter.message)
        });
        let mut tx = self.pool.begin().await?;
        sqlx::query(INSERT_GROUPS)
            .bind(&groups)
            .bind(column(letters, |letter| letter.kind.clone()))
            .bind(column(letters, |letter| letter.error_class.clone()))
            .bind(&patterns)
            .bind(column(letters, |letter| letter.parked_at))
            .execute(&mut *tx)
            .await?;
        let ids = column(letters, |letter| letter.id.as_uuid());
        let inserted = sqlx::query(INSERT)
            .bind(&ids)
            .bind(column(letters, |letter| letter.kind.clone()))
            .bind(&groups)
            .bind(column(letters, |letter| letter.job_id.clone()))
            .bind(column(letters, |letter| letter.attempt.cast_signed()))
            .bind(column(letters, |letter| letter.replayed_after.cast_signed()))
            .bind(column(letters, |letter| letter.correlation_id.clone()))
            .bind(column(letters, |letter| {
                letter.merchant_id.map(|id| id.as_uuid())
            }))
            .bind(column(letters, |letter| letter.subjects.join(" ")))
            .bind(column(letters, |letter| letter.error_class.clone()))
            .bind(column(letters, |letter| letter.reason.clone()))
            .bind(column(letters, |letter| letter.parked_by.name()))
            .bind(column(letters, |letter| letter.parked_at))
            .bind(now)
            .bind(sealed)
            .execute(&mut *tx)
            .await?;
        if inserted.rows_affected() < letters.len() as u64 {
            sqlx::query(LOOK_AGAIN).bind(&ids).execute(&mut *tx).await?;
        }
        let again: Vec<&NewLetter> = letters
            .iter()
            .filter(|letter| letter.replayed_after > 0)
            .collect();
        if !again.is_empty() {
            let jobs: Vec<&str> = again.iter().map(|letter| letter.job_id.as_str()).collect();
            let attempts: Vec<i32> = again
                .iter()
                .map(|letter| letter.replayed_after.cast_signed())
                .collect();
            sqlx::query(PARKED_AGAIN)
                .bind(jobs)
                .bind(attempts)
                .execute(&mut *tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }
}
