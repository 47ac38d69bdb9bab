//! The keys of both sides: the merchant's, which signs what we send, and WeChat Pay's, which sign what comes back.
//!
//! WeChat Pay signs in one of two modes, and a merchant that moves from one to the other meets both for a while: with a
//! public key, named `PUB_KEY_ID_…`, or with a platform certificate, named by its serial number
//! (<https://pay.weixin.qq.com/wiki/doc/apiv3/wechatpay/wechatpay4_1.shtml>). The name picks the key; there is no falling
//! back to another.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use domain::secret::Secret;
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey},
};

use super::der;

/// The merchant's private key.
#[derive(Clone)]
pub(super) struct SigningKey {
    pem: Secret,
    pair: Arc<RsaKeyPair>,
}

impl SigningKey {
    /// Reads a PKCS#8 key in PEM, as the merchant platform gives it in `apiclient_key.pem`.
    pub(super) fn read(pem: Secret) -> Option<Self> {
        let der = der::pem("PRIVATE KEY", pem.expose())?;
        let pair = RsaKeyPair::from_pkcs8(&der).ok()?;
        Some(Self {
            pem,
            pair: Arc::new(pair),
        })
    }

    /// As it was handed in.
    pub(super) const fn pem(&self) -> &Secret {
        &self.pem
    }

    /// The base64 of the signature of a text; `None` when the operating system gives no random bytes to blind it with.
    pub(super) fn sign(&self, text: &str) -> Option<String> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        let random = SystemRandom::new();
        let signed = self
            .pair
            .sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature);
        signed.ok().map(|()| STANDARD.encode(signature))
    }
}

impl PartialEq for SigningKey {
    fn eq(&self, other: &Self) -> bool {
        self.pem == other.pem
    }
}

impl Eq for SigningKey {}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(hidden)")
    }
}

/// A key of WeChat Pay's, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verifier {
    /// `PUB_KEY_ID_…`, or the serial number of a platform certificate.
    pub(super) id: String,
    /// The `RSAPublicKey` in DER.
    pub(super) rsa_key: Vec<u8>,
    /// When the certificate ends that it was read from.
    pub(super) not_after: Option<DateTime<Utc>>,
}

impl Verifier {
    /// Whether messages that name this key are to be checked with it. Serial numbers are written in either case.
    pub(super) fn is_named(&self, serial: &str) -> bool {
        self.id.eq_ignore_ascii_case(serial)
    }

    /// Whether this key made the signature.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.rsa_key)
            .verify(message, signature)
            .is_ok()
    }
}
