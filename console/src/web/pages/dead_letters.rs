//! Dead letters: found, looked at, and asked to be sent again or thrown away.

pub(in crate::web) mod action;
pub(in crate::web) mod actions;
pub(in crate::web) mod all;
pub(in crate::web) mod asking;
pub(in crate::web) mod groups;
pub(in crate::web) mod letter;
mod list;
mod search;

use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::{Html, IntoResponse, Response},
};
use domain::{dead_letter::LetterState, operator::Role};
use maud::{Markup, html};
use store::{LetterFilter, LetterPage, RecordedLetter};

use self::search::Search;
use crate::{
    dead_letters::choosing,
    web::{app::Shared, form, layout, messages::Text, refusal::Refusal, view::View},
};

/// Where they are.
const PATH: &str = "/dead-letters";
/// How many letters a page has.
const SHOWN: u32 = 50;

/// The letters that are looked for, the newest first.
pub(in crate::web) async fn page(
    State(app): State<Shared>,
    uri: Uri,
    view: View,
) -> Result<Response, Refusal> {
    let search = Search::in_address(&uri);
    let filter = match search.filter() {
        Ok(filter) => filter,
        Err(problem) => {
            return Ok((StatusCode::BAD_REQUEST, unclear(&view, &search, problem)).into_response());
        }
    };
    // What is masked could be spelt out by looking for it.
    if filter.text.is_some() && !may_act(&view) {
        return Err(Refusal::Forbidden(Role::Operator));
    }
    let after = match search.after()? {
        Some(id) => {
            let place = choosing::place(&app.store, id).await?;
            Some(place.ok_or(Refusal::Missing(Text::UnknownLetter))?)
        }
        None => None,
    };
    let page = LetterPage { after, limit: SHOWN };
    let letters = app.store.letters(&filter, page).await?;
    let found = found(&view, &search, &filter, &letters);
    Ok(layout::page(
        &view,
        Text::DeadLetters,
        &html! { (head(&view, &search, false)) (found) },
    )
    .into_response())
}

fn unclear(view: &View, search: &Search, problem: Text) -> Html<String> {
    let content = html! {
        (head(view, search, true))
        p.notice id=(form::PROBLEM) role="alert" { (view.say(problem)) }
    };
    layout::page(view, Text::DeadLetters, &content)
}

fn head(view: &View, search: &Search, is_unclear: bool) -> Markup {
    html! {
        p.note {
            a href="/dead-letters/groups" { (view.say(Text::LettersByTrouble)) } " · "
            a href="/dead-letters/actions" { (view.say(Text::LetterActions)) }
        }
        (search.form(view, PATH, is_unclear))
    }
}

fn found(view: &View, search: &Search, filter: &LetterFilter, letters: &[RecordedLetter]) -> Markup {
    let is_full = letters.len() == SHOWN as usize;
    let older = letters.last().filter(|_| is_full);
    let are_parked = matches!(filter.state, None | Some(LetterState::Parked));
    let acts = may_act(view) && letters.iter().any(|letter| letter.state == LetterState::Parked);
    html! {
        @if letters.is_empty() { p.note { (view.say(Text::NoLetters)) } }
        @else { (list::letters(view, letters, acts)) }
        @if let Some(last) = older {
            p { a rel="next" href=(search.address(PATH, Some(last.id))) { (view.say(Text::Older)) } }
        }
        @if acts {
            h2 { (view.say(Text::WithChosen)) }
            (asking::form(view, &html! {}))
        }
        @if acts && are_parked {
            p { a id="all-matching" href=(search.address("/dead-letters/all", None)) { (view.say(Text::AllMatching)) } }
        }
    }
}

/// Whether whoever looks may have something done with letters.
fn may_act(view: &View) -> bool {
    let visitor = view.visitor.as_ref();
    visitor.is_some_and(|visitor| visitor.role >= Role::Operator)
}
