//! PostgreSQL: the truth about money, and the only crate that writes SQL.
//!
//! Reads are methods of [`Store`]. Every write that a job makes is a [`Record`]: a value saying what to write, handed
//! to the [`Recorder`], which puts the records of many jobs into one transaction. Nothing here calls a provider or a
//! broker, and no transaction stays open while somebody else does.

mod accounts;
mod actions;
mod audit;
mod calls;
mod circuits;
mod claims;
mod credentials;
mod dead_letters;
mod disputes;
mod error;
mod expiries;
mod failures;
mod fees;
mod gathered;
mod held;
mod history;
mod json;
mod kept;
mod ledger;
mod merchants;
mod migrate;
mod months;
mod notifications;
mod operators;
mod order_logs;
mod orders;
mod outbox;
mod overview;
mod payments;
mod pool;
mod queries;
mod reconciliation;
mod record;
mod recorder;
mod refunds;
mod routes;
mod scoped;
mod statistics;
mod switches;
mod terms;
mod timeline;
mod vault;
mod wallets;
mod write;

#[cfg(feature = "testing")]
pub mod testing;

pub use audit::{AuditEntry, Doing};
pub use circuits::{ShutCircuit, ToldCircuit};
pub use dead_letters::{
    ActionProgress, AskedFor, Claim, Lease, LetterCursor, LetterFilter, LetterGroup, LetterPage, LetterStory,
    NewAction, NewLetter, RecordedLetter, ReplayedJob, Try,
};
pub use error::StoreError;
pub use expiries::ExpiryBatch;
pub use failures::JobFailure;
pub use held::Held;
pub use history::{History, HistoryPage, HistoryTotal};
pub use ledger::{Balance, Disagreement, LayerSum, LedgerCheck, LedgerCheckBegun, LedgerReport};
pub use merchants::{ApiKey, Endpoint, EndpointSecret, ListedKey, Merchant, NewMerchant};
pub use months::DroppedMonth;
pub use notifications::{
    AttemptRecord, Delivery, DeliveryStatus, EndpointHealth, MadeAttempt, NotificationFilter,
    NotificationState, NotificationSummary, NotificationsOf, Resend, Resent,
};
pub use operators::{NewSession, Operator, OperatorChange, Session, SessionLimits, SignInCounts};
pub use order_logs::{NumberedLog, OrderLogPage};
pub use orders::{OrderCursor, OrderPage};
pub use outbox::OutboxBatch;
pub use overview::{ChannelTraffic, InReview, ReviewCounts};
pub use payments::{Page, PageCursor};
pub use queries::{ConnectQueryBatch, Forgotten, ForgottenBatch, QueryBatch};
pub use reconciliation::{
    DifferenceFilter, Finding, ReconciliationOverview, ReconciliationRun, RecordedDifference, Resolution,
    Resolved, RunEnding,
};
pub use record::{
    AuditRecord, CallbackOutcome, CallbackRecord, ConnectExchangeRecord, ExchangeRecord, Record,
    RefundExchangeRecord, TransferRecord, Verdict,
};
pub use recorder::Recorder;
pub use refunds::{RefundCursor, RefundPage};
pub use routes::{ConfiguredChannel, MerchantSetup};
pub use scoped::Scoped;
pub use statistics::{
    Counted, Days, Grouping, OrderFigures, OrderFilter, PaymentFigures, PaymentFilter, RollUp, Zone,
};
pub use switches::PausedSwitch;
pub use terms::NewTerms;
pub use timeline::{Event, EventName, Happened, Timeline, TimelineEntry, TimelineOf};
pub use vault::{InvalidKey, Unsealable, Vault};
pub use wallets::{ReservationCursor, ReservationPage, WalletCursor, WalletPage};

use std::{str::FromStr, time::Duration};

use domain::{
    channel::Channel,
    id::{MerchantId, NotificationId, PaymentId},
    payment::Payment,
    secret::Secret,
};
use gathered::Gathered;
use kept::Kept;
use pool::{Refusals, answered};
use sqlx::postgres::{PgConnectOptions, PgPool};

/// How long closing waits for statements under way: a server that hangs must not keep a process from ending.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// How to reach PostgreSQL.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// `postgres://user:password@host:port/database`.
    pub url: Secret,
    /// How many connections to hold at the most.
    pub max_connections: u32,
    /// How long to wait for a free connection, or for a server that does not answer.
    pub acquire_timeout: Duration,
    /// Whether every session gives up the right to write, by becoming `sluice_reader`.
    pub read_only: bool,
}

/// The address of PostgreSQL cannot be read. Does not repeat it, as it holds the password.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error("expected postgres://user:password@host:port/database")]
pub struct InvalidUrl;

impl StoreConfig {
    /// Checks the address without connecting, so that a bad setting stops a process at once.
    ///
    /// # Errors
    /// It is no address of a PostgreSQL server.
    pub fn check(&self) -> Result<(), InvalidUrl> {
        let scheme = ["postgres://", "postgresql://"];
        let known = scheme.iter().any(|scheme| self.url.expose().starts_with(scheme));
        let parsed = PgConnectOptions::from_str(self.url.expose());
        parsed.ok().filter(|_| known).map(drop).ok_or(InvalidUrl)
    }
}

/// A pool of connections and the key that opens what is sealed at rest. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
    refusals: Refusals,
    vault: Vault,
    gathering: Gathering,
    kept: Kept,
}

/// What is asked for so often that those who ask at the same moment share the question.
#[derive(Debug, Clone, Default)]
struct Gathering {
    payments: Gathered<PaymentId, Payment>,
    deliveries: Gathered<NotificationId, Delivery>,
    endpoints: Gathered<MerchantId, Endpoint>,
    setups: Gathered<MerchantId, MerchantSetup>,
    credentials: Gathered<(MerchantId, Channel), Secret>,
}

impl Store {
    /// Opens a pool. Connections are made when they are first needed, so a server that is down now is no error yet.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn connect_lazily(config: &StoreConfig, vault: Vault) -> Result<Self, StoreError> {
        let refusals = Refusals::default();
        let options = PgConnectOptions::from_str(config.url.expose())?;
        let pool = pool::open(config, options, refusals.clone());
        Ok(Self {
            pool,
            refusals,
            vault,
            gathering: Gathering::default(),
            kept: Kept::default(),
        })
    }

    /// The key ring that seals what must not be readable at rest.
    pub const fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Whether PostgreSQL answers and its schema is the one this version was built for.
    ///
    /// # Errors
    /// Says which of the two it is not.
    pub async fn check(&self) -> Result<(), StoreError> {
        answered(migrate::check(&self.pool)).await
    }

    /// Brings the schema up to date. Safe to run from several processes at once.
    ///
    /// # Errors
    /// PostgreSQL is away, or a migration cannot be applied.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        migrate::run(&self.pool).await
    }

    /// Closes every connection, once its statement is done or has had its time to be.
    pub async fn close(&self) {
        if tokio::time::timeout(CLOSE_TIMEOUT, self.pool.close())
            .await
            .is_err()
        {
            tracing::warn!("a connection to PostgreSQL was not waited for");
        }
    }
}
