//! Letters by their trouble: kind, class of error, and the reason without what differs.

use axum::{extract::State, http::Uri, response::Html};
use maud::html;
use store::LetterGroup;

use super::may_act;
use crate::web::{
    app::Shared,
    codes, figures,
    form::Fields,
    layout,
    messages::Text,
    refusal::Refusal,
    table::{Row, numbers, table, words},
    view::View,
};

/// How many groups are shown.
const SHOWN: u32 = 200;

/// Those of which most are parked come first; with `all`, those too of which none is.
pub(in crate::web) async fn page(
    State(app): State<Shared>,
    uri: Uri,
    view: View,
) -> Result<Html<String>, Refusal> {
    let asked = Fields::read(uri.query().unwrap_or_default().as_bytes());
    let is_all = !asked.get("all").is_empty();
    let groups = app.store.letter_groups(None, !is_all, SHOWN).await?;
    let rows: Vec<Row<6>> = groups.iter().map(|group| row(&view, group)).collect();
    let columns = [
        words(Text::Error),
        words(Text::Kind),
        numbers(Text::Parked),
        numbers(Text::Ever),
        words(Text::First),
        words(Text::Last),
    ];
    let is_full = groups.len() == SHOWN as usize;
    let content = html! {
        p.note {
            a href=(super::PATH) { (view.say(Text::DeadLetters)) } " · "
            @if is_all { a href="/dead-letters/groups" { (view.say(Text::OnlyParked)) } }
            @else { a href="/dead-letters/groups?all=yes" { (view.say(Text::AlsoEnded)) } }
        }
        @if rows.is_empty() { p.note { (view.say(Text::NoLetters)) } }
        @else { (table(&view, Text::LettersByTrouble, columns, &rows)) }
        @if is_full { p.note { (view.say(Text::MoreGroups)) } }
    };
    Ok(layout::page(&view, Text::LettersByTrouble, &content))
}

fn row(view: &View, group: &LetterGroup) -> Row<6> {
    let parked = format!("{}?state=parked&group={}", super::PATH, group.id);
    let acts = may_act(view) && group.parked > 0;
    Row::from([
        html! {
            a href={ (super::PATH) "?group=" (group.id) } data-group=(group.id) {
                (codes::error(view, &group.error_class, &group.pattern))
            }
        },
        html! { code { (group.kind) } },
        html! {
            div {
                a href=(parked) { (group.parked) }
                @if acts { " " a href={ "/dead-letters/all?group=" (group.id) } { (view.say(Text::ReplayOrDiscard)) } }
            }
        },
        html! { (group.letters) },
        html! { (figures::moment(group.first_at)) },
        html! { (figures::moment(group.last_at)) },
    ])
}
