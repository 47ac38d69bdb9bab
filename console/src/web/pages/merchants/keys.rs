//! A merchant's API keys: how it proves who it is.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{id::MerchantId, operator::Role};
use maud::{Markup, html};
use store::ListedKey;

use super::{Made, again, answer, find, path_of, shown_once};
use crate::{
    keys,
    web::{
        app::Shared,
        figures,
        form::{self, Asked},
        inputs::Inputs,
        messages::Text,
        problem::Problem,
        refusal::Refusal,
        table::{Row, table, words},
        view::View,
    },
};

/// The name of the field with the id of the key that the form makes.
const ID_FIELD: &str = "key_id";

/// Makes a key and shows it.
pub(in crate::web) async fn create(
    State(app): State<Shared>,
    Path(id): Path<String>,
    view: View,
    asked: Asked,
) -> Result<Response, Refusal> {
    let merchant = find(&app, &id).await?;
    match try_create(&app, merchant.id, &asked).await {
        Ok(made) => Ok(shown_once(&view, &path_of(merchant.id), &made).into_response()),
        Err(problem) => again(&app, view, &merchant, asked, problem).await,
    }
}

/// Lets a key prove nothing any more.
pub(in crate::web) async fn revoke(
    State(app): State<Shared>,
    Path((id, key)): Path<(String, String)>,
    view: View,
    asked: Asked,
) -> Result<Response, Refusal> {
    let merchant = find(&app, &id).await?;
    let done = try_revoke(&app, merchant.id, &key, &asked).await;
    answer(&app, view, &merchant, asked, done).await
}

async fn try_create(app: &Shared, merchant: MerchantId, asked: &Asked) -> Result<Made, Problem> {
    let key = keys::new_key()?.with_id(asked.fields.get(ID_FIELD));
    let key = key.map_err(|_| Problem::field(ID_FIELD))?;
    keys::create(&app.store, merchant, &key, asked.doing(app.now())?).await?;
    Ok(vec![(Text::ApiKey, key.expose())])
}

async fn try_revoke(app: &Shared, merchant: MerchantId, key: &str, asked: &Asked) -> Result<(), Problem> {
    let doing = asked.doing(app.now())?;
    if !app
        .store
        .keys_of(merchant)
        .await?
        .iter()
        .any(|found| found.id == key)
    {
        return Err(Refusal::NotFound.into());
    }
    Ok(keys::revoke(&app.store, key, doing).await?)
}

pub(super) async fn section(app: &Shared, view: &View, merchant: MerchantId) -> Result<Markup, Refusal> {
    let keys = app.store.keys_of(merchant).await?;
    let rows: Vec<Row<4>> = keys.iter().map(|key| row(view, merchant, key).into()).collect();
    let columns = [Text::KeyId, Text::Created, Text::State, Text::Change].map(words);
    Ok(html! {
        section id="keys" {
            h2 { (view.say(Text::ApiKeys)) }
            @if rows.is_empty() { p.note { (view.say(Text::Nothing)) } }
            @else { (table(view, Text::ApiKeys, columns, &rows)) }
            @if view.may(Role::Administrator) { (creation(view, merchant)?) }
        }
    })
}

/// A form that makes one key, however often it is sent.
fn creation(view: &View, merchant: MerchantId) -> Result<Markup, Refusal> {
    let id = keys::new_key()?;
    let field = html! { input type="hidden" name=(ID_FIELD) value=(id.id()); };
    let path = format!("{}/keys", path_of(merchant));
    Ok(html! {
        p.note { (view.say(Text::KeysNote)) }
        (form::action(view, &path, Text::CreateKey, &field))
    })
}

fn row(view: &View, merchant: MerchantId, key: &ListedKey) -> [Markup; 4] {
    let path = format!("{}/keys/{}/revoke", path_of(merchant), key.id);
    let state = key.revoked_at.map(figures::moment);
    let may_revoke = view.may(Role::Administrator) && state.is_none();
    [
        html! { code { "slk_" (key.id) "_…" } },
        html! { (figures::moment(key.created_at)) },
        html! {
            @match &state {
                Some(at) => { (view.say(Text::Revoked)) " " (at) }
                None => { (view.say(Text::Good)) }
            }
        },
        html! {
            @if may_revoke {
                details open[Inputs::of(view, &path).were_returned()] {
                    summary { (view.say(Text::Revoke)) }
                    (form::action(view, &path, Text::Revoke, &html! {}))
                }
            } @else { "–" }
        },
    ]
}
