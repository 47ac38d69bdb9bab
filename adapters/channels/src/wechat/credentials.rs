//! A merchant's credentials at WeChat Pay: an account, the key that signs requests, the keys that open callbacks, and
//! WeChat Pay's own keys.

use chrono::{DateTime, Utc};
use domain::secret::Secret;
use serde::{Deserialize, Serialize};

use super::{
    der,
    keys::{SigningKey, Verifier},
};
use crate::{
    containment::Account,
    credentials::{Flaw, InvalidCredentials, check_some, check_token, digest},
};

/// The longest name of an account, an app or a key, in characters.
const MOST: usize = 64;
/// How the names of public keys begin.
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_";
/// An API v3 key is used as it is written, without any encoding.
const APIV3_KEY_BYTES: usize = 32;

/// Credentials of one merchant at WeChat Pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WechatCredentials {
    mchid: String,
    appid: String,
    serial_no: String,
    private_key: SigningKey,
    apiv3_keys: Vec<Secret>,
    verifiers: Vec<Verifier>,
    /// The verifiers as they were handed in, to be written down again.
    written_verifiers: Vec<VerifierFields>,
}

/// As they are written down.
#[derive(Serialize, Deserialize, zeroize::ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    mchid: String,
    appid: String,
    serial_no: String,
    private_key: String,
    apiv3_keys: Vec<String>,
    // Keys that anybody may know.
    #[zeroize(skip)]
    verifiers: Vec<VerifierFields>,
}

/// A public key and its name, or a platform certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifierFields {
    /// The name of the public key; of a certificate, its serial number where it is not to be read from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    public_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
}

/// What WeChat Pay's messages are verified with. Neither signs nor opens anything.
#[derive(Debug, Clone)]
pub struct CallbackKeys {
    pub(super) verifiers: Vec<Verifier>,
}

impl WechatCredentials {
    /// What is needed to verify callbacks, and nothing else.
    pub(crate) fn callback_keys(&self) -> CallbackKeys {
        CallbackKeys {
            verifiers: self.verifiers.clone(),
        }
    }

    /// Whose requests these are.
    pub(super) fn account(&self) -> Account {
        digest(&[self.private_key.pem()])
    }

    /// The merchant's account.
    pub(crate) fn mchid(&self) -> &str {
        &self.mchid
    }

    /// The merchant's app, page or mini program.
    pub(super) fn appid(&self) -> &str {
        &self.appid
    }

    /// The serial number of the merchant's own certificate, which names the key that signs requests.
    pub(super) fn serial_no(&self) -> &str {
        &self.serial_no
    }

    /// The key that signs requests.
    pub(super) const fn private_key(&self) -> &SigningKey {
        &self.private_key
    }

    /// The keys that open callbacks, newest first.
    pub(super) fn apiv3_keys(&self) -> &[Secret] {
        &self.apiv3_keys
    }

    /// When the last of WeChat Pay's certificates ends; none where a public key stands beside them, which has no end.
    pub(crate) fn expires_at(&self) -> Option<DateTime<Utc>> {
        let ends: Option<Vec<_>> = self.verifiers.iter().map(|verifier| verifier.not_after).collect();
        ends?.into_iter().max()
    }

    /// WeChat Pay's keys, newest first.
    pub(super) fn verifiers(&self) -> &[Verifier] {
        &self.verifiers
    }
}

impl VerifierFields {
    fn read(&self) -> Result<Verifier, InvalidCredentials> {
        let invalid = |problem| Err(InvalidCredentials::new("verifiers", problem));
        match (&self.id, &self.public_key, &self.certificate) {
            (Some(id), Some(public_key), None) => {
                check_token("verifiers", id, MOST)?;
                if !id.starts_with(PUBLIC_KEY_ID) {
                    return invalid(Flaw::NotPublicKeyId);
                }
                match der::pem("PUBLIC KEY", public_key).and_then(|der| der::rsa_key_of_spki(&der)) {
                    Some(rsa_key) => Ok(Verifier {
                        id: id.clone(),
                        rsa_key,
                        not_after: None,
                    }),
                    None => invalid(Flaw::NotPublicPem),
                }
            }
            (id, None, Some(certificate)) => {
                let read = der::pem("CERTIFICATE", certificate).and_then(|der| der::certificate(&der));
                let Some(read) = read else {
                    return invalid(Flaw::NotCertificate);
                };
                // Two sources that do not agree mean that somebody mixed up two certificates.
                if id
                    .as_ref()
                    .is_some_and(|id| !id.eq_ignore_ascii_case(&read.serial))
                {
                    return invalid(Flaw::OtherSerial);
                }
                Ok(Verifier {
                    id: read.serial,
                    rsa_key: read.rsa_key,
                    not_after: read.not_after,
                })
            }
            _ => invalid(Flaw::NotVerifier),
        }
    }
}

impl TryFrom<Fields> for WechatCredentials {
    type Error = InvalidCredentials;

    fn try_from(mut fields: Fields) -> Result<Self, InvalidCredentials> {
        let private_key = Secret::new(std::mem::take(&mut fields.private_key));
        let apiv3_keys = std::mem::take(&mut fields.apiv3_keys)
            .into_iter()
            .map(Secret::new);
        let apiv3_keys: Vec<_> = apiv3_keys.collect();
        check_identifier("mchid", &fields.mchid)?;
        check_identifier("appid", &fields.appid)?;
        check_identifier("serial_no", &fields.serial_no)?;
        let private_key = SigningKey::read(private_key)
            .ok_or_else(|| InvalidCredentials::new("private_key", Flaw::NotPkcs8))?;
        check_some("apiv3_keys", &apiv3_keys)?;
        if apiv3_keys.iter().any(|key| key.expose().len() != APIV3_KEY_BYTES) {
            return Err(InvalidCredentials::new("apiv3_keys", Flaw::NotApiv3Key));
        }
        check_some("verifiers", &fields.verifiers)?;
        let verifiers = fields.verifiers.iter().map(VerifierFields::read);
        Ok(Self {
            verifiers: verifiers.collect::<Result<_, _>>()?,
            mchid: std::mem::take(&mut fields.mchid),
            appid: std::mem::take(&mut fields.appid),
            serial_no: std::mem::take(&mut fields.serial_no),
            private_key,
            apiv3_keys,
            written_verifiers: std::mem::take(&mut fields.verifiers),
        })
    }
}

impl From<&WechatCredentials> for Fields {
    fn from(credentials: &WechatCredentials) -> Self {
        let exposed = |secret: &Secret| secret.expose().to_owned();
        Self {
            mchid: credentials.mchid.clone(),
            appid: credentials.appid.clone(),
            serial_no: credentials.serial_no.clone(),
            private_key: exposed(credentials.private_key.pem()),
            apiv3_keys: credentials.apiv3_keys.iter().map(exposed).collect(),
            verifiers: credentials.written_verifiers.clone(),
        }
    }
}

/// Checks what goes between quotes in a header, and into a path.
fn check_identifier(field: &str, text: &str) -> Result<(), InvalidCredentials> {
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_plain && (1..=MOST).contains(&text.len()) {
        return Ok(());
    }
    Err(InvalidCredentials::new(field, Flaw::NotIdentifier(MOST)))
}

#[cfg(test)]
mod tests;
