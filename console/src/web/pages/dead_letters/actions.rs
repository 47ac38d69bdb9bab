//! What was asked for with letters, and how far it has come; newest first.

use axum::{extract::State, response::Html};
use domain::mask::mask;
use maud::html;
use store::ActionProgress;

use super::action;
use crate::web::{
    app::Shared,
    codes, figures, layout,
    messages::Text,
    refusal::Refusal,
    table::{Row, numbers, table, words},
    view::View,
};

/// How many are shown.
const SHOWN: u32 = 50;

/// The newest.
pub(in crate::web) async fn page(State(app): State<Shared>, view: View) -> Result<Html<String>, Refusal> {
    let actions = app.store.letter_actions(None, SHOWN).await?;
    let rows: Vec<Row<8>> = actions.iter().map(|action| row(&view, action)).collect();
    let columns = [
        words(Text::When),
        words(Text::What),
        words(Text::WhichLetters),
        words(Text::Who),
        words(Text::Reason),
        numbers(Text::LettersWaiting),
        numbers(Text::Letters),
        words(Text::State),
    ];
    let content = html! {
        p.note { a href=(super::PATH) { (view.say(Text::DeadLetters)) } }
        @if rows.is_empty() { p.note { (view.say(Text::Nothing)) } }
        @else { (table(&view, Text::LetterActions, columns, &rows)) }
    };
    Ok(layout::page(&view, Text::LetterActions, &content))
}

fn row(view: &View, action: &ActionProgress) -> Row<8> {
    let state = match (&action.finished_at, &action.trouble) {
        (Some(_), _) => Text::Finished,
        (None, None) => Text::UnderWay,
        (None, Some(_)) => Text::HeldUp,
    };
    Row {
        cells: [
            html! {
                a href={ "/dead-letters/actions/" (action.id) } data-action=(action.id) {
                    (figures::moment(action.created_at))
                }
            },
            html! { (view.say(action::kind(action.kind))) },
            html! { (codes::selection(view, &mask(&action.selection))) },
            html! { (action.actor) },
            html! { (mask(&action.reason)) },
            html! { (action.waiting) },
            html! { (action.letters) },
            html! { (view.say(state)) },
        ],
        is_alarming: state == Text::HeldUp,
    }
}
