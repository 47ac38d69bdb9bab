//! Sessions of operators. Only the hash of a session's token is stored: whoever reads the table can sign in as nobody.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::operator::{OperatorName, Role};
use sqlx::FromRow;

use super::read;
use crate::{
    Store, StoreError,
    audit::{self, Doing},
    pool::answered,
};

/// A session to be begun.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// Whose it is.
    pub operator: OperatorName,
    /// From where it was signed in.
    pub address: String,
    /// What the tries to sign in were counted by, which are forgiven.
    pub counted_as: String,
}

/// How long sessions last.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// For how long nothing may be done with one.
    pub idle: Duration,
    /// For how long one lasts whatever is done with it.
    pub whole: Duration,
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub operator: OperatorName,
    /// What they may do now, whatever it was when they signed in.
    pub role: Role,
    /// When they signed in.
    pub created_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct SessionRow {
    operator: String,
    role: String,
    created_at: DateTime<Utc>,
}

const BEGIN: &str = "
insert into operator_sessions (token_hash, operator, created_at, last_seen_at)
select $1, name, $3, $3 from operators where name = $2 and disabled_at is null";

/// The attempts that failed before are forgiven, by whoever made them from there.
const FORGIVE: &str = "delete from operator_sign_ins where name = $1 and address = $2";

/// Those of everybody that ended.
const SWEEP: &str = "delete from operator_sessions where created_at <= $1 or last_seen_at <= $2";

/// Noted by the minute: a page that is looked at need not write each time. What the page asks by itself is not noted.
const SEE: &str = "
with seen as (
  update operator_sessions set last_seen_at = $2
  where $5 and token_hash = $1 and last_seen_at > $4 and last_seen_at < $2 - interval '1 minute')
select session.operator, operators.role, session.created_at
from operator_sessions session join operators on operators.name = session.operator
where session.token_hash = $1 and session.created_at > $3 and session.last_seen_at > $4
  and operators.disabled_at is null";

const END: &str = "delete from operator_sessions where token_hash = $1 returning operator";

impl Store {
    /// Begins a session, writes down who signed in from where, and forgets the attempts that failed before. False when the
    /// operator was disabled meanwhile.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn begin_session(
        &self,
        new: &NewSession,
        limits: SessionLimits,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let beginning = async {
            let mut tx = self.pool.begin().await?;
            let (oldest, idlest) = (now - limits.whole, now - limits.idle);
            sqlx::query(SWEEP)
                .bind(oldest)
                .bind(idlest)
                .execute(&mut *tx)
                .await?;
            let name = new.operator.as_str();
            let insert = sqlx::query(BEGIN).bind(&new.token_hash[..]).bind(name).bind(now);
            if insert.execute(&mut *tx).await?.rows_affected() == 0 {
                return Ok(false);
            }
            sqlx::query(FORGIVE)
                .bind(name)
                .bind(&new.counted_as)
                .execute(&mut *tx)
                .await?;
            let doing = Doing {
                actor: name,
                reason: None,
                at: now,
            };
            audit::write(&mut tx, "operator.sign_in", &new.address, doing).await?;
            tx.commit().await?;
            Ok::<_, StoreError>(true)
        };
        answered(beginning).await
    }

    /// Who a token belongs to, if its session lasts. When something `is_done` with it, that keeps it from being idle.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn see_session(
        &self,
        token_hash: &[u8; 32],
        limits: SessionLimits,
        is_done: bool,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreError> {
        let see = sqlx::query_as(SEE)
            .bind(&token_hash[..])
            .bind(now)
            .bind(now - limits.whole)
            .bind(now - limits.idle)
            .bind(is_done);
        let found: Option<SessionRow> = answered(see.fetch_optional(&self.pool)).await?;
        let session = found.map(|row| {
            let (operator, role) = read(&row.operator, &row.role)?;
            Ok(Session {
                operator,
                role,
                created_at: row.created_at,
            })
        });
        session.transpose()
    }

    /// Ends a session, and writes down who signed out. Nothing happens when it has ended already.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn end_session(
        &self,
        token_hash: &[u8; 32],
        address: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let ending = async {
            let mut tx = self.pool.begin().await?;
            let end = sqlx::query_scalar::<_, String>(END).bind(&token_hash[..]);
            if let Some(operator) = end.fetch_optional(&mut *tx).await? {
                let doing = Doing {
                    actor: &operator,
                    reason: None,
                    at: now,
                };
                audit::write(&mut tx, "operator.sign_out", address, doing).await?;
            }
            Ok::<_, StoreError>(tx.commit().await?)
        };
        answered(ending).await
    }
}
