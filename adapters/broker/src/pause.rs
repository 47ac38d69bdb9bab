//! Whether a queue is paused: set by whoever knows, obeyed by its subscription.

use std::sync::Arc;

use tokio::sync::watch;

/// A queue's pause. Cheap to clone; clones are the same pause.
///
/// While it is set, the subscription takes nothing: what waits stays in the queue, ready for whoever is not paused, and
/// what was delivered and not begun goes back. Jobs in hand are finished and settled.
#[derive(Debug, Clone, Default)]
pub struct Pause(Arc<watch::Sender<bool>>);

impl Pause {
    /// Pauses the queue, or lets it go on.
    pub fn set(&self, paused: bool) {
        self.0
            .send_if_modified(|is| std::mem::replace(is, paused) != paused);
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is set, or until it is not.
    pub(crate) async fn until(&self, paused: bool) {
        // It cannot fail while this holds the sender.
        let _ = self.0.subscribe().wait_for(|is| *is == paused).await;
    }
}
