//! Reading from PostgreSQL without ever depending on it for longer than a request can wait.
//!
//! Accepting a payment asks PostgreSQL only for what would make the answer nicer, so that question gets a quarter of a
//! second, and none at all for a moment after a question went unanswered: a PostgreSQL that is away costs nothing. What
//! cannot be answered without it waits a little longer and then says so.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{channel::Channel, id::MerchantId, scope::Scope, secret::Secret};
use store::{ApiKey, Scoped, Store, StoreError};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

use crate::{
    auth::Caller,
    problem::{Problem, ProblemKind},
};

/// For what can be done without.
const BRIEF: Duration = Duration::from_millis(250);
/// For what cannot.
const PATIENT: Duration = Duration::from_secs(2);
/// For what goes through much.
const LONG: Duration = Duration::from_secs(5);
/// How many of those may be open at once: the other connections are for everybody else.
const LONG_ONES: usize = 2;
/// After a question went unanswered, how long it is taken for granted that the next would too.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the first question is repeated before a process goes on without PostgreSQL.
const FIRST_QUESTIONS: usize = 3;
/// How many questions about ids that nobody has proven to exist may be open at once. Guessing must not take the
/// connections away from those who are known.
const STRANGERS: usize = 4;

/// Why a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// PostgreSQL is away or too slow.
    Away,
    /// PostgreSQL answered something that cannot be used: a defect, or another version's data. It was logged.
    Broken,
}

/// Read access within time limits.
pub(crate) struct Reads {
    store: Store,
    away_since: Mutex<Option<Away>>,
    strangers: Semaphore,
    long_ones: Semaphore,
}

#[derive(Clone, Copy)]
struct Away {
    since: Instant,
    noticed: Instant,
}

impl Reads {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            away_since: Mutex::new(None),
            strangers: Semaphore::new(STRANGERS),
            long_ones: Semaphore::new(LONG_ONES),
        }
    }

    /// What this caller may read. Nothing is read for a request in another way, so that no route can forget who asks.
    pub(crate) const fn seen_by<'a>(&'a self, caller: &'a Caller) -> Scoped<'a> {
        self.store.within(caller.scope())
    }

    /// The API key of this id: read to find out who asks.
    pub(crate) async fn key(&self, id: &str) -> Result<Option<ApiKey>, StoreError> {
        self.store.key(id).await
    }

    /// Something where there is a merchant of this id: read to find out whether one can be asked for.
    pub(crate) async fn merchant(&self, id: MerchantId) -> Result<Option<()>, StoreError> {
        Ok(self.store.has_merchant(id).await?.then_some(()))
    }

    /// A merchant's credentials, which tell whether a callback is its provider's.
    pub(crate) async fn credentials(
        &self,
        merchant_id: MerchantId,
        channel: Channel,
    ) -> Result<Option<Secret>, StoreError> {
        self.store.credentials(merchant_id, channel).await
    }

    /// Asks what can be done without.
    pub(crate) async fn briefly<T>(
        &self,
        question: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Unanswered> {
        let paused = self.away().is_some_and(|away| away.noticed.elapsed() < PAUSE);
        if paused {
            Err(Unanswered::Away)
        } else {
            self.within(BRIEF, question).await
        }
    }

    /// Asks what cannot be done without.
    pub(crate) async fn patiently<T>(
        &self,
        question: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Unanswered> {
        self.within(PATIENT, question).await
    }

    /// Asks, patiently, about an id that anybody could have made up.
    pub(crate) async fn about_stranger<T>(
        &self,
        question: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Unanswered> {
        match timeout(PATIENT, self.strangers.acquire()).await {
            Ok(Ok(_permit)) => self.patiently(question).await,
            Ok(Err(_)) | Err(_) => Err(Unanswered::Away),
        }
    }

    /// Asks what goes through much. That it takes too long says nothing about PostgreSQL, and nobody else has to wait for it.
    pub(crate) async fn at_length<T>(
        &self,
        question: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Problem> {
        let in_turn = async {
            let _turn = self.long_ones.acquire().await;
            question.await
        };
        match timeout(LONG, in_turn).await {
            Ok(answer) => Ok(self.heard(answer)?),
            Err(_elapsed) => {
                let detail = "There is too much to go through in time. Ask for less: for one user, or for one merchant.";
                Err(Problem::new(ProblemKind::StoreUnavailable, detail))
            }
        }
    }

    /// Asks for a part of a list: patiently, or at length if it is everybody's.
    pub(crate) async fn list<T>(
        &self,
        caller: &Caller,
        question: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Problem> {
        match caller.scope() {
            Scope::All => self.at_length(question).await,
            Scope::Merchant(_) | Scope::User(..) => Ok(self.patiently(question).await?),
        }
    }

    /// Whether PostgreSQL answers and has our schema; for the people who look at the probes.
    pub(crate) async fn state(&self) -> Result<(), &'static str> {
        match self.briefly(self.store.check()).await {
            Ok(()) => Ok(()),
            Err(Unanswered::Away) => Err("away"),
            Err(Unanswered::Broken) => Err("answers, but not as expected; see the log"),
        }
    }

    /// Asks for the first time, when there is no connection yet: a brief question would give up before there is one.
    pub(crate) async fn connect(&self) {
        for _ in 0..FIRST_QUESTIONS {
            if self.patiently(self.store.check()).await.is_ok() {
                return;
            }
        }
    }

    async fn within<T>(
        &self,
        limit: Duration,
        question: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Unanswered> {
        match timeout(limit, question).await {
            Ok(answer) => self.heard(answer),
            Err(_elapsed) => Err(self.note_away("no answer in time")),
        }
    }

    fn heard<T>(&self, answer: Result<T, StoreError>) -> Result<T, Unanswered> {
        match answer {
            Ok(answer) => {
                self.note_answer();
                Ok(answer)
            }
            Err(error) if error.is_transient() => Err(self.note_away(&error.to_string())),
            Err(error) => {
                tracing::error!(%error, "PostgreSQL answered something that cannot be used");
                Err(Unanswered::Broken)
            }
        }
    }

    fn note_answer(&self) {
        if let Some(away) = self.lock().take() {
            tracing::info!(
                away_ms = away.since.elapsed().as_millis() as u64,
                "PostgreSQL answers again"
            );
        }
    }

    fn note_away(&self, why: &str) -> Unanswered {
        let now = Instant::now();
        let mut away = self.lock();
        let since = away.map_or(now, |away| away.since);
        let news = away.replace(Away { since, noticed: now }).is_none();
        drop(away);
        if news {
            tracing::warn!(why, "PostgreSQL does not answer; requests are still accepted");
        }
        Unanswered::Away
    }

    fn away(&self) -> Option<Away> {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Away>> {
        self.away_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Unanswered> for Problem {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Away => {
                let detail = "The database does not answer right now. Nothing was changed; try again.";
                Self::new(ProblemKind::StoreUnavailable, detail)
            }
            Unanswered::Broken => Self::internal(),
        }
    }
}
