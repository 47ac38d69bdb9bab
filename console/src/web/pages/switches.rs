//! Switches: what is paused, by whom and why; pausing and resuming.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::{channel::Channel, id::MerchantId, job::Kind, operator::Role, switch::Switch};
use maud::{Markup, html};
use serde::Deserialize;
use store::PausedSwitch;

use crate::{
    switches,
    web::{
        app::Shared,
        figures,
        form::{self, Asked},
        ids::Ids,
        inputs::{Choice, Inputs},
        layout,
        messages::Text,
        problem::Problem,
        refusal::Refusal,
        table::{Row, table, words},
        view::View,
    },
};

const PATH: &str = "/switches";
/// How many merchants are offered by name. Of others the id is typed.
const OFFERED: usize = 500;

#[derive(Deserialize)]
pub(in crate::web) struct Wanted {
    /// The merchant whose notifications are to be paused.
    #[serde(default)]
    merchant: String,
}

/// What is paused, and what can be.
pub(in crate::web) async fn page(
    State(app): State<Shared>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    view: View,
) -> Result<Html<String>, Refusal> {
    let Query(wanted) = wanted.map_err(|_| Refusal::NotFound)?;
    show(&app, &view, &wanted.merchant).await
}

/// Pauses something.
pub(in crate::web) async fn pause(
    State(app): State<Shared>,
    Ids([what]): Ids<1>,
    view: View,
    asked: Asked,
) -> Result<Response, Refusal> {
    let done = try_pause(&app, &what, &asked).await;
    answer(&app, view, asked, done).await
}

/// Lets something go on.
pub(in crate::web) async fn resume(
    State(app): State<Shared>,
    Ids([what]): Ids<1>,
    view: View,
    asked: Asked,
) -> Result<Response, Refusal> {
    let done = try_resume(&app, &what, &asked).await;
    answer(&app, view, asked, done).await
}

async fn try_pause(app: &Shared, what: &str, asked: &Asked) -> Result<(), Problem> {
    let switch = named(what, asked.fields.get("name"))?;
    Ok(switches::pause(&app.store, switch, asked.doing(app.now())?).await?)
}

async fn try_resume(app: &Shared, what: &str, asked: &Asked) -> Result<(), Problem> {
    let switch = named(what, asked.fields.get("name"))?;
    Ok(switches::resume(&app.store, switch, asked.doing(app.now())?).await?)
}

fn named(what: &str, name: &str) -> Result<Switch, Problem> {
    match (what, Switch::named(what, name.trim())) {
        (_, Some(switch)) => Ok(switch),
        ("notifications", None) => Err(Problem::form(Text::NoSuchMerchantId)),
        ("queue" | "channel", None) => Err(Problem::Field("name")),
        _ => Err(Refusal::NotFound.into()),
    }
}

async fn answer(
    app: &Shared,
    view: View,
    asked: Asked,
    done: Result<(), Problem>,
) -> Result<Response, Refusal> {
    let Err(problem) = done else {
        return Ok(Redirect::to(PATH).into_response());
    };
    let (status, view) = asked.returned(view, PATH, problem)?;
    Ok((status, show(app, &view, "").await?).into_response())
}

async fn show(app: &Shared, view: &View, merchant: &str) -> Result<Html<String>, Refusal> {
    let paused = app.store.switches().await?;
    let may_switch = view.may(Role::Operator);
    let content = html! {
        p.note { (view.say(Text::SwitchesNote)) }
        section id="paused" {
            h2 { (view.say(Text::Paused)) }
            @if paused.is_empty() { p.note { (view.say(Text::NothingPaused)) } }
            @else { (list(app, view, &paused)) }
        }
        @if may_switch {
            (pause_queue(view, &paused))
            (pause_channel(view, &paused))
            (pause_notifications(app, view, merchant).await?)
        }
    };
    Ok(layout::page(view, Text::Switches, &content))
}

fn list(app: &Shared, view: &View, paused: &[PausedSwitch]) -> Markup {
    let now = app.now();
    let rows: Vec<Row<6>> = paused
        .iter()
        .map(|paused| {
            Row::from([
                what(view, paused.switch),
                html! { (paused.paused_by) },
                html! { (figures::moment(paused.since)) },
                html! { (figures::age(paused.since, now)) },
                html! { (paused.reason) },
                resume_form(view, paused.switch),
            ])
        })
        .collect();
    let columns = [
        Text::PausedWhat,
        Text::PausedBy,
        Text::Since,
        Text::PausedFor,
        Text::Reason,
        Text::Change,
    ];
    table(view, Text::Paused, columns.map(words), &rows)
}

