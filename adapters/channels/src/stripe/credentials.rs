//! A merchant's credentials at Stripe: a key to call with, and the secrets that callbacks are signed with.

use domain::secret::Secret;
use serde::{Deserialize, Serialize};

use crate::{
    containment::Account,
    credentials::{Flaw, InvalidCredentials, check_some, check_token, digest, is_token},
};

/// The longest key or secret, in characters.
const MOST: usize = 255;

/// Credentials of one merchant at Stripe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeCredentials {
    secret_key: Secret,
    webhook_secrets: Vec<Secret>,
}

/// As they are written down.
#[derive(Serialize, Deserialize, zeroize::ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    secret_key: String,
    webhook_secrets: Vec<String>,
}

impl StripeCredentials {
    /// Credentials from their parts: a secret or restricted key, and the signing secrets of the webhook
    /// endpoint, newest first; there are several while one is being replaced.
    ///
    /// # Errors
    /// A part cannot be what it should be.
    pub fn new(secret_key: Secret, webhook_secrets: Vec<Secret>) -> Result<Self, InvalidCredentials> {
        let key = secret_key.expose();
        if !(key.starts_with("sk_") || key.starts_with("rk_")) || !is_token(key, MOST) {
            return Err(InvalidCredentials::new("secret_key", Flaw::NotStripeKey));
        }
        // An empty secret would let anybody sign.
        check_some("webhook_secrets", &webhook_secrets)?;
        for secret in &webhook_secrets {
            check_token("webhook_secrets", secret.expose(), MOST)?;
        }
        Ok(Self {
            secret_key,
            webhook_secrets,
        })
    }

    /// Whose requests these are.
    pub(super) fn account(&self) -> Account {
        digest(&[&self.secret_key])
    }

    /// Whether calls are made with the same key.
    pub(crate) fn has_key_of(&self, other: &Self) -> bool {
        self.account() == other.account()
    }

    /// The key that calls are made with.
    pub(crate) const fn secret_key(&self) -> &Secret {
        &self.secret_key
    }

    /// The secrets that callbacks are signed with, newest first.
    pub(crate) fn webhook_secrets(&self) -> &[Secret] {
        &self.webhook_secrets
    }
}

impl TryFrom<Fields> for StripeCredentials {
    type Error = InvalidCredentials;

    fn try_from(mut fields: Fields) -> Result<Self, InvalidCredentials> {
        let webhook_secrets = std::mem::take(&mut fields.webhook_secrets);
        let webhook_secrets = webhook_secrets.into_iter().map(Secret::new).collect();
        Self::new(
            Secret::new(std::mem::take(&mut fields.secret_key)),
            webhook_secrets,
        )
    }
}

impl From<&StripeCredentials> for Fields {
    fn from(credentials: &StripeCredentials) -> Self {
        let exposed = |secret: &Secret| secret.expose().to_owned();
        Self {
            secret_key: exposed(&credentials.secret_key),
            webhook_secrets: credentials.webhook_secrets.iter().map(exposed).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripe(key: &str, webhook_secrets: &[&str]) -> Result<StripeCredentials, String> {
        let webhook_secrets = webhook_secrets.iter().map(|secret| Secret::new(*secret));
        StripeCredentials::new(Secret::new(key), webhook_secrets.collect()).map_err(|error| error.field)
    }

    #[test]
    fn bad_parts_are_refused() {
        for key in ["", "pk_test_1", "test", "sk_test_\n", "sk_é"] {
            assert_eq!(stripe(key, &["whsec_1"]), Err("secret_key".into()), "{key:?}");
        }
        for secrets in [&[][..], &[""], &["whsec_1", " "]] {
            assert_eq!(
                stripe("rk_live_1", secrets),
                Err("webhook_secrets".into()),
                "{secrets:?}"
            );
        }
        assert!(stripe("rk_live_1", &["whsec_1"]).is_ok());
    }
}
