//! A merchant's credentials at PayPal: the app that calls are made as, the webhooks whose events are taken, and the account
//! that is paid.

use domain::secret::Secret;
use serde::{Deserialize, Serialize};

use crate::{
    containment::Account,
    credentials::{Flaw, InvalidCredentials, check_some, check_token, digest, is_token},
};

/// The longest part, in characters. PayPal's own ids and secrets have about 80.
const MOST: usize = 255;
/// The longest id of a webhook (<https://developer.paypal.com/docs/api/webhooks/v1/#verify-webhook-signature_post>).
const MOST_WEBHOOK_ID: usize = 50;

/// Credentials of one merchant at PayPal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaypalCredentials {
    client_id: Secret,
    client_secret: Secret,
    webhook_ids: Vec<Secret>,
    merchant_id: Option<Secret>,
}

/// As they are written down.
#[derive(Serialize, Deserialize, zeroize::ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    client_id: String,
    client_secret: String,
    webhook_ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    merchant_id: Option<String>,
}

/// What tells this merchant's callbacks from those of others: every event is signed for one webhook, and the id of that is
/// part of what is signed.
#[derive(Debug, Clone)]
pub struct CallbackKeys {
    webhook_ids: Vec<Secret>,
}

impl PaypalCredentials {
    /// Credentials from their parts: the id and the secret of the REST app, the ids of its webhooks, newest first, of which
    /// there are several while one is being replaced, and the account's merchant id. Without the last, whose money an event
    /// is about is told by the webhook alone.
    ///
    /// # Errors
    /// A part cannot be what it should be.
    pub fn new(
        client_id: Secret,
        client_secret: Secret,
        webhook_ids: Vec<Secret>,
        merchant_id: Option<Secret>,
    ) -> Result<Self, InvalidCredentials> {
        check_token("client_id", client_id.expose(), MOST)?;
        // HTTP basic authentication takes the first colon for the end of the name.
        if client_id.expose().contains(':') {
            return Err(InvalidCredentials::new("client_id", Flaw::Colon));
        }
        check_token("client_secret", client_secret.expose(), MOST)?;
        check_some("webhook_ids", &webhook_ids)?;
        for id in &webhook_ids {
            check_id("webhook_ids", id, MOST_WEBHOOK_ID)?;
        }
        if let Some(id) = &merchant_id {
            check_id("merchant_id", id, MOST)?;
        }
        Ok(Self {
            client_id,
            client_secret,
            webhook_ids,
            merchant_id,
        })
    }

    /// Whose requests these are.
    pub(super) fn account(&self) -> Account {
        digest(&[&self.client_id, &self.client_secret])
    }

    /// The id of the app.
    pub(super) const fn client_id(&self) -> &Secret {
        &self.client_id
    }

    /// The secret of the app.
    pub(super) const fn client_secret(&self) -> &Secret {
        &self.client_secret
    }

    /// The account that is paid, when it is said.
    pub(crate) fn merchant_id(&self) -> Option<&str> {
        self.merchant_id.as_ref().map(Secret::expose)
    }

    /// What is needed to verify callbacks, and nothing else.
    pub(crate) fn callback_keys(&self) -> CallbackKeys {
        CallbackKeys {
            webhook_ids: self.webhook_ids.clone(),
        }
    }
}

impl CallbackKeys {
    /// The webhooks whose events are taken.
    pub(super) fn webhook_ids(&self) -> impl Iterator<Item = &str> {
        self.webhook_ids.iter().map(Secret::expose)
    }

    #[cfg(test)]
    pub(super) fn of(webhook_ids: &[&str]) -> Self {
        let webhook_ids = webhook_ids.iter().map(|id| Secret::new(*id)).collect();
        Self { webhook_ids }
    }
}

