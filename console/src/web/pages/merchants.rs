//! Merchants: who may ask for payments, and everything about one. Everybody sees them; administrators set them up.
//!
//! What is secret comes in and is never shown again. What is made here is shown once, in the answer to the form that asked for
//! it. Each such form carries the id of what it makes, so that one that is sent twice makes one thing and says so.

mod channels;
mod endpoint;
mod keys;
mod routes;
mod terms;

pub(in crate::web) use channels::{set_credentials, set_fees};
pub(in crate::web) use endpoint::{rotate as rotate_endpoint, set as set_endpoint};
pub(in crate::web) use keys::{create as create_key, revoke as revoke_key};
pub(in crate::web) use routes::{add as add_route, change as change_route, remove as remove_route};
pub(in crate::web) use terms::set as set_terms;

use axum::{
    extract::State,
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::{id::MerchantId, operator::Role, secret::Secret, switch::Switch};
use maud::{Markup, html};
use store::Merchant;

use crate::{
    endpoints,
    keys::new_key,
    merchants::{self, Wanted},
    web::{
        app::Shared,
        figures,
        form::{self, Asked, Fields},
        ids::Ids,
        inputs::Inputs,
        layout,
        messages::Text,
        problem::Problem,
        refusal::Refusal,
        table::{Row, table, words},
        view::View,
    },
};

const PATH: &str = "/merchants";

/// All of them.
pub(in crate::web) async fn page(State(app): State<Shared>, view: View) -> Result<Html<String>, Refusal> {
    show_all(&app, &view).await
}

/// One with all that belongs to it.
pub(in crate::web) async fn one(
    State(app): State<Shared>,
    Ids([id]): Ids<1>,
    view: View,
) -> Result<Html<String>, Refusal> {
    let merchant = find(&app, &id).await?;
    show(&app, &view, &merchant).await
}

/// Creates one, and shows its first key.
pub(in crate::web) async fn create(
    State(app): State<Shared>,
    view: View,
    asked: Asked,
) -> Result<Response, Refusal> {
    match try_create(&app, &asked).await {
        Ok((id, made)) => Ok(shown_once(&view, &path_of(id), &made).into_response()),
        Err(problem) => {
            let (status, view) = asked.returned(view, PATH, problem)?;
            Ok((status, show_all(&app, &view).await?).into_response())
        }
    }
}

/// Something that was made, and what it is called; nothing where nothing was.
type Made = Vec<(Text, Secret)>;

async fn try_create(app: &Shared, asked: &Asked) -> Result<(MerchantId, Made), Problem> {
    let fields = &asked.fields;
    let id = fields.get("merchant_id").parse();
    let (endpoint, amqp_user) = (given(fields, "endpoint"), given(fields, "amqp_user"));
    let (secret, is_ours) = signing_secret(fields)?;
    let wanted = Wanted {
        id: id.map_err(|_| Problem::Field("merchant_id"))?,
        name: fields.get("name"),
        amqp_user,
        endpoint: endpoint.map(|url| (url, secret.clone())),
        key: new_key()?,
    };
    let doing = asked.doing(app.now())?;
    merchants::create(&app.store, &wanted, doing).await?;
    let mut made = vec![(Text::ApiKey, wanted.key.expose())];
    if endpoint.is_some() && is_ours {
        made.push((Text::SigningSecret, secret));
    }
    Ok((wanted.id, made))
}

/// A field that may be left out.
fn given<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    Some(fields.get(name).trim()).filter(|text| !text.is_empty())
}

/// The secret that is to sign, and whether it was made here.
fn signing_secret(fields: &Fields) -> Result<(Secret, bool), Problem> {
    Ok(match given(fields, SECRET_FIELD) {
        Some(text) => (endpoints::given(text)?, false),
        None => (endpoints::generated()?, true),
    })
}

const SECRET_FIELD: &str = "secret";

fn path_of(id: MerchantId) -> String {
    format!("{PATH}/{id}")
}

/// The merchant that an address names.
async fn find(app: &Shared, id: &str) -> Result<Merchant, Refusal> {
    let id: MerchantId = id.parse().map_err(|_| Refusal::NotFound)?;
    app.store.merchant(id).await?.ok_or(Refusal::NotFound)
}

/// Tries what a form of a merchant's page asks for. The answer is what was made, or else the page: as it is now, or with the
/// form and what is wrong.
async fn attempt(
    app: &Shared,
    id: &str,
    view: View,
    asked: Asked,
    attempt: impl AsyncFnOnce(&Merchant, &Asked) -> Result<Made, Problem>,
) -> Result<Response, Refusal> {
    let merchant = find(app, id).await?;
    let back = path_of(merchant.id);
    match attempt(&merchant, &asked).await {
        Ok(made) if made.is_empty() => Ok(Redirect::to(&back).into_response()),
        Ok(made) => Ok(shown_once(&view, &back, &made).into_response()),
        Err(problem) => {
            let (status, view) = asked.returned(view, &back, problem)?;
            // Looked up anew: others may have changed it.
            let merchant = find(app, id).await?;
            Ok((status, show(app, &view, &merchant).await?).into_response())
        }
    }
}

