//! Looks at RabbitMQ and PostgreSQL for everybody who looks at the overview: one set of questions every two seconds, however
//! many pages are open, and none while none is.
//!
//! What a server said last is kept while it is away, together with since when it is.

use std::{
    fmt::Display,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use domain::clock::Clock;
use management::{ManagementError, Queue, QueueHistory, Rabbit};
use store::{ChannelTraffic, ReviewCounts, ShutCircuit, Store, StoreError};
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

/// How often everything is looked at while somebody looks.
const EVERY: Duration = Duration::from_secs(2);
/// How old what is shown to somebody who comes may be.
const FRESH: TimeDelta = TimeDelta::seconds(3);
/// How long a server may take before it counts as away: nobody looks at a page that hangs.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often what takes longer to tell is asked for.
const HISTORY_EVERY: Duration = Duration::from_secs(30);
const RECENT_EVERY: Duration = Duration::from_secs(10);
const DAY_EVERY: Duration = Duration::from_secs(60);

/// The history that is shown: an hour by the minute.
const HISTORY_S: u32 = 3_600;
/// The step of its samples, in seconds.
pub(super) const STEP_S: u32 = 60;

/// How things stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Snapshot {
    /// When this was put together; never, before anybody has looked.
    pub at: Option<DateTime<Utc>>,
    pub queues: Told<Queues>,
    pub books: Told<Books>,
    /// Calls to providers within a quarter of an hour, and within a day: a question of its own each, which may be slow
    /// while PostgreSQL answers all others.
    pub recent: Told<Arc<Vec<ChannelTraffic>>>,
    pub day: Told<Arc<Vec<ChannelTraffic>>>,
}

/// What a server said last.
#[derive(Debug, Clone)]
pub(super) struct Told<T> {
    /// Nothing, before it has said anything.
    pub said: Option<Said<T>>,
    /// Since when it says nothing.
    pub away_since: Option<DateTime<Utc>>,
}

/// What was said, and when: ages are counted from then.
#[derive(Debug, Clone)]
pub(super) struct Said<T> {
    pub what: T,
    pub at: DateTime<Utc>,
}

impl<T> Default for Told<T> {
    fn default() -> Self {
        Self {
            said: None,
            away_since: None,
        }
    }
}

/// What RabbitMQ says.
#[derive(Debug, Clone)]
pub(super) struct Queues {
    pub standing: Vec<Queue>,
    pub history: Arc<Vec<QueueHistory>>,
}

/// What PostgreSQL says.
#[derive(Debug, Clone)]
pub(super) struct Books {
    pub review: ReviewCounts,
    pub outbox: (i64, Option<DateTime<Utc>>),
    pub circuits: Vec<ShutCircuit>,
}

/// The one that looks.
pub(super) struct Collector {
    store: Store,
    rabbit: Rabbit,
    clock: Arc<dyn Clock>,
    /// When what takes longer was asked for; held while looking, so that one looks at a time.
    asked: Mutex<Asked>,
    shown: watch::Sender<Arc<Snapshot>>,
}

/// What takes longer and is asked for this time.
#[derive(Clone, Copy)]
struct Due {
    history: bool,
    recent: bool,
    day: bool,
}

#[derive(Default)]
struct Asked {
    history: Option<Instant>,
    recent: Option<Instant>,
    day: Option<Instant>,
}

