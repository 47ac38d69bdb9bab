//! Which channels a merchant's payments take.

use std::str::FromStr;

use axum::{extract::State, response::Response};
use domain::{
    channel::{Channel, Flow, Method},
    currency::Currency,
    id::{MerchantId, RouteId},
    operator::Role,
    routing::Route,
};
use maud::{Markup, html};
use store::Merchant;

use super::{Made, attempt, given, path_of};
use crate::{
    ConsoleError, routes,
    web::{
        app::Shared,
        form::{self, Asked, Fields},
        ids::Ids,
        inputs::{Choice, Inputs, YES},
        messages::Text,
        problem::Problem,
        refusal::Refusal,
        table::{Row, numbers, table, words},
        view::View,
    },
};

/// Adds a route.
pub(in crate::web) async fn add(
    State(app): State<Shared>,
    Ids([id]): Ids<1>,
    view: View,
    asked: Asked,
) -> Result<Response, Refusal> {
    let attempted = async |merchant: &Merchant, asked: &Asked| try_add(&app, merchant.id, asked).await;
    attempt(&app, &id, view, asked, attempted).await
}

/// Lets a route say what the form says, and nothing else.
pub(in crate::web) async fn change(
    State(app): State<Shared>,
    Ids([id, route]): Ids<2>,
    view: View,
    asked: Asked,
) -> Result<Response, Refusal> {
    let attempted =
        async |merchant: &Merchant, asked: &Asked| try_change(&app, merchant.id, &route, asked).await;
    attempt(&app, &id, view, asked, attempted).await
}

/// Removes a route.
pub(in crate::web) async fn remove(
    State(app): State<Shared>,
    Ids([id, route]): Ids<2>,
    view: View,
    asked: Asked,
) -> Result<Response, Refusal> {
    let attempted =
        async |merchant: &Merchant, asked: &Asked| try_remove(&app, merchant.id, &route, asked).await;
    attempt(&app, &id, view, asked, attempted).await
}

async fn try_add(app: &Shared, merchant: MerchantId, asked: &Asked) -> Result<Made, Problem> {
    let doing = asked.doing(app.now())?;
    let id = asked.fields.get("route_id").parse();
    let route = read(
        &asked.fields,
        id.map_err(|_| Problem::Field("route_id"))?,
        merchant,
    )?;
    routes::add(&app.store, route, doing).await?;
    Ok(Made::new())
}

async fn try_change(app: &Shared, merchant: MerchantId, id: &str, asked: &Asked) -> Result<Made, Problem> {
    let doing = asked.doing(app.now())?;
    let id = own(app, merchant, id).await?;
    let wanted = read(&asked.fields, id, merchant)?;
    let change = |now: Route| {
        if asked.has_seen(&standing(&now)) {
            Ok(wanted)
        } else {
            Err(ConsoleError::RouteChanged(id))
        }
    };
    routes::change(&app.store, id, change, doing).await?;
    Ok(Made::new())
}

async fn try_remove(app: &Shared, merchant: MerchantId, id: &str, asked: &Asked) -> Result<Made, Problem> {
    let doing = asked.doing(app.now())?;
    let id = own(app, merchant, id).await?;
    routes::remove(&app.store, id, doing).await?;
    Ok(Made::new())
}

/// All that a route says, as one text.
fn standing(route: &Route) -> String {
    format!("{route:?}")
}

/// The route that an address names, unless it is there and another merchant's.
async fn own(app: &Shared, merchant: MerchantId, id: &str) -> Result<RouteId, Problem> {
    let id: RouteId = id.parse().map_err(|_| Refusal::NotFound)?;
    match app.store.route(id).await? {
        Some(route) if route.merchant_id != merchant => Err(Refusal::NotFound.into()),
        Some(_) | None => Ok(id),
    }
}

/// The route that a form says.
fn read(fields: &Fields, id: RouteId, merchant: MerchantId) -> Result<Route, Problem> {
    let channel = fields.get("channel").parse().ok();
    let channel = channel.filter(|channel: &Channel| channel.is_provider());
    let channel = channel.ok_or(Problem::Field("channel"))?;
    Ok(Route {
        method: said(fields, "method")?,
        flow: said(fields, "flow")?,
        currency: said(fields, "currency")?,
        min_amount_minor: said(fields, "min_amount_minor")?,
        max_amount_minor: said(fields, "max_amount_minor")?,
        country: given(fields, "country").map(str::to_owned),
        priority: said(fields, "priority")?.unwrap_or(1),
        weight: said(fields, "weight")?.unwrap_or(1),
        enabled: fields.get("enabled") == YES,
        ..routes::blank(id, merchant, channel)
    })
}

/// What a field says; empty says nothing.
fn said<T: FromStr>(fields: &Fields, name: &'static str) -> Result<Option<T>, Problem> {
    let parsed = given(fields, name).map(str::parse).transpose();
    parsed.map_err(|_| Problem::Field(name))
}

