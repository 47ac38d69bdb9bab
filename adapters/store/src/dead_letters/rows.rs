//! Parked messages as they are written down.

use chrono::{DateTime, Utc};
use domain::{
    dead_letter::{LetterState, ParkedBy},
    id::{DeadLetterActionId, DeadLetterGroupId, DeadLetterId, MerchantId},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, pool::answered};

/// A parked message as it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedLetter {
    /// Its id.
    pub id: DeadLetterId,
    /// The kind in whose queue it was parked, or `unroutable`.
    pub kind: String,
    /// The letters with the same trouble.
    pub group_id: DeadLetterGroupId,
    /// The job.
    pub job_id: String,
    /// Which try it was, from 1.
    pub attempt: u32,
    /// `correlation_id` of the message.
    pub correlation_id: String,
    /// Whose job it is, where that is known.
    pub merchant_id: Option<MerchantId>,
    /// The ids of all that it is about.
    pub subjects: Vec<String>,
    /// The class of error.
    pub error_class: String,
    /// Why it was parked.
    pub reason: String,
    /// Who parked it.
    pub parked_by: ParkedBy,
    /// When it was parked.
    pub parked_at: DateTime<Utc>,
    /// How far it has come.
    pub state: LetterState,
    /// What somebody wanted done with it.
    pub action_id: Option<DeadLetterActionId>,
    /// When it was done with.
    pub ended_at: Option<DateTime<Utc>>,
    /// What came of the job when it was sent again: `done` or `parked_again`; none while that is not known.
    pub outcome: Option<String>,
}

/// A try of a job that did not work.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Try {
    /// Which, from 1.
    pub attempt: i32,
    /// `retry` or `dead_letter`.
    pub disposition: String,
    /// The class of error.
    pub error_class: String,
    /// Why it did not work.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// A parked message with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterStory {
    /// The letter.
    pub letter: RecordedLetter,
    /// The message, as JSON that may name people.
    pub message: Vec<u8>,
    /// Every try of the job that did not work, those after it was sent again as well.
    pub tries: Vec<Try>,
    /// Other letters of the same job.
    pub others: Vec<RecordedLetter>,
    /// The payments and refunds that it is about, with how they stand now.
    pub standing: Vec<(String, String)>,
}

#[derive(FromRow)]
pub struct LetterRow {
    id: Uuid,
    kind: String,
    group_id: Uuid,
    job_id: String,
    attempt: i32,
    correlation_id: String,
    merchant_id: Option<Uuid>,
    subjects: Vec<String>,
    error_class: String,
    reason: String,
    parked_by: String,
    parked_at: DateTime<Utc>,
    state: String,
    action_id: Option<Uuid>,
    ended_at: Option<DateTime<Utc>>,
    outcome: Option<String>,
}

/// What a letter is read from; the message is left where it is.
pub const COLUMNS: &str = "id, kind, group_id, job_id, attempt, correlation_id, merchant_id, subjects, error_class, reason, \
                           parked_by, parked_at, state, action_id, ended_at, outcome";

const SELECT_OF_JOB: &str = "
select id, kind, group_id, job_id, attempt, correlation_id, merchant_id, subjects, error_class, reason, parked_by, parked_at,
       state, action_id, ended_at, outcome
from dead_letters where job_id = (select job_id from dead_letters where id = $1) order by parked_at, id limit 1000";

const SELECT_MESSAGE: &str = "select message from dead_letters where id = $1";

const SELECT_TRIES: &str = "
select attempt, disposition, error_class, reason, at from job_failures where job_id = $1 order by attempt limit 1000";

const SELECT_STANDING: &str = "
select 'pay_' || replace(id::text, '-', ''), status from payments where id = any($1)
union all select 'rfd_' || replace(id::text, '-', ''), status from refunds where id = any($2)
union all select 'ord_' || replace(id::text, '-', ''), status from orders where id = any($3)";

/// The place that a letter's message is sealed for.
pub fn place(id: DeadLetterId) -> String {
    format!("dead_letters.message:{id}")
}

impl Store {
    /// A letter with its story.
    ///
    /// # Errors
    /// PostgreSQL is away, or the message was sealed with a key that is not there.
    pub async fn letter(&self, id: DeadLetterId) -> Result<Option<LetterStory>, StoreError> {
        let asking = sqlx::query_as::<_, LetterRow>(SELECT_OF_JOB).bind(id.as_uuid());
        let letters = answered(asking.fetch_all(&self.pool)).await?;
        let letters: Vec<_> = letters
            .into_iter()
            .map(RecordedLetter::try_from)
            .collect::<Result<_, _>>()?;
        let (mut own, others): (Vec<_>, Vec<_>) = letters.into_iter().partition(|letter| letter.id == id);
        let Some(letter) = own.pop() else {
            return Ok(None);
        };
        let asking = sqlx::query_scalar(SELECT_MESSAGE).bind(id.as_uuid());
        let sealed: Vec<u8> = answered(asking.fetch_one(&self.pool)).await?;
        let message = self.vault.open(&place(id), &sealed);
        let message = message.map_err(|error| StoreError::unreadable(id.to_string(), error.to_string()))?;
        let asking = sqlx::query_as(SELECT_TRIES).bind(&letter.job_id);
        let tries = answered(asking.fetch_all(&self.pool)).await?;
        let about = |prefix| uuids(&letter.subjects, prefix);
        let asking = sqlx::query_as(SELECT_STANDING)
            .bind(about("pay_"))
            .bind(about("rfd_"))
            .bind(about("ord_"));
        let standing = answered(asking.fetch_all(&self.pool)).await?;
        Ok(Some(LetterStory {
            letter,
            message,
            tries,
            others,
            standing,
        }))
    }
}

/// The ids with this prefix, as the database stores them.
fn uuids(subjects: &[String], prefix: &str) -> Vec<Uuid> {
    let digits = subjects.iter().filter_map(|id| id.strip_prefix(prefix));
    digits.filter_map(|digits| Uuid::try_parse(digits).ok()).collect()
}

impl TryFrom<LetterRow> for RecordedLetter {
    type Error = StoreError;

    fn try_from(row: LetterRow) -> Result<Self, StoreError> {
        let id = DeadLetterId::from_uuid(row.id);
        let unreadable = |problem: String| StoreError::unreadable(id.to_string(), problem);
        Ok(Self {
            id,
            kind: row.kind,
            group_id: DeadLetterGroupId::from_uuid(row.group_id),
            job_id: row.job_id,
            attempt: row.attempt.cast_unsigned(),
            correlation_id: row.correlation_id,
            merchant_id: row.merchant_id.map(MerchantId::from_uuid),
            subjects: row.subjects,
            error_class: row.error_class,
            reason: row.reason,
            parked_by: row.parked_by.parse().map_err(unreadable)?,
            parked_at: row.parked_at,
            state: row.state.parse().map_err(unreadable)?,
            action_id: row.action_id.map(DeadLetterActionId::from_uuid),
            ended_at: row.ended_at,
            outcome: row.outcome,
        })
    }
}
