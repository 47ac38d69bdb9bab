//! How many spans wait to be sent or are being sent, and how many did not fit.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The spans that have ended and whose end at the collector is not known.
#[derive(Debug)]
pub(super) struct Backlog {
    most: usize,
    waiting: AtomicUsize,
    dropped: AtomicUsize,
}

impl Backlog {
    /// A backlog of at most so many spans.
    pub(super) const fn of(most: usize) -> Self {
        Self {
            most,
            waiting: AtomicUsize::new(0),
            dropped: AtomicUsize::new(0),
        }
    }

    /// Whether another span fits. If so, it waits from now on.
    pub(super) fn admit(&self) -> bool {
        let another = |waiting| (waiting < self.most).then_some(waiting + 1);
        let fits = self.waiting.fetch_update(Relaxed, Relaxed, another).is_ok();
        if !fits {
            self.dropped.fetch_add(1, Relaxed);
        }
        fits
    }

    /// So many spans do not wait any more. Answers how many did not fit since it was asked last.
    pub(super) fn release(&self, spans: usize) -> usize {
        self.waiting.fetch_sub(spans, Relaxed);
        self.dropped.swap(0, Relaxed)
    }

    pub(super) fn is_half_full(&self) -> bool {
        self.waiting.load(Relaxed) * 2 > self.most
    }
}
