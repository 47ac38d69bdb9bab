//! Moving letters on: for the workers that do what was asked for.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{
    dead_letter::LetterState,
    id::{DeadLetterActionId, DeadLetterId},
};
use sqlx::{Postgres, pool::PoolConnection};
use uuid::Uuid;

use crate::{Store, StoreError, pool::answered};

/// The lock of whoever does what was asked for. Any number that nobody else uses.
const LOCK: i64 = 0x0064_6561_646c_7472;

/// The right to do what was asked for, which one process has at a time. It ends with its connection.
#[derive(Debug)]
pub struct Lease(PoolConnection<Postgres>);

/// How a letter stands that was found in its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// How far it has come.
    pub state: LetterState,
    /// Whether its message may still be in its queue after what was asked for is done.
    pub is_open: bool,
    /// What somebody wants done with it.
    pub action_id: Option<DeadLetterActionId>,
    /// How many of the action a second at the most.
    pub rate_per_s: Option<u32>,
}

type ClaimRow = (Uuid, String, bool, Option<Uuid>, Option<i32>);

const SELECT_CLAIMS: &str = "
select letter.id, letter.state, letter.is_open, letter.action_id, action.rate_per_s
from dead_letters letter left join dead_letter_actions action on action.id = letter.action_id
where letter.id = any($1)";

const SELECT_KINDS: &str = "select distinct kind from dead_letters where is_open order by kind";

const SELECT_CLAIMED: &str = "select id from dead_letters where kind = $1 and is_open";

const END: &str = "
update dead_letters set state = case state when 'replaying' then 'replayed' else 'discarded' end, ended_at = $2
where id = any($1) and state in ('replaying', 'discarding')";

const CLOSE: &str =
    "update dead_letters set is_open = false where id = any($1) and state in ('replayed', 'discarded')";

const MISS: &str = "
update dead_letters set state = case when state in ('replaying', 'discarding') then 'missing' else state end,
                        outcome = case when state in ('replaying', 'discarding') then null else outcome end,
                        ended_at = coalesce(ended_at, $2), is_open = false
where id = any($1) and is_open";

const FIND_AGAIN: &str = "
update dead_letters set state = 'parked', action_id = null, ended_at = null, outcome = null
where id = any($1) and ended_at is not null and not is_open";

const REFUSE: &str = "
update dead_letters set state = 'parked', action_id = null, is_open = false
where id = any($1) and state in ('replaying', 'discarding')";

const FINISH: &str = "
update dead_letter_actions action set finished_at = $1, trouble = null
where finished_at is null and not exists (select from dead_letters where action_id = action.id and is_open)";

const TROUBLE: &str = "
update dead_letter_actions action set trouble = $2
where finished_at is null and trouble is distinct from $2
  and exists (select from dead_letters where action_id = action.id and kind = $1 and is_open)";

const NEWEST: &str = "select id from dead_letter_actions order by created_at desc, id desc limit 1";

const FORGET_SURVEYS: &str = "delete from dead_letter_surveys where kind = any($1)";

const SURVEYED: &str = "select kind from dead_letter_surveys";

const SURVEY: &str =
    "insert into dead_letter_surveys (kind, surveyed_at) values ($1, $2) on conflict do nothing";

