//! Everything that is stored about a payment, a refund, an order or a wallet, in one list by time.

use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::{dead_letter::is_subject, mask::mask};
use maud::{Markup, html};
use store::{Happened, Timeline, TimelineEntry, TimelineOf};

use crate::{
    timeline::timeline_of,
    web::{
        app::Shared,
        codes, events, figures,
        form::{Fields, PROBLEM},
        ids::Ids,
        layout,
        messages::{Text, filled},
        refusal::Refusal,
        table::{Row, numbers, table, words},
        view::View,
    },
};

/// How many entries are shown, unless more are asked for.
const SHOWN: u32 = 500;
/// How many are shown at the most.
const MOST: u32 = 5_000;

/// The form, which leads to the timeline of what is typed.
pub(in crate::web) async fn find(uri: Uri, view: View) -> Response {
    let asked = Fields::read(uri.query().unwrap_or_default().as_bytes());
    let id = asked.get("id").trim();
    if timeline_of(id).is_some() {
        return Redirect::to(&format!("/timeline/{id}")).into_response();
    }
    let problem = (!id.is_empty()).then_some(Text::UnclearTimeline);
    not_found(&view, id, problem, StatusCode::BAD_REQUEST)
}

/// The timeline.
pub(in crate::web) async fn page(
    State(app): State<Shared>,
    Ids([id]): Ids<1>,
    uri: Uri,
    view: View,
) -> Result<Response, Refusal> {
    let Some(of) = timeline_of(&id) else {
        let problem = Some(Text::UnclearTimeline);
        return Ok(not_found(&view, &id, problem, StatusCode::BAD_REQUEST));
    };
    let asked = Fields::read(uri.query().unwrap_or_default().as_bytes());
    let limit = if asked.get("all").is_empty() { SHOWN } else { MOST };
    Ok(match app.store.timeline(of, limit).await? {
        Some(timeline) => told(&view, of, &id, &timeline).into_response(),
        None => not_found(&view, &id, Some(Text::UnknownTimeline), StatusCode::NOT_FOUND),
    })
}

fn not_found(view: &View, id: &str, problem: Option<Text>, status: StatusCode) -> Response {
    let content = html! {
        (form(view, id, problem.is_some()))
        @if let Some(problem) = problem { p.notice id=(PROBLEM) role="alert" { (view.say(problem)) } }
        @else { p.note { (view.say(Text::TimelineNote)) } }
    };
    let page = layout::page(view, Text::Timeline, &content);
    match problem {
        Some(_) => (status, page).into_response(),
        None => page.into_response(),
    }
}

fn form(view: &View, id: &str, is_wrong: bool) -> Markup {
    html! {
        form.action id="search" role="search" method="get" action="/timeline" {
            label {
                span { (view.say(Text::TimelineId)) }
                input type="text" name="id" value=(id) required maxlength="64" size="40" autocomplete="off"
                    autocapitalize="none" spellcheck="false" aria-invalid=[is_wrong.then_some("true")]
                    aria-describedby=[is_wrong.then_some(PROBLEM)];
            }
            button type="submit" { (view.say(Text::Search)) }
        }
    }
}

fn told(view: &View, of: TimelineOf, id: &str, timeline: &Timeline) -> Html<String> {
    let rows: Vec<Row<6>> = timeline
        .entries
        .iter()
        .map(|entry| row(view, id, entry))
        .collect();
    let columns = [
        words(Text::When),
        words(Text::Source),
        words(Text::Subject),
        words(Text::Happened),
        numbers(Text::Try),
        numbers(Text::Lasted),
    ];
    let letters = match of {
        TimelineOf::Payment(_) => "payment",
        TimelineOf::Order(_) => "order",
        TimelineOf::Refund(_) | TimelineOf::Wallet(_) => "provider_id",
    };
    let content = html! {
        (form(view, id, false))
        p {
            code { (id) } " · " (view.say(Text::Merchant)) " " code { (timeline.merchant_id) } " · "
            a href={ "/dead-letters?" (letters) "=" (id) } { (view.say(Text::DeadLetters)) }
        }
        (left_out(view, id, timeline))
        @if rows.is_empty() { p.note { (view.say(Text::Nothing)) } }
        @else { (table(view, Text::Timeline, columns, &rows)) }
        p.note { (view.say(Text::TimelineNote)) }
    };
    layout::page(view, Text::Timeline, &content)
}

/// How much older is not shown, and a way to see more of it.
fn left_out(view: &View, id: &str, timeline: &Timeline) -> Markup {
    let count = timeline.left_out.to_string();
    let (text, shown) = (
        if timeline.is_more {
            Text::LeftOutAtLeast
        } else {
            Text::LeftOut
        },
        timeline.entries.len(),
    );
    html! {
        @if timeline.left_out > 0 {
            p.note {
                (filled(view.say(text), &[("count", &count)]))
                @if shown < MOST as usize { " " a href={ "/timeline/" (id) "?all=yes" } { (view.say(Text::ShowMore)) } }
            }
        }
    }
}

fn row(view: &View, id: &str, entry: &TimelineEntry) -> Row<6> {
    let happened = &entry.happened;
    let subject = happened.subject.as_str();
    let has_own = subject != id && timeline_of(subject).is_some();
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    Row::from([
        html! { time datetime=(happened.at.to_rfc3339()) { (figures::exact(happened.at)) } },
        html! { span data-source=(entry.source) { (codes::source(view, entry.source)) } },
        html! {
            @if has_own { a href={ "/timeline/" (subject) } { code { (subject) } } }
            @else if subject == id || is_subject(subject) { code { (subject) } }
            @else { code { (mask(subject)) } }
        },
        html! {
            div {
                (events::said(view.language, &happened.event))
                @if let Some(status) = happened.http_status { ", HTTP " (status) }
                (trouble(view, happened))
            }
        },
        html! { (or_dash(happened.attempt.map(|attempt| attempt.to_string()))) },
        html! { (or_dash(happened.duration_ms.map(|ms| format!("{ms} ms")))) },
    ])
}

/// What went wrong, where something did.
fn trouble(view: &View, happened: &Happened) -> Markup {
    html! {
        @match (&happened.error_class, &happened.reason) {
            (Some(class), Some(reason)) => { br; small { (codes::error(view, class, reason)) } }
            (Some(class), None) => { br; small { (codes::class(view, class)) } }
            (None, Some(reason)) => { br; small { (mask(reason)) } }
            (None, None) => {}
        }
    }
}
