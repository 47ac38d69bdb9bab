//! Asking for letters to be sent again or thrown away. The workers do it.

use axum::{extract::State, response::Redirect};
use chrono::{DateTime, Utc};
use domain::{
    dead_letter::ActionKind,
    id::{DeadLetterActionId, DeadLetterId},
};
use maud::{Markup, html};
use store::{AskedFor, LetterFilter, NewAction, StoreError};

use super::search::Search;
use crate::{
    dead_letters::choosing,
    web::{
        app::Shared,
        form::{self, Deed, Fields},
        messages::Text,
        refusal::Refusal,
        view::View,
    },
};

/// Where the form is sent that has letters sent again.
const REPLAY: &str = "/dead-letters/replay";
/// The id of the form, to which what is ticked in a list belongs.
pub(super) const FORM: &str = "ask";
/// The id of what is said of the form.
const NOTE: &str = "ask-note";
/// The field that asks for all that match, instead of those that are named; it says how many were counted.
pub(super) const MATCHING: &str = "matching";
/// The field that says when those were counted.
pub(super) const SHOWN_AT: &str = "shown_at";
/// The field that tells one form from another, so that one which is sent twice asks once.
const ONCE: &str = "once";
/// The field without which nothing is thrown away.
const SURE: &str = "sure";
/// How many letters can be named at once.
const NAMED: usize = 1_000;

/// The form; `fields` say with which letters, where they are not ticked in a list.
pub(super) fn form(view: &View, fields: &Markup) -> Markup {
    html! {
        form.action id=(FORM) method="post" action=(REPLAY) {
            (form::hidden(view))
            input type="hidden" name=(ONCE) value=(DeadLetterActionId::random());
            (fields)
            label {
                span { (view.say(Text::RateAtMost)) }
                input type="number" name="rate" min="1" max=(choosing::FASTEST) inputmode="numeric";
            }
            (form::reason(view, REPLAY))
            button type="submit" aria-describedby=(NOTE) { (view.say(Text::Replay)) }
            label {
                span { (view.say(Text::SureToDiscard)) }
                input type="checkbox" name=(SURE) value="yes";
            }
            button.quiet type="submit" formaction="/dead-letters/discard" aria-describedby=(NOTE) { (view.say(Text::Discard)) }
        }
        p.note id=(NOTE) { (view.say(Text::ReplayNote)) }
    }
}

/// Has them sent again.
pub(in crate::web) async fn replay(State(app): State<Shared>, deed: Deed) -> Result<Redirect, Refusal> {
    ask(&app, ActionKind::Replay, &deed).await
}

/// Has them thrown away.
pub(in crate::web) async fn discard(State(app): State<Shared>, deed: Deed) -> Result<Redirect, Refusal> {
    if deed.fields.get(SURE).is_empty() {
        return Err(Refusal::Unclear(Text::NotSure));
    }
    ask(&app, ActionKind::Discard, &deed).await
}

async fn ask(app: &Shared, kind: ActionKind, deed: &Deed) -> Result<Redirect, Refusal> {
    let asked_for = asked_for(&deed.fields)?;
    let rate_per_s = rate(&deed.fields)?;
    let id = id(kind, &asked_for, deed)?;
    let there = Redirect::to(&format!("/dead-letters/actions/{id}"));
    if is_there(app, id).await? {
        return Ok(there);
    }
    let doing = deed.doing(app.now());
    let new = NewAction {
        id,
        kind,
        actor: doing.actor.to_owned(),
        reason: doing.reason.unwrap_or_default().to_owned(),
        selection: choosing::selection(&asked_for),
        asked_for,
        rate_per_s,
    };
    let asked = app.store.ask_for_letters(&new, doing.at).await;
    // Of a form that is sent twice at once one asks, and the other comes too late.
    if matches!(asked, Ok(1..)) || is_there(app, id).await? {
        return Ok(there);
    }
    if asked.as_ref().is_err_and(StoreError::is_lock_timeout) {
        return Err(Refusal::TooLate(Text::OthersAsk));
    }
    asked?;
    Err(Refusal::TooLate(match new.asked_for {
        AskedFor::Shown { .. } => Text::OthersMatch,
        AskedFor::Letters(_) | AskedFor::Matching(..) => Text::NoneParked,
    }))
}

async fn is_there(app: &Shared, id: DeadLetterActionId) -> Result<bool, Refusal> {
    Ok(!app.store.letter_actions(Some(id), 1).await?.is_empty())
}

fn asked_for(fields: &Fields) -> Result<AskedFor, Refusal> {
    let counted = fields.get(MATCHING);
    if !counted.is_empty() {
        let letters = counted.parse().map_err(|_| Refusal::BadForm)?;
        let filter = Search::in_form(fields).filter().map_err(Refusal::Unclear)?;
        let shown_at: DateTime<Utc> = fields.get(SHOWN_AT).parse().map_err(|_| Refusal::BadForm)?;
        let filter = LetterFilter {
            recorded_until: Some(shown_at),
            ..filter
        };
        return Ok(AskedFor::Shown {
            filter: Box::new(filter),
            letters,
            most: choosing::MOST,
        });
    }
    let ids = fields.all("id").map(str::parse);
    let ids: Vec<DeadLetterId> = ids.collect::<Result<_, _>>().map_err(|_| Refusal::BadForm)?;
    match ids.len() {
        0 => Err(Refusal::Unclear(Text::NoneChosen)),
        1..=NAMED => Ok(AskedFor::Letters(ids)),
        _ => Err(Refusal::BadForm),
    }
}

fn rate(fields: &Fields) -> Result<Option<u32>, Refusal> {
    let text = fields.get("rate").trim();
    if text.is_empty() {
        return Ok(None);
    }
    let rate = text.parse().ok();
    let rate = rate.filter(|rate| (1..=choosing::FASTEST).contains(rate));
    rate.map(Some).ok_or(Refusal::Unclear(Text::UnclearRate))
}

/// The id of what one form asks for: the same whenever it asks for the same. A form that means all that match asks once, for one
/// thing or the other.
fn id(kind: ActionKind, asked_for: &AskedFor, deed: &Deed) -> Result<DeadLetterActionId, Refusal> {
    let form = deed.fields.get(ONCE);
    if form.is_empty() {
        return Err(Refusal::BadForm);
    }
    let (what, which) = match asked_for {
        AskedFor::Letters(ids) => (kind.name(), ids.iter().map(DeadLetterId::to_string).collect()),
        AskedFor::Matching(..) | AskedFor::Shown { .. } => (MATCHING, choosing::selection(asked_for)),
    };
    let actor = deed.visitor.operator.as_str();
    Ok(DeadLetterActionId::derive(form, actor, what, &which))
}
