//! The log of who did what, to what, and why.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, Postgres, Transaction};

use crate::{Store, StoreError, pool::answered};

/// Who does something, why and when: what goes into the log with it.
#[derive(Debug, Clone, Copy)]
pub struct Doing<'a> {
    /// Who.
    pub actor: &'a str,
    /// Why, where that was asked.
    pub reason: Option<&'a str>,
    /// When.
    pub at: DateTime<Utc>,
}

impl<'a> Doing<'a> {
    /// Somebody does something that no reason is asked for.
    pub const fn by(actor: &'a str, at: DateTime<Utc>) -> Self {
        Self {
            actor,
            reason: None,
            at,
        }
    }

    /// Somebody does something for this reason.
    pub const fn because(actor: &'a str, reason: &'a str, at: DateTime<Utc>) -> Self {
        Self {
            actor,
            reason: Some(reason),
            at,
        }
    }
}

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct AuditEntry {
    /// Its place in the log.
    pub id: i64,
    /// Who did it.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Why, where that was asked.
    pub reason: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

const INSERT: &str = "
insert into audit_log (actor, action, subject, reason, at)
select $1, $2, subject, $4, $5 from unnest($3::text[]) with ordinality as done (subject, number) order by number";

const NEWEST: &str = "
select id, actor, action, subject, reason, at from audit_log where id < $1 order by id desc limit $2";

/// Writes down what is done in this transaction.
pub async fn write(
    tx: &mut Transaction<'_, Postgres>,
    action: &str,
    subject: &str,
    doing: Doing<'_>,
) -> Result<(), StoreError> {
    write_each(tx, action, &[subject.to_owned()], doing).await
}

/// Writes down what is done to each of these in this transaction.
pub async fn write_each(
    tx: &mut Transaction<'_, Postgres>,
    action: &str,
    subjects: &[String],
    doing: Doing<'_>,
) -> Result<(), StoreError> {
    sqlx::query(INSERT)
        .bind(doing.actor)
        .bind(action)
        .bind(subjects)
        .bind(doing.reason)
        .bind(doing.at)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

impl Store {
    /// The newest `limit` entries of the log of those before the place `before`, newest first.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn audit_log(&self, before: Option<i64>, limit: i64) -> Result<Vec<AuditEntry>, StoreError> {
        let select = sqlx::query_as(NEWEST)
            .bind(before.unwrap_or(i64::MAX))
            .bind(limit);
        answered(select.fetch_all(&self.pool)).await
    }
}
