//! API keys: what a merchant shows to prove who it is.
//!
//! A key has two parts: an id that names it, which may be stored and shown, and a secret that proves it, which is given
//! out once and kept only as a hash. The secret is 256 random bits, so a plain SHA-256 is as hard to guess as the secret
//! itself; a slow password hash would only make every request slower.

use ring::{digest, hmac};

use crate::secret::Secret;

const PREFIX: &str = "slk_";
const ID_DIGITS: usize = 16;
const SECRET_DIGITS: usize = 64;

/// A whole key: its id and its secret. Exists only where it is made and where it is presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyText {
    id: String,
    secret: Secret,
}

/// The text is not an API key. Does not repeat it: it may be another secret, pasted into the wrong place.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error("an API key is slk_, 16 hexadecimal digits, an underscore and 64 hexadecimal digits")]
pub struct NotAnApiKey;

impl ApiKeyText {
    /// How many random bytes a key is made of.
    pub const RANDOM_BYTES: usize = (ID_DIGITS + SECRET_DIGITS) / 2;

    /// Makes a key from random bytes, which must come from a cryptographic source.
    pub fn from_random(bytes: &[u8; Self::RANDOM_BYTES]) -> Self {
        let (id, secret) = bytes.split_at(ID_DIGITS / 2);
        Self {
            id: hex::encode(id),
            secret: Secret::new(hex::encode(secret)),
        }
    }

    /// The same secret under an id that was chosen before: whoever asks twice for the key of one id gets no second one.
    ///
    /// # Errors
    /// The id is not 16 hexadecimal digits.
    pub fn with_id(self, id: &str) -> Result<Self, NotAnApiKey> {
        if !is_hex(id, ID_DIGITS) {
            return Err(NotAnApiKey);
        }
        Ok(Self {
            id: id.to_owned(),
            secret: self.secret,
        })
    }

    /// Reads a key as it was presented.
    ///
    /// # Errors
    /// It does not look like a key; nothing needs to be looked up to refuse it.
    pub fn parse(text: &str) -> Result<Self, NotAnApiKey> {
        let (id, secret) = text
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('_'))
            .ok_or(NotAnApiKey)?;
        if !is_hex(id, ID_DIGITS) || !is_hex(secret, SECRET_DIGITS) {
            return Err(NotAnApiKey);
        }
        Ok(Self {
            id: id.to_owned(),
            secret: Secret::new(secret),
        })
    }

    /// The part that names the key. Fit for tables, logs and people.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The whole key, to be handed to the merchant once.
    pub fn expose(&self) -> Secret {
        Secret::new(format!("{PREFIX}{}_{}", self.id, self.secret.expose()))
    }

    /// SHA-256 of the part that proves the key: all that is stored of it.
    pub fn secret_hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, self.secret.expose().as_bytes()).as_ref());
        hash
    }

    /// Whether this is the key whose hash was stored, found out in a time that does not tell how much of it was right.
    ///
    /// The stored hash is authenticated under a fixed key and the presented one is verified against that tag: ring
    /// compares tags in constant time, and that comparison is the only one it offers.
    pub fn proves(&self, stored_hash: &[u8; 32]) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.id.as_bytes());
        let tag = hmac::sign(&key, stored_hash);
        hmac::verify(&key, &self.secret_hash(), tag.as_ref()).is_ok()
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(seed: u8) -> [u8; ApiKeyText::RANDOM_BYTES] {
        std::array::from_fn(|index| seed.wrapping_mul(31).wrapping_add(index as u8))
    }

    #[test]
    fn a_key_reads_back_and_proves_itself() {
        let key = ApiKeyText::from_random(&random(1));
        let text = key.expose();
        assert_eq!(text.expose().len(), PREFIX.len() + ID_DIGITS + 1 + SECRET_DIGITS);
        let presented = ApiKeyText::parse(text.expose()).unwrap();
        assert_eq!(presented, key);
        assert!(presented.proves(&key.secret_hash()));
    }

    #[test]
    fn a_key_takes_an_id_that_was_chosen_for_it() {
        let key = ApiKeyText::from_random(&random(1));
        let named = key.clone().with_id("00112233445566ff").unwrap();
        assert_eq!(
            (named.id(), named.secret_hash()),
            ("00112233445566ff", key.secret_hash())
        );
        for bad in ["", "00112233445566f", "00112233445566FF"] {
            assert_eq!(key.clone().with_id(bad), Err(NotAnApiKey), "{bad}");
        }
    }

    #[test]
    fn another_secret_under_the_same_id_proves_nothing() {
        let key = ApiKeyText::from_random(&random(1));
        let forged = ApiKeyText {
            id: key.id.clone(),
            secret: Secret::new("0".repeat(SECRET_DIGITS)),
        };
        assert!(!forged.proves(&key.secret_hash()));
        assert!(!key.proves(&[0; 32]));
    }

    #[test]
    fn the_hash_of_a_known_secret_never_changes() {
        let text = format!("slk_{}_{}", "0".repeat(ID_DIGITS), "0".repeat(SECRET_DIGITS));
        let hash = hex::encode(ApiKeyText::parse(&text).unwrap().secret_hash());
        assert_eq!(
            hash,
            "60e05bd1b195af2f94112fa7197a5c88289058840ce7c6df9693756bc6250f55"
        );
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let good = ApiKeyText::from_random(&random(7)).expose();
        let good = good.expose();
        let cases = [
            String::new(),
            "slk_".into(),
            good.to_uppercase(),
            good[4..].into(),
            format!("{good}0"),
            format!(" {good}"),
            good.replace("slk_", "sk_test_"),
            format!("slk_{}_{}", "é".repeat(8), "0".repeat(64)),
        ];
        for bad in cases {
            assert_eq!(ApiKeyText::parse(&bad), Err(NotAnApiKey), "{bad}");
        }
    }

    #[test]
    fn a_key_does_not_show_in_debug_output() {
        let key = ApiKeyText::from_random(&random(3));
        assert!(!format!("{key:?}").contains(key.secret.expose()));
    }
}
