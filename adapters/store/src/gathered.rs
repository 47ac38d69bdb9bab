//! Questions that many ask at the same moment, asked once for all of them.
//!
//! While one question is at the server, the next ones gather, as records do at the recorder. A lonely one waits for nobody;
//! under load dozens share a round trip and a connection. Whoever asks gets an answer that was read after it asked, so nobody
//! sees less than if it had asked alone.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};

use crate::StoreError;

/// How long a question may take, the wait for a connection included. It goes by a key, so one that takes longer has met a
/// connection that fell silent, and everybody behind it would wait with it.
const LIMIT: Duration = Duration::from_secs(5);
/// How many may share a question.
const MAX_BATCH: usize = 256;

/// What was found for each of many names. One that cannot be read is told to those who asked for it only.
pub(crate) type Found<K, V> = HashMap<K, Result<V, StoreError>>;

/// Gathers questions of one kind. Clones gather together.
pub(crate) struct Gathered<K, V>(Arc<Mutex<State<K, V>>>);

struct State<K, V> {
    waiting: Vec<Waiting<K, V>>,
    /// Whether there is a task that asks.
    is_asking: bool,
}

struct Waiting<K, V> {
    name: K,
    answer: oneshot::Sender<Result<Option<V>, StoreError>>,
}

impl<K, V> Gathered<K, V>
where
    K: Eq + Hash + Copy + Send + 'static,
    V: Clone + Send + 'static,
{
    /// What has this name. `ask` is what asks for many; it is run by whoever comes while nobody asks.
    pub(crate) async fn get<F, Asked>(&self, name: K, ask: F) -> Result<Option<V>, StoreError>
    where
        F: Fn(Vec<K>) -> Asked + Send + 'static,
        Asked: Future<Output = Result<Found<K, V>, StoreError>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        if self.wait(Waiting { name, answer }) {
            let asking = Asking {
                gathered: self.clone(),
                has_ended: false,
            };
            // A task of its own: the one who came first may be cut off, and the others must not be.
            tokio::spawn(asking.until_nobody_waits(ask));
        }
        answered
            .await
            .unwrap_or_else(|_| Err(StoreError::Unavailable(sqlx::Error::WorkerCrashed)))
    }

    /// Lines up; true when nobody is there to ask.
    fn wait(&self, waiting: Waiting<K, V>) -> bool {
        let mut state = self.lock();
        state.waiting.push(waiting);
        !std::mem::replace(&mut state.is_asking, true)
    }

    /// The next of those who wait and still want to know, or none when nobody does; then nobody asks any more.
    fn next(&self) -> Option<Vec<Waiting<K, V>>> {
        let mut state = self.lock();
        state.waiting.retain(|waiting| !waiting.answer.is_closed());
        let count = state.waiting.len().min(MAX_BATCH);
        if count == 0 {
            state.is_asking = false;
            return None;
        }
        Some(state.waiting.drain(..count).collect())
    }
}

impl<K, V> Gathered<K, V> {
    fn lock(&self) -> MutexGuard<'_, State<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one who asks for all.
struct Asking<K, V> {
    gathered: Gathered<K, V>,
    has_ended: bool,
}

impl<K, V> Asking<K, V>
where
    K: Eq + Hash + Copy + Send + 'static,
    V: Clone + Send + 'static,
{
    async fn until_nobody_waits<F, Asked>(mut self, ask: F)
    where
        F: Fn(Vec<K>) -> Asked,
        Asked: Future<Output = Result<Found<K, V>, StoreError>>,
    {
        while let Some(batch) = self.gathered.next() {
            let names: HashSet<K> = batch.iter().map(|waiting| waiting.name).collect();
            let found = timeout(LIMIT, ask(names.into_iter().collect())).await;
            answer_all(batch, found.unwrap_or_else(|_| Err(StoreError::silent())));
        }
        self.has_ended = true;
    }
}

impl<K, V> Drop for Asking<K, V> {
    /// When it was cut off, by a panic or with its runtime, those who wait hear so, and the next one asks again.
    fn drop(&mut self) {
        if !self.has_ended {
            let mut state = self.gathered.lock();
            state.is_asking = false;
            state.waiting.clear();
        }
    }
}

fn answer_all<K, V>(batch: Vec<Waiting<K, V>>, found: Result<Found<K, V>, StoreError>)
where
    K: Eq + Hash,
    V: Clone,
{
    for waiting in batch {
        let answer = match &found {
            Ok(found) => match found.get(&waiting.name) {
                Some(Ok(value)) => Ok(Some(value.clone())),
                Some(Err(error)) => Err(error.repeated()),
                None => Ok(None),
            },
            Err(error) => Err(error.repeated()),
        };
        // Whoever was cut off meanwhile needs no answer.
        let _ = waiting.answer.send(answer);
    }
}

impl<K, V> Clone for Gathered<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, V> Default for Gathered<K, V> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State {
            waiting: Vec::new(),
            is_asking: false,
        })))
    }
}

