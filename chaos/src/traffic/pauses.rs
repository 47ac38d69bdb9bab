//! The pauses of clients that repeat, and when they have done so often enough.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

/// Between two requests of a client that was not satisfied; it grows, so that clients in a jam do not become the jam.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);
/// How often a client repeats after it was told to come to an end, and how soon.
const REPEATS_AT_THE_END: u32 = 10;
const AT_THE_END: Duration = Duration::from_millis(500);

/// The pauses of one client about one thing.
pub struct Pauses<'a> {
    closing: &'a watch::Receiver<bool>,
    pause: Duration,
    left_at_the_end: u32,
}

impl<'a> Pauses<'a> {
    /// The pauses of a client that is told by `closing` to come to an end.
    pub const fn new(closing: &'a watch::Receiver<bool>) -> Self {
        Self {
            closing,
            pause: FIRST,
            left_at_the_end: REPEATS_AT_THE_END,
        }
    }

    /// Waits before the next repeat; false when there have been enough.
    pub async fn may_repeat(&mut self) -> bool {
        let mut closing = self.closing.clone();
        if *closing.borrow() {
            let Some(left) = self.left_at_the_end.checked_sub(1) else {
                return false;
            };
            self.left_at_the_end = left;
            sleep(AT_THE_END).await;
        } else {
            // The end is seen when it comes, and not only after a pause that grew in a jam.
            let _told = timeout(self.pause, closing.wait_for(|closing| *closing)).await;
            self.pause = self.pause.mul_f32(1.5).min(LONGEST);
        }
        true
    }
}
