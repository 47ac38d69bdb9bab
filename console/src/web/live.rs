//! Live updates: what has changed of the overview, as server-sent events.
//!
//! Each event is a section of the page, made anew in the language of whoever looks. A stream ends with its session and with
//! the process; the browser then asks again, and is sent to sign in.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, StreamExt, stream};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::{
    app::Shared, collector::Snapshot, pages::overview, refusal::Refusal, session::Visitor, view::View,
};

/// How often it is asked whether the session lasts.
const SESSION_EVERY: Duration = Duration::from_secs(10);

/// What is sent to one page.
struct Live {
    app: Shared,
    view: View,
    visitor: Visitor,
    updates: watch::Receiver<Arc<Snapshot>>,
    /// What the page shows, by section.
    sent: HashMap<&'static str, String>,
    asked: Instant,
    _place: OwnedSemaphorePermit,
}

/// The stream of the overview.
pub(super) async fn overview(
    State(app): State<Shared>,
    view: View,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let visitor = view.visitor.clone().ok_or(Refusal::SignedOut)?;
    let place = Arc::clone(&app.live)
        .try_acquire_owned()
        .map_err(|_| Refusal::Busy)?;
    let mut updates = app.collector.follow();
    // After a start nobody has looked yet: there is something to send all the same.
    app.collector.now().await;
    updates.mark_changed();
    let live = Live {
        updates,
        view,
        visitor,
        sent: HashMap::new(),
        asked: Instant::now(),
        _place: place,
        app,
    };
    let batches = stream::unfold(live, |mut live| async {
        let changed = live.next().await?;
        Some((stream::iter(changed.into_iter().map(Ok)), live))
    });
    Ok(Sse::new(batches.flatten()).keep_alive(KeepAlive::default()))
}

impl Live {
    /// What has changed since it was last asked; nothing when the stream is to end.
    async fn next(&mut self) -> Option<Vec<Event>> {
        let stopping = self.app.stopping.clone();
        stopping.run_until_cancelled(self.updates.changed()).await?.ok()?;
        if self.asked.elapsed() >= SESSION_EVERY {
            self.asked = Instant::now();
            if !self.app.sessions.lasts(&self.visitor.token_hash()).await {
                return None;
            }
        }
        let snapshot = Arc::clone(&self.updates.borrow_and_update());
        Some(self.changes(&snapshot))
    }

    fn changes(&mut self, snapshot: &Snapshot) -> Vec<Event> {
        let mut events = Vec::new();
        for (id, section) in overview::sections(&self.view, snapshot) {
            let markup = section.into_string();
            if self.sent.get(id) != Some(&markup) {
                events.push(Event::default().data(json!({ "id": id, "html": markup }).to_string()));
                self.sent.insert(id, markup);
            }
        }
        events
    }
}
