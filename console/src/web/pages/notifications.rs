//! Notifications: how merchants' endpoints do, what they were told, and sending it again.
//!
//! What a notification says, and what an endpoint answered, is the merchant's and its customers', and is not shown.

use std::{str::FromStr, time::Duration};

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{Html, IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Utc};
use domain::{id::NotificationId, mask::mask, operator::Role};
use maud::{Markup, html};
use serde::Deserialize;
use store::{
    EndpointHealth, MadeAttempt, NotificationFilter, NotificationState, NotificationSummary, NotificationsOf,
    Resend,
};
use tokio::time::timeout;

use crate::{
    notifications,
    web::{
        app::Shared,
        figures,
        form::{self, Asked},
        ids::Ids,
        layout,
        messages::{Text, filled},
        problem::Problem,
        refusal::Refusal,
        table::{Row, numbers, table, words},
        view::View,
    },
};

const PATH: &str = "/notifications";
/// How many are shown at the most.
const SHOWN: u32 = 100;
/// How long the health of all endpoints is waited for: what is looked for must not wait for it.
const HEALTH_PATIENCE: Duration = Duration::from_secs(5);
/// The names of the fields that say which schedule of a notification was seen.
const ATTEMPTS_FIELD: &str = "attempts_before";
const FINISHED_FIELD: &str = "finished_at";

/// How far notifications have come, as the form asks for it.
const STATES: [(&str, Text, NotificationState); 4] = [
    ("waiting", Text::StateWaiting, NotificationState::Waiting),
    ("held", Text::StateHeld, NotificationState::Held),
    ("delivered", Text::StateDelivered, NotificationState::Delivered),
    ("given-up", Text::StateGivenUp, NotificationState::GivenUp),
];

/// What is looked for.
#[derive(Deserialize)]
pub(in crate::web) struct Wanted {
    /// The id of a merchant, a payment or an order.
    #[serde(default)]
    of: String,
    #[serde(default)]
    state: String,
}

/// How endpoints do, and the notifications that are looked for.
pub(in crate::web) async fn page(
    State(app): State<Shared>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    view: View,
) -> Result<Html<String>, Refusal> {
    let Query(wanted) = wanted.map_err(|_| Refusal::NotFound)?;
    let content = html! {
        @if wanted.of.trim().is_empty() {
            section id="health" {
                h2 { (view.say(Text::EndpointHealth)) }
                p.note { (view.say(Text::HealthNote)) }
                @match timeout(HEALTH_PATIENCE, health(&app, &view)).await {
                    Ok(health) => { (health?) }
                    Err(_) => { p.notice role="status" { (view.say(Text::HealthLate)) } }
                }
            }
        }
        section id="find" {
            h2 { (view.say(Text::FindNotifications)) }
            (search(&view, &wanted))
            (found(&app, &view, &wanted).await?)
        }
    };
    Ok(layout::page(&view, Text::Notifications, &content))
}

/// One with each try to deliver it.
pub(in crate::web) async fn one(
    State(app): State<Shared>,
    Ids([id]): Ids<1>,
    view: View,
) -> Result<Html<String>, Refusal> {
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    show(&app, &view, id).await
}

/// Sends one again.
pub(in crate::web) async fn resend(
    State(app): State<Shared>,
    Ids([id]): Ids<1>,
    view: View,
    asked: Asked,
) -> Result<Response, Refusal> {
    let id: NotificationId = id.parse().map_err(|_| Refusal::NotFound)?;
    let page = format!("{PATH}/{id}");
    let Err(problem) = try_resend(&app, id, &asked).await else {
        return Ok(Redirect::to(&page).into_response());
    };
    let (status, view) = asked.returned(view, &page, problem)?;
    Ok((status, show(&app, &view, id).await?).into_response())
}

async fn try_resend(app: &Shared, id: NotificationId, asked: &Asked) -> Result<(), Problem> {
    let doing = asked.doing(app.now())?;
    let seen = Resend::Seen {
        id,
        attempts_before: number(asked, ATTEMPTS_FIELD)?,
        finished_at: number(asked, FINISHED_FIELD)
            .ok()
            .and_then(DateTime::from_timestamp_micros),
    };
    let resent = notifications::resend(&app.store, &seen, doing).await?;
    if !resent.unknown.is_empty() {
        return Err(Refusal::NotFound.into());
    }
    if !resent.under_way.is_empty() {
        return Err(Problem::conflict(Text::ResendUnderWay));
    }
    Ok(())
}

fn number<T: FromStr>(asked: &Asked, name: &'static str) -> Result<T, Problem> {
    let number = asked.fields.get(name).parse();
    number.map_err(|_| Problem::form(Text::BadForm))
}