impl Collector {
    pub(super) fn new(store: Store, rabbit: Rabbit, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            rabbit,
            clock,
            asked: Mutex::default(),
            shown: watch::Sender::default(),
        }
    }

    /// How things stand, now or a moment ago.
    pub(super) async fn now(&self) -> Arc<Snapshot> {
        if let Some(shown) = self.fresh() {
            return shown;
        }
        let mut asked = self.asked.lock().await;
        // Somebody else may have looked while this one waited for its turn.
        match self.fresh() {
            Some(shown) => shown,
            None => self.look(&mut asked).await,
        }
    }

    /// Tells each time that everything was looked at.
    pub(super) fn follow(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.shown.subscribe()
    }

    /// Looks as long as somebody follows, until it is told to stop.
    pub(super) async fn keep_fresh(self: Arc<Self>, stopping: CancellationToken) {
        let looking = async {
            loop {
                tokio::time::sleep(EVERY).await;
                if self.shown.receiver_count() > 0 {
                    let mut asked = self.asked.lock().await;
                    self.look(&mut asked).await;
                }
            }
        };
        stopping.run_until_cancelled(looking).await;
    }

    async fn look(&self, asked: &mut Asked) -> Arc<Snapshot> {
        let (before, now, moment) = (self.latest(), self.clock.now(), Instant::now());
        let due = asked.due(moment);
        let (queues, books, recent, day) = tokio::join!(
            in_time(self.queues(&before.queues, due)),
            in_time(self.books()),
            self.traffic(&before.recent, due.recent, now - TimeDelta::minutes(15)),
            self.traffic(&before.day, due.day, now - TimeDelta::days(1)),
        );
        // What is slow by itself is not asked for again at once; what its server was away for is, as soon as that is back.
        if queues.is_ok() && due.history {
            asked.history = Some(moment);
        }
        if books.is_ok() && due.recent {
            asked.recent = Some(moment);
        }
        if books.is_ok() && due.day {
            asked.day = Some(moment);
        }
        // As of the end of the look: one that took long must not be old as soon as it is there.
        let now = self.clock.now();
        let snapshot = Arc::new(Snapshot {
            at: Some(now),
            queues: before.queues.followed_by(queues, now),
            books: before.books.followed_by(books, now),
            recent,
            day,
        });
        self.shown.send_replace(Arc::clone(&snapshot));
        snapshot
    }

    async fn queues(&self, before: &Told<Queues>, due: Due) -> Result<Queues, ManagementError> {
        let standing = self.rabbit.standing().await?;
        let history = match &before.said {
            Some(said) if !due.history => Arc::clone(&said.what.history),
            _ => Arc::new(self.rabbit.history(HISTORY_S, STEP_S).await?),
        };
        Ok(Queues { standing, history })
    }

    async fn books(&self) -> Result<Books, StoreError> {
        let review = self.store.review_counts().await?;
        let outbox = self.store.outbox_backlog().await?;
        let circuits = self.store.shut_circuits(self.clock.now()).await?;
        Ok(Books {
            review,
            outbox,
            circuits,
        })
    }

    /// The calls since then, or what was said of them before where they are not due.
    async fn traffic(
        &self,
        before: &Told<Arc<Vec<ChannelTraffic>>>,
        is_due: bool,
        since: DateTime<Utc>,
    ) -> Told<Arc<Vec<ChannelTraffic>>> {
        if !is_due {
            return before.clone();
        }
        let said = in_time(self.store.channel_traffic(since)).await;
        before.followed_by(said.map(Arc::new), self.clock.now())
    }

    fn latest(&self) -> Arc<Snapshot> {
        Arc::clone(&self.shown.borrow())
    }

    fn fresh(&self) -> Option<Arc<Snapshot>> {
        let latest = self.latest();
        let is_fresh = latest.at.is_some_and(|at| self.clock.now() - at < FRESH);
        is_fresh.then_some(latest)
    }
}

impl Asked {
    fn due(&self, now: Instant) -> Due {
        let is_due = |asked: Option<Instant>, every| asked.is_none_or(|asked| now - asked >= every);
        Due {
            history: is_due(self.history, HISTORY_EVERY),
            recent: is_due(self.recent, RECENT_EVERY),
            day: is_due(self.day, DAY_EVERY),
        }
    }
}

/// What a server says, or why it says nothing.
async fn in_time<T, E: Display>(asking: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    match tokio::time::timeout(PATIENCE, asking).await {
        Ok(said) => said.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

impl<T: Clone> Told<T> {
    fn followed_by(&self, next: Result<T, String>, now: DateTime<Utc>) -> Self {
        match next {
            Ok(what) => Self {
                said: Some(Said { what, at: now }),
                away_since: None,
            },
            Err(why) => {
                if self.away_since.is_none() {
                    tracing::warn!(why, "the overview cannot be brought up to date");
                }
                Self {
                    said: self.said.clone(),
                    away_since: self.away_since.or(Some(now)),
                }
            }
        }
    }
}
