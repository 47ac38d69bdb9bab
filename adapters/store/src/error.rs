//! What can go wrong with PostgreSQL, divided by what the caller can do about it.

/// A statement did not work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// PostgreSQL is away, overloaded or restarting; or another transaction was in the way. It may work later.
    #[error("PostgreSQL is not available: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// Others kept changing the same row. It may work later.
    #[error("{0} kept changing meanwhile")]
    Contended(String),
    /// The statement or its data is wrong. Repeating it is useless.
    #[error("PostgreSQL refused: {0}")]
    Refused(#[source] sqlx::Error),
    /// A row cannot be understood: written by a newer version, or sealed with a key that this process does not have.
    #[error("{what} in the database cannot be read: {problem}")]
    Unreadable {
        /// Which thing.
        what: String,
        /// Why not.
        problem: String,
    },
    /// The schema is not the one this version was built for.
    #[error(
        "the database schema lacks {missing} migrations of this version of Sluice, the first is {first}: run `console migrate`"
    )]
    WrongSchema {
        /// The oldest of our migrations that was not applied.
        first: i64,
        /// How many of ours were not applied.
        missing: usize,
    },
    /// A migration could not be applied.
    #[error("migration failed: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

impl StoreError {
    /// Whether the same call may work later.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Contended(_) => true,
            Self::Refused(_) | Self::Unreadable { .. } | Self::WrongSchema { .. } | Self::Migration(_) => {
                false
            }
        }
    }

    /// Whether the records of a refused batch may fare better one by one: one of them is bad, or others were in the way.
    pub(crate) fn may_be_one_record(&self) -> bool {
        match self {
            Self::Unavailable(sqlx::Error::Database(error)) => {
                let code = error.code().unwrap_or_default();
                code.starts_with(ROLLED_BACK) || code == LOCK_TIMEOUT
            }
            Self::Unavailable(_) => false,
            Self::Contended(_) | Self::Refused(_) | Self::Unreadable { .. } | Self::WrongSchema { .. } => {
                true
            }
            Self::Migration(_) => false,
        }
    }

    /// Whether the server does not write, though another may.
    pub(crate) fn is_read_only(&self) -> bool {
        self.has_code(READ_ONLY)
    }

    /// Whether somebody else's lock was waited for in vain. Nothing was done.
    pub fn is_lock_timeout(&self) -> bool {
        self.has_code(LOCK_TIMEOUT)
    }

    /// Whether a statement took longer than it may, or somebody stopped it.
    pub fn took_too_long(&self) -> bool {
        self.has_code(CANCELED)
    }

    fn has_code(&self, wanted: &str) -> bool {
        let Self::Unavailable(sqlx::Error::Database(error)) = self else {
            return false;
        };
        error.code().is_some_and(|code| code == wanted)
    }

    /// The same error again, for another record of the same batch.
    pub(crate) fn repeated(&self) -> Self {
        if let Self::Unreadable { what, problem } = self {
            return Self::unreadable(what.clone(), problem);
        }
        let text = sqlx::Error::Protocol(self.to_string());
        if self.is_transient() {
            Self::Unavailable(text)
        } else {
            Self::Refused(text)
        }
    }

    /// PostgreSQL did not answer in time.
    pub(crate) fn silent() -> Self {
        Self::Unavailable(sqlx::Error::Protocol("no answer in time".into()))
    }

    pub(crate) fn unreadable(what: impl Into<String>, problem: impl ToString) -> Self {
        Self::Unreadable {
            what: what.into(),
            problem: problem.to_string(),
        }
    }
}

/// SQLSTATE classes and codes of trouble that passes: connection, resources, operator intervention, rolled back by the
/// server, not accepting connections, a login or database that is not there (yet), a read-only server, a transaction
/// ended because it was idle or took too long: none of it is the job's fault
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
const TRANSIENT: [&str; 11] = [
    "08", "28", "3D", "40", "53", "55", "57", "58", READ_ONLY, "25P03", "25P04",
];

/// A server that does not write: a standby, or one about to become one.
const READ_ONLY: &str = "25006";

/// A lock that was not given within `lock_timeout`.
const LOCK_TIMEOUT: &str = "55P03";

/// A statement that reached `statement_timeout`, or was cancelled.
const CANCELED: &str = "57014";

/// The class of deadlocks and serialization failures.
const ROLLED_BACK: &str = "40";

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let refused = match &error {
            sqlx::Error::Database(database) => {
                let code = database.code().unwrap_or_default();
                !TRANSIENT.iter().any(|prefix| code.starts_with(prefix))
            }
            other => !matches!(
                other,
                sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::Protocol(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed
            ),
        };
        if refused {
            Self::Refused(error)
        } else {
            Self::Unavailable(error)
        }
    }
}
