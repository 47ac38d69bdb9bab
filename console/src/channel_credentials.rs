//! `channels`: the credentials with which a merchant is paid through a provider.

use std::io::Read;

use channels::{Credentials, StripeCredentials};
use domain::{channel::Channel, id::MerchantId, secret::Secret};
use serde::Deserialize;

use crate::{
    Answer, Console, ConsoleError,
    args::{CredentialsSource, SetStripe},
};

const KEY_VARIABLE: &str = "STRIPE_SECRET_KEY";
const WEBHOOK_VARIABLE: &str = "STRIPE_WEBHOOK_SECRET";

/// More than any credentials need; somebody piped the wrong file.
const MAX_INPUT_BYTES: u64 = 64 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StripeInput {
    secret_key: String,
    webhook_secrets: Vec<String>,
}

impl Console<'_> {
    pub(crate) async fn set_stripe(
        &self,
        args: &SetStripe,
        input: &mut (dyn Read + Send),
    ) -> Result<Answer, ConsoleError> {
        let merchant = self.merchant(&args.merchant).await?.id;
        let credentials = read_stripe(args.from, input)?;
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
    let mut text = String::new();
    input
        .take(MAX_INPUT_BYTES)
        .read_to_string(&mut text)
        .map_err(|_| ConsoleError::Input)?;
    let text = Secret::new(text);
    serde_json::from_str(text.expose()).map_err(|_| ConsoleError::Input)
}
