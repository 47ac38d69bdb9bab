//! A merchant's credentials at WeChat Pay.

use domain::secret::Secret;
use serde::{Deserialize, Serialize};

use crate::credentials::{InvalidCredentials, check_token};

/// Credentials of one merchant at WeChat Pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WechatCredentials {
    account: Secret,
}

/// As they are written down.
#[derive(Serialize, Deserialize, zeroize::ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    account: String,
}

/// What tells this merchant's callbacks from those of others, and from those that nobody signed.
#[derive(Debug, Clone)]
pub struct CallbackKeys;

impl WechatCredentials {
    /// What is needed to verify callbacks, and nothing else.
    pub(crate) const fn callback_keys(&self) -> CallbackKeys {
        CallbackKeys
    }
}

impl TryFrom<Fields> for WechatCredentials {
    type Error = InvalidCredentials;

    fn try_from(mut fields: Fields) -> Result<Self, InvalidCredentials> {
        check_token("account", &fields.account, 255)?;
        Ok(Self {
            account: Secret::new(std::mem::take(&mut fields.account)),
        })
    }
}

impl From<&WechatCredentials> for Fields {
    fn from(credentials: &WechatCredentials) -> Self {
        Self {
            account: credentials.account.expose().to_owned(),
        }
    }
}
