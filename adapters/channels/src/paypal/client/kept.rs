//! Things that are fetched once for many who ask, and kept for a while: tokens and certificates.
//!
//! Whoever asks while one is being fetched waits for that and gets the same answer, an error too. Errors are not kept. There
//! are never more than a fixed number, so that nobody fills the memory by asking for many.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::future::{BoxFuture, FutureExt, Shared};
use tokio::time::Instant;

/// What something is kept under: a digest of all that it depends on.
pub(super) type Key = [u8; 32];

/// A value, and for how long it is good.
pub(super) type Fetched<V> = (V, Duration);

type Fetch<V, E> = Shared<BoxFuture<'static, Result<Held<V>, E>>>;

/// A bounded number of values.
pub(super) struct Kept<V: Clone, E: Clone> {
    most: usize,
    /// A fetch that has taken longer was given up by all who waited for it.
    patience: Duration,
    slots: Mutex<HashMap<Key, Slot<V, E>>>,
}

struct Slot<V: Clone, E: Clone> {
    fetch: Fetch<V, E>,
    began: Instant,
}

#[derive(Clone)]
struct Held<V> {
    value: V,
    until: Instant,
}

impl<V, E> Kept<V, E>
where
    V: Clone + Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    /// Room for so many values, none of which takes longer to fetch than `patience`.
    pub(super) fn new(most: usize, patience: Duration) -> Self {
        Self {
            most,
            patience,
            slots: Mutex::default(),
        }
    }

    /// The value under a key, fetched if there is none that is still good.
    pub(super) async fn get<F>(&self, key: Key, fetch: impl FnOnce() -> F) -> Result<V, E>
    where
        F: Future<Output = Result<Fetched<V>, E>> + Send + 'static,
    {
        let fetching = self.fetching(key, fetch);
        fetching.await.map(|held| held.value)
    }

    /// The value under a key, if there is one that is still good; nothing is fetched.
    pub(super) fn known(&self, key: &Key) -> Option<V> {
        let now = Instant::now();
        match self.slots().get(key)?.fetch.peek() {
            Some(Ok(held)) if now < held.until => Some(held.value.clone()),
            Some(_) | None => None,
        }
    }

    /// Drops the value under a key if it is one that `is_bad`.
    pub(super) fn forget(&self, key: &Key, is_bad: impl FnOnce(&V) -> bool) {
        let mut slots = self.slots();
        let held = slots.get(key).and_then(|slot| slot.fetch.peek());
        if matches!(held, Some(Ok(held)) if is_bad(&held.value)) {
            slots.remove(key);
        }
    }

    fn fetching<F>(&self, key: Key, fetch: impl FnOnce() -> F) -> Fetch<V, E>
    where
        F: Future<Output = Result<Fetched<V>, E>> + Send + 'static,
    {
        let now = Instant::now();
        let mut slots = self.slots();
        if let Some(slot) = slots.get(&key)
            && self.is_good(slot, now)
        {
            return slot.fetch.clone();
        }
        if slots.len() >= self.most {
            self.make_room(&mut slots, now);
        }
        let fetch = fetch();
        let fetch = async move {
            let (value, good_for) = fetch.await?;
            let until = Instant::now() + good_for;
            Ok(Held { value, until })
        }
        .boxed()
        .shared();
        let slot = Slot {
            fetch: fetch.clone(),
            began: now,
        };
        slots.insert(key, slot);
        fetch
    }

    fn is_good(&self, slot: &Slot<V, E>, now: Instant) -> bool {
        match slot.fetch.peek() {
            None => now.duration_since(slot.began) < self.patience,
            Some(Ok(held)) => now < held.until,
            Some(Err(_)) => false,
        }
    }

    /// Drops what is of no use any more, or else the oldest. Those who wait for it still get it.
    fn make_room(&self, slots: &mut HashMap<Key, Slot<V, E>>, now: Instant) {
        slots.retain(|_, slot| self.is_good(slot, now));
        if slots.len() >= self.most {
            let oldest = slots.iter().min_by_key(|(_, slot)| slot.began);
            if let Some(key) = oldest.map(|(key, _)| *key) {
                slots.remove(&key);
            }
        }
    }

    /// Nothing panics while it is held, and a half-made change could not be told from a whole one.
    fn slots(&self) -> MutexGuard<'_, HashMap<Key, Slot<V, E>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V: Clone, E: Clone> fmt::Debug for Kept<V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept")
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use futures::future::join_all;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    struct Counted {
        kept: Kept<usize, &'static str>,
        fetched: Arc<AtomicUsize>,
    }

    impl Counted {
        fn new(most: usize) -> Self {
            Self {
                kept: Kept::new(most, Duration::from_secs(10)),
                fetched: Arc::default(),
            }
        }

        async fn get(&self, key: u8, fails: bool) -> Result<usize, &'static str> {
            let fetched = Arc::clone(&self.fetched);
            let fetch = || async move {
                let number = fetched.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_secs(1)).await;
                if fails { Err("no") } else { Ok((number, HOUR)) }
            };
            self.kept.get([key; 32], fetch).await
        }
    }

    fn paused() -> tokio::runtime::Runtime {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.unwrap()
    }

    #[test]
    fn many_who_ask_fetch_once_until_its_time_is_over() {
        paused().block_on(async {
            tokio::time::pause();
            let counted = Counted::new(4);
            let all = join_all((0..20).map(|_| counted.get(1, false))).await;
            assert!(all.iter().all(|got| *got == Ok(0)), "{all:?}");
            tokio::time::advance(HOUR - Duration::from_secs(2)).await;
            assert_eq!(counted.get(1, false).await, Ok(0));
            tokio::time::advance(Duration::from_secs(3)).await;
            assert_eq!(counted.get(1, false).await, Ok(1));
            assert_eq!(counted.kept.known(&[1; 32]), Some(1));
            assert_eq!(counted.kept.known(&[2; 32]), None);
            counted.kept.forget(&[1; 32], |value| *value == 0);
            assert_eq!(counted.get(1, false).await, Ok(1), "another value was meant");
            counted.kept.forget(&[1; 32], |value| *value == 1);
            assert_eq!(counted.get(1, false).await, Ok(2));
        });
    }

    #[test]
    fn an_error_is_shared_and_not_kept() {
        paused().block_on(async {
            tokio::time::pause();
            let counted = Counted::new(4);
            let all = join_all((0..20).map(|_| counted.get(1, true))).await;
            assert!(all.iter().all(|got| *got == Err("no")), "{all:?}");
            assert_eq!(counted.get(1, false).await, Ok(1));
        });
    }

    #[test]
    fn a_fetch_that_all_have_left_holds_nobody_up() {
        paused().block_on(async {
            tokio::time::pause();
            let counted = Counted::new(4);
            let left = tokio::time::timeout(Duration::from_millis(1), counted.get(1, false)).await;
            assert!(left.is_err());
            // Who comes soon carries it on; who comes late begins anew.
            assert_eq!(counted.get(1, false).await, Ok(0));
            let left = tokio::time::timeout(Duration::from_millis(1), counted.get(2, false)).await;
            assert!(left.is_err());
            tokio::time::advance(Duration::from_secs(11)).await;
            assert_eq!(counted.get(2, false).await, Ok(2));
        });
    }

    #[test]
    fn there_are_never_more_than_there_is_room_for() {
        paused().block_on(async {
            tokio::time::pause();
            let counted = Counted::new(3);
            for key in 0..50 {
                counted.get(key, key % 5 == 0).await.ok();
                assert!(counted.kept.slots().len() <= 3);
            }
            let before = counted.fetched.load(Ordering::Relaxed);
            counted.get(49, false).await.unwrap();
            assert_eq!(
                counted.fetched.load(Ordering::Relaxed),
                before,
                "the newest is kept"
            );
        });
    }
}
