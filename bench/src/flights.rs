//! Payments under way, and what is known of their times.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::OwnedSemaphorePermit;

use crate::latency::Latency;

/// All payments that were asked for and whose merchant was not told yet, by their description, which every party is shown.
#[derive(Default)]
pub struct Flights {
    open: Mutex<HashMap<String, Flight>>,
    seen: Mutex<Option<Latency>>,
    settled: AtomicU64,
    told_again: AtomicU64,
}

/// One of them. Its place among those that may be under way at once is free again when it is dropped.
struct Flight {
    due: Instant,
    intent_at: Option<Instant>,
    paid_at: Option<Instant>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Flights {
    /// A payment was asked for; it was due at `due`.
    pub fn begin(&self, payment: &str, due: Instant, place: Option<OwnedSemaphorePermit>) {
        let flight = Flight {
            due,
            intent_at: None,
            paid_at: None,
            _place: place,
        };
        lock(&self.open).insert(payment.to_owned(), flight);
    }

    /// A payment was not accepted.
    pub fn forget(&self, payment: &str) {
        lock(&self.open).remove(payment);
    }

    /// The provider was asked for its intent.
    pub fn intent(&self, payment: &str) {
        if let Some(flight) = lock(&self.open).get_mut(payment) {
            flight.intent_at.get_or_insert_with(Instant::now);
        }
    }

    /// The payer has paid, and the provider begins to call back.
    pub fn paid(&self, payment: &str) {
        if let Some(flight) = lock(&self.open).get_mut(payment) {
            flight.paid_at.get_or_insert_with(Instant::now);
        }
    }

    /// Its merchant was told.
    pub fn told(&self, payment: &str) {
        let Some(flight) = lock(&self.open).remove(payment) else {
            self.told_again.fetch_add(1, Ordering::Relaxed);
            return;
        };
        self.settled.fetch_add(1, Ordering::Relaxed);
        let (Some(intent_at), Some(paid_at)) = (flight.intent_at, flight.paid_at) else {
            return;
        };
        if let Some(seen) = lock(&self.seen).as_mut() {
            seen.add((intent_at - flight.due) + paid_at.elapsed());
        }
    }

    /// How many were settled and told so far.
    pub fn settled(&self) -> u64 {
        self.settled.load(Ordering::Relaxed)
    }

    /// How many notifications came of payments that were not under way: told again, or paid too late to be watched.
    pub fn told_again(&self) -> u64 {
        self.told_again.load(Ordering::Relaxed)
    }

    /// How many are under way.
    pub fn open(&self) -> usize {
        lock(&self.open).len()
    }

    /// From now on, times are noted in an empty histogram.
    ///
    /// # Errors
    /// As [`Latency::new`].
    pub fn note_times(&self) -> anyhow::Result<()> {
        *lock(&self.seen) = Some(Latency::new()?);
        Ok(())
    }

    /// The times noted so far: from when a payment was due until its provider was asked, and from when it was paid until its
    /// merchant was told. What the payer took in between is not the pipeline's.
    pub fn times(&self) -> Option<Latency> {
        lock(&self.seen).take()
    }

    /// Waits until none is under way, or until `patience` is over; gives how many are then left, and forgets them.
    pub async fn landed(&self, patience: Duration) -> usize {
        let until = Instant::now() + patience;
        while self.open() > 0 && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        lock(&self.open).drain().count()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