async fn health(app: &Shared, view: &View) -> Result<Markup, Refusal> {
    let health = app.store.endpoint_health(None, app.now()).await?;
    let names = app.store.merchants().await?;
    let name = |of: &EndpointHealth| {
        let found = names.iter().find(|merchant| merchant.id == of.merchant_id);
        found.map_or("", |merchant| &merchant.name)
    };
    let rows: Vec<Row<8>> = health
        .iter()
        .map(|one| health_row(view, one, name(one)))
        .collect();
    let columns = [
        words(Text::Merchant),
        words(Text::Endpoint),
        words(Text::LastSuccess),
        words(Text::LastFailure),
        numbers(Text::TakenHour),
        numbers(Text::TakenDay),
        numbers(Text::WaitingHeld),
        numbers(Text::GivenUp),
    ];
    Ok(html! {
        @if rows.is_empty() { p.note { (view.say(Text::Nothing)) } }
        @else { (table(view, Text::EndpointHealth, columns, &rows)) }
    })
}

fn health_row(view: &View, health: &EndpointHealth, name: &str) -> Row<8> {
    let merchant = health.merchant_id;
    let list = |state: &str| format!("{PATH}?of={merchant}&state={state}#find");
    let taken = |(taken, all): (i64, i64)| html! { (figures::share(taken, all)) " (" (all) ")" };
    Row {
        cells: [
            html! { a href={ "/merchants/" (merchant) } { (name) } " " code { (merchant) } },
            endpoint(view, health),
            html! { (moment(health.last_success_at)) },
            html! {
                (moment(health.last_failure_at))
                @if let Some(why) = &health.last_failure { br; small { (mask(why)) } }
            },
            taken(health.last_hour),
            taken(health.last_day),
            html! { a href=(list("waiting")) { (health.waiting) } " (" a href=(list("held")) { (health.held) } ")" },
            html! { a href=(list("given-up")) { (health.given_up) } },
        ],
        is_alarming: health.disabled_reason.is_some() || health.given_up > 0,
    }
}

fn endpoint(view: &View, health: &EndpointHealth) -> Markup {
    html! {
        @match &health.url {
            Some(url) => { code { (notifications::host(url)) } }
            None => { (view.say(Text::NoEndpointYet)) }
        }
        @if let Some(why) = &health.disabled_reason {
            br; span.bad { (filled(view.say(Text::SwitchedOff), &[("why", &mask(why))])) }
        }
        @if let Some(since) = health.paused_since {
            br; a href="/switches" { (view.say(Text::Paused)) " " (figures::moment(since)) }
        }
    }
}

/// A form that asks for nothing to be done: what it looks for is in the address.
fn search(view: &View, wanted: &Wanted) -> Markup {
    html! {
        form.action method="get" action={ (PATH) "#find" } {
            label {
                span { (view.say(Text::About)) }
                input type="text" name="of" value=(wanted.of) required placeholder="mer_… pay_… ord_…"
                    autocomplete="off" autocapitalize="none" spellcheck="false";
            }
            label {
                span { (view.say(Text::State)) }
                select name="state" {
                    option value="" { (view.say(Text::AnyState)) }
                    @for (name, text, _) in STATES {
                        option value=(name) selected[name == wanted.state] { (view.say(text)) }
                    }
                }
            }
            button type="submit" { (view.say(Text::Show)) }
        }
    }
}

async fn found(app: &Shared, view: &View, wanted: &Wanted) -> Result<Markup, Refusal> {
    let text = wanted.of.trim();
    if text.is_empty() {
        return Ok(html! {});
    }
    let Some(of) = subject(text) else {
        return Ok(html! { p.notice role="alert" { (view.say(Text::BadAbout)) } });
    };
    let state = STATES.iter().find(|(name, ..)| *name == wanted.state);
    let filter = NotificationFilter {
        of,
        state: state.map(|(_, _, state)| *state),
        limit: SHOWN,
    };
    let found = app.store.notifications(&filter).await?;
    let is_full = u32::try_from(found.len()) == Ok(SHOWN);
    let rows: Vec<Row<7>> = found.iter().map(|one| found_row(view, one)).collect();
    let columns = [
        words(Text::Notification),
        words(Text::Event),
        words(Text::AboutWhat),
        words(Text::State),
        words(Text::Written),
        numbers(Text::Tries),
        words(Text::WhyNot),
    ];
    Ok(html! {
        @if rows.is_empty() { p.note { (view.say(Text::NoNotifications)) } }
        @else { (table(view, Text::Notifications, columns, &rows)) }
        @if is_full {
            p.note { (filled(view.say(Text::ShownNewest), &[("count", &SHOWN.to_string())])) }
        }
    })
}

