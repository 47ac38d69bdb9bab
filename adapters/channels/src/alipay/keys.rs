//! The RSA keys of a merchant and of Alipay: how they are written down, signing, verifying.
//!
//! Only RSA2, which is SHA256withRSA, PKCS#1 v1.5 (<https://opendocs.alipay.com/common/02mse3>): the older RSA with SHA-1
//! is neither made nor accepted. Alipay's key tool gives private keys as PKCS#1 or PKCS#8 and mostly as bare base64, so
//! both are read, with and without PEM lines. No error here holds any of a key.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::secret::Secret;
use ring::{
    rand::SystemRandom,
    rsa,
    signature::{self, UnparsedPublicKey},
};
use zeroize::Zeroizing;

use crate::credentials::{Flaw, InvalidCredentials};

/// The object identifier of an RSA key with no parameters, as DER: rsaEncryption, NULL.
const RSA_ENCRYPTION: &[u8] = &[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;

/// RSA2 asks for keys of 2048 bits.
const LEAST_MODULUS_BYTES: usize = 256;

/// The merchant's private key.
#[derive(Clone)]
pub(super) struct SigningKey {
    written: Secret,
    pair: Arc<rsa::KeyPair>,
}

impl SigningKey {
    /// Reads a key as it is written down.
    pub(super) fn read(field: &str, written: Secret) -> Result<Self, InvalidCredentials> {
        let bad = |problem| InvalidCredentials::new(field, problem);
        let der = Zeroizing::new(der_of(written.expose()).ok_or_else(|| bad(Flaw::NotKeyText))?);
        let pair = rsa::KeyPair::from_pkcs8(&der)
            .or_else(|_| rsa::KeyPair::from_der(&der))
            .map_err(|_| bad(Flaw::NotPrivateKey))?;
        Ok(Self {
            written,
            pair: Arc::new(pair),
        })
    }

    /// The key as it was written down.
    pub(super) const fn written(&self) -> &Secret {
        &self.written
    }

    /// The signature of a text, in base64. None when the machine has no randomness to blind the key with.
    pub(super) fn sign(&self, text: &str) -> Option<String> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        let random = SystemRandom::new();
        self.pair
            .sign(
                &signature::RSA_PKCS1_SHA256,
                &random,
                text.as_bytes(),
                &mut signature,
            )
            .ok()?;
        Some(STANDARD.encode(signature))
    }

    /// Whether this is the public half.
    pub(super) fn is_half_of(&self, public: &VerifyingKey) -> bool {
        self.pair.public().as_ref() == public.pkcs1.as_slice()
    }
}

impl PartialEq for SigningKey {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for SigningKey {}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(hidden)")
    }
}

/// One of Alipay's public keys.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct VerifyingKey {
    /// As it was written down.
    written: String,
    pkcs1: Vec<u8>,
}

impl VerifyingKey {
    /// Reads a key as it is written down: SubjectPublicKeyInfo, which is what Alipay shows.
    pub(super) fn read(field: &str, written: &str) -> Result<Self, InvalidCredentials> {
        let bad = |problem| InvalidCredentials::new(field, problem);
        let der = der_of(written).ok_or_else(|| bad(Flaw::NotKeyText))?;
        let pkcs1 = pkcs1_of(&der).ok_or_else(|| bad(Flaw::NotPublicKey))?;
        Ok(Self {
            written: written.to_owned(),
            pkcs1: pkcs1.to_owned(),
        })
    }

    /// The key as it was written down.
    pub(super) fn written(&self) -> &str {
        &self.written
    }

    /// Whether this key's owner signed these bytes.
    pub(super) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, &self.pkcs1)
            .verify(signed, signature)
            .is_ok()
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyingKey")
    }
}

/// A signature as it is written in answers and notifications.
pub(super) fn signature_bytes(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty())
}

