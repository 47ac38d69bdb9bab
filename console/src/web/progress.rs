//! How far actions have come: looked at once for all who follow one, for as long as somebody does and there is more to come.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{clock::Clock, id::DeadLetterActionId};
use store::{ActionProgress, Store};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often an action is looked at while somebody follows it.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// For how long after an action is finished more may become known of its jobs.
const SETTLING: TimeDelta = TimeDelta::minutes(10);

/// An action as it was last seen.
#[derive(Clone)]
pub(super) struct Seen {
    pub action: ActionProgress,
    /// When that was.
    pub at: DateTime<Utc>,
    /// Whether PostgreSQL has not answered since.
    pub is_away: bool,
}

/// The actions that somebody follows.
pub(super) struct Progress {
    store: Store,
    clock: Arc<dyn Clock>,
    stopping: CancellationToken,
    followed: Mutex<HashMap<DeadLetterActionId, watch::Sender<Seen>>>,
}

impl Progress {
    pub(super) fn new(store: Store, clock: Arc<dyn Clock>, stopping: CancellationToken) -> Self {
        Self {
            store,
            clock,
            stopping,
            followed: Mutex::default(),
        }
    }

    /// An action as it stands.
    pub(super) fn seen(&self, action: ActionProgress) -> Seen {
        Seen {
            action,
            at: self.clock.now(),
            is_away: false,
        }
    }

    /// Whether nothing more will become known of an action.
    pub(super) fn is_settled(&self, action: &ActionProgress) -> bool {
        let finished_at = action.finished_at;
        finished_at.is_some_and(|at| self.clock.now() - at > SETTLING)
    }

    /// What becomes of an action from here on. It ends when nothing more will become known.
    pub(super) fn follow(self: &Arc<Self>, action: ActionProgress) -> watch::Receiver<Seen> {
        let id = action.id;
        let mut followed = self.followed();
        if let Some(sender) = followed.get(&id) {
            return sender.subscribe();
        }
        let (sender, receiver) = watch::channel(self.seen(action));
        followed.insert(id, sender);
        drop(followed);
        let looking = Arc::clone(self).look(id);
        let stopping = self.stopping.clone();
        tokio::spawn(stopping.run_until_cancelled_owned(looking));
        receiver
    }

    async fn look(self: Arc<Self>, id: DeadLetterActionId) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if !self.goes_on(id) {
                return;
            }
            let found = self.store.letter_actions(Some(id), 1).await;
            let action = found.ok().and_then(|mut found| found.pop());
            let followed = self.followed();
            let Some(sender) = followed.get(&id) else { return };
            // Sent whether or not it has changed: who follows is asked about then, too.
            sender.send_modify(|seen| match action {
                Some(action) => *seen = self.seen(action),
                None => seen.is_away = true,
            });
        }
    }

    /// Whether an action is still to be looked at. One that is not is forgotten, which ends what follows it.
    fn goes_on(&self, id: DeadLetterActionId) -> bool {
        let mut followed = self.followed();
        let goes_on = followed
            .get(&id)
            .is_some_and(|sender| sender.receiver_count() > 0 && !self.is_settled(&sender.borrow().action));
        if !goes_on {
            followed.remove(&id);
        }
        goes_on
    }

    fn followed(&self) -> MutexGuard<'_, HashMap<DeadLetterActionId, watch::Sender<Seen>>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