pub(super) async fn section(app: &Shared, view: &View, merchant: MerchantId) -> Result<Markup, Refusal> {
    let found = app.store.routes(merchant).await?;
    let rows: Vec<Row<6>> = found.iter().map(|route| row(view, route).into()).collect();
    let columns = [
        words(Text::Channel),
        words(Text::RouteFor),
        numbers(Text::Priority),
        numbers(Text::Weight),
        words(Text::State),
        words(Text::Change),
    ];
    let path = format!("{}/routes", path_of(merchant));
    let new = routes::blank(RouteId::random(), merchant, Channel::Stripe);
    Ok(html! {
        section id="routes" {
            h2 { (view.say(Text::Routes)) }
            p.note { (view.say(Text::RoutesNote)) }
            @if rows.is_empty() { p.note { (view.say(Text::NoRoutes)) } }
            @else { (table(view, Text::Routes, columns, &rows)) }
            @if view.may(Role::Administrator) {
                h3 { (view.say(Text::AddRoute)) }
                (form::action(view, &path, Text::AddRoute, &html! {
                    input type="hidden" name="route_id" value=(new.id);
                    (inputs(view, &path, &new))
                }))
            }
        }
    })
}

fn row(view: &View, route: &Route) -> [Markup; 6] {
    let state = if route.enabled {
        Text::Active
    } else {
        Text::Disabled
    };
    [
        html! { (route.channel) },
        html! { span data-route=(route.id) { (conditions(view, route)) } },
        html! { (route.priority) },
        html! { (route.weight) },
        html! { (view.say(state)) },
        html! { @if view.may(Role::Administrator) { (changes(view, route)) } @else { "–" } },
    ]
}

/// For which payments it is.
fn conditions(view: &View, route: &Route) -> String {
    let least = route.min_amount_minor.map(|least| format!("≥ {least}"));
    let most = route.max_amount_minor.map(|most| format!("≤ {most}"));
    let said: Vec<String> = [
        route.method.map(|method| method.name().to_owned()),
        route.flow.map(|flow| flow.name().to_owned()),
        route.currency.map(|currency| currency.code().to_owned()),
        least,
        most,
        route.country.clone(),
    ]
    .into_iter()
    .flatten()
    .collect();
    if said.is_empty() {
        view.say(Text::AnyPayment).to_owned()
    } else {
        said.join(", ")
    }
}

fn changes(view: &View, route: &Route) -> Markup {
    let path = format!("{}/routes/{}", path_of(route.merchant_id), route.id);
    let (change, remove) = (format!("{path}/change"), format!("{path}/remove"));
    let of = format!("{}, {}", route.channel, conditions(view, route));
    let came_back = |path: &str| Inputs::of(view, path).were_returned();
    html! {
        details open[came_back(&change) || came_back(&remove)] {
            summary aria-label=(form::named(view, Text::Change, &of)) { (view.say(Text::Change)) }
            (form::action_of(view, &change, Text::ChangeRoute, &of, &html! {
                (Inputs::of(view, &change).present(&standing(route)))
                (inputs(view, &change, route))
            }))
            (form::action_of(view, &remove, Text::RemoveRoute, &of, &html! {}))
        }
    }
}

/// All that a route says.
fn inputs(view: &View, path: &str, route: &Route) -> Markup {
    let inputs = Inputs::of(view, path);
    let channels: Vec<Choice<'_>> = Channel::PROVIDERS
        .iter()
        .map(|one| (one.name(), one.name()))
        .collect();
    let any = ("", view.say(Text::AnyState));
    let or_any = |names: Vec<&'static str>| -> Vec<Choice<'_>> {
        std::iter::once(any)
            .chain(names.into_iter().map(|name| (name, name)))
            .collect()
    };
    let methods = or_any(Method::ALL.iter().map(|one| one.name()).collect());
    let flows = or_any(Flow::ALL.iter().map(|one| one.name()).collect());
    let currencies = or_any(Currency::ALL.iter().map(|one| one.code()).collect());
    let number = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
    html! {
        (inputs.choice("channel", Text::Channel, &channels, route.channel.name()))
        (inputs.choice("method", Text::Method, &methods, route.method.map_or("", |method| method.name())))
        (inputs.choice("flow", Text::Flow, &flows, route.flow.map_or("", |flow| flow.name())))
        (inputs.choice("currency", Text::Currency, &currencies, route.currency.map_or("", |one| one.code())))
        (inputs.number("min_amount_minor", Text::LeastAmount, &number(route.min_amount_minor), 1))
        (inputs.number("max_amount_minor", Text::MostAmount, &number(route.max_amount_minor), 1))
        (inputs.text("country", Text::Country, route.country.as_deref().unwrap_or_default(), "DE"))
        (inputs.number("priority", Text::Priority, &route.priority.to_string(), 1))
        (inputs.number("weight", Text::Weight, &route.weight.to_string(), 1))
        (inputs.check("enabled", Text::Enabled, route.enabled))
    }
}
