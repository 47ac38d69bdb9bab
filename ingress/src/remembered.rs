//! What ingress has read from PostgreSQL before and goes on using when PostgreSQL is away.
//!
//! An entry is used without asking while it is fresh. After that it is read again, so that a revoked key or a replaced
//! secret is noticed within that time; only when PostgreSQL does not answer is the old entry used once more. What does
//! not exist is never remembered: anybody can make up names, and there are more of them than memory.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::reads::Unanswered;

/// Values by name, with the time when each was read.
pub(crate) struct Remembered<K, V> {
    entries: Mutex<HashMap<K, Entry<V>>>,
    fresh_for: Duration,
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
        // Counted from before the question, as the answer may be that old.
        let read_at = Instant::now();
        match (read(asking).await, known) {
            (Ok(Some(value)), _) => {
                self.lock().insert(
                    name.clone(),
                    Entry {
                        value: value.clone(),
                        read_at,
                    },
                );
                Ok(Some(value))
            }
            (Ok(None), _) => {
                self.lock().remove(name);
                Ok(None)
            }
            (Err(_), Some(entry)) => Ok(Some(entry.value)),
            (Err(unanswered), None) => Err(unanswered),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Entry<V>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
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
        assert!(remembered.lock().is_empty());
    }
}
