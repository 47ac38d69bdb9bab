//! What a merchant's account at a provider is reached with.
//!
//! Decrypted credentials live only as long as a job. `Debug` prints nothing of them, and the JSON form exists
//! only so that the store can seal it: it is handed out as a [`Secret`] and read back without ever quoting it
//! in an error.

use domain::{channel::Channel, secret::Secret};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// Decrypted credentials of one merchant at one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// For Stripe.
    Stripe(StripeCredentials),
}

/// Credentials of one merchant at Stripe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeCredentials {
    secret_key: Secret,
    webhook_secrets: Vec<Secret>,
}

/// The credentials cannot be used. Says what is wrong with them without showing any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCredentials {
    /// The sealed JSON is not what was sealed.
    #[error("the stored credentials are not those of a channel")]
    Unreadable,
    /// The secret key is not one.
    #[error("the secret key must start with sk_ or rk_ and be visible ASCII")]
    SecretKey,
    /// A webhook secret is not one, or there is none.
    #[error("at least one webhook secret is needed, each 1 to 255 visible ASCII characters")]
    WebhookSecret,
}

/// The sealed form. The tag keeps one provider's credentials from being read as another's.
#[derive(Serialize, Deserialize)]
#[serde(tag = "channel", rename_all = "snake_case", deny_unknown_fields)]
enum Sealed {
    Stripe {
        secret_key: String,
        webhook_secrets: Vec<String>,
    },
}

impl Credentials {
    /// The channel they belong to.
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Stripe(_) => Channel::Stripe,
        }
    }

    /// The secrets that callbacks are signed with, newest first.
    pub fn webhook_secrets(&self) -> &[Secret] {
        match self {
            Self::Stripe(stripe) => &stripe.webhook_secrets,
        }
    }

    /// The form to encrypt and store.
    ///
    /// # Errors
    /// Never for credentials made by this module; the error is there because serialising can fail in general.
    pub fn to_json(&self) -> Result<Secret, InvalidCredentials> {
        let exposed = |secret: &Secret| secret.expose().to_owned();
        let mut sealed = match self {
            Self::Stripe(stripe) => Sealed::Stripe {
                secret_key: exposed(&stripe.secret_key),
                webhook_secrets: stripe.webhook_secrets.iter().map(exposed).collect(),
            },
        };
        let json = serde_json::to_string(&sealed);
        match &mut sealed {
            Sealed::Stripe {
                secret_key,
                webhook_secrets,
            } => {
                secret_key.zeroize();
                webhook_secrets.zeroize();
            }
        }
        json.map(Secret::new).map_err(|_| InvalidCredentials::Unreadable)
    }

    /// Reads back what [`Self::to_json`] gave.
    ///
    /// # Errors
    /// Says what is wrong, never what was read.
    pub fn from_json(json: &Secret) -> Result<Self, InvalidCredentials> {
        // The parser's own error would quote what it stumbled over.
        let sealed = serde_json::from_str(json.expose()).map_err(|_| InvalidCredentials::Unreadable)?;
        match sealed {
            Sealed::Stripe {
                secret_key,
                webhook_secrets,
            } => {
                let webhook_secrets = webhook_secrets.into_iter().map(Secret::new).collect();
                StripeCredentials::new(Secret::new(secret_key), webhook_secrets).map(Self::Stripe)
            }
        }
    }
}

impl StripeCredentials {
    /// Credentials from their parts: a secret or restricted key, and the signing secrets of the webhook
    /// endpoint, newest first; there are several while one is being replaced.
    ///
    /// # Errors
    /// A part cannot be what it should be.
    pub fn new(secret_key: Secret, webhook_secrets: Vec<Secret>) -> Result<Self, InvalidCredentials> {
        let key = secret_key.expose();
        if !(key.starts_with("sk_") || key.starts_with("rk_")) || !is_token(key) {
            return Err(InvalidCredentials::SecretKey);
        }
        // An empty secret would let anybody sign.
        if webhook_secrets.is_empty() || !webhook_secrets.iter().all(|secret| is_token(secret.expose())) {
            return Err(InvalidCredentials::WebhookSecret);
        }
        Ok(Self {
            secret_key,
            webhook_secrets,
        })
    }

    /// The key that calls are made with.
    pub(crate) const fn secret_key(&self) -> &Secret {
        &self.secret_key
    }
}

fn is_token(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripe(key: &str, webhook_secrets: &[&str]) -> Result<StripeCredentials, InvalidCredentials> {
        StripeCredentials::new(
            Secret::new(key),
            webhook_secrets
                .iter()
                .map(|secret| Secret::new(*secret))
                .collect(),
        )
    }

    #[test]
    fn json_reads_back_and_nothing_prints_it() {
        let credentials =
            Credentials::Stripe(stripe("sk_test_hunter2", &["whsec_new", "whsec_old"]).unwrap());
        let json = credentials.to_json().unwrap();
        let expected = r#"{"channel":"stripe","secret_key":"sk_test_hunter2","webhook_secrets":["whsec_new","whsec_old"]}"#;
        assert_eq!(json.expose(), expected);
        assert_eq!(Credentials::from_json(&json), Ok(credentials.clone()));
        assert_eq!(credentials.webhook_secrets().len(), 2);
        assert_eq!(credentials.channel(), Channel::Stripe);
        let printed = format!("{credentials:?} {json:?}");
        assert!(
            !printed.contains("hunter2") && !printed.contains("whsec"),
            "{printed}"
        );
    }

    #[test]
    fn bad_parts_are_refused() {
        for key in ["", "pk_test_1", "test", "sk_test_\n", "sk_é"] {
            assert_eq!(
                stripe(key, &["whsec_1"]),
                Err(InvalidCredentials::SecretKey),
                "{key:?}"
            );
        }
        for secrets in [&[][..], &[""], &["whsec_1", " "]] {
            assert_eq!(
                stripe("rk_live_1", secrets),
                Err(InvalidCredentials::WebhookSecret),
                "{secrets:?}"
            );
        }
        assert!(stripe("rk_live_1", &["whsec_1"]).is_ok());
    }

    #[test]
    fn unreadable_json_is_not_quoted() {
        for json in [
            "",
            "{}",
            r#"{"channel":"stripe","secret_key":7}"#,
            r#"{"channel":"hunter2"}"#,
        ] {
            let refused = Credentials::from_json(&Secret::new(json)).unwrap_err();
            assert_eq!(refused, InvalidCredentials::Unreadable);
        }
    }
}
