//! A merchant's credentials at Alipay: the application and the account, the key that requests are signed with, and
//! Alipay's keys that answers and callbacks are verified with.

use domain::secret::Secret;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::keys::{SigningKey, VerifyingKey, signature_bytes};
use crate::{
    containment::Account,
    credentials::{Flaw, InvalidCredentials, check_some, digest},
};

/// How many of Alipay's public keys can be there at a time; each costs a verification of a forged callback.
const MOST_PUBLIC_KEYS: usize = 4;

/// Credentials of one merchant at Alipay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlipayCredentials {
    private_key: SigningKey,
    callback_keys: CallbackKeys,
}

/// As they are written down.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    /// The application's id at the open platform.
    app_id: String,
    /// The merchant's account (PID), which is paid.
    seller_id: String,
    /// The application's private key: PKCS#8 or PKCS#1, PEM or bare base64.
    private_key: String,
    /// Alipay's public keys for this application, newest first; several while one is being replaced.
    alipay_public_keys: Vec<String>,
}

impl Drop for Fields {
    fn drop(&mut self) {
        self.private_key.zeroize();
    }
}

impl ZeroizeOnDrop for Fields {}

/// What tells this merchant's callbacks from those of others, and from those that nobody signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackKeys {
    app_id: String,
    seller_id: String,
    public_keys: Vec<VerifyingKey>,
}

impl CallbackKeys {
    /// The application that callbacks are about.
    pub(super) fn app_id(&self) -> &str {
        &self.app_id
    }

    /// The account that is paid.
    pub(super) fn seller_id(&self) -> &str {
        &self.seller_id
    }

    /// Whether Alipay signed these bytes, with any of its keys. The signature is in base64.
    pub(super) fn verify(&self, signed: &[u8], signature: &str) -> bool {
        signature_bytes(signature).is_some_and(|signature| {
            self.public_keys
                .iter()
                .any(|key| key.verifies(signed, &signature))
        })
    }
}

impl AlipayCredentials {
    /// The application that calls are made as.
    pub(crate) fn app_id(&self) -> &str {
        self.callback_keys.app_id()
    }

    /// What is needed to verify callbacks, and nothing else.
    pub(crate) fn callback_keys(&self) -> CallbackKeys {
        self.callback_keys.clone()
    }

    /// What tells Alipay's word from anybody's.
    pub(super) const fn keys(&self) -> &CallbackKeys {
        &self.callback_keys
    }

    /// Whose requests these are.
    pub(super) fn account(&self) -> Account {
        digest(&[self.private_key.written()])
    }

    /// The key that requests are signed with.
    pub(super) const fn private_key(&self) -> &SigningKey {
        &self.private_key
    }
}

impl TryFrom<Fields> for AlipayCredentials {
    type Error = InvalidCredentials;

    fn try_from(mut fields: Fields) -> Result<Self, InvalidCredentials> {
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !(1..=32).contains(&fields.app_id.len()) || !is_number(&fields.app_id) {
            return Err(InvalidCredentials::new("app_id", Flaw::NotDigits(32)));
        }
        let is_account = fields.seller_id.starts_with("2088") && fields.seller_id.len() == 16;
        if !is_account || !is_number(&fields.seller_id) {
            return Err(InvalidCredentials::new("seller_id", Flaw::NotAlipayAccount));
        }
        let written = Secret::new(std::mem::take(&mut fields.private_key));
        let private_key = SigningKey::read("private_key", written)?;
        Ok(Self {
            callback_keys: CallbackKeys {
                public_keys: public_keys(&fields.alipay_public_keys, &private_key)?,
                app_id: std::mem::take(&mut fields.app_id),
                seller_id: std::mem::take(&mut fields.seller_id),
            },
            private_key,
        })
    }
}

fn public_keys(written: &[String], private: &SigningKey) -> Result<Vec<VerifyingKey>, InvalidCredentials> {
    let field = "alipay_public_keys";
    check_some(field, written)?;
    if written.len() > MOST_PUBLIC_KEYS {
        return Err(InvalidCredentials::new(field, Flaw::TooMany(MOST_PUBLIC_KEYS)));
    }
    let keys: Vec<_> = written
        .iter()
        .map(|written| VerifyingKey::read(field, written))
        .collect::<Result<_, _>>()?;
    // Alipay's console shows both side by side, and with this one nothing of Alipay's would ever verify.
    if keys.iter().any(|key| private.is_half_of(key)) {
        return Err(InvalidCredentials::new(field, Flaw::OwnPublicKey));
    }
    Ok(keys)
}

impl From<&AlipayCredentials> for Fields {
    fn from(credentials: &AlipayCredentials) -> Self {
        let keys = &credentials.callback_keys;
        Self {
            app_id: keys.app_id.clone(),
            seller_id: keys.seller_id.clone(),
            private_key: credentials.private_key.written().expose().to_owned(),
            alipay_public_keys: keys
                .public_keys
                .iter()
                .map(|key| key.written().to_owned())
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::channel::Channel;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        Credentials,
        alipay::examples::{ALIPAY, MERCHANT, OTHER, bare, fields},
    };

    fn read(json: &Value) -> Result<Credentials, InvalidCredentials> {
        Credentials::read(Channel::Alipay, &Secret::new(json.to_string()))
    }

    fn with(field: &str, value: Value) -> Value {
        let mut fields = fields();
        fields[field] = value;
        fields
    }

    #[test]
    fn they_read_back_and_print_nothing() {
        let written = with("alipay_public_keys", json!([bare(&OTHER.spki), ALIPAY.spki]));
        let credentials = read(&written).unwrap();
        let json = credentials.to_json().unwrap();
        assert_eq!(Credentials::from_json(&json), Ok(credentials.clone()));
        let printed = format!("{credentials:?} {:?}", credentials.callback_keys());
        assert!(
            !printed.contains("MII") && !printed.contains("PRIVATE"),
            "{printed}"
        );
    }

    #[test]
    fn a_bad_field_is_named_and_not_quoted() {
        let cases = [
            ("app_id", json!("hunter2")),
            ("app_id", json!("")),
            ("app_id", json!("1".repeat(33))),
            ("seller_id", json!("hunter2")),
            ("seller_id", json!("1088000000000001")),
            ("private_key", json!("hunter2")),
            ("private_key", json!(ALIPAY.spki)),
            ("alipay_public_keys", json!([])),
            ("alipay_public_keys", json!(["hunter2"])),
            ("alipay_public_keys", json!("hunter2")),
            ("alipay_public_keys", json!([MERCHANT.spki])),
            (
                "alipay_public_keys",
                json!([ALIPAY.spki, ALIPAY.spki, ALIPAY.spki, ALIPAY.spki, OTHER.spki]),
            ),
        ];
        for (field, value) in cases {
            let refused = read(&with(field, value)).unwrap_err();
            assert_eq!(refused.field, field, "{refused}");
            assert!(!refused.to_string().contains("hunter2"), "{refused}");
        }
        let refused = read(&with("extra", json!("hunter2"))).unwrap_err();
        assert!(
            refused.problem.to_string().starts_with("unknown field"),
            "{refused}"
        );
        let refused = read(&json!({"app_id": "1"})).unwrap_err();
        assert!(
            refused.problem.to_string().starts_with("missing field"),
            "{refused}"
        );
    }
}