/// The bytes of a key in PEM or in bare base64, with line breaks anywhere.
fn der_of(written: &str) -> Option<Vec<u8>> {
    let base64 = if written.contains("-----") {
        let (_, rest) = written.split_once("-----BEGIN ")?;
        let (label, rest) = rest.split_once("-----")?;
        let (base64, _) = rest.split_once(&format!("-----END {label}-----"))?;
        base64
    } else {
        written
    };
    let bare: Zeroizing<String> = Zeroizing::new(base64.split_ascii_whitespace().collect());
    STANDARD.decode(bare.as_bytes()).ok()
}

/// The RSAPublicKey inside of a SubjectPublicKeyInfo (RFC 5280, 4.1; RFC 8017, A.1.1), if it is one and long enough.
fn pkcs1_of(spki: &[u8]) -> Option<&[u8]> {
    let (info, rest) = element(spki, SEQUENCE)?;
    let (algorithm, after_algorithm) = element(info, SEQUENCE)?;
    let (bits, after_key) = element(after_algorithm, BIT_STRING)?;
    let (unused_bits, pkcs1) = bits.split_first()?;
    let (key, after) = element(pkcs1, SEQUENCE)?;
    let (modulus, _) = element(key, INTEGER)?;
    let is_whole = rest.is_empty() && after_key.is_empty() && after.is_empty() && *unused_bits == 0;
    let modulus_bytes = modulus.iter().skip_while(|byte| **byte == 0).count();
    (is_whole && algorithm == RSA_ENCRYPTION && modulus_bytes >= LEAST_MODULUS_BYTES).then_some(pkcs1)
}

/// The content of a DER element of this kind, and what comes after it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81 | 0x82 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x0f))?;
            let length = length
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte));
            (length, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length).filter(|_| *found == tag)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::alipay::examples::{ALIPAY, MERCHANT, bare};

    #[test]
    fn every_way_to_write_a_private_key_signs_alike() {
        let key = |written: &str| SigningKey::read("private_key", Secret::new(written)).unwrap();
        let signatures = [
            key(&MERCHANT.pkcs8),
            key(&MERCHANT.pkcs1),
            key(&bare(&MERCHANT.pkcs8)),
            key(&bare(&MERCHANT.pkcs1)),
        ]
        .map(|key| key.sign("a=1").unwrap());
        assert!(signatures.iter().all(|signature| *signature == signatures[0]));
        let public = VerifyingKey::read("k", &MERCHANT.spki).unwrap();
        assert!(public.verifies(b"a=1", &signature_bytes(&signatures[0]).unwrap()));
        assert!(!public.verifies(b"a=2", &signature_bytes(&signatures[0]).unwrap()));
        let other = VerifyingKey::read("k", &bare(&ALIPAY.spki)).unwrap();
        assert!(!other.verifies(b"a=1", &signature_bytes(&signatures[0]).unwrap()));
        assert!(key(&MERCHANT.pkcs1).is_half_of(&public) && !key(&MERCHANT.pkcs1).is_half_of(&other));
    }

    #[test]
    fn what_is_no_key_is_refused_without_quoting_it() {
        for written in [
            "",
            "hunter2",
            "aHVudGVyMg==",
            "-----BEGIN PRIVATE KEY-----\nhunter2",
            &MERCHANT.spki,
        ] {
            let refused = SigningKey::read("private_key", Secret::new(written)).unwrap_err();
            assert_eq!(refused.field, "private_key");
            assert!(!refused.to_string().contains("hunter2"), "{refused}");
        }
        for written in ["", "hunter2", "aHVudGVyMg==", &MERCHANT.pkcs8, &MERCHANT.pkcs1] {
            let refused = VerifyingKey::read("alipay_public_keys", written).unwrap_err();
            assert_eq!(refused.field, "alipay_public_keys");
        }
    }

    proptest! {
        #[test]
        fn junk_is_never_a_key_and_never_a_panic(junk in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(VerifyingKey::read("k", &STANDARD.encode(&junk)).is_err());
            prop_assert!(pkcs1_of(&junk).is_none());
        }
    }
}
