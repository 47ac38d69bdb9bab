//! What people want done with parked messages: asked for in one transaction, done by the workers.

use chrono::{DateTime, Utc};
use domain::{
    dead_letter::{ActionKind, LetterState},
    id::{DeadLetterActionId, DeadLetterId},
};
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::finding::LetterFilter;
use crate::{
    Store, StoreError,
    audit::{self, Doing},
    pool::answered,
};

/// What somebody wants done with parked messages.
#[derive(Debug, Clone)]
pub struct NewAction {
    /// Its id.
    pub id: DeadLetterActionId,
    /// What is to be done.
    pub kind: ActionKind,
    /// Who wants it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// With which letters.
    pub asked_for: AskedFor,
    /// That, in words.
    pub selection: String,
    /// How many a second at the most.
    pub rate_per_s: Option<u32>,
}

/// Which letters something is wanted done with. Of those, only the parked ones are.
#[derive(Debug, Clone)]
pub enum AskedFor {
    /// These.
    Letters(Vec<DeadLetterId>),
    /// All that the filter means, but at the most so many; the oldest first.
    Matching(Box<LetterFilter>, u32),
    /// The same, but only while as many are meant as somebody was shown.
    Shown {
        /// All that were shown.
        filter: Box<LetterFilter>,
        /// How many those were; one more than `most` where they were more.
        letters: u64,
        /// How many are taken at the most.
        most: u32,
    },
}

