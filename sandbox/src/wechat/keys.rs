//! The provider's own keys: the WeChat Pay public key and the platform certificate, and signing with either.
//!
//! They are fixed, so that a client's settings outlive a restart, and they are worthless: their private halves lie
//! beside this file for everyone to read.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::der;

/// The public key that clients in public-key mode verify with.
const PUBLIC_KEY: &str = include_str!("keys/public_key.pub.pem");
/// Its id: what `Wechatpay-Serial` says in public-key mode.
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000001092026112700000000000042";
/// The certificate that clients in certificate mode verify with.
pub const CERTIFICATE: &str = include_str!("keys/platform.cert.pem");
/// From when the certificate holds, as it says itself.
pub const CERTIFICATE_FROM: &str = "2025-01-01T08:00:00+08:00";
/// Until when.
pub const CERTIFICATE_UNTIL: &str = "2045-01-01T08:00:00+08:00";

/// How a merchant verifies what WeChat Pay signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyMode {
    /// With the WeChat Pay public key, as all merchants do that joined since 2024.
    PublicKey,
    /// With platform certificates, which are downloaded and change every few years.
    Certificate,
}

/// Both keys.
#[derive(Debug)]
pub struct Keys {
    public_key: RsaKeyPair,
    certificate: RsaKeyPair,
    certificate_serial: String,
}

impl Keys {
    /// Reads the keys that were built in.
    ///
    /// # Errors
    /// When the files that were built in are not what they should be.
    pub fn load() -> io::Result<Self> {
        let spoilt = || io::Error::other("the WeChat Pay double's own keys cannot be read");
        let (_, certificate_serial) = der::pem(CERTIFICATE, "CERTIFICATE")
            .and_then(|certificate| der::certificate(&certificate))
            .ok_or_else(spoilt)?;
        Ok(Self {
            public_key: pair(include_str!("keys/public_key.key.pem")).ok_or_else(spoilt)?,
            certificate: pair(include_str!("keys/platform.key.pem")).ok_or_else(spoilt)?,
            certificate_serial,
        })
    }

    /// What `Wechatpay-Serial` says in this mode.
    pub fn serial(&self, mode: KeyMode) -> &str {
        match mode {
            KeyMode::PublicKey => PUBLIC_KEY_ID,
            KeyMode::Certificate => &self.certificate_serial,
        }
    }

    /// The mode this `Wechatpay-Serial` asks for.
    pub fn mode_of(&self, serial: &str) -> Option<KeyMode> {
        [KeyMode::PublicKey, KeyMode::Certificate]
            .into_iter()
            .find(|mode| self.serial(*mode).eq_ignore_ascii_case(serial))
    }

    /// A signature in base64: SHA-256 with RSA, PKCS#1 v1.5.
    pub fn sign(&self, mode: KeyMode, message: &[u8]) -> String {
        let pair = match mode {
            KeyMode::PublicKey => &self.public_key,
            KeyMode::Certificate => &self.certificate,
        };
        let mut signature = vec![0; pair.public().modulus_len()];
        if pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .is_err()
        {
            tracing::error!("the system's random numbers have run out");
        }
        STANDARD.encode(signature)
    }

    /// What a client needs to verify with.
    pub fn shown(&self) -> Value {
        json!({
            "public_key_id": PUBLIC_KEY_ID, "public_key": PUBLIC_KEY,
            "certificate_serial": self.certificate_serial, "certificate": CERTIFICATE,
        })
    }
}

fn pair(text: &str) -> Option<RsaKeyPair> {
    RsaKeyPair::from_pkcs8(&der::pem(text, "PRIVATE KEY")?).ok()
}

/// Whether this is the signature of the owner of this `RSAPublicKey`.
pub fn is_signed(key: &[u8], message: &[u8], signature: &str) -> bool {
    let Ok(signature) = STANDARD.decode(signature) else {
        return false;
    };
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
        .verify(message, &signature)
        .is_ok()
}

/// What is signed of an answer or of a notification: an empty body leaves a bare line break.
pub fn signed_text(timestamp_s: i64, nonce: &str, body: &[u8]) -> Vec<u8> {
    let mut text = format!("{timestamp_s}\n{nonce}\n").into_bytes();
    text.extend_from_slice(body);
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::der;
    use super::{KeyMode, Keys, is_signed, signed_text};

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../tests/fixtures/wechat.json")).unwrap()
    }

    #[test]
    fn what_is_signed_agrees_with_the_sdks() {
        let vectors = vectors();
        let key = der::pem(
            vectors["wechat_public_key"]["spki"].as_str().unwrap(),
            "PUBLIC KEY",
        )
        .unwrap();
        let key = der::public_key(&key).unwrap();
        let cases = vectors["response_cases"].as_array().unwrap();
        assert_eq!(cases.len(), 3);
        for case in cases {
            let header = |name: &str| case["headers"][name].as_str().unwrap();
            let sent_s = header("Wechatpay-Timestamp").parse().unwrap();
            let text = signed_text(
                sent_s,
                header("Wechatpay-Nonce"),
                case["body"].as_str().unwrap().as_bytes(),
            );
            let accepted = is_signed(&key, &text, header("Wechatpay-Signature"));
            assert_eq!(accepted, case["expect"] == "accept", "{}", case["name"]);
        }
    }

    #[test]
    fn each_mode_signs_with_the_key_it_shows() {
        let keys = Keys::load().unwrap();
        let shown = keys.shown();
        let text = |name: &str| shown[name].as_str().unwrap().to_owned();
        let public = der::public_key(&der::pem(&text("public_key"), "PUBLIC KEY").unwrap()).unwrap();
        let (certified, serial) =
            der::certificate(&der::pem(&text("certificate"), "CERTIFICATE").unwrap()).unwrap();
        assert_eq!(serial, keys.serial(KeyMode::Certificate));
        for (mode, right, wrong) in [
            (KeyMode::PublicKey, &public, &certified),
            (KeyMode::Certificate, &certified, &public),
        ] {
            let signature = keys.sign(mode, b"text");
            assert!(is_signed(right, b"text", &signature));
            assert!(!is_signed(right, b"other", &signature));
            assert!(!is_signed(wrong, b"text", &signature));
            assert_eq!(keys.mode_of(keys.serial(mode)), Some(mode));
        }
    }
}
