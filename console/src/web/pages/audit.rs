//! The log of who did what, to what, and why; newest first.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Html,
};
use domain::operator::Role;
use maud::html;
use serde::Deserialize;
use store::AuditEntry;

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
    place: Result<Query<Place>, QueryRejection>,
    view: View,
) -> Result<Html<String>, Refusal> {
    let Query(place) = place.map_err(|_| Refusal::NotFound)?;
    let entries = app.store.audit_log(place.before, SHOWN).await?;
    let rows: Vec<Row<5>> = entries
        .iter()
        .map(|entry| {
            let reason = entry.reason.as_deref().unwrap_or("–");
            Row::from([
                html! { (figures::moment(entry.at)) },
                html! { (entry.actor) },
                html! { code { (entry.action) } },
                html! { code { (subject(&view, entry)) } },
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

/// What it was done to. From where colleagues sign in only administrators are shown.
fn subject<'a>(view: &View, entry: &'a AuditEntry) -> &'a str {
    let is_address = matches!(entry.action.as_str(), "operator.sign_in" | "operator.sign_out");
    let visitor = view.visitor.as_ref();
    let may = visitor.is_some_and(|visitor| visitor.role >= Role::Administrator);
    if is_address && !may { "–" } else { &entry.subject }
}
