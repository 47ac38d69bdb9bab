//! `endpoints`: where merchants are notified, and the secrets that sign what they get.

use channels::standard_webhooks;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::{id::MerchantId, secret::Secret};
use serde_json::Value;
use store::{Doing, Endpoint, EndpointSecret, Store};

use crate::{
    Answer, Console, ConsoleError,
    args::{EndpointSecretSource, RotateEndpoint, SetEndpoint},
    endpoint_url,
};

const SECRET_VARIABLE: &str = "ENDPOINT_SECRET";

impl Console<'_> {
    pub(crate) async fn set_endpoint(&self, args: &SetEndpoint) -> Result<Answer, ConsoleError> {
        let merchant = self.merchant(&args.merchant).await?.id;
        let first = || secret(args.endpoint_secret);
        let (url, new) = set(&self.store, merchant, &args.url, first, self.doing()).await?;
        let shown = new.filter(|_| args.endpoint_secret.is_shown());
        Ok(Answer::new([
            ("merchant_id", Value::from(merchant.to_string())),
            ("endpoint_url", Value::from(url)),
            (
                "endpoint_secret",
                Value::from(shown.map(|secret| secret.expose().to_owned())),
            ),
        ]))
    }

    pub(crate) async fn rotate_endpoint(&self, args: &RotateEndpoint) -> Result<Answer, ConsoleError> {
        let merchant = self.merchant(&args.merchant).await?.id;
        let endpoint = endpoint(&self.store, merchant).await?;
        let (url, new) = (endpoint.url.clone(), secret(args.endpoint_secret)?);
        let rotating = rotate(
            &self.store,
            merchant,
            endpoint,
            &new,
            args.keep_hours,
            self.doing(),
        );
        let until = rotating.await?;
        Ok(Answer::new([
            ("merchant_id", Value::from(merchant.to_string())),
            ("endpoint_url", Value::from(url)),
            (
                "endpoint_secret",
                Value::from(args.endpoint_secret.is_shown().then(|| new.expose())),
            ),
            (
                "old_secret_signs_until",
                Value::from(until.to_rfc3339_opts(SecondsFormat::Secs, true)),
            ),
        ]))
    }
}

/// Sets where a merchant's notifications go, and switches the endpoint on. Gives the address as it is stored, and the
/// secret where there was no endpoint yet: `first` makes it then.
///
/// # Errors
/// The address or the secret cannot be used, or there is no such merchant.
pub(crate) async fn set(
    store: &Store,
    merchant: MerchantId,
    url: &str,
    first: impl FnOnce() -> Result<Secret, ConsoleError>,
    doing: Doing<'_>,
) -> Result<(String, Option<Secret>), ConsoleError> {
    let url = endpoint_url::check(url)?;
    let (secrets, new) = match store.endpoint(merchant).await? {
        Some(endpoint) => (endpoint.secrets, None),
        None => {
            let secret = first()?;
            (vec![present(&secret)], Some(secret))
        }
    };
    if !store.set_endpoint(merchant, &url, &secrets, doing).await? {
        return Err(ConsoleError::UnknownMerchant(merchant));
    }
    Ok((url, new))
}

/// Gives an endpoint a new secret. The ones before sign as well until the moment that is given back.
///
/// # Errors
/// The merchant has no endpoint any more.
pub(crate) async fn rotate(
    store: &Store,
    merchant: MerchantId,
    endpoint: Endpoint,
    new: &Secret,
    keep_hours: u16,
    doing: Doing<'_>,
) -> Result<DateTime<Utc>, ConsoleError> {
    let until = doing.at + TimeDelta::hours(i64::from(keep_hours));
    let mut secrets = vec![present(new)];
    let old = endpoint.secrets.into_iter().map(|old| EndpointSecret {
        until: old.until.or(Some(until)),
        ..old
    });
    secrets.extend(old.filter(|old| old.until.is_some_and(|until| until > doing.at)));
    if store.set_endpoint_secrets(merchant, &secrets, doing).await? {
        Ok(until)
    } else {
        Err(ConsoleError::NoEndpoint(merchant))
    }
}

/// A merchant's endpoint.
///
/// # Errors
/// It has none.
pub(crate) async fn endpoint(store: &Store, merchant: MerchantId) -> Result<Endpoint, ConsoleError> {
    let endpoint = store.endpoint(merchant).await?;
    endpoint.ok_or(ConsoleError::NoEndpoint(merchant))
}

/// A secret that signs until it is replaced.
fn present(secret: &Secret) -> EndpointSecret {
    EndpointSecret {
        secret: secret.clone(),
        until: None,
    }
}

impl EndpointSecretSource {
    /// Whether the answer shows the secret: only one that was made here, as nobody else has it. One that came through
    /// the environment is known already, and would only end up in one more scrollback or log.
    pub(crate) const fn is_shown(self) -> bool {
        match self {
            Self::Generate => true,
            Self::Env => false,
        }
    }
}

/// The secret that will sign: a new one, or the one in the environment.
pub(crate) fn secret(source: EndpointSecretSource) -> Result<Secret, ConsoleError> {
    match source {
        EndpointSecretSource::Generate => generated(),
        EndpointSecretSource::Env => {
            let secret =
                std::env::var(SECRET_VARIABLE).map_err(|_| ConsoleError::MissingSecret(SECRET_VARIABLE))?;
            given(&secret)
        }
    }
}

/// A new random secret.
///
/// # Errors
/// The machine gives no random bytes.
pub(crate) fn generated() -> Result<Secret, ConsoleError> {
    Ok(standard_webhooks::generate_secret()?)
}

/// A secret that somebody brings along.
///
/// # Errors
/// It cannot sign.
pub(crate) fn given(text: &str) -> Result<Secret, ConsoleError> {
    let secret = Secret::new(text.trim());
    standard_webhooks::check_secret(&secret)?;
    Ok(secret)
}
