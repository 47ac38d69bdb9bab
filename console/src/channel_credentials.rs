//! `channels`: the credentials with which a merchant is paid through a provider.

use std::io::Read;

use channels::{Credentials, StripeCredentials};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::{channel::Channel, id::MerchantId, secret::Secret};
use serde::Deserialize;
use serde_json::Value;
use store::Doing;

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
        if !args.replace_account {
            self.check_account(merchant, &credentials).await?;
        }
        let expires_at = credentials.expires_at();
        let credentials = credentials.to_json()?;
        let doing = Doing::by(&self.actor, self.now());
        self.store
            .set_credentials_until(merchant, channel, &credentials, expires_at, doing)
            .await?;
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
        let doing = Doing::by(&self.actor, self.now());
        let setting = self
            .store
            .set_credentials_expiry(merchant, channel, expires_at, doing);
        if !setting.await? {
            return Err(ConsoleError::NoCredentials { merchant, channel });
        }
        Ok(Answer::new([
            ("merchant_id", merchant.to_string()),
            ("channel", channel.to_string()),
            ("expires_at", expires_at.map_or_else(|| "never".into(), written)),
        ]))
    }

    /// What is under way at one account cannot be asked about at another: it would look as if it had never been begun.
    async fn check_account(&self, merchant: MerchantId, new: &Credentials) -> Result<(), ConsoleError> {
        let channel = new.channel();
        let Some(stored) = self.store.credentials(merchant, channel).await? else {
            return Ok(());
        };
        let stored = Credentials::from_json(&stored)?;
        if stored.is_of_account_of(new) {
            return Ok(());
        }
        match self.store.under_way(merchant, channel).await? {
            0 => Ok(()),
            under_way => Err(ConsoleError::AccountInUse {
                merchant,
                channel,
                account: stored.account().unwrap_or(UNNAMED).to_owned(),
                under_way,
            }),
        }
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
        let credentials = read_stripe(args.from, input)?;
        if !args.replace_account {
            self.check_account(merchant, &Credentials::from_json(&credentials)?)
                .await?;
        }
        self.store
            .set_credentials(merchant, Channel::Stripe, &credentials, &self.actor, self.now())
            .await?;
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
