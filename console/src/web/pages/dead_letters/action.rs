//! One action: what was asked for, by whom and why, and how far it has come.

use axum::{
    extract::State,
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use domain::{dead_letter::ActionKind, id::DeadLetterActionId, mask::mask};
use maud::{Markup, html};
use store::{ActionProgress, Store};
use tokio::sync::watch;

use super::letter::fact;
use crate::web::{
    app::Shared,
    codes, figures,
    ids::Ids,
    layout,
    live::{self, Followed, Section},
    messages::{Text, filled},
    progress::Seen,
    refusal::Refusal,
    view::View,
};

/// The id of the section that changes.
const PROGRESS: &str = "progress";

/// The action as it stands; a page that is open follows it.
pub(in crate::web) async fn page(
    State(app): State<Shared>,
    Ids([id]): Ids<1>,
    view: View,
) -> Result<Html<String>, Refusal> {
    let action = found(&app.store, read(&id)?).await?;
    let follows = !app.progress.is_settled(&action);
    let live = format!("/dead-letters/actions/{}/live", action.id);
    let content = html! {
        p.note {
            a href="/dead-letters/actions" { (view.say(Text::LetterActions)) } " "
            span.live hidden { (view.say(Text::Live)) }
        }
        (facts(&view, &action))
        div data-live=[follows.then_some(live)] {
            section id=(PROGRESS) { (progress(&view, &app.progress.seen(action))) }
        }
    };
    Ok(layout::page(&view, Text::LetterAction, &content))
}

/// The stream of the page. Of what is settled there is none, and the browser asks no more.
pub(in crate::web) async fn live(
    State(app): State<Shared>,
    Ids([id]): Ids<1>,
    view: View,
) -> Result<Response, Refusal> {
    let action = found(&app.store, read(&id)?).await?;
    if app.progress.is_settled(&action) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let mut updates = app.progress.follow(action);
    updates.mark_changed();
    let visitor = view.visitor.clone();
    let stream = live::follow(app, visitor, Following { view, updates })?;
    Ok(stream.into_response())
}

struct Following {
    view: View,
    updates: watch::Receiver<Seen>,
}

impl Followed for Following {
    async fn next(&mut self) -> Option<Vec<Section>> {
        self.updates.changed().await.ok()?;
        let seen = self.updates.borrow_and_update().clone();
        Some(vec![(PROGRESS, progress(&self.view, &seen))])
    }
}

fn read(id: &str) -> Result<DeadLetterActionId, Refusal> {
    id.parse().map_err(|_| Refusal::Unclear(Text::UnclearAction))
}

async fn found(store: &Store, id: DeadLetterActionId) -> Result<ActionProgress, Refusal> {
    let action = store.letter_actions(Some(id), 1).await?.pop();
    action.ok_or(Refusal::Missing(Text::UnknownAction))
}

/// The word for what is done.
pub(super) const fn kind(kind: ActionKind) -> Text {
    match kind {
        ActionKind::Replay => Text::Replay,
        ActionKind::Discard => Text::Discard,
    }
}

fn facts(view: &View, action: &ActionProgress) -> Markup {
    html! {
        dl.facts id="action" data-action=(action.id) {
            (fact(view, Text::What, &html! { (view.say(kind(action.kind))) }))
            (fact(view, Text::WhichLetters, &html! { (codes::selection(view, &mask(&action.selection))) }))
            (fact(view, Text::Who, &html! { (action.actor) }))
            (fact(view, Text::Reason, &html! { (mask(&action.reason)) }))
            (fact(view, Text::When, &html! { (figures::exact(action.created_at)) }))
            @if let Some(rate) = action.rate_per_s { (fact(view, Text::RateAtMost, &html! { (rate) })) }
        }
    }
}

/// What changes while it goes on.
fn progress(view: &View, seen: &Seen) -> Markup {
    let action = &seen.action;
    let came_to = action.letters - action.waiting;
    let is_replay = action.kind == ActionKind::Replay;
    let tile = |text, name: &str, count: i64| {
        html! { div { dt { (view.say(text)) } dd { strong data-count=(name) { (count) } } } }
    };
    html! {
        p data-finished=(action.finished_at.is_some()) {
            progress max=(action.letters) value=(came_to) aria-label=(view.say(Text::LetterAction)) {} " "
            (came_to) " / " (action.letters) " "
            @if let Some(at) = action.finished_at { (view.say(Text::Finished)) " " (figures::exact(at)) }
            @else { (view.say(Text::UnderWay)) }
        }
        @if seen.is_away {
            p.notice role="status" {
                (filled(view.say(Text::ProgressAway), &[("time", &figures::exact(seen.at))]))
            }
        }
        @if let Some(trouble) = &action.trouble { p.notice role="alert" { (mask(trouble)) } }
        dl.tiles {
            (tile(Text::LettersWaiting, "waiting", action.waiting))
            (tile(if is_replay { Text::Replayed } else { Text::Discarded }, "done", action.done))
            (tile(Text::MissingLetter, "missing", action.missing))
            (tile(Text::LeftParked, "left_parked", action.left_parked()))
            @if is_replay {
                (tile(Text::JobsDone, "jobs_done", action.jobs_done))
                (tile(Text::ParkedAgain, "parked_again", action.parked_again))
            }
        }
        p.note { (view.say(Text::ActionNote)) }
    }
}
