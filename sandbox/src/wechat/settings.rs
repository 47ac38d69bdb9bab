//! What a merchant agreed on with WeChat Pay: its apps, its keys, and how it verifies.

use serde::Deserialize;
use serde_json::{Value, json};

use super::der;
use super::keys::{KeyMode, is_signed};
use super::seal::KEY_BYTES;

/// One app or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Apps {
    One(String),
    Several(Vec<String>),
}

/// A merchant as the control API is told of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    appid: Apps,
    serial_no: Option<String>,
    public_key: Option<String>,
    certificate: Option<String>,
    apiv3_key: String,
    key_mode: KeyMode,
}

/// A merchant's settings, ready for use.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The apps that may take payments for the merchant.
    pub appids: Vec<String>,
    /// The serial number of the merchant's certificate.
    pub serial_no: String,
    /// What notifications are encrypted with.
    pub apiv3_key: String,
    /// How the merchant verifies what WeChat Pay signs.
    pub key_mode: KeyMode,
    /// The merchant's `RSAPublicKey`.
    key: Vec<u8>,
}

impl Settings {
    /// Whether the merchant signed this.
    pub fn is_signed(&self, message: &[u8], signature: &str) -> bool {
        is_signed(&self.key, message, signature)
    }

    /// What may be shown of them.
    pub fn shown(&self) -> Value {
        json!({ "appid": self.appids, "serial_no": self.serial_no, "key_mode": self.key_mode })
    }
}

impl TryFrom<Registration> for Settings {
    type Error = &'static str;

    fn try_from(told: Registration) -> Result<Self, Self::Error> {
        if told.apiv3_key.len() != KEY_BYTES {
            return Err("apiv3_key must be 32 bytes long");
        }
        let (key, serial) = match (&told.certificate, &told.public_key) {
            (Some(text), None) => der::pem(text, "CERTIFICATE")
                .and_then(|bytes| der::certificate(&bytes))
                .map(|(key, serial)| (key, Some(serial)))
                .ok_or("certificate must be an RSA certificate in PEM")?,
            (None, Some(text)) => der::pem(text, "PUBLIC KEY")
                .and_then(|bytes| der::public_key(&bytes))
                .map(|key| (key, None))
                .ok_or("public_key must be an RSA public key in PEM (BEGIN PUBLIC KEY)")?,
            (Some(_), Some(_)) | (None, None) => return Err("give either public_key or certificate"),
        };
        let serial_no = told
            .serial_no
            .or(serial)
            .ok_or("serial_no is needed beside a public_key")?;
        Ok(Self {
            appids: match told.appid {
                Apps::One(appid) => vec![appid],
                Apps::Several(appids) => appids,
            },
            serial_no,
            apiv3_key: told.apiv3_key,
            key_mode: told.key_mode,
            key,
        })
    }
}
