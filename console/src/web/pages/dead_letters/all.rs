//! All parked letters that match: how many and which that would be, before anybody asks for it.

use axum::{extract::State, http::Uri, response::Html};
use maud::html;
use store::AskedFor;

use super::{asking, list, search::Search};
use crate::{
    dead_letters::choosing,
    web::{
        app::Shared,
        layout,
        messages::{Text, filled},
        refusal::Refusal,
        view::View,
    },
};

/// The dry run, with the form that asks for it.
pub(in crate::web) async fn page(
    State(app): State<Shared>,
    uri: Uri,
    view: View,
) -> Result<Html<String>, Refusal> {
    let search = Search::in_address(&uri);
    let filter = search.filter().map_err(Refusal::Unclear)?;
    let selection = choosing::selection(&AskedFor::Matching(Box::new(filter.clone()), choosing::MOST));
    let (count, letters) = choosing::dry_run(&app.store, filter, choosing::MOST).await?;
    let counted = count.to_string();
    let fields = html! {
        (search.unseen())
        // What is parked after this was shown is not meant.
        input type="hidden" name=(asking::MATCHING) value=(count);
    };
    let content = html! {
        p { a href=(search.address(super::PATH, None)) { (view.say(Text::BackToLetters)) } }
        p id="dry-run" data-letters=(count) {
            (filled(view.say(Text::DryRun), &[("count", &counted), ("selection", &selection)]))
        }
        @if count == i64::from(choosing::MOST) { p.note { (view.say(Text::MostAtOnce)) } }
        @if count > 0 {
            (asking::form(&view, &fields))
            h2 { (view.say(Text::NewestOfThem)) }
            (list::letters(&view, &letters, false))
        }
    };
    Ok(layout::page(&view, Text::AllMatching, &content))
}
