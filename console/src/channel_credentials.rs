//! `channels`: the credentials with which a merchant is paid through a provider.

use std::io::Read;

use channels::{Credentials, StripeCredentials};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::{channel::Channel, id::MerchantId, secret::Secret};
use serde::Deserialize;
use serde_json::Value;
use store::{Doing, Store};

use crate::{
    Answer, Console, ConsoleError,
    answer::Facts,
    args::{CredentialsSource, SetChannel, SetExpiry, SetStripe},
};

/// What holds the credentials for any channel.
const VARIABLE: &str = "CHANNEL_CREDENTIALS";
const KEY_VARIABLE: &str = "STRIPE_SECRET_KEY";
const WEBHOOK_VARIABLE: &str = "STRIPE_WEBHOOK_SECRET";

/// More than any credentials need; somebody piped the wrong file.
const MAX_INPUT_BYTES: u64 = 64 * 1024;

/// An account that its credentials do not name.
const UNNAMED: &str = "(not named)";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StripeInput {
    secret_key: String,
    webhook_secrets: Vec<String>,
}

impl Console<'_> {
    pub(crate) async fn set_channel(
        &self,
        args: &SetChannel,
        input: &mut (dyn Read + Send),
    ) -> Result<Answer, ConsoleError> {
        let (merchant, channel) = (self.merchant(&args.merchant).await?.id, args.channel);
        let handed_in = match args.from {
            CredentialsSource::Env => Secret::new(variable(VARIABLE)?),
            CredentialsSource::Stdin => text(input).map_err(|_| ConsoleError::ChannelInput(channel))?,
        };
        let credentials = Credentials::read(channel, &handed_in)?;
        let setting = set(
            &self.store,
            merchant,
            &credentials,
            args.replace_account,
            self.doing(),
        );
        let expires_at = setting.await?;
        let told = [
            ("merchant_id", merchant.to_string()),
            ("channel", channel.to_string()),
            ("callback_path", callback_path(channel, merchant)),
        ];
        let expires_at = expires_at.map(|at| ("expires_at", written(at)));
        Ok(Answer::new(told.into_iter().chain(expires_at)))
    }

    pub(crate) async fn set_expiry(&self, args: &SetExpiry) -> Result<Answer, ConsoleError> {
        let (merchant, channel) = (self.merchant(&args.merchant).await?.id, args.channel);
        let expires_at = args.at;
        let setting = self
            .store
            .set_credentials_expiry(merchant, channel, expires_at, self.doing());
        if !setting.await? {
            return Err(ConsoleError::NoCredentials { merchant, channel });
        }
        Ok(Answer::new([
            ("merchant_id", merchant.to_string()),
            ("channel", channel.to_string()),
            ("expires_at", expires_at.map_or_else(|| "never".into(), written)),
        ]))
    }

    pub(crate) async fn list_channels(&self, merchant: &str) -> Result<Answer, ConsoleError> {
        let merchant = self.merchant(merchant).await?.id;
        let channels = self.store.configured_channels(merchant).await?;
        let rows = channels.into_iter().map(|configured| -> Facts {
            let updated_at = configured.updated_at.to_rfc3339_opts(SecondsFormat::Millis, true);
            let expires_at = configured.expires_at.map(written);
            vec![
                ("channel", Value::from(configured.channel.name())),
                ("updated_at", Value::from(updated_at)),
                ("expires_at", Value::from(expires_at)),
                (
                    "callback_path",
                    Value::from(callback_path(configured.channel, merchant)),
                ),
            ]
        });
        Ok(Answer::Many(rows.collect()))
    }

    pub(crate) async fn set_stripe(
        &self,
        args: &SetStripe,
        input: &mut (dyn Read + Send),
    ) -> Result<Answer, ConsoleError> {
        let merchant = self.merchant(&args.merchant).await?.id;
        let credentials = Credentials::from_json(&read_stripe(args.from, input)?)?;
        let setting = set(
            &self.store,
            merchant,
            &credentials,
            args.replace_account,
            self.doing(),
        );
        setting.await?;
        Ok(Answer::new([
            ("merchant_id", merchant.to_string()),
            ("channel", Channel::Stripe.to_string()),
            ("stripe_callback_path", callback_path(Channel::Stripe, merchant)),
        ]))
    }
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Stores credentials, sealed, and answers when they end as far as they say it.
///
/// # Errors
/// They are of another account than those that are stored, where something is under way, and that was not said to be
/// meant (`replace_account`).
pub(crate) async fn set(
    store: &Store,
    merchant: MerchantId,
    credentials: &Credentials,
    replace_account: bool,
    doing: Doing<'_>,
) -> Result<Option<DateTime<Utc>>, ConsoleError> {
    if !replace_account {
        check_account(store, merchant, credentials).await?;
    }
    let (channel, sealed, expires_at) = (
        credentials.channel(),
        credentials.to_json()?,
        credentials.expires_at(),
    );
    store
        .set_credentials_until(merchant, channel, &sealed, expires_at, doing)
        .await?;
    Ok(expires_at)
}

