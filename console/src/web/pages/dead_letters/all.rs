//! All parked letters that match: how many and which that would be, before anybody asks for it.

use axum::{extract::State, http::Uri, response::Html};
use maud::html;
use store::{AskedFor, LetterFilter};

use super::{asking, list, search::Search};
use crate::{
    dead_letters::choosing,
    web::{
        app::Shared,
        codes, layout,
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
    let shown_at = app.now();
    let filter = LetterFilter {
        recorded_until: Some(shown_at),
        ..search.filter().map_err(Refusal::Unclear)?
    };
    let selection = choosing::selection(&AskedFor::Matching(Box::new(filter.clone()), choosing::MOST));
    let selection = codes::selection(&view, &selection);
    let (all, letters) = choosing::dry_run(&app.store, filter, choosing::MOST).await?;
    let count = all.min(choosing::MOST.into());
    let counted = count.to_string();
    let told = if all > count {
        Text::DryRunOfMore
    } else {
        Text::DryRun
    };
    let fields = html! {
        (search.unseen())
        // What is written down after this was shown is not meant.
        input type="hidden" name=(asking::MATCHING) value=(all);
        input type="hidden" name=(asking::SHOWN_AT) value=(shown_at.to_rfc3339());
    };
    let content = html! {
        p { a href=(search.address(super::PATH, None)) { (view.say(Text::BackToLetters)) } }
        p id="dry-run" data-letters=(count) {
            (filled(view.say(told), &[("count", &counted), ("selection", &selection)]))
        }
        @if count > 0 {
            (asking::form(&view, &fields))
            h2 { (view.say(Text::NewestOfThem)) }
            (list::letters(&view, &letters, false))
        }
    };
    Ok(layout::page(&view, Text::AllMatching, &content))
}
