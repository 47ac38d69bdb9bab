//! Where a merchant is notified, and the secrets that sign what it gets.

use axum::{extract::State, response::Response};
use domain::{id::MerchantId, mask::mask, operator::Role};
use maud::{Markup, html};
use store::{Endpoint, EndpointSecret, Merchant, StoreError};

use super::{Made, SECRET_FIELD, attempt, path_of, signing_secret};
use crate::{
    ConsoleError, endpoints, notifications,
    web::{
        app::Shared,
        form::{self, Asked},
        ids::Ids,
        inputs::Inputs,
        messages::{Text, filled},
        problem::Problem,
        refusal::Refusal,
        view::View,
    },
};

/// Sets the address, and shows the secret that signs where it is the first one.
pub(in crate::web) async fn set(
    State(app): State<Shared>,
    Ids([id]): Ids<1>,
    view: View,
    asked: Asked,
) -> Result<Response, Refusal> {
    let attempted = async |merchant: &Merchant, asked: &Asked| try_set(&app, merchant.id, asked).await;
    attempt(&app, &id, view, asked, attempted).await
}

/// Gives it a new secret, and shows it.
pub(in crate::web) async fn rotate(
    State(app): State<Shared>,
    Ids([id]): Ids<1>,
    view: View,
    asked: Asked,
) -> Result<Response, Refusal> {
    let attempted = async |merchant: &Merchant, asked: &Asked| try_rotate(&app, merchant.id, asked).await;
    attempt(&app, &id, view, asked, attempted).await
}

async fn try_set(app: &Shared, merchant: MerchantId, asked: &Asked) -> Result<Made, Problem> {
    let doing = asked.doing(app.now())?;
    let (secret, is_ours) = signing_secret(&asked.fields)?;
    let check = |url: Option<&str>, disabled_reason: Option<&str>| {
        if asked.has_seen(&standing(url, disabled_reason)) {
            Ok(())
        } else {
            Err(ConsoleError::EndpointChanged(merchant))
        }
    };
    let url = asked.fields.get("url");
    let setting = endpoints::set(&app.store, merchant, url, &secret, check, doing);
    let (_, is_first) = setting.await?;
    Ok(if is_first && is_ours {
        vec![(Text::SigningSecret, secret)]
    } else {
        Made::new()
    })
}

async fn try_rotate(app: &Shared, merchant: MerchantId, asked: &Asked) -> Result<Made, Problem> {
    let doing = asked.doing(app.now())?;
    let keep_hours = asked.fields.get("keep_hours").trim().parse().ok();
    let keep_hours = keep_hours
        .filter(|hours| *hours <= endpoints::LONGEST_KEPT_H)
        .ok_or(Problem::Field("keep_hours"))?;
    let (secret, is_ours) = signing_secret(&asked.fields)?;
    let check = |secrets: &[EndpointSecret]| {
        if asked.has_seen(present(secrets)) {
            Ok(())
        } else {
            Err(ConsoleError::RotatedBefore(merchant))
        }
    };
    let rotating = endpoints::rotate(&app.store, merchant, &secret, keep_hours, check, doing);
    rotating.await.map_err(Problem::sealed)?;
    Ok(if is_ours {
        vec![(Text::SigningSecret, secret)]
    } else {
        Made::new()
    })
}

/// The secret that signs now.
fn present(secrets: &[EndpointSecret]) -> &str {
    let secret = secrets.first().map(|present| present.secret.expose());
    secret.unwrap_or_default()
}

/// Where the endpoint is, and whether it is switched off.
fn standing(url: Option<&str>, disabled_reason: Option<&str>) -> String {
    format!("{url:?} {disabled_reason:?}")
}

/// Where it is, without what its address may carry, and whether it is switched off.
pub(super) fn summary(view: &View, merchant: &Merchant) -> Markup {
    html! {
        @match &merchant.endpoint_url {
            Some(url) => { code { (notifications::host(url)) } }
            None => { (view.say(Text::NoEndpointYet)) }
        }
        @if let Some(why) = &merchant.endpoint_disabled_reason {
            " " span.bad { (filled(view.say(Text::SwitchedOff), &[("why", &mask(why))])) }
        }
    }
}

pub(super) async fn section(app: &Shared, view: &View, merchant: &Merchant) -> Result<Markup, Refusal> {
    Ok(html! {
        section id="endpoint" {
            h2 { (view.say(Text::Endpoint)) }
            p { (summary(view, merchant)) }
            @if view.may(Role::Administrator) {
                @match app.store.endpoint(merchant.id).await {
                    Ok(endpoint) => { (forms(view, merchant.id, endpoint.as_ref())) }
                    Err(StoreError::Unreadable { .. }) => { p.notice { (view.say(Text::Unsealable)) } }
                    Err(error) => { (Err::<Markup, Refusal>(error.into())?) }
                }
            }
        }
    })
}

fn forms(view: &View, merchant: MerchantId, endpoint: Option<&Endpoint>) -> Markup {
    let path = format!("{}/endpoint", path_of(merchant));
    let rotate = format!("{path}/rotate");
    let inputs = Inputs::of(view, &path);
    let url = endpoint.map(|endpoint| endpoint.url.as_str());
    let disabled_reason = endpoint.and_then(|endpoint| endpoint.disabled_reason.as_deref());
    let set = html! {
        (inputs.present(&standing(url, disabled_reason)))
        (inputs.address("url", Text::EndpointUrl, url.unwrap_or_default(), "https://shop.example/webhooks"))
        @if endpoint.is_none() { (inputs.secret(SECRET_FIELD, Text::SecretOptional)) }
    };
    html! {
        (form::explained(view, &path, Text::SetEndpoint, Text::EndpointNote, &set))
        @if let Some(endpoint) = endpoint {
            @let inputs = Inputs::of(view, &rotate);
            (form::explained(view, &rotate, Text::Rotate, Text::RotateNote, &html! {
                (inputs.present(present(&endpoint.secrets)))
                (inputs.number("keep_hours", Text::KeepHours, "24", 0))
                (inputs.secret(SECRET_FIELD, Text::SecretOptional))
            }))
        }
    }
}