impl Store {
    /// Takes the right to do what was asked for, unless another process has it.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn lease_letters(&self) -> Result<Option<Lease>, StoreError> {
        let mut connection = answered(self.pool.acquire()).await?;
        let locking = sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(LOCK);
        let locked: Result<bool, StoreError> = answered(locking.fetch_one(&mut *connection)).await;
        // A connection that has the lock, or may have it, is for nobody else.
        if !matches!(locked, Ok(false)) {
            connection.close_on_drop();
        }
        Ok(locked?.then(|| Lease(connection)))
    }

    /// The kinds of which letters were asked for whose messages may still be in their queues.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn claimed_kinds(&self) -> Result<Vec<String>, StoreError> {
        answered(sqlx::query_scalar(SELECT_KINDS).fetch_all(&self.pool)).await
    }

    /// The letters of a kind that were asked for and whose messages may still be in their queue.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn claimed_letters(&self, kind: &str) -> Result<Vec<DeadLetterId>, StoreError> {
        let asking = sqlx::query_scalar(SELECT_CLAIMED).bind(kind);
        let ids: Vec<Uuid> = answered(asking.fetch_all(&self.pool)).await?;
        Ok(ids.into_iter().map(DeadLetterId::from_uuid).collect())
    }

    /// How those of these letters stand that are written down.
    ///
    /// # Errors
    /// PostgreSQL is away, or a row cannot be read.
    pub async fn letter_claims(
        &self,
        ids: &[DeadLetterId],
    ) -> Result<HashMap<DeadLetterId, Claim>, StoreError> {
        let asking = sqlx::query_as(SELECT_CLAIMS).bind(uuids(ids));
        let rows: Vec<ClaimRow> = answered(asking.fetch_all(&self.pool)).await?;
        let claim = |(id, state, is_open, action_id, rate): ClaimRow| {
            let id = DeadLetterId::from_uuid(id);
            let state = state.parse();
            let claim = Claim {
                state: state.map_err(|problem: String| StoreError::unreadable(id.to_string(), problem))?,
                is_open,
                action_id: action_id.map(DeadLetterActionId::from_uuid),
                rate_per_s: rate.map(i32::cast_unsigned),
            };
            Ok((id, claim))
        };
        rows.into_iter().map(claim).collect()
    }

    /// Writes down that what was asked for is done with these letters.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn end_letters(&self, ids: &[DeadLetterId], now: DateTime<Utc>) -> Result<(), StoreError> {
        self.move_letters(sqlx::query(END).bind(uuids(ids)).bind(now))
            .await
    }

    /// Writes down that the messages of these letters are surely out of their queue.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn close_letters(&self, ids: &[DeadLetterId]) -> Result<(), StoreError> {
        self.move_letters(sqlx::query(CLOSE).bind(uuids(ids))).await
    }

    /// Writes down that these letters are not in their queue. Those that nothing of ours has taken out of it are missing.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn miss_letters(&self, ids: &[DeadLetterId], now: DateTime<Utc>) -> Result<(), StoreError> {
        self.move_letters(sqlx::query(MISS).bind(uuids(ids)).bind(now))
            .await
    }

    /// Writes down that these letters, which were missed or done with, are parked: their messages are there, or others that
    /// are the same.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn find_letters_again(&self, ids: &[DeadLetterId]) -> Result<(), StoreError> {
        self.move_letters(sqlx::query(FIND_AGAIN).bind(uuids(ids))).await
    }

    /// Leaves these letters parked, as what was asked for cannot be done with them.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn refuse_letters(&self, ids: &[DeadLetterId]) -> Result<(), StoreError> {
        self.move_letters(sqlx::query(REFUSE).bind(uuids(ids))).await
    }

    /// Writes down which actions have nothing left to do.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn finish_letter_actions(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.move_letters(sqlx::query(FINISH).bind(now)).await
    }

    /// Writes down why what was asked for of a kind does not go on, or that it does.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn note_letter_trouble(&self, kind: &str, trouble: Option<&str>) -> Result<(), StoreError> {
        self.move_letters(sqlx::query(TROUBLE).bind(kind).bind(trouble))
            .await
    }

    /// The newest action, whether or not it is finished.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn newest_letter_action(&self) -> Result<Option<DeadLetterActionId>, StoreError> {
        let newest: Option<Uuid> = answered(sqlx::query_scalar(NEWEST).fetch_optional(&self.pool)).await?;
        Ok(newest.map(DeadLetterActionId::from_uuid))
    }

    /// The kinds whose queues were looked through for what was parked before anybody wrote it down.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn surveyed_kinds(&self) -> Result<Vec<String>, StoreError> {
        answered(sqlx::query_scalar(SURVEYED).fetch_all(&self.pool)).await
    }

    /// Writes down that the queue of a kind was looked through.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn note_survey(&self, kind: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.move_letters(sqlx::query(SURVEY).bind(kind).bind(now)).await
    }

    /// Has the queues of these kinds looked through again: something may be parked there that nobody wrote down.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn forget_surveys(&self, kinds: &[&str]) -> Result<(), StoreError> {
        self.move_letters(sqlx::query(FORGET_SURVEYS).bind(kinds)).await
    }

    async fn move_letters(
        &self,
        statement: sqlx::query::Query<'_, Postgres, sqlx::postgres::PgArguments>,
    ) -> Result<(), StoreError> {
        self.refusals
            .note(answered(statement.execute(&self.pool)).await.map(drop))
    }
}

impl Lease {
    /// Whether PostgreSQL still knows of it: another process may have it otherwise.
    pub async fn is_held(&mut self) -> bool {
        answered(sqlx::query("select 1").execute(&mut *self.0))
            .await
            .is_ok()
    }

    /// Gives it back, with its connection.
    pub async fn give_back(self) {
        // However that ends, PostgreSQL lets go of the lock when the connection is gone.
        let _ = answered(self.0.close()).await;
    }
}

fn uuids(ids: &[DeadLetterId]) -> Vec<Uuid> {
    ids.iter().map(DeadLetterId::as_uuid).collect()
}
