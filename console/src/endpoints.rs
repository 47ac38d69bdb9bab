//! `endpoints`: where merchants are notified, and the secrets that sign what they get.

use channels::standard_webhooks;
use chrono::{SecondsFormat, TimeDelta};
use domain::secret::Secret;
use serde_json::Value;
use store::EndpointSecret;

use crate::{
    Answer, Console, ConsoleError,
    args::{EndpointSecretSource, RotateEndpoint, SetEndpoint},
    endpoint_url,
};

const SECRET_VARIABLE: &str = "ENDPOINT_SECRET";

impl Console<'_> {
    pub(crate) async fn set_endpoint(&self, args: &SetEndpoint) -> Result<Answer, ConsoleError> {
        let url = endpoint_url::check(&args.url)?;
        let merchant = self.merchant(&args.merchant).await?.id;
        let (secrets, shown) = match self.store.endpoint(merchant).await? {
            Some(endpoint) => (endpoint.secrets, None),
            None => {
                let secret = secret(args.endpoint_secret)?;
                (
                    vec![EndpointSecret {
                        secret: secret.clone(),
                        until: None,
                    }],
                    Some(secret).filter(|_| args.endpoint_secret.is_shown()),
                )
            }
        };
        let set = self
            .store
            .set_endpoint(merchant, &url, &secrets, &self.actor, self.now());
        if !set.await? {
            return Err(ConsoleError::UnknownMerchant(merchant));
        }
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
        let endpoint = self
            .store
            .endpoint(merchant)
            .await?
            .ok_or(ConsoleError::NoEndpoint(merchant))?;
        let (now, new) = (self.now(), secret(args.endpoint_secret)?);
        let until = now + TimeDelta::hours(i64::from(args.keep_hours));
        let mut secrets = vec![EndpointSecret {
            secret: new.clone(),
            until: None,
        }];
        let old = endpoint.secrets.into_iter().map(|old| EndpointSecret {
            until: old.until.or(Some(until)),
            ..old
        });
        secrets.extend(old.filter(|old| old.until.is_some_and(|until| until > now)));
        let rotated = self
            .store
            .set_endpoint_secrets(merchant, &secrets, &self.actor, now);
        if !rotated.await? {
            return Err(ConsoleError::NoEndpoint(merchant));
        }
        Ok(Answer::new([
            ("merchant_id", Value::from(merchant.to_string())),
            ("endpoint_url", Value::from(endpoint.url)),
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
        EndpointSecretSource::Generate => Ok(standard_webhooks::generate_secret()?),
        EndpointSecretSource::Env => {
            let secret =
                std::env::var(SECRET_VARIABLE).map_err(|_| ConsoleError::MissingSecret(SECRET_VARIABLE))?;
            let secret = Secret::new(secret.trim());
            standard_webhooks::check_secret(&secret)?;
            Ok(secret)
        }
    }
}
