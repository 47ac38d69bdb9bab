//! The credentials with which a merchant is paid through providers, and what those may keep. Credentials come in and are never
//! shown, not even to who has just sent them and made a mistake.

use axum::{extract::State, response::Response};
use channels::Credentials;
use domain::{channel::Channel, id::MerchantId, operator::Role, reconciliation::AgreedFee, secret::Secret};
use maud::{Markup, html};
use store::{ConfiguredChannel, Merchant};

use super::{Made, attempt, path_of};
use crate::{
    channel_credentials, fees,
    web::{
        app::Shared,
        figures,
        form::{self, Asked},
        ids::Ids,
        inputs::{Choice, Inputs, YES},
        messages::Text,
        problem::Problem,
        refusal::Refusal,
        table::{Row, table, words},
        view::View,
    },
};

/// What each channel asks for, as docs/channels.md tells it.
const SHAPES: [(Channel, &str); 4] = [
    (
        Channel::Stripe,
        r#"{"secret_key": "sk_…", "webhook_secrets": ["whsec_…"]}"#,
    ),
    (
        Channel::Alipay,
        r#"{"app_id": "…", "seller_id": "2088…", "private_key": "…", "alipay_public_keys": ["…"]}"#,
    ),
    (
        Channel::Wechat,
        r#"{"mchid": "…", "appid": "wx…", "serial_no": "…", "private_key": "…", "apiv3_keys": ["…"], "verifiers": [{"id": "PUB_KEY_ID_…", "public_key": "…"}]}"#,
    ),
    (
        Channel::Paypal,
        r#"{"client_id": "…", "client_secret": "…", "webhook_ids": ["…"], "merchant_id": "…"}"#,
    ),
];

/// Stores credentials, sealed.
pub(in crate::web) async fn set_credentials(
    State(app): State<Shared>,
    Ids([id]): Ids<1>,
    view: View,
    asked: Asked,
) -> Result<Response, Refusal> {
    let attempted =
        async |merchant: &Merchant, asked: &Asked| try_credentials(&app, merchant.id, asked).await;
    attempt(&app, &id, view, asked, attempted).await
}

/// Sets what a provider may keep.
pub(in crate::web) async fn set_fees(
    State(app): State<Shared>,
    Ids([id]): Ids<1>,
    view: View,
    asked: Asked,
) -> Result<Response, Refusal> {
    let attempted = async |merchant: &Merchant, asked: &Asked| try_fees(&app, merchant.id, asked).await;
    attempt(&app, &id, view, asked, attempted).await
}

async fn try_credentials(app: &Shared, merchant: MerchantId, asked: &Asked) -> Result<Made, Problem> {
    let doing = asked.doing(app.now())?;
    let channel = channel(asked)?;
    let handed_in = Secret::new(asked.fields.get("credentials"));
    let credentials = Credentials::read(channel, &handed_in).map_err(crate::ConsoleError::from)?;
    let replaces = asked.fields.get("replace_account") == YES;
    let setting = channel_credentials::set(&app.store, merchant, &credentials, replaces, doing);
    setting.await.map_err(Problem::sealed)?;
    Ok(Made::new())
}

async fn try_fees(app: &Shared, merchant: MerchantId, asked: &Asked) -> Result<Made, Problem> {
    let doing = asked.doing(app.now())?;
    let channel = channel(asked)?;
    let bps = asked.fields.get("fee_bps").trim().parse().ok();
    let fixed_minor = asked.fields.get("fee_fixed_minor").trim().parse().ok();
    let agreed = AgreedFee {
        bps: bps
            .filter(|bps| *bps <= AgreedFee::MOST_BPS)
            .ok_or(Problem::Field("fee_bps"))?,
        fixed_minor: fixed_minor
            .filter(|fixed| *fixed >= 0)
            .ok_or(Problem::Field("fee_fixed_minor"))?,
    };
    fees::set(&app.store, merchant, channel, agreed, doing).await?;
    Ok(Made::new())
}

fn channel(asked: &Asked) -> Result<Channel, Problem> {
    let named = asked.fields.get("channel").parse().ok();
    named
        .filter(|channel: &Channel| channel.is_provider())
        .ok_or(Problem::Field("channel"))
}

pub(super) async fn section(app: &Shared, view: &View, merchant: MerchantId) -> Result<Markup, Refusal> {
    let configured = app.store.configured_channels(merchant).await?;
    let rows: Vec<Row<4>> = configured.iter().map(|one| row(merchant, one).into()).collect();
    let columns = [
        Text::Channel,
        Text::CredentialsSet,
        Text::CallbackPath,
        Text::Fees,
    ]
    .map(words);
    Ok(html! {
        section id="channels" {
            h2 { (view.say(Text::Channels)) }
            @if rows.is_empty() { p.note { (view.say(Text::NoChannels)) } }
            @else { (table(view, Text::Channels, columns, &rows)) }
            @if view.may(Role::Administrator) {
                (credentials_form(view, merchant))
                @if !configured.is_empty() { (fees_form(view, merchant, &configured)) }
            }
        }
    })
}

fn row(merchant: MerchantId, configured: &ConfiguredChannel) -> [Markup; 4] {
    let agreed = configured
        .agreed
        .map(|agreed| format!("{} bps + {}", agreed.bps, agreed.fixed_minor));
    [
        html! { (configured.channel) },
        html! { (figures::moment(configured.updated_at)) },
        html! { code { (channel_credentials::callback_path(configured.channel, merchant)) } },
        html! { (agreed.as_deref().unwrap_or("–")) },
    ]
}

fn credentials_form(view: &View, merchant: MerchantId) -> Markup {
    let path = format!("{}/credentials", path_of(merchant));
    let inputs = Inputs::of(view, &path);
    let names = SHAPES.map(|(channel, _)| (channel.name(), channel.name()));
    let fields = html! {
        (inputs.choice("channel", Text::Channel, &names, ""))
        (inputs.secret_lines("credentials", Text::CredentialsJson))
        // Never set by itself: who has to say it says it each time.
        (Inputs::of(view, "").check("replace_account", Text::ReplaceAccount, false))
    };
    html! {
        h3 { (view.say(Text::SetCredentials)) }
        details {
            summary { (view.say(Text::CredentialsShape)) }
            dl.facts { @for (channel, shape) in SHAPES { dt { (channel) } dd { code { (shape) } } } }
        }
        (form::explained(view, &path, Text::SetCredentials, Text::CredentialsNote, &fields))
    }
}

fn fees_form(view: &View, merchant: MerchantId, configured: &[ConfiguredChannel]) -> Markup {
    let path = format!("{}/fees", path_of(merchant));
    let inputs = Inputs::of(view, &path);
    let names: Vec<Choice<'_>> = configured
        .iter()
        .map(|one| (one.channel.name(), one.channel.name()))
        .collect();
    let fields = html! {
        (inputs.choice("channel", Text::Channel, &names, ""))
        (inputs.number("fee_bps", Text::FeeBps, "", 0))
        (inputs.number("fee_fixed_minor", Text::FeeFixed, "", 0))
    };
    html! {
        h3 { (view.say(Text::SetFees)) }
        (form::explained(view, &path, Text::SetFees, Text::FeesNote, &fields))
    }
}
