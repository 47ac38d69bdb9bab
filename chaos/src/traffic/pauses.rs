//! The pauses of clients that repeat, and when they have done so often enough.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

/// Between two requests of a client that was not satisfied; it grows, so that clients in a jam do not become the jam.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);
/// How often a client repeats after it was told to come to an end, and how soon.
const REPEATS_AT_THE_END: u32 = 5;
const AT_THE_END: Duration = Duration::from_millis(500);

/// How often a client may still repeat after it was told to come to an end, whatever about.
pub struct Patience(AtomicU32);

/// The pauses of one client about one thing.
pub struct Pauses<'a> {
    closing: &'a watch::Receiver<bool>,
    pause: Duration,
    patience: &'a Patience,
}

impl Patience {
    /// All of it.
    pub const fn new() -> Self {
        Self(AtomicU32::new(REPEATS_AT_THE_END))
    }

    fn may_repeat(&self) -> bool {
        let less = |left: u32| left.checked_sub(1);
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }
}

impl<'a> Pauses<'a> {
    /// The pauses of a client that is told by `closing` to come to an end.
    pub const fn new(closing: &'a watch::Receiver<bool>, patience: &'a Patience) -> Self {
        Self {
            closing,
            pause: FIRST,
            patience,
        }
    }

    /// Waits before the next repeat; false when there have been enough.
    pub async fn may_repeat(&mut self) -> bool {
        let mut closing = self.closing.clone();
        if *closing.borrow() {
            if !self.patience.may_repeat() {
                return false;
            }
            sleep(AT_THE_END).await;
        } else {
            // The end is seen when it comes, and not only after a pause that grew in a jam.
            let _told = timeout(self.pause, closing.wait_for(|closing| *closing)).await;
            self.pause = self.pause.mul_f32(1.5).min(LONGEST);
        }
        true
    }
}
