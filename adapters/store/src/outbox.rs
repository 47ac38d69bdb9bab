//! The outbox: messages that were decided in a transaction and are published after it.
//!
//! A batch is claimed by locking its rows. They are deleted once the broker confirmed them; whoever dies in between
//! lets go of the locks, and another relay publishes them again. So a message may be published twice, never none.

use chrono::{DateTime, Utc};
use domain::job::Envelope;
use failpoints::{Point, reach};
use sqlx::FromRow;

use crate::{Store, StoreError, pool::answered, write::Tx};

/// Messages claimed by this process, until it lets go.
#[derive(Debug)]
pub struct OutboxBatch {
    tx: Tx<'static>,
    ids: Vec<i64>,
    /// The messages, oldest first.
    pub messages: Vec<Envelope>,
}

#[derive(FromRow)]
struct OutboxRow {
    id: i64,
    job_id: String,
    kind: String,
    correlation_id: String,
    schema: i16,
    traceparent: Option<String>,
    body: Vec<u8>,
    created_at: DateTime<Utc>,
    attempt: i32,
}

const CLAIM: &str = "
select id, job_id, kind, correlation_id, schema, traceparent, body, created_at, attempt
from outbox where id > $1 order by id limit $2 for update skip locked";

impl Store {
    /// Claims up to `limit` messages that no other process has claimed, of those after the place `after`.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn claim_outbox(&self, after: i64, limit: i64) -> Result<OutboxBatch, StoreError> {
        reach(Point::OutboxBeforeClaim);
        let claimed = answered(self.claim(after, limit)).await;
        let (tx, rows) = self.refusals.note(claimed)?;
        let ids = rows.iter().map(|row| row.id).collect();
        let messages: Vec<Envelope> = rows.into_iter().map(Envelope::from).collect();
        if !messages.is_empty() {
            reach(Point::OutboxClaimed);
        }
        Ok(OutboxBatch { tx, ids, messages })
    }

    async fn claim(&self, after: i64, limit: i64) -> Result<(Tx<'static>, Vec<OutboxRow>), StoreError> {
        let mut tx = self.pool.begin().await?;
        let claim = sqlx::query_as(CLAIM).bind(after).bind(limit);
        let rows = claim.fetch_all(&mut *tx).await?;
        Ok((tx, rows))
    }

    /// How many messages wait in the outbox, and since when the oldest does.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn outbox_backlog(&self) -> Result<(i64, Option<DateTime<Utc>>), StoreError> {
        answered(sqlx::query_as("select count(*), min(created_at) from outbox").fetch_one(&self.pool)).await
    }
}

impl OutboxBatch {
    /// The place of the last message, after which the next batch begins; `None` when there is none.
    pub fn last(&self) -> Option<i64> {
        self.ids.last().copied()
    }

    /// Deletes the messages whose place in `confirmed` is true, and lets go of the others.
    ///
    /// # Errors
    /// PostgreSQL is away; the messages will be published again.
    pub async fn finish(self, confirmed: &[bool]) -> Result<(), StoreError> {
        answered(self.delete(confirmed)).await
    }

    async fn delete(mut self, confirmed: &[bool]) -> Result<(), StoreError> {
        reach(Point::OutboxPublished);
        let done: Vec<i64> = self
            .ids
            .iter()
            .zip(confirmed)
            .filter(|(_, ok)| **ok)
            .map(|(id, _)| *id)
            .collect();
        sqlx::query("delete from outbox where id = any($1)")
            .bind(done)
            .execute(&mut *self.tx)
            .await?;
        reach(Point::OutboxBeforeCommit);
        self.tx.commit().await?;
        reach(Point::OutboxCommitted);
        Ok(())
    }
}

impl From<OutboxRow> for Envelope {
    fn from(row: OutboxRow) -> Self {
        Self {
            job_id: row.job_id,
            kind: row.kind,
            correlation_id: row.correlation_id,
            schema: row.schema.cast_unsigned(),
            attempt: row.attempt.cast_unsigned(),
            replayed_after: 0,
            snoozes: 0,
            redelivered: false,
            reply_to: None,
            published_by: None,
            traceparent: row.traceparent,
            published_at: row.created_at,
            body: row.body,
        }
    }
}