/// What is under way at one account cannot be asked about at another: it would look as if it had never been begun.
async fn check_account(store: &Store, merchant: MerchantId, new: &Credentials) -> Result<(), ConsoleError> {
    let channel = new.channel();
    let Some(stored) = store.credentials(merchant, channel).await? else {
        return Ok(());
    };
    let stored =
        Credentials::from_json(&stored).map_err(|why| ConsoleError::StoredCredentials { channel, why })?;
    if stored.is_of_account_of(new) {
        return Ok(());
    }
    match store.under_way(merchant, channel).await? {
        0 => Ok(()),
        under_way => Err(ConsoleError::AccountInUse {
            merchant,
            channel,
            account: stored.account().unwrap_or(UNNAMED).to_owned(),
            under_way,
        }),
    }
}

/// The path to register with the provider, on the host where ingress is reached.
pub(crate) fn callback_path(channel: Channel, merchant: MerchantId) -> String {
    format!("/api/v1/webhooks/{channel}/{merchant}")
}

/// Stripe credentials in the form in which they are sealed.
pub(crate) fn read_stripe(
    source: CredentialsSource,
    input: &mut (dyn Read + Send),
) -> Result<Secret, ConsoleError> {
    let StripeInput {
        secret_key,
        webhook_secrets,
    } = match source {
        CredentialsSource::Env => StripeInput {
            secret_key: variable(KEY_VARIABLE)?,
            webhook_secrets: variable(WEBHOOK_VARIABLE)?
                .split(',')
                .map(|secret| secret.trim().to_owned())
                .collect(),
        },
        CredentialsSource::Stdin => read_input(input)?,
    };
    let webhook_secrets = webhook_secrets.into_iter().map(Secret::new).collect();
    let credentials = StripeCredentials::new(Secret::new(secret_key), webhook_secrets)?;
    Ok(Credentials::Stripe(credentials).to_json()?)
}

fn variable(name: &'static str) -> Result<String, ConsoleError> {
    let value = std::env::var(name).map_err(|_| ConsoleError::MissingSecret(name))?;
    Ok(value.trim().to_owned())
}

/// The parser's own error would quote what it stumbled over, so it is not shown.
fn read_input(input: &mut (dyn Read + Send)) -> Result<StripeInput, ConsoleError> {
    let text = text(input).map_err(|_| ConsoleError::Input)?;
    serde_json::from_str(text.expose()).map_err(|_| ConsoleError::Input)
}

fn text(input: &mut (dyn Read + Send)) -> std::io::Result<Secret> {
    let mut text = String::new();
    input.take(MAX_INPUT_BYTES).read_to_string(&mut text)?;
    Ok(Secret::new(text))
}