fn subject(text: &str) -> Option<NotificationsOf> {
    let merchant = text.parse().ok().map(NotificationsOf::Merchant);
    let payment = || text.parse().ok().map(NotificationsOf::Payment);
    let order = || text.parse().ok().map(NotificationsOf::Order);
    merchant.or_else(payment).or_else(order)
}

fn found_row(view: &View, told: &NotificationSummary) -> Row<7> {
    let last = told.last.as_ref();
    Row {
        cells: [
            html! { a href={ (PATH) "/" (told.id) } { code { (told.id) } } },
            html! { code { (told.event_type) } },
            html! { code { (told.about) } },
            state(view, told),
            html! { (figures::moment(told.created_at)) },
            html! { (last.map_or(0, |last| last.attempt)) },
            html! { (why_not(last)) },
        ],
        is_alarming: is_given_up(told),
    }
}

fn is_given_up(told: &NotificationSummary) -> bool {
    matches!(told.status.as_str(), "exhausted" | "undeliverable")
}

fn state(view: &View, told: &NotificationSummary) -> Markup {
    let text = match told.status.as_str() {
        "delivered" => Text::StateDelivered,
        _ if is_given_up(told) => Text::StateGivenUp,
        _ if told.held_at.is_some() => Text::StateHeld,
        _ => Text::StateWaiting,
    };
    html! { span data-status=(told.status) { (view.say(text)) } }
}

/// Why the last try was not taken, masked.
fn why_not(made: Option<&MadeAttempt>) -> String {
    made.and_then(notifications::error).unwrap_or_default()
}

async fn show(app: &Shared, view: &View, id: NotificationId) -> Result<Html<String>, Refusal> {
    let (told, attempts) = app.store.notification(id).await?.ok_or(Refusal::NotFound)?;
    let path = format!("{PATH}/{id}/resend");
    let content = html! {
        (facts(view, &told))
        section id="attempts" {
            h2 { (view.say(Text::Attempts)) }
            @if attempts.is_empty() { p.note { (view.say(Text::NoAttempts)) } }
            @else { (tries(view, &attempts)) }
        }
        @if view.may(Role::Operator) {
            section id="resend" {
                h2 { (view.say(Text::Resend)) }
                (form::explained(view, &path, Text::Resend, Text::ResendNote, &schedule(&told)))
            }
        }
    };
    Ok(layout::page(view, Text::Notification, &content))
}

/// The schedule that is seen: the form gives another one to that alone, so that one which is sent twice sends once.
fn schedule(told: &NotificationSummary) -> Markup {
    html! {
        input type="hidden" name=(ATTEMPTS_FIELD) value=(told.attempts_before);
        @if let Some(ended) = told.finished_at {
            input type="hidden" name=(FINISHED_FIELD) value=(ended.timestamp_micros());
        }
    }
}

fn facts(view: &View, told: &NotificationSummary) -> Markup {
    let merchant = told.merchant_id;
    let rows = [
        (Text::Notification, html! { code { (told.id) } }),
        (
            Text::Merchant,
            html! {
                a href={ "/merchants/" (merchant) } { code { (merchant) } } " · "
                a href={ (PATH) "?of=" (merchant) "#find" } { (view.say(Text::Notifications)) }
            },
        ),
        (Text::AboutWhat, html! { code { (told.about) } }),
        (Text::Event, html! { code { (told.event_type) } }),
        (Text::State, state(view, told)),
        (Text::Written, html! { (figures::moment(told.created_at)) }),
        (Text::Ended, html! { (moment(told.finished_at)) }),
        (Text::HeldSince, html! { (moment(told.held_at)) }),
        (Text::TriesBefore, html! { (told.attempts_before) }),
    ];
    layout::facts(view, &rows)
}

fn tries(view: &View, attempts: &[MadeAttempt]) -> Markup {
    let status = |made: &MadeAttempt| {
        made.http_status
            .map_or_else(|| "–".to_owned(), |code| code.to_string())
    };
    let rows: Vec<Row<5>> = attempts
        .iter()
        .map(|made| {
            Row::from([
                html! { (made.attempt) },
                html! { (figures::moment(made.at)) },
                html! { (status(made)) },
                html! { (made.duration_ms) },
                html! { (why_not(Some(made))) },
            ])
        })
        .collect();
    let columns = [
        words(Text::Attempt),
        words(Text::When),
        words(Text::HttpStatus),
        numbers(Text::Took),
        words(Text::WhyNot),
    ];
    table(view, Text::Attempts, columns, &rows)
}

fn moment(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "–".to_owned(), figures::moment)
}
