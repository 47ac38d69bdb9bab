//! Whose token it is that was shown.

use std::sync::Arc;

use channels::ChannelsError;
use chrono::{DateTime, Utc};
use ring::hmac;

use super::{
    key_source::KeySource,
    token::{Bearer, Presented, TokenRefused},
    unauthorized,
};
use crate::{
    config::{JwtConfig, JwtKeys},
    problem::{Problem, ProblemKind},
};

/// What tokens are checked with.
pub(crate) struct Tokens {
    config: JwtConfig,
    keys: Keys,
}

enum Keys {
    Secret(hmac::Key),
    Public(Arc<KeySource>),
}

impl Tokens {
    /// Checks tokens as it is configured.
    ///
    /// # Errors
    /// TLS is not set up, which the issuer's keys are fetched with.
    pub(crate) fn new(config: &JwtConfig) -> Result<Self, ChannelsError> {
        let keys = match &config.keys {
            JwtKeys::Secret(secret) => {
                Keys::Secret(hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes()))
            }
            JwtKeys::Public(place) => Keys::Public(KeySource::new(place, config.keys_pause)?),
        };
        Ok(Self {
            config: config.clone(),
            keys,
        })
    }

    /// Who shows this token.
    pub(super) async fn bearer(&self, token: &str, now: DateTime<Utc>) -> Result<Bearer, Problem> {
        let presented = Presented::read(token, self.config.keys.algorithm()).map_err(refused)?;
        if !self.keys.prove(&presented).await? {
            return Err(refused(TokenRefused::Unproven));
        }
        presented.bearer(&self.config, now).map_err(refused)
    }
}

impl Keys {
    /// Whether the issuer signed this token.
    async fn prove(&self, token: &Presented<'_>) -> Result<bool, Problem> {
        let (signed, signature) = (token.signed.as_bytes(), &token.signature);
        match self {
            // ring compares in a time that does not tell how much was right.
            Self::Secret(key) => Ok(hmac::verify(key, signed, signature).is_ok()),
            Self::Public(source) => {
                let id = token.key_id.as_deref();
                let keys = source.keys(id).await.map_err(|_no_answer| unavailable())?;
                Ok(keys.find(id).is_some_and(|key| key.proves(signed, signature)))
            }
        }
    }
}

fn refused(refused: TokenRefused) -> Problem {
    match refused {
        TokenRefused::Role => Problem::new(ProblemKind::Forbidden, refused.to_string()),
        TokenRefused::Unproven
        | TokenRefused::Issuer
        | TokenRefused::Audience
        | TokenRefused::Expired
        | TokenRefused::Early
        | TokenRefused::Claims => unauthorized(refused.to_string()),
    }
}

fn unavailable() -> Problem {
    let detail = "The token cannot be checked right now: the issuer's keys cannot be had. Nothing was accepted; send the \
                  request again.";
    Problem::new(ProblemKind::TokenUnverified, detail)
}
