//! A merchant's API keys: how it proves who it is.

use axum::{extract::State, response::Response};
use domain::{id::MerchantId, operator::Role};
use maud::{Markup, html};
use store::{ListedKey, Merchant};

use super::{Made, attempt, path_of};
use crate::{
    keys,
    web::{
        app::Shared,
        figures,
        form::{self, Asked},
        ids::Ids,
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
    Ids([id]): Ids<1>,
    view: View,
    asked: Asked,
) -> Result<Response, Refusal> {
    let attempted = async |merchant: &Merchant, asked: &Asked| try_create(&app, merchant.id, asked).await;
    attempt(&app, &id, view, asked, attempted).await
}

/// Lets a key prove nothing any more.
pub(in crate::web) async fn revoke(
    State(app): State<Shared>,
    Ids([id, key]): Ids<2>,
    view: View,
    asked: Asked,
) -> Result<Response, Refusal> {
    let attempted =
        async |merchant: &Merchant, asked: &Asked| try_revoke(&app, merchant.id, &key, asked).await;
    attempt(&app, &id, view, asked, attempted).await
}

async fn try_create(app: &Shared, merchant: MerchantId, asked: &Asked) -> Result<Made, Problem> {
    let key = keys::new_key()?.with_id(asked.fields.get(ID_FIELD));
    let key = key.map_err(|_| Problem::Field(ID_FIELD))?;
    keys::create(&app.store, merchant, &key, asked.doing(app.now())?).await?;
    Ok(vec![(Text::ApiKey, key.expose())])
}

async fn try_revoke(app: &Shared, merchant: MerchantId, key: &str, asked: &Asked) -> Result<Made, Problem> {
    let doing = asked.doing(app.now())?;
    let found = app.store.key(key).await?;
    if found.is_none_or(|found| found.merchant_id != merchant) {
        return Err(Refusal::NotFound.into());
    }
    keys::revoke(&app.store, key, doing).await?;
    Ok(Made::new())
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
        (form::explained(view, &path, Text::CreateKey, Text::KeysNote, &field))
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
                    summary aria-label=(form::named(view, Text::Revoke, &key.id)) { (view.say(Text::Revoke)) }
                    (form::action_of(view, &path, Text::Revoke, &key.id, &html! {}))
                }
            } @else { "–" }
        },
    ]
}
