//! The log of who did what, to what, and why; newest first.

use axum::{
    extract::{Query, State},
    response::Html,
};
use maud::html;
use serde::Deserialize;

use crate::web::{
    app::Shared,
    figures, layout,
    messages::Text,
    refusal::Refusal,
    table::{Row, table, words},
    view::View,
};

/// How many entries a page has.
const SHOWN: i64 = 100;

#[derive(Deserialize)]
pub(in crate::web) struct Place {
    before: Option<i64>,
}

/// A page of the log.
pub(in crate::web) async fn page(
    State(app): State<Shared>,
    Query(place): Query<Place>,
    view: View,
) -> Result<Html<String>, Refusal> {
    let entries = app.store.audit_log(place.before, SHOWN).await?;
    let rows: Vec<Row<5>> = entries
        .iter()
        .map(|entry| {
            let reason = entry.reason.as_deref().unwrap_or("–");
            Row::from([
                html! { (figures::moment(entry.at)) },
                html! { (entry.actor) },
                html! { code { (entry.action) } },
                html! { code { (entry.subject) } },
                html! { (reason) },
            ])
        })
        .collect();
    let is_full = i64::try_from(entries.len()) == Ok(SHOWN);
    let older = entries.last().filter(|_| is_full);
    let columns = [Text::When, Text::Who, Text::What, Text::Subject, Text::Reason].map(words);
    let content = html! {
        @if rows.is_empty() { p.note { (view.say(Text::Nothing)) } }
        @else { (table(&view, Text::Audit, columns, &rows)) }
        @if let Some(last) = older {
            p { a rel="next" href={ "/audit?before=" (last.id) } { (view.say(Text::Older)) } }
        }
    };
    Ok(layout::page(&view, Text::Audit, &content))
}
