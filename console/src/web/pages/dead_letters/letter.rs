//! One letter: its job, every try with its error, how what it is about stands, and what can be done with it.

use axum::{extract::State, response::Html};
use domain::{
    dead_letter::{LetterState, ParkedBy},
    id::DeadLetterId,
    mask::mask,
};
use maud::{Markup, html};
use serde_json::Value;
use store::{LetterStory, RecordedLetter, Try};

use super::{asking, list, may_act};
use crate::{
    dead_letters::telling,
    web::{
        app::Shared,
        codes, figures,
        ids::Ids,
        layout,
        messages::Text,
        refusal::Refusal,
        table::{Row, numbers, table, words},
        view::View,
    },
};

/// Everything that is known of a letter.
pub(in crate::web) async fn page(
    State(app): State<Shared>,
    Ids([id]): Ids<1>,
    view: View,
) -> Result<Html<String>, Refusal> {
    let id: DeadLetterId = id.parse().map_err(|_| Refusal::Unclear(Text::UnclearLetter))?;
    let story = app.store.letter(id).await?;
    let story = story.ok_or(Refusal::Missing(Text::UnknownLetter))?;
    let acts = may_act(&view) && story.letter.state == LetterState::Parked;
    let (said, job) = telling::message(&story);
    let content = html! {
        (facts(&view, &story.letter, &said))
        @if acts { (asking::form(&view, &html! { input type="hidden" name="id" value=(id); })) }
        section id="tries" {
            h2 { (view.say(Text::FailedTries)) }
            (tries(&view, &story.tries))
        }
        section id="standing" {
            h2 { (view.say(Text::StandsNow)) }
            (standing(&view, &story))
        }
        section id="job" {
            h2 id="job-title" { (view.say(Text::JobMasked)) }
            pre tabindex="0" role="region" aria-labelledby="job-title" { code { (format!("{job:#}")) } }
        }
        @if !story.others.is_empty() {
            section id="others" {
                h2 { (view.say(Text::OtherLetters)) }
                (list::letters(&view, &story.others, false))
            }
        }
    };
    Ok(layout::page(&view, Text::DeadLetter, &content))
}

fn facts(view: &View, letter: &RecordedLetter, said: &[(&'static str, Value)]) -> Markup {
    let parked_by = match letter.parked_by {
        ParkedBy::Worker => Text::Worker,
        ParkedBy::Broker => Text::Broker,
    };
    html! {
        dl.facts id="letter" data-letter=(letter.id) {
            (fact(view, Text::DeadLetter, &html! { code { (letter.id) } }))
            (fact(view, Text::State, &html! {
                (list::standing(view, letter))
                @if let Some(at) = letter.ended_at { (figures::moment(at)) }
            }))
            @if let Some(action) = letter.action_id {
                (fact(view, Text::AskedFor, &html! {
                    a href={ "/dead-letters/actions/" (action) } { code { (action) } }
                }))
            }
            (fact(view, Text::Kind, &html! { code { (letter.kind) } }))
            (fact(view, Text::Error, &html! { (codes::error(view, &letter.error_class, &letter.reason)) }))
            (fact(view, Text::SameTrouble, &html! {
                a href={ (super::PATH) "?group=" (letter.group_id) } { (view.say(Text::LetterGroup)) }
            }))
            (fact(view, Text::When, &html! { (figures::exact(letter.parked_at)) }))
            (fact(view, Text::Who, &html! { (view.say(parked_by)) }))
            (fact(view, Text::Try, &html! { (letter.attempt) }))
            (fact(view, Text::Subject, &list::about(letter, usize::MAX)))
            @if let Some(merchant) = letter.merchant_id {
                (fact(view, Text::Merchant, &html! { code { (merchant) } }))
            }
            (named("job_id", &letter.job_id))
            (named("correlation_id", &letter.correlation_id))
            @for (name, value) in said.iter().filter(|(_, value)| !value.is_null()) {
                (named(name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            }
        }
    }
}

/// A line of a list of facts.
pub(super) fn fact(view: &View, name: Text, value: &Markup) -> Markup {
    html! { dt { (view.say(name)) } dd { (value) } }
}

/// One of the message's own properties, which people know by its name.
fn named(name: &str, value: &str) -> Markup {
    html! { dt { code { (name) } } dd { code { (mask(value)) } } }
}

fn tries(view: &View, tries: &[Try]) -> Markup {
    let disposition = |tried: &Try| match tried.disposition.as_str() {
        "retry" => view.say(Text::TriedAgain).to_owned(),
        "dead_letter" => view.say(Text::TryGivenUp).to_owned(),
        other => other.to_owned(),
    };
    let row = |tried: &Try| {
        Row::from([
            html! { (figures::exact(tried.at)) },
            html! { (tried.attempt) },
            html! { (codes::error(view, &tried.error_class, &tried.reason)) },
            html! { (disposition(tried)) },
        ])
    };
    let rows: Vec<Row<4>> = tries.iter().map(row).collect();
    let columns = [
        words(Text::When),
        numbers(Text::Try),
        words(Text::Error),
        words(Text::CameOfIt),
    ];
    html! {
        @if rows.is_empty() { p.note { (view.say(Text::NoTries)) } }
        @else { (table(view, Text::FailedTries, columns, &rows)) }
    }
}

fn standing(view: &View, story: &LetterStory) -> Markup {
    let rows = story.standing.iter().map(|(id, status)| {
        Row::from([
            html! { (list::linked(id)) },
            html! { span data-status=(status) { (codes::status(view, status)) } },
        ])
    });
    let rows: Vec<Row<2>> = rows.collect();
    html! {
        @if rows.is_empty() { p.note { (view.say(Text::NothingStands)) } }
        @else { (table(view, Text::StandsNow, [words(Text::Subject), words(Text::State)], &rows)) }
    }
}