/// What was made, shown this once. Nothing keeps the answer, and nothing can show it again.
fn shown_once(view: &View, back: &str, made: &[(Text, Secret)]) -> Html<String> {
    let view = View {
        path: back.to_owned(),
        ..view.clone()
    };
    let facts: Vec<(Text, Markup)> = made
        .iter()
        .map(|(name, secret)| (*name, html! { code data-secret { (secret.expose()) } }))
        .collect();
    let content = html! {
        p.notice role="status" { (view.say(Text::ShownOnce)) }
        (layout::facts(&view, &facts))
        p { a href=(back) { (view.say(Text::BackToMerchant)) } }
    };
    layout::page(&view, Text::Made, &content)
}

async fn show_all(app: &Shared, view: &View) -> Result<Html<String>, Refusal> {
    let merchants = app.store.merchants().await?;
    let rows: Vec<Row<4>> = merchants.iter().map(|merchant| row(view, merchant)).collect();
    let columns = [Text::MerchantName, Text::Merchant, Text::Endpoint, Text::Created].map(words);
    let content = html! {
        @if rows.is_empty() { p.note { (view.say(Text::NoMerchants)) } }
        @else { (table(view, Text::Merchants, columns, &rows)) }
        @if view.may(Role::Administrator) { (creation(view)?) }
    };
    Ok(layout::page(view, Text::Merchants, &content))
}

fn row(view: &View, merchant: &Merchant) -> Row<4> {
    Row {
        cells: [
            html! { a href=(path_of(merchant.id)) { (merchant.name) } },
            html! { code { (merchant.id) } },
            endpoint::summary(view, merchant),
            html! { (figures::moment(merchant.created_at)) },
        ],
        is_alarming: merchant.endpoint_disabled_reason.is_some(),
    }
}

fn creation(view: &View) -> Result<Markup, Refusal> {
    let inputs = Inputs::of(view, PATH);
    let fields = html! {
        // Always a new one: a form that comes back has made nothing, or something that it must not make again.
        input type="hidden" name="merchant_id" value=(MerchantId::random());
        (inputs.text("name", Text::MerchantName, "", ""))
        (inputs.address("endpoint", Text::EndpointOptional, "", "https://shop.example/webhooks"))
        (inputs.secret(SECRET_FIELD, Text::SecretOptional))
        (inputs.text("amqp_user", Text::AmqpUserOptional, "", ""))
    };
    Ok(html! {
        section id="create" {
            h2 { (view.say(Text::CreateMerchant)) }
            (form::explained(view, PATH, Text::CreateMerchant, Text::CreateMerchantNote, &fields))
        }
    })
}

async fn show(app: &Shared, view: &View, merchant: &Merchant) -> Result<Html<String>, Refusal> {
    let content = html! {
        (facts(app, view, merchant).await?)
        (keys::section(app, view, merchant.id).await?)
        (endpoint::section(app, view, merchant).await?)
        (channels::section(app, view, merchant.id).await?)
        (routes::section(app, view, merchant.id).await?)
        (terms::section(view, merchant))
    };
    Ok(layout::page(view, Text::Merchant, &content))
}

async fn facts(app: &Shared, view: &View, merchant: &Merchant) -> Result<Markup, Refusal> {
    let id = merchant.id;
    let switches = app.store.switches().await?;
    let paused = switches
        .iter()
        .find(|paused| paused.switch == Switch::Notifications(id));
    let notifications = html! {
        a href={ "/notifications?of=" (id) "#find" } { (view.say(Text::ShowNotifications)) } " · "
        @match paused {
            Some(paused) => {
                a.bad href="/switches" { (view.say(Text::Paused)) " " (figures::moment(paused.since)) }
            }
            None if view.may(Role::Operator) => {
                a href={ "/switches?merchant=" (id) "#pause-notifications" } { (view.say(Text::Pause)) }
            }
            None => { (view.say(Text::NotPausedNow)) }
        }
    };
    let rows = [
        (Text::MerchantName, html! { strong { (merchant.name) } }),
        (Text::Merchant, html! { code { (id) } }),
        (Text::Created, html! { (figures::moment(merchant.created_at)) }),
        (
            Text::AmqpUser,
            html! { (merchant.amqp_user.as_deref().unwrap_or("–")) },
        ),
        (Text::Notifications, notifications),
    ];
    Ok(layout::facts(view, &rows))
}