/// How far an action has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionProgress {
    /// Its id.
    pub id: DeadLetterActionId,
    /// What is to be done.
    pub kind: ActionKind,
    /// Who wanted it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// Which letters, in words.
    pub selection: String,
    /// How many a second at the most.
    pub rate_per_s: Option<u32>,
    /// With how many letters.
    pub letters: i64,
    /// Of those, how many were not come to yet.
    pub waiting: i64,
    /// How many were sent again or thrown away.
    pub done: i64,
    /// How many were not in their queues any more.
    pub missing: i64,
    /// Of those sent again, how many jobs are known to be done.
    pub jobs_done: i64,
    /// Of those sent again, how many were parked again.
    pub parked_again: i64,
    /// Why it does not go on, while it does not.
    pub trouble: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When the last letter was done with.
    pub finished_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct ActionRow {
    id: Uuid,
    action: String,
    actor: String,
    reason: String,
    selection: String,
    rate_per_s: Option<i32>,
    letters: i64,
    waiting: i64,
    done: i64,
    missing: i64,
    jobs_done: i64,
    parked_again: i64,
    trouble: Option<String>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

const INSERT: &str = "
insert into dead_letter_actions (id, action, actor, reason, selection, rate_per_s, letters, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)";

const TAKE_TIME: &str = "set local statement_timeout = '2min'";

const CLAIM: &str = "update dead_letters set state = $2, action_id = $3, is_open = true where id = any($1)";

const SELECT: &str = "
select id, action, actor, reason, selection, rate_per_s, letters, trouble, created_at, finished_at, came.*
from (select * from dead_letter_actions where $1::uuid is null or id = $1
      order by created_at desc, id desc limit $2) action
cross join lateral (
  select count(*) filter (where state in ('replaying', 'discarding')) as waiting,
         count(*) filter (where state in ('replayed', 'discarded')) as done,
         count(*) filter (where state = 'missing') as missing,
         count(*) filter (where outcome = 'done') as jobs_done,
         count(*) filter (where outcome = 'parked_again') as parked_again
  from dead_letters where action_id = action.id
) came
order by created_at desc, id desc";

impl Store {
    /// Asks for something to be done with parked letters, and writes down who wants it and why. Gives how many letters that
    /// are; with none, and with others than were shown, nothing is written.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn ask_for_letters(&self, new: &NewAction, now: DateTime<Utc>) -> Result<u64, StoreError> {
        // It may take longer than any other statement: it changes as many letters as there are.
        self.refusals.note(self.claim_letters(new, now).await)
    }

    async fn claim_letters(&self, new: &NewAction, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut query = QueryBuilder::new("select id from dead_letters where state = 'parked'");
        let limit = match &new.asked_for {
            AskedFor::Letters(ids) => {
                let ids: Vec<Uuid> = ids.iter().map(DeadLetterId::as_uuid).collect();
                let count = ids.len();
                query.push(" and id = any(").push_bind(ids).push(")");
                i64::try_from(count).unwrap_or(i64::MAX)
            }
            AskedFor::Matching(filter, most) => {
                self.sought(filter).await?.push(&mut query);
                i64::from(*most)
            }
            AskedFor::Shown {
                filter,
                letters,
                most,
            } => {
                if self.count_parked_letters(filter, *most).await?.cast_unsigned() != *letters {
                    return Ok(0);
                }
                self.sought(filter).await?.push(&mut query);
                i64::from(*most)
            }
        };
        query
            .push(" order by parked_at, id limit ")
            .push_bind(limit)
            .push(" for update");
        let mut tx = self.pool.begin().await?;
        sqlx::raw_sql(TAKE_TIME).execute(&mut *tx).await?;
        let ids: Vec<Uuid> = query.build_query_scalar().fetch_all(&mut *tx).await?;
        let count = i64::try_from(ids.len()).unwrap_or(i64::MAX);
        if count == 0 || new.asked_for.shown().is_some_and(|shown| shown != count) {
            return Ok(0);
        }
        sqlx::query(INSERT)
            .bind(new.id.as_uuid())
            .bind(new.kind.name())
            .bind(&new.actor)
            .bind(&new.reason)
            .bind(&new.selection)
            .bind(new.rate_per_s.map(u32::cast_signed))
            .bind(count)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        let claimed = match new.kind {
            ActionKind::Replay => LetterState::Replaying,
            ActionKind::Discard => LetterState::Discarding,
        };
        sqlx::query(CLAIM)
            .bind(&ids)
            .bind(claimed.name())
            .bind(new.id.as_uuid())
            .execute(&mut *tx)
            .await?;
        let subject = format!("{}: {count} letters ({})", new.id, new.selection);
        let action = match new.kind {
            ActionKind::Replay => "dead_letters.replay",
            ActionKind::Discard => "dead_letters.discard",
        };
        audit::write(
            &mut tx,
            action,
            &subject,
            Doing::because(&new.actor, &new.reason, now),
        )
        .await?;
        tx.commit().await?;
        Ok(count.cast_unsigned())
    }

    /// The newest actions, or one of them, with how far they have come.
    ///
    /// # Errors
    /// PostgreSQL is away, or a row cannot be read.
    pub async fn letter_actions(
        &self,
        id: Option<DeadLetterActionId>,
        limit: u32,
    ) -> Result<Vec<ActionProgress>, StoreError> {
        let asking = sqlx::query_as::<_, ActionRow>(SELECT)
            .bind(id.map(|id| id.as_uuid()))
            .bind(i64::from(limit));
        let rows = answered(asking.fetch_all(&self.pool)).await?;
        rows.into_iter().map(ActionProgress::try_from).collect()
    }
}

impl AskedFor {
    /// How many letters have to be found, where somebody was shown which.
    fn shown(&self) -> Option<i64> {
        match self {
            Self::Letters(_) | Self::Matching(..) => None,
            Self::Shown { letters, most, .. } => Some((*letters).min((*most).into()).cast_signed()),
        }
    }
}

impl ActionProgress {
    /// How many letters are left parked, as it could not be done with them: nobody knows their kind.
    pub const fn left_parked(&self) -> i64 {
        self.letters - self.waiting - self.done - self.missing
    }
}

impl TryFrom<ActionRow> for ActionProgress {
    type Error = StoreError;

    fn try_from(row: ActionRow) -> Result<Self, StoreError> {
        let id = DeadLetterActionId::from_uuid(row.id);
        let kind = row.action.parse();
        Ok(Self {
            id,
            kind: kind.map_err(|problem: String| StoreError::unreadable(id.to_string(), problem))?,
            actor: row.actor,
            reason: row.reason,
            selection: row.selection,
            rate_per_s: row.rate_per_s.map(i32::cast_unsigned),
            letters: row.letters,
            waiting: row.waiting,
            done: row.done,
            missing: row.missing,
            jobs_done: row.jobs_done,
            parked_again: row.parked_again,
            trouble: row.trouble,
            created_at: row.created_at,
            finished_at: row.finished_at,
        })
    }
}
