//! `endpoints`: where merchants are notified, and the secrets that sign what they get.

use channels::standard_webhooks;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::{id::MerchantId, secret::Secret};
use serde_json::Value;
use store::{Doing, EndpointSecret, Merchant, Store};

use crate::{
    Answer, Console, ConsoleError,
    args::{EndpointSecretSource, RotateEndpoint, SetEndpoint},
    endpoint_url,
};

/// For how many hours an old secret may sign as well: thirty days.
pub(crate) const LONGEST_KEPT_H: u16 = 720;

const SECRET_VARIABLE: &str = "ENDPOINT_SECRET";

impl Console<'_> {
    pub(crate) async fn set_endpoint(&self, args: &SetEndpoint) -> Result<Answer, ConsoleError> {
        let merchant = self.merchant(&args.merchant).await?.id;
        // One that is not there is missed only where it is needed.
        let secret = match self.store.endpoint(merchant).await? {
            Some(_) => generated()?,
            None => secret(args.endpoint_secret)?,
        };
        let (url, is_first) = set(
            &self.store,
            merchant,
            &args.url,
            &secret,
            |_, _| Ok(()),
            self.doing(),
        )
        .await?;
        let shown = Some(secret).filter(|_| is_first && args.endpoint_secret.is_shown());
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
        let Merchant {
            id: merchant,
            endpoint_url: url,
            ..
        } = self.merchant(&args.merchant).await?;
        let new = secret(args.endpoint_secret)?;
        let rotating = rotate(
            &self.store,
            merchant,
            &new,
            args.keep_hours,
            |_| Ok(()),
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

/// Sets where a merchant's notifications go, and switches the endpoint on, unless `check` refuses when it sees the address of now
/// and why it is switched off. `secret` signs where there was no endpoint yet. Gives the address as it is stored, and whether
/// that is so.
///
/// # Errors
/// The address cannot be used, there is no such merchant, or `check` refuses.
pub(crate) async fn set(
    store: &Store,
    merchant: MerchantId,
    url: &str,
    secret: &Secret,
    check: impl FnOnce(Option<&str>, Option<&str>) -> Result<(), ConsoleError> + Send,
    doing: Doing<'_>,
) -> Result<(String, bool), ConsoleError> {
    let url = endpoint_url::check(url)?;
    let set = store
        .set_endpoint_if(merchant, &url, &[present(secret)], check, doing)
        .await?;
    let is_first = set.ok_or(ConsoleError::UnknownMerchant(merchant))?;
    Ok((url, is_first))
}

/// Gives an endpoint a new secret, unless `check` refuses when it sees those of now, newest first. They sign as well until the
/// moment that is given back.
///
/// # Errors
/// The merchant has no endpoint, or `check` refuses.
pub(crate) async fn rotate(
    store: &Store,
    merchant: MerchantId,
    new: &Secret,
    keep_hours: u16,
    check: impl FnOnce(&[EndpointSecret]) -> Result<(), ConsoleError> + Send,
    doing: Doing<'_>,
) -> Result<DateTime<Utc>, ConsoleError> {
    let until = doing.at + TimeDelta::hours(i64::from(keep_hours));
    let change = |old: Vec<EndpointSecret>| {
        check(&old)?;
        let ending = old.into_iter().map(|old| EndpointSecret {
            until: old.until.or(Some(until)),
            ..old
        });
        let kept = ending.filter(|old| old.until.is_some_and(|until| until > doing.at));
        Ok::<_, ConsoleError>(std::iter::once(present(new)).chain(kept).collect())
    };
    if store.change_endpoint_secrets(merchant, change, doing).await? {
        Ok(until)
    } else {
        Err(ConsoleError::NoEndpoint(merchant))
    }
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
