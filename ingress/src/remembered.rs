//! What ingress has read from PostgreSQL before and goes on using when PostgreSQL is away.
//!
//! An entry is used without asking while it is fresh. After that it is read again, so that a revoked key or a replaced
//! secret is noticed within that time; only when PostgreSQL does not answer is the old entry used once more. What does
//! not exist is never remembered: anybody can make up names, and there are more of them than memory.
//!
//! Whoever asks for a name that is being read right now waits for that answer, so that a busy merchant costs one question
//! and not one for each of its requests.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::OnceCell, time::Instant};

use crate::reads::Unanswered;

/// Values by name, with the time when each was read.
pub(crate) struct Remembered<K: Eq + Hash, V> {
    entries: Mutex<HashMap<K, Entry<V>>>,
    flights: Mutex<HashMap<K, Flight<V>>>,
    fresh_for: Duration,
}

/// An answer on its way, or what it was.
type Flight<V> = Arc<OnceCell<Result<Option<V>, Unanswered>>>;

/// A share in a question that is being asked. The last one who leaves takes the question away.
struct Passenger<'a, K: Eq + Hash, V> {
    remembered: &'a Remembered<K, V>,
    name: &'a K,
    flight: Flight<V>,
}

#[derive(Clone)]
struct Entry<V> {
    value: V,
    read_at: Instant,
}

/// Whether a value has been read before; decides how patiently it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asking {
    /// Never, as far as this process knows.
    FirstTime,
    /// The old value will do if there is no answer.
    Again,
}

impl<K: Eq + Hash + Clone, V: Clone> Remembered<K, V> {
    pub(crate) fn new(fresh_for: Duration) -> Self {
        Self {
            entries: Mutex::new(HashMap::new()),
            flights: Mutex::new(HashMap::new()),
            fresh_for,
        }
    }

    /// The value of this name, read with `read` unless it is fresh; `None` when there is none.
    ///
    /// # Errors
    /// It was never read before and cannot be read now.
    pub(crate) async fn get<R>(
        &self,
        name: &K,
        read: impl FnOnce(Asking) -> R,
    ) -> Result<Option<V>, Unanswered>
    where
        R: Future<Output = Result<Option<V>, Unanswered>>,
    {
        let known = self.lock().get(name).cloned();
        let asking = match &known {
            Some(entry) if entry.read_at.elapsed() < self.fresh_for => return Ok(Some(entry.value.clone())),
            Some(_) => Asking::Again,
            None => Asking::FirstTime,
        };
        let passenger = self.board(name);
        let answer = passenger
            .flight
            .get_or_init(|| self.ask(name, read(asking)))
            .await;
        match (answer, known) {
            (Err(_), Some(entry)) => Ok(Some(entry.value)),
            (answer, _) => answer.clone(),
        }
    }

    /// Asks, and remembers the answer.
    async fn ask(
        &self,
        name: &K,
        question: impl Future<Output = Result<Option<V>, Unanswered>>,
    ) -> Result<Option<V>, Unanswered> {
        // Counted from before the question, as the answer may be that old.
        let read_at = Instant::now();
        let answer = question.await?;
        match answer.clone() {
            Some(value) => drop(self.lock().insert(name.clone(), Entry { value, read_at })),
            None => drop(self.lock().remove(name)),
        }
        Ok(answer)
    }

    fn board<'a>(&'a self, name: &'a K) -> Passenger<'a, K, V> {
        let flight = Arc::clone(self.flights().entry(name.clone()).or_default());
        Passenger {
            remembered: self,
            name,
            flight,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Entry<V>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash, V> Remembered<K, V> {
    fn flights(&self) -> MutexGuard<'_, HashMap<K, Flight<V>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash, V> Drop for Passenger<'_, K, V> {
    /// Nobody boards an answer that is there already: it is removed by the first who leaves with it. A question whose
    /// asker was cancelled is asked by the next in line, and removed by the last.
    fn drop(&mut self) {
        let mut flights = self.remembered.flights();
        let ours = flights
            .get(self.name)
            .is_some_and(|flight| Arc::ptr_eq(flight, &self.flight));
        // The map holds one, and we do.
        if ours && (self.flight.initialized() || Arc::strong_count(&self.flight) == 2) {
            flights.remove(self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const TEN: Duration = Duration::from_secs(10);

    async fn get(
        remembered: &Remembered<&'static str, u8>,
        answer: Result<Option<u8>, Unanswered>,
    ) -> (Result<Option<u8>, Unanswered>, Option<Asking>) {
        let mut asked = None;
        let got = remembered
            .get(&"name", |asking| {
                asked = Some(asking);
                async move { answer }
            })
            .await;
        (got, asked)
    }

    #[tokio::test(start_paused = true)]
    async fn a_fresh_value_is_not_asked_for_and_a_change_is_noticed_in_time() {
        let remembered = Remembered::new(TEN);
        assert_eq!(
            get(&remembered, Ok(Some(1))).await,
            (Ok(Some(1)), Some(Asking::FirstTime))
        );
        assert_eq!(get(&remembered, Ok(Some(2))).await, (Ok(Some(1)), None));
        tokio::time::advance(TEN - Duration::from_millis(1)).await;
        assert_eq!(get(&remembered, Ok(Some(2))).await, (Ok(Some(1)), None));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(
            get(&remembered, Ok(Some(2))).await,
            (Ok(Some(2)), Some(Asking::Again))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_known_value_outlives_the_database_and_an_unknown_one_does_not_appear() {
        let remembered = Remembered::new(TEN);
        assert_eq!(
            get(&remembered, Err(Unanswered::Away)).await.0,
            Err(Unanswered::Away)
        );
        assert_eq!(get(&remembered, Ok(Some(1))).await.0, Ok(Some(1)));
        tokio::time::advance(TEN * 1_000).await;
        assert_eq!(
            get(&remembered, Err(Unanswered::Away)).await,
            (Ok(Some(1)), Some(Asking::Again))
        );
        assert_eq!(get(&remembered, Ok(None)).await.0, Ok(None));
        assert_eq!(
            get(&remembered, Err(Unanswered::Away)).await,
            (Err(Unanswered::Away), Some(Asking::FirstTime))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_exist_takes_no_memory() {
        let remembered = Remembered::new(TEN);
        assert_eq!(get(&remembered, Ok(None)).await.0, Ok(None));
        assert!(remembered.lock().is_empty() && remembered.flights().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_ask_at_once_share_one_question() {
        let (remembered, asked) = (Remembered::new(TEN), AtomicUsize::new(0));
        let ask = || {
            remembered.get(&"name", |_| async {
                asked.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(50)).await;
                Ok(Some(1))
            })
        };
        let given_up = tokio::time::timeout(Duration::from_millis(10), ask());
        let (given_up, all) = tokio::join!(given_up, futures::future::join_all((0..20).map(|_| ask())));
        assert!(given_up.is_err());
        assert!(all.iter().all(|got| *got == Ok(Some(1))), "{all:?}");
        // The first gave up on the way, so one of the others had to ask again.
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        assert!(remembered.flights().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_that_everybody_gave_up_leaves_nothing_behind() {
        let remembered = Remembered::<_, u8>::new(TEN);
        let never = remembered.get(&"name", |_| std::future::pending());
        assert!(tokio::time::timeout(TEN, never).await.is_err());
        assert!(remembered.flights().is_empty());
    }
}
