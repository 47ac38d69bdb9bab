//! Connections that were used a moment ago and will be again in the next.
//!
//! To take a connection from the pool and to give it back costs three pings, so three round trips more than what it is taken
//! for. Whoever asks again and again keeps it in between: for a moment, and not for long
//! altogether, so that a server that was replaced is left soon by those who only read, too. Of a connection that breaks in
//! that moment the next user hears, as it would of one that breaks under its statement.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::{
    FromRow, PgConnection, Postgres,
    pool::PoolConnection,
    postgres::{PgArguments, PgPool, PgRow},
    query::QueryAs,
};
use tokio::time::{Instant, sleep};

use crate::{Store, StoreError, pool::answered};

/// How long a connection is kept for its next user, and up to as long again until that is noticed.
const MOMENT: Duration = Duration::from_millis(20);
/// How long it is away from the pool at the most, when it is used again and again.
const LONGEST: Duration = Duration::from_secs(1);

/// The connections that are kept now. Clones keep them together.
#[derive(Debug, Clone, Default)]
pub struct Kept(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    idle: Vec<Idle>,
    /// Whether there is a task that gives back what nobody wants.
    is_watched: bool,
}

#[derive(Debug)]
struct Idle {
    connection: PoolConnection<Postgres>,
    taken: Instant,
    used: Instant,
}

/// A connection on loan. It goes back to the pool, which looks whether it is well, unless it is [kept](Self::keep).
pub struct Lent {
    connection: PoolConnection<Postgres>,
    taken: Instant,
    kept: Kept,
}

impl Store {
    /// What is read so often that the connection is worth keeping.
    pub(crate) async fn read_often<R>(
        &self,
        asking: QueryAs<'_, Postgres, R, PgArguments>,
    ) -> Result<Vec<R>, StoreError>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let mut connection = self.kept.lend(&self.pool).await?;
        let rows = answered(asking.fetch_all(&mut *connection)).await?;
        connection.keep();
        Ok(rows)
    }
}

impl Kept {
    /// A connection: one that was kept, or one of the pool's.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn lend(&self, pool: &PgPool) -> Result<Lent, StoreError> {
        let kept = self.lock().idle.pop();
        let (connection, taken) = match kept {
            Some(idle) => (idle.connection, idle.taken),
            None => (answered(pool.acquire()).await?, Instant::now()),
        };
        Ok(Lent {
            connection,
            taken,
            kept: self.clone(),
        })
    }

    fn keep(&self, idle: Idle) {
        let mut state = self.lock();
        state.idle.push(idle);
        if !std::mem::replace(&mut state.is_watched, true) {
            tokio::spawn(self.clone().give_back());
        }
    }

    /// Gives back what was not wanted for a moment, until nothing is kept.
    async fn give_back(self) {
        loop {
            sleep(MOMENT).await;
            let mut state = self.lock();
            state.idle.retain(|idle| idle.used.elapsed() < MOMENT);
            if state.idle.is_empty() {
                state.is_watched = false;
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent {
    /// Keeps the connection for the next, as it has done well.
    pub fn keep(self) {
        if self.taken.elapsed() < LONGEST {
            let idle = Idle {
                connection: self.connection,
                taken: self.taken,
                used: Instant::now(),
            };
            self.kept.keep(idle);
        }
    }
}

impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
