//! A token as it was shown (a JWT, RFC 7519, in the compact form of RFC 7515), and what it claims. Pure: a text in, facts out.
//!
//! Nothing that a token says decides how it is checked: the algorithm is the deployment's, and a token that names another
//! is refused before any key is looked for.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use domain::{id::MerchantId, user::UserId};
use serde::Deserialize;
use serde_json::Value;

use crate::config::{JwtAlgorithm, JwtConfig};

/// Nobody's token is nearly as long.
const MOST_BYTES: usize = 8 * 1024;
/// By how many seconds the issuer's clock and ours may differ.
const LEEWAY_S: f64 = 30.0;

/// A token of which nothing is proven yet.
#[derive(Debug)]
pub(super) struct Presented<'t> {
    /// The name of the key that it says it is signed with.
    pub(super) key_id: Option<String>,
    /// What is signed.
    pub(super) signed: &'t str,
    /// The signature.
    pub(super) signature: Vec<u8>,
    claims: Vec<u8>,
}

/// Who shows a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bearer {
    /// A user of a merchant.
    User(MerchantId, UserId),
    /// Somebody who runs the deployment.
    Admin(UserId),
}

/// Why a token is refused. Never says anything of it.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub(super) enum TokenRefused {
    /// Whatever is wrong while nothing is proven: what exactly is nobody's business.
    #[error("The token is not valid here: get one from the identity provider of this deployment.")]
    Unproven,
    /// By another issuer.
    #[error("The token's issuer (iss) is not the one that this deployment trusts.")]
    Issuer,
    /// For another audience.
    #[error("The token is not meant for this deployment: its audience (aud) is another.")]
    Audience,
    /// Its time is over.
    #[error("The token has expired: get a new one.")]
    Expired,
    /// Its time has not come.
    #[error("The token is not valid yet (nbf): wait, or set your clock.")]
    Early,
    /// Something that is needed is missing, or is not what it should be.
    #[error(
        "The token's claims cannot be used: iss, aud, exp and sub (1 to 128 visible ASCII characters) are needed, and \
         merchant_id (mer_…) unless the role is admin; times are numbers."
    )]
    Claims,
    /// A role that means nothing here.
    #[error(
        "The token's role is not known here: leave it out, or make it `user`, or `admin` where administrators are admitted."
    )]
    Role,
}

/// What is read of the header. Whatever else is there has no meaning here.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that have to be understood. None is.
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    exp: f64,
    nbf: Option<f64>,
    sub: UserId,
    merchant_id: Option<MerchantId>,
    role: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl<'t> Presented<'t> {
    /// Reads a token that says it is signed as this deployment wants it.
    pub(super) fn read(token: &'t str, algorithm: JwtAlgorithm) -> Result<Self, TokenRefused> {
        let parts = || {
            let (signed, signature) = token.rsplit_once('.')?;
            let (header, claims) = signed.split_once('.')?;
            let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
            let is_taken = header.alg == algorithm.name() && header.crit.is_none();
            is_taken.then_some(Self {
                key_id: header.kid,
                signed,
                signature: decode(signature)?,
                claims: decode(claims)?,
            })
        };
        let short_enough = token.len() <= MOST_BYTES;
        short_enough.then(parts).flatten().ok_or(TokenRefused::Unproven)
    }

    /// Who shows it, once its signature is proven.
    pub(super) fn bearer(&self, config: &JwtConfig, now: DateTime<Utc>) -> Result<Bearer, TokenRefused> {
        let claims: Claims = serde_json::from_slice(&self.claims).map_err(|_| TokenRefused::Claims)?;
        let now_s = now.timestamp_millis() as f64 / 1_000.0;
        if claims.iss != config.issuer {
            Err(TokenRefused::Issuer)
        } else if !claims.aud.names(&config.audience) {
            Err(TokenRefused::Audience)
        } else if now_s >= claims.exp + LEEWAY_S {
            Err(TokenRefused::Expired)
        } else if claims.nbf.is_some_and(|not_before| now_s < not_before - LEEWAY_S) {
            Err(TokenRefused::Early)
        } else {
            claims.bearer(config)
        }
    }
}

impl Claims {
    fn bearer(self, config: &JwtConfig) -> Result<Bearer, TokenRefused> {
        match self.role.as_deref() {
            None | Some("user") => {
                let merchant = self.merchant_id.ok_or(TokenRefused::Claims)?;
                Ok(Bearer::User(merchant, self.sub))
            }
            Some("admin") if config.admits_admins => Ok(Bearer::Admin(self.sub)),
            Some(_) => Err(TokenRefused::Role),
        }
    }
}

impl Audience {
    fn names(&self, wanted: &str) -> bool {
        match self {
            Self::One(name) => name == wanted,
            Self::Several(names) => names.iter().any(|name| name == wanted),
        }
    }
}

fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

#[cfg(test)]
mod tests;
