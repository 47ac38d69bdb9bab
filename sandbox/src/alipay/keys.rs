//! RSA2 (SHA256withRSA, PKCS#1 v1.5): the double's own key, and the keys apps show.
//!
//! The private key in this folder is for tests and demos only. It protects nothing.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};

/// The double's public key, with which apps verify what it sends.
pub const PUBLIC_KEY: &str = include_str!("test_public_key.pem");

static KEY: LazyLock<Option<RsaKeyPair>> =
    LazyLock::new(|| RsaKeyPair::from_pkcs8(&der_of(include_str!("test_key.pem"))?).ok());

/// An app's public key.
#[derive(Debug, Clone)]
pub struct PublicKey {
    pkcs1: Vec<u8>,
}

impl PublicKey {
    /// Reads PEM, or the base64 of its content as Alipay's console shows it.
    pub fn read(text: &str) -> Option<Self> {
        let spki = der_of(text)?;
        let (_, outer, _) = element(&spki)?;
        let (_, _algorithm, rest) = element(outer)?;
        let (tag, bits, _) = element(rest)?;
        // The first byte of a bit string counts the unused bits, of which a key has none.
        let pkcs1 = bits.strip_prefix(&[0]).filter(|_| tag == 3)?.to_vec();
        Some(Self { pkcs1 })
    }

    /// Whether the signature, in base64, was made with the private key of this one.
    pub fn verifies(&self, signed: &[u8], signature: &str) -> bool {
        STANDARD.decode(signature).is_ok_and(|signature| {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.pkcs1)
                .verify(signed, &signature)
                .is_ok()
        })
    }
}

/// The double's signature, in base64; empty if its own key could not be read, which a test would show.
pub fn sign(signed: &[u8]) -> String {
    let Some(key) = KEY.as_ref() else {
        return String::new();
    };
    let mut signature = vec![0; key.public().modulus_len()];
    match key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed, &mut signature) {
        Ok(()) => STANDARD.encode(signature),
        Err(_) => String::new(),
    }
}

/// The string that is signed: sorted by name, as they are, `k=v` joined by `&`.
pub fn joined<'a>(params: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let sorted: BTreeMap<_, _> = params.collect();
    let mut signed = Vec::new();
    for (name, value) in sorted {
        if !signed.is_empty() {
            signed.push(b'&');
        }
        signed.extend_from_slice(name.as_bytes());
        signed.push(b'=');
        signed.extend_from_slice(value);
    }
    signed
}

fn der_of(text: &str) -> Option<Vec<u8>> {
    let content: String = text
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .map(str::trim)
        .collect();
    STANDARD.decode(content).ok()
}

/// The first DER element: its tag, its content, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if bytes.len() > 4 {
            return None;
        }
        let length = bytes
            .iter()
            .fold(0, |length, byte| (length << 8) | usize::from(*byte));
        (length, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::{PUBLIC_KEY, PublicKey, sign};

    #[test]
    fn the_double_signs_with_the_key_it_shows() {
        let key = PublicKey::read(PUBLIC_KEY).unwrap();
        let signature = sign(b"a=1&b=2");
        assert!(key.verifies(b"a=1&b=2", &signature));
        assert!(!key.verifies(b"a=1&b=3", &signature));
        assert!(PublicKey::read("no key").is_none() && PublicKey::read("").is_none());
    }
}