impl<K, V> std::fmt::Debug for Gathered<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gathered")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;
    use tokio::time::sleep;

    use super::*;

    const ROUND_TRIP: Duration = Duration::from_millis(10);

    /// A server where what has a name is how often it was asked when the question arrived.
    #[derive(Clone, Default)]
    struct Server(Arc<AtomicUsize>);

    impl Server {
        async fn ask(self, names: Vec<u8>) -> Result<Found<u8, usize>, StoreError> {
            let questions = self.0.fetch_add(1, Ordering::Relaxed) + 1;
            sleep(ROUND_TRIP).await;
            Ok(names.into_iter().map(|name| (name, Ok(questions))).collect())
        }

        async fn get(&self, gathered: &Gathered<u8, usize>, name: u8) -> Result<Option<usize>, StoreError> {
            let server = self.clone();
            gathered.get(name, move |names| server.clone().ask(names)).await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_asked_while_a_question_was_under_way_is_asked_after_it_and_once() {
        let (server, gathered) = (Server::default(), Gathered::default());
        let later = async {
            sleep(ROUND_TRIP / 2).await;
            join_all((0..20).map(|name| server.get(&gathered, name % 5))).await
        };
        let (first, later) = tokio::join!(server.get(&gathered, 0), later);
        assert_eq!(first.unwrap(), Some(1));
        assert!(later.into_iter().all(|answer| answer.unwrap() == Some(2)));
    }

    #[tokio::test(start_paused = true)]
    async fn who_came_first_may_be_cut_off_and_the_others_are_answered() {
        let (server, gathered) = (Server::default(), Gathered::default());
        let first = timeout(ROUND_TRIP / 2, server.get(&gathered, 0));
        let (first, second) = tokio::join!(first, server.get(&gathered, 1));
        assert!(first.is_err());
        assert_eq!(second.unwrap(), Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_behind_a_silent_connection_for_longer_than_the_limit() {
        let (server, gathered) = (Server::default(), Gathered::default());
        let silent = gathered.get(0, |_| std::future::pending());
        assert!(matches!(silent.await, Err(StoreError::Unavailable(_))));
        assert_eq!(server.get(&gathered, 0).await.unwrap(), Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_panic_those_who_wait_hear_so_and_the_next_asks_again() {
        async fn broken(_: Vec<u8>) -> Result<Found<u8, usize>, StoreError> {
            sleep(ROUND_TRIP).await;
            panic!("as if by a defect")
        }
        let (server, gathered) = (Server::default(), Gathered::default());
        let (asked, waiting) = tokio::join!(gathered.get(0, broken), gathered.get(1, broken));
        assert!(asked.is_err() && waiting.is_err());
        assert_eq!(server.get(&gathered, 0).await.unwrap(), Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_read_is_told_to_those_who_asked_for_it_only() {
        let ask = |names: Vec<u8>| async move {
            let found = names.into_iter().map(|name| match name {
                0 => (name, Err(StoreError::unreadable(name.to_string(), "broken"))),
                _ => (name, Ok(7)),
            });
            Ok(found.collect())
        };
        let gathered = Gathered::default();
        let (broken, well) = tokio::join!(gathered.get(0, ask), gathered.get(1, ask));
        assert!(matches!(broken, Err(StoreError::Unreadable { .. })));
        assert_eq!(well.unwrap(), Some(7));
    }
}
