//! One action: what was asked for, by whom and why, and how far it has come.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::{
        Html,
        sse::{Event, Sse},
    },
};
use chrono::TimeDelta;
use domain::{dead_letter::ActionKind, id::DeadLetterActionId};
use futures::Stream;
use maud::{Markup, html};
use store::{ActionProgress, Store};

use super::letter::fact;
use crate::web::{
    app::Shared,
    figures,
    ids::Ids,
    layout,
    live::{self, Followed, Section},
    messages::Text,
    refusal::Refusal,
    view::View,
};

/// How often an action is looked at while somebody follows it.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// For how long after an action is finished more may become known of its jobs.
const SETTLING: TimeDelta = TimeDelta::minutes(10);
/// The id of the section that changes.
const PROGRESS: &str = "progress";

/// The action as it stands; a page that is open follows it.
pub(in crate::web) async fn page(
    State(app): State<Shared>,
    Ids([id]): Ids<1>,
    view: View,
) -> Result<Html<String>, Refusal> {
    let action = found(&app.store, read(&id)?).await?;
    let is_over = action.finished_at.is_some_and(|at| app.now() - at > SETTLING);
    let live = format!("/dead-letters/actions/{}/live", action.id);
    let content = html! {
        p.note {
            a href="/dead-letters/actions" { (view.say(Text::LetterActions)) } " "
            span.live hidden { (view.say(Text::Live)) }
        }
        (facts(&view, &action))
        div data-live=[(!is_over).then_some(live)] {
            section id=(PROGRESS) { (progress(&view, &action)) }
        }
    };
    Ok(layout::page(&view, Text::LetterAction, &content))
}

/// The stream of the page.
pub(in crate::web) async fn live(
    State(app): State<Shared>,
    Ids([id]): Ids<1>,
    view: View,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let id = read(&id)?;
    found(&app.store, id).await?;
    let visitor = view.visitor.clone();
    let store = app.store.clone();
    live::follow(
        app,
        visitor,
        Progress {
            store,
            view,
            id,
            is_new: true,
        },
    )
}

struct Progress {
    store: Store,
    view: View,
    id: DeadLetterActionId,
    is_new: bool,
}

impl Followed for Progress {
    async fn next(&mut self) -> Option<Vec<Section>> {
        if !std::mem::take(&mut self.is_new) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        // While PostgreSQL is away the page shows what it has.
        let action = found(&self.store, self.id).await.ok();
        let section = action.map(|action| (PROGRESS, progress(&self.view, &action)));
        Some(section.into_iter().collect())
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
            (fact(view, Text::WhichLetters, &html! { (action.selection) }))
            (fact(view, Text::Who, &html! { (action.actor) }))
            (fact(view, Text::Reason, &html! { (action.reason) }))
            (fact(view, Text::When, &html! { (figures::exact(action.created_at)) }))
            @if let Some(rate) = action.rate_per_s { (fact(view, Text::RateAtMost, &html! { (rate) })) }
        }
    }
}

/// What changes while it goes on.
fn progress(view: &View, action: &ActionProgress) -> Markup {
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
        @if let Some(trouble) = &action.trouble { p.notice role="alert" { (trouble) } }
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