fn what(view: &View, switch: Switch) -> Markup {
    let name = switch.name();
    html! {
        span data-switch=(switch) {
            (view.say(kind(switch))) " "
            @match switch {
                Switch::Notifications(merchant) => { a href={ "/merchants/" (merchant) } { code { (name) } } }
                Switch::Queue(_) | Switch::Channel(_) => { code { (name) } }
            }
        }
    }
}

const fn kind(switch: Switch) -> Text {
    match switch {
        Switch::Queue(_) => Text::Queue,
        Switch::Channel(_) => Text::Channel,
        Switch::Notifications(_) => Text::Notifications,
    }
}

/// How a switch is let go on, for who may.
pub(in crate::web) fn resume_form(view: &View, switch: Switch) -> Markup {
    let path = format!("{PATH}/{}/resume", switch.what());
    let of = format!("{} {}", view.say(kind(switch)), switch.name());
    let field = html! { input type="hidden" name="name" value=(switch.name()); };
    // All switches of a kind are resumed at one address; what came back is of one of them.
    let inputs = Inputs::of(view, &path);
    let came_back = inputs.were_returned() && inputs.value("name", "") == switch.name();
    let view = &View {
        returned: view.returned.clone().filter(|_| came_back),
        ..view.clone()
    };
    html! {
        @if view.may(Role::Operator) {
            details open[came_back] {
                summary aria-label=(form::named(view, Text::Resume, &of)) { (view.say(Text::Resume)) }
                (form::action_of(view, &path, Text::Resume, &of, &field))
            }
        } @else { "–" }
    }
}

fn pause_queue(view: &View, paused: &[PausedSwitch]) -> Markup {
    let going = Kind::ALL
        .into_iter()
        .filter(|kind| is_going(paused, Switch::Queue(*kind)));
    let names: Vec<Choice<'_>> = going.map(|kind| (kind.name(), kind.name())).collect();
    pause_one(
        view,
        "queue",
        [Text::PauseQueue, Text::PauseQueueNote, Text::Queue],
        &names,
    )
}

fn pause_channel(view: &View, paused: &[PausedSwitch]) -> Markup {
    let providers = Channel::PROVIDERS.iter();
    let going = providers.filter(|channel| is_going(paused, Switch::Channel(**channel)));
    let names: Vec<Choice<'_>> = going.map(|channel| (channel.name(), channel.name())).collect();
    pause_one(
        view,
        "channel",
        [Text::PauseChannel, Text::PauseChannelNote, Text::Channel],
        &names,
    )
}

fn is_going(paused: &[PausedSwitch], switch: Switch) -> bool {
    !paused.iter().any(|paused| paused.switch == switch)
}

fn pause_one(view: &View, what: &str, [title, note, label]: [Text; 3], names: &[Choice<'_>]) -> Markup {
    let path = format!("{PATH}/{what}/pause");
    let field = Inputs::of(view, &path).choice("name", label, names, "");
    html! {
        section id={ "pause-" (what) } {
            h2 { (view.say(title)) }
            @if names.is_empty() { p.note { (view.say(Text::AllPaused)) } }
            @else { (form::explained(view, &path, Text::Pause, note, &field)) }
        }
    }
}

async fn pause_notifications(app: &Shared, view: &View, merchant: &str) -> Result<Markup, Refusal> {
    let path = format!("{PATH}/notifications/pause");
    let merchants = app.store.merchants().await?;
    // What is in an address is looked at before it is shown.
    let wanted = merchant
        .parse::<MerchantId>()
        .ok()
        .map(|merchant| merchant.to_string());
    let value = Inputs::of(view, &path).value("name", wanted.as_deref().unwrap_or_default());
    let field = html! {
        label {
            span { (view.say(Text::MerchantId)) }
            input type="text" name="name" value=(value) required list="merchants" placeholder="mer_…"
                autocomplete="off" autocapitalize="none" spellcheck="false";
        }
        datalist id="merchants" {
            @for merchant in merchants.iter().take(OFFERED) { option value=(merchant.id) { (merchant.name) } }
        }
    };
    Ok(html! {
        section id="pause-notifications" {
            h2 { (view.say(Text::PauseNotifications)) }
            (form::explained(view, &path, Text::Pause, Text::PauseNotificationsNote, &field))
        }
    })
}
