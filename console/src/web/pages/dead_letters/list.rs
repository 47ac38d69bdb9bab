//! Letters in a table, and the words for how far they have come.

use domain::{
    dead_letter::{LetterState, is_subject},
    mask::mask,
};
use maud::{Markup, html};
use store::RecordedLetter;

use crate::{
    timeline::timeline_of,
    web::{
        codes, figures,
        messages::{Text, filled},
        table::{Row, numbers, table, words},
        view::View,
    },
};

/// How many of the things that a letter is about a list names.
const NAMED: usize = 3;

/// Letters, each of which leads to its page; where one may choose, those that are parked can be ticked for the form of
/// [`super::asking`].
pub(super) fn letters(view: &View, letters: &[RecordedLetter], chooses: bool) -> Markup {
    let rows: Vec<Row<6>> = letters.iter().map(|letter| row(view, letter, chooses)).collect();
    let columns = [
        words(Text::When),
        words(Text::Kind),
        words(Text::Subject),
        words(Text::Error),
        numbers(Text::Try),
        words(Text::State),
    ];
    table(view, Text::DeadLetters, columns, &rows)
}

fn row(view: &View, letter: &RecordedLetter, chooses: bool) -> Row<6> {
    let (id, at) = (letter.id, figures::moment(letter.parked_at));
    let first = mask(letter.subjects.first().unwrap_or(&letter.correlation_id));
    let named = [("time", &*at), ("kind", &*letter.kind), ("subject", &*first)];
    let label = filled(view.say(Text::Choose), &named);
    Row::from([
        html! {
            @if chooses && letter.state == LetterState::Parked {
                input type="checkbox" name="id" value=(id) form=(super::asking::FORM) aria-label=(label);
                " "
            }
            a href={ (super::PATH) "/" (id) } data-letter=(id) { (at) }
        },
        html! { code { (letter.kind) } },
        html! { (about(letter, NAMED)) },
        html! { (codes::error(view, &letter.error_class, &letter.reason)) },
        html! { (letter.attempt) },
        html! { (standing(view, letter)) },
    ])
}

/// The ids of what a letter is about, each with its timeline where it has one.
pub(super) fn about(letter: &RecordedLetter, most: usize) -> Markup {
    let named = letter.subjects.iter().take(most);
    html! {
        div {
            @for id in named { (linked(id)) " " }
            @if letter.subjects.is_empty() { (linked(&letter.correlation_id)) }
            @if letter.subjects.len() > most { "…" }
        }
    }
}

/// An id, with its timeline where it has one. What is no id of ours may hold anything, and is masked.
pub(super) fn linked(id: &str) -> Markup {
    html! {
        @if timeline_of(id).is_some() { a href={ "/timeline/" (id) } { code { (id) } } }
        @else if is_subject(id) { code { (id) } }
        @else { code { (mask(id)) } }
    }
}

/// How far a letter has come, and what came of its job.
pub(super) fn standing(view: &View, letter: &RecordedLetter) -> Markup {
    let outcome = letter.outcome.as_deref().map(|outcome| match outcome {
        "done" => view.say(Text::JobDone),
        "parked_again" => view.say(Text::ParkedAgain),
        other => other,
    });
    html! {
        div {
            span data-state=(letter.state.name()) { (view.say(state(letter.state))) }
            @if let Some(outcome) = outcome { ", " (outcome) }
        }
    }
}

/// The word for a state.
pub(super) const fn state(state: LetterState) -> Text {
    match state {
        LetterState::Parked => Text::Parked,
        LetterState::Replaying => Text::Replaying,
        LetterState::Replayed => Text::Replayed,
        LetterState::Discarding => Text::Discarding,
        LetterState::Discarded => Text::Discarded,
        LetterState::Missing => Text::MissingLetter,
    }
}
