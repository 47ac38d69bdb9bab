//! Live updates: what has changed of a page, as server-sent events.
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
use maud::Markup;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::{
    app::Shared, collector::Snapshot, pages::overview, refusal::Refusal, session::Visitor, view::View,
};

/// How often it is asked whether the session lasts.
const SESSION_EVERY: Duration = Duration::from_secs(10);

/// A part of a page, by the id of its element.
pub(super) type Section = (&'static str, Markup);

/// A page that is followed.
pub(super) trait Followed: Send + 'static {
    /// Its sections, once there may be something new in them; nothing when there will not be.
    fn next(&mut self) -> impl Future<Output = Option<Vec<Section>>> + Send;
}

/// What is sent to one page.
struct Live<F> {
    app: Shared,
    visitor: Visitor,
    followed: F,
    /// What the page shows, by section.
    sent: HashMap<&'static str, String>,
    asked: Instant,
    _place: OwnedSemaphorePermit,
}

/// The overview, as the collector sees it.
struct Overview {
    view: View,
    updates: watch::Receiver<Arc<Snapshot>>,
}

/// The stream of the overview.
pub(super) async fn overview(
    State(app): State<Shared>,
    view: View,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let mut updates = app.collector.follow();
    // After a start nobody has looked yet: there is something to send all the same.
    app.collector.now().await;
    updates.mark_changed();
    let visitor = view.visitor.clone();
    follow(app, visitor, Overview { view, updates })
}

/// The stream of a page, if there is room for one more.
pub(super) fn follow(
    app: Shared,
    visitor: Option<Visitor>,
    followed: impl Followed,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let visitor = visitor.ok_or(Refusal::SignedOut)?;
    let place = Arc::clone(&app.live)
        .try_acquire_owned()
        .map_err(|_| Refusal::Busy)?;
    let live = Live {
        visitor,
        followed,
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

impl Followed for Overview {
    async fn next(&mut self) -> Option<Vec<Section>> {
        self.updates.changed().await.ok()?;
        let snapshot = Arc::clone(&self.updates.borrow_and_update());
        Some(overview::sections(&self.view, &snapshot).into())
    }
}

impl<F: Followed> Live<F> {
    /// What has changed since it was last asked; nothing when the stream is to end.
    async fn next(&mut self) -> Option<Vec<Event>> {
        let stopping = self.app.stopping.clone();
        let sections = stopping.run_until_cancelled(self.followed.next()).await??;
        if self.asked.elapsed() >= SESSION_EVERY {
            self.asked = Instant::now();
            if !self.app.sessions.lasts(&self.visitor.token_hash()).await {
                return None;
            }
        }
        Some(self.changes(sections))
    }

    fn changes(&mut self, sections: Vec<Section>) -> Vec<Event> {
        let mut events = Vec::new();
        for (id, section) in sections {
            let markup = section.into_string();
            if self.sent.get(id) != Some(&markup) {
                events.push(Event::default().data(json!({ "id": id, "html": markup }).to_string()));
                self.sent.insert(id, markup);
            }
        }
        events
    }
}