/// An id of PayPal's is letters and digits. One with a bar in it could be mistaken for the next part of what is signed.
fn check_id(field: &str, id: &Secret, most: usize) -> Result<(), InvalidCredentials> {
    let id = id.expose();
    if is_token(id, most) && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Ok(())
    } else {
        Err(InvalidCredentials::new(field, Flaw::NotAlphanumeric(most)))
    }
}

impl TryFrom<Fields> for PaypalCredentials {
    type Error = InvalidCredentials;

    fn try_from(mut fields: Fields) -> Result<Self, InvalidCredentials> {
        let webhook_ids = std::mem::take(&mut fields.webhook_ids);
        Self::new(
            Secret::new(std::mem::take(&mut fields.client_id)),
            Secret::new(std::mem::take(&mut fields.client_secret)),
            webhook_ids.into_iter().map(Secret::new).collect(),
            fields.merchant_id.take().map(Secret::new),
        )
    }
}

impl From<&PaypalCredentials> for Fields {
    fn from(credentials: &PaypalCredentials) -> Self {
        let exposed = |secret: &Secret| secret.expose().to_owned();
        Self {
            client_id: exposed(&credentials.client_id),
            client_secret: exposed(&credentials.client_secret),
            webhook_ids: credentials.webhook_ids.iter().map(exposed).collect(),
            merchant_id: credentials.merchant_id.as_ref().map(exposed),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::channel::Channel;

    use super::*;
    use crate::registry::Credentials;

    fn read(json: &str) -> Result<Credentials, String> {
        Credentials::read(Channel::Paypal, &Secret::new(json)).map_err(|error| error.to_string())
    }

    #[test]
    fn they_read_back_and_nothing_prints_them() {
        for merchant in [r#","merchant_id":"HUNTER2PAYEE""#, ""] {
            let json = format!(
                r#"{{"client_id":"hunter2app","client_secret":"hunter2secret","webhook_ids":["HUNTER2NEW","HUNTER2OLD"]{merchant}}}"#
            );
            let credentials = read(&json).unwrap();
            let sealed = credentials.to_json().unwrap();
            assert_eq!(sealed.expose(), json.replacen('{', r#"{"channel":"paypal","#, 1));
            assert_eq!(Credentials::from_json(&sealed).as_ref(), Ok(&credentials));
            let printed = format!("{credentials:?} {:?}", credentials.callback_keys());
            assert!(!printed.to_lowercase().contains("hunter2"), "{printed}");
        }
    }

    #[test]
    fn bad_fields_are_named_and_never_quoted() {
        for (json, field) in [
            (
                r#"{"client_id":"","client_secret":"s","webhook_ids":["W"]}"#,
                "client_id",
            ),
            (
                r#"{"client_id":"hun:ter2","client_secret":"s","webhook_ids":["W"]}"#,
                "client_id",
            ),
            (
                r#"{"client_id":"c","client_secret":"hunter 2","webhook_ids":["W"]}"#,
                "client_secret",
            ),
            (
                r#"{"client_id":"c","client_secret":"s","webhook_ids":[]}"#,
                "webhook_ids",
            ),
            (
                r#"{"client_id":"c","client_secret":"s","webhook_ids":["W",""]}"#,
                "webhook_ids",
            ),
            (
                r#"{"client_id":"c","client_secret":"s","webhook_ids":["hunter2|1"]}"#,
                "webhook_ids",
            ),
            (
                r#"{"client_id":"c","client_secret":"s","webhook_ids":["W"],"merchant_id":"hunter2!"}"#,
                "merchant_id",
            ),
            (r#"{"client_id":"c","client_secret":"s"}"#, "."),
            (
                r#"{"client_id":"c","client_secret":"s","webhook_ids":["W"],"mode":"hunter2"}"#,
                "mode",
            ),
        ] {
            let refused = read(json).unwrap_err();
            assert!(
                refused.starts_with(&format!("credentials: {field}:")),
                "{refused}"
            );
            assert!(
                !refused.contains("unter") && !refused.contains("ter2"),
                "{refused}"
            );
        }
    }
}
