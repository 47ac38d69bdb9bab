//! The public keys of an issuer (a JSON Web Key Set, RFC 7517), and what they prove. Pure: bytes in, a verdict out.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::JwtAlgorithm;

/// Shorter keys prove nothing any more.
const LEAST_BITS: usize = 2_048;

/// RSA keys that RS256 signatures are checked with. Keys for anything else are passed over.
#[derive(Debug, Default)]
pub(crate) struct PublicKeys(Vec<PublicKey>);

/// One of them.
#[derive(Debug)]
pub(super) struct PublicKey {
    id: Option<String>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// Why bytes are not what keys are checked with.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub(crate) enum NoPublicKeys {
    /// They are something else than a key set, and say nothing about keys.
    #[error("it is no JSON Web Key Set: an object whose `keys` is a list of objects")]
    NoSet,
    /// The set says that there is none.
    #[error("it has no RSA key of at least {LEAST_BITS} bits for RS256 signatures")]
    NoneToUse,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Map<String, Value>>,
}

/// A key as it is written.
#[derive(Deserialize)]
struct Written {
    kty: String,
    kid: Option<String>,
    r#use: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    n: String,
    e: String,
}

impl PublicKeys {
    /// Reads a key set. One without a key that could be used is a set all the same: its issuer has withdrawn them.
    ///
    /// # Errors
    /// It is no key set.
    pub(crate) fn read(json: &[u8]) -> Result<Self, NoPublicKeys> {
        let set: KeySet = serde_json::from_slice(json).map_err(|_| NoPublicKeys::NoSet)?;
        Ok(Self(set.keys.into_iter().filter_map(PublicKey::read).collect()))
    }

    /// The same, if anything can be checked with it.
    ///
    /// # Errors
    /// No key in it can be used.
    pub(crate) fn some(self) -> Result<Self, NoPublicKeys> {
        if self.is_empty() {
            return Err(NoPublicKeys::NoneToUse);
        }
        Ok(self)
    }

    /// Whether nothing can be checked with it.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key of this name. A token that names none can only mean the only one.
    pub(super) fn find(&self, id: Option<&str>) -> Option<&PublicKey> {
        match (id, self.0.as_slice()) {
            (Some(id), keys) => keys.iter().find(|key| key.id.as_deref() == Some(id)),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }
}

impl PublicKey {
    fn read(written: Map<String, Value>) -> Option<Self> {
        let key: Written = serde_json::from_value(Value::Object(written)).ok()?;
        let may_sign = key.r#use.is_none_or(|usage| usage == "sig")
            && key
                .key_ops
                .is_none_or(|uses| uses.iter().any(|usage| usage == "verify"))
            && key.alg.is_none_or(|name| name == JwtAlgorithm::Rs256.name());
        let modulus = number(&key.n)?;
        let is_one = key.kty == "RSA" && may_sign && modulus.len() * 8 >= LEAST_BITS;
        is_one.then_some(Self {
            id: key.kid,
            modulus,
            exponent: number(&key.e)?,
        })
    }

    /// Whether its owner signed these bytes.
    pub(super) fn proves(&self, signed: &[u8], signature: &[u8]) -> bool {
        let key = RsaPublicKeyComponents {
            n: &self.modulus,
            e: &self.exponent,
        };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature).is_ok()
    }
}

/// A number as its bytes, without the zeros that some write in front.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    Some(bytes[start..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(keys: &str) -> Vec<u8> {
        format!(r#"{{"keys": [{keys}]}}"#).into_bytes()
    }

    fn key(more: &str, bytes: usize) -> String {
        let modulus = URL_SAFE_NO_PAD.encode([&[0][..], &vec![0xc1; bytes]].concat());
        format!(r#"{{"kty": "RSA", "n": "{modulus}", "e": "AQAB"{more}}}"#)
    }

    #[test]
    fn a_key_is_found_by_its_name_and_an_unnamed_one_only_alone() {
        let keys = PublicKeys::read(&set(&key(r#", "kid": "a", "use": "sig""#, 256))).unwrap();
        assert!(keys.find(Some("a")).is_some() && keys.find(None).is_some());
        assert!(keys.find(Some("b")).is_none());
        let two = [key(r#", "kid": "a""#, 256), key(r#", "kid": "b", "x": 1"#, 512)].join(",");
        let keys = PublicKeys::read(&set(&two)).unwrap();
        assert!(keys.find(Some("b")).is_some() && keys.find(None).is_none());
    }

    #[test]
    fn what_cannot_check_rs256_is_passed_over() {
        for bad in [
            key(r#", "use": "enc""#, 256),
            key(r#", "alg": "RS512""#, 256),
            key(r#", "key_ops": ["encrypt"]"#, 256),
            key("", 128),
            key("", 256).replace("\"RSA\"", "\"EC\""),
            key("", 256).replace("AQAB", "A+/="),
            r#"{"kty": "oct", "k": "AAAA"}"#.into(),
            String::new(),
        ] {
            let none = PublicKeys::read(&set(&bad)).unwrap();
            assert_eq!(none.some().unwrap_err(), NoPublicKeys::NoneToUse, "{bad}");
            let beside = format!("{bad}{}{}", if bad.is_empty() { "" } else { "," }, key("", 256));
            assert_eq!(PublicKeys::read(&set(&beside)).unwrap().0.len(), 1, "{bad}");
        }
    }

    #[test]
    fn what_is_no_key_set_says_nothing_about_keys() {
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"keys": null}"#,
            r#"{"keys": [7]}"#,
            r#"{"keys": [""#,
        ] {
            assert_eq!(
                PublicKeys::read(bad.as_bytes()).unwrap_err(),
                NoPublicKeys::NoSet,
                "{bad}"
            );
        }
    }
}
