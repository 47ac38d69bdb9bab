//! Connections that are left behind when they are of no use any more.
//!
//! A server can vanish without a word, and then its connections are not broken but silent: the library would wait for
//! them for as long as the operating system does, a quarter of an hour and more, and meanwhile they hold their places
//! in the pool. And a server can turn read-only while it keeps its connections, as a primary does that is being
//! replaced: they would lead to it for half an hour after another has taken over. So whatever is asked is waited for
//! with a limit, and so is a connection that comes back; and after a refusal to write, older connections are closed.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{
    Connection, PgConnection,
    postgres::{PgConnectOptions, PgPool, PgPoolOptions},
};

use crate::{StoreConfig, StoreError};

/// Longer than any statement of ours needs; a statement that reaches it is stuck behind something.
const STATEMENT_TIMEOUT: &str = "15s";
/// Transactions of ours last milliseconds, so a lock that is not given by then is somebody else's. Longer than PostgreSQL
/// takes to look for deadlocks.
const LOCK_TIMEOUT: &str = "2s";
/// Longer than the relay holds its claims: it publishes in between, and a publish gives up after five seconds.
const IDLE_TRANSACTION_TIMEOUT: &str = "30s";
/// How long an answer is waited for: longer than any statement may take, so that PostgreSQL's own word comes first.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a connection may take to say that it is well, when it is wanted and when it comes back to the pool.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// Opens a pool that leaves connections behind as described above.
pub fn open(config: &StoreConfig, options: PgConnectOptions, refusals: Refusals) -> PgPool {
    let mut options = options
        .application_name("sluice")
        .options([
            ("statement_timeout", STATEMENT_TIMEOUT),
            ("lock_timeout", LOCK_TIMEOUT),
            // No statement is worth compiling, and one that the planner takes for costly would be.
            ("jit", "off"),
        ])
        // A process that vanished must not keep its locks for the two hours that TCP would take to notice.
        .options([("idle_in_transaction_session_timeout", IDLE_TRANSACTION_TIMEOUT)])
        .options([
            ("tcp_keepalives_idle", "30"),
            ("tcp_keepalives_interval", "10"),
            ("tcp_keepalives_count", "3"),
        ]);
    if config.read_only {
        options = options.options([("role", "sluice_reader"), ("default_transaction_read_only", "on")]);
    }
    PgPoolOptions::new()
        .max_connections(config.max_connections)
        .acquire_timeout(config.acquire_timeout)
        // In place of the driver's own look, which has no limit.
        .test_before_acquire(false)
        .before_acquire(move |connection, held| {
            let outdated = refusals.came_after(held.age);
            Box::pin(async move {
                if outdated {
                    return Ok(false);
                }
                ping(connection).await.map(|()| true)
            })
        })
        .after_release(|connection, _| Box::pin(async move { ping(connection).await.map(|()| true) }))
        .connect_lazy_with(options)
}

async fn ping(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let well = tokio::time::timeout(PING_TIMEOUT, connection.ping()).await;
    well.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// Waits for PostgreSQL's answer, but not without end.
pub async fn answered<T, E>(asking: impl Future<Output = Result<T, E>>) -> Result<T, StoreError>
where
    StoreError: From<E>,
{
    match tokio::time::timeout(ANSWER_TIMEOUT, asking).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(StoreError::silent()),
    }
}

/// When a server last refused to write because it is read-only.
#[derive(Debug, Clone, Default)]
pub struct Refusals(Arc<Mutex<Option<Instant>>>);

impl Refusals {
    /// Passes the outcome of a write on, and remembers it when it was such a refusal.
    pub fn note<T>(&self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        if outcome.as_ref().is_err_and(StoreError::is_read_only) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        outcome
    }

    /// Whether a connection of this age is older than the last refusal.
    fn came_after(&self, age: Duration) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|refused| refused.elapsed() < age)
    }
}
