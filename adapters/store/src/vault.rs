//! Sealing: what must not be readable at rest is encrypted with AES-256-GCM before it reaches a table or a queue.
//!
//! Each sealed value says which key sealed it, and is bound to its place: a value copied to another row or column does
//! not open there. The first key of the ring seals, all of them open, so that keys can be rotated.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::secret::Secret;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest,
    rand::{SecureRandom, SystemRandom},
};

const FORMAT: u8 = 1;
const KEY_ID_LEN: usize = 4;
const HEADER_LEN: usize = 1 + KEY_ID_LEN + NONCE_LEN;

/// The ring of keys. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    keys: Arc<[VaultKey]>,
}

struct VaultKey {
    id: [u8; KEY_ID_LEN],
    key: LessSafeKey,
}

/// A key of the ring cannot be used.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error(
    "expected one or more keys separated by commas, each 32 random bytes in base64 (openssl rand -base64 32)"
)]
pub struct InvalidKey;

/// A sealed value does not open.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum Unsealable {
    /// None of our keys sealed it.
    #[error("sealed with a key that is not in SLUICE_SECRETS_KEY")]
    UnknownKey,
    /// It was changed, moved, or was never sealed.
    #[error("damaged, or sealed for another place")]
    Damaged,
}

impl Vault {
    /// Reads a ring: keys of 32 bytes in base64, separated by commas, the sealing one first.
    ///
    /// # Errors
    /// No key, or one that is not 32 bytes of base64.
    pub fn from_keys(keys: &Secret) -> Result<Self, InvalidKey> {
        let keys: Vec<VaultKey> = keys
            .expose()
            .split(',')
            .map(parse_key)
            .collect::<Result<_, _>>()?;
        Ok(Self { keys: keys.into() })
    }

    /// Seals `plain` for `place`, such as `payments.client_secret:pay_…`.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Vec<u8> {
        let VaultKey { id, key } = &self.keys[0];
        let mut nonce = [0; NONCE_LEN];
        #[expect(
            clippy::expect_used,
            reason = "a machine without randomness must not seal anything"
        )]
        SystemRandom::new()
            .fill(&mut nonce)
            .expect("the system gives random bytes");
        let mut sealed = Vec::with_capacity(HEADER_LEN + plain.len() + AES_256_GCM.tag_len());
        sealed.push(FORMAT);
        sealed.extend_from_slice(id);
        sealed.extend_from_slice(&nonce);
        let mut buffer = plain.to_vec();
        #[expect(clippy::expect_used, reason = "fails only beyond 64 GiB")]
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut buffer)
            .expect("the value is small enough to seal");
        sealed.append(&mut buffer);
        sealed
    }

    /// Opens what was sealed for `place`.
    ///
    /// # Errors
    /// Not sealed by a key of this ring, not for this place, or damaged.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let Some((header, body)) = sealed.split_at_checked(HEADER_LEN) else {
            return Err(Unsealable::Damaged);
        };
        if header[0] != FORMAT {
            return Err(Unsealable::Damaged);
        }
        let (id, nonce) = header[1..].split_at(KEY_ID_LEN);
        let key = self
            .keys
            .iter()
            .find(|key| key.id == id)
            .ok_or(Unsealable::UnknownKey)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unsealable::Damaged)?;
        let mut buffer = body.to_vec();
        let plain = key
            .key
            .open_in_place(nonce, Aad::from(place), &mut buffer)
            .map_err(|_| Unsealable::Damaged)?;
        Ok(plain.to_vec())
    }

    /// [`Self::seal`], in base64 for places that hold text.
    pub fn seal_text(&self, place: &str, plain: &[u8]) -> String {
        STANDARD.encode(self.seal(place, plain))
    }

    /// Opens what [`Self::seal_text`] sealed.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_text(&self, place: &str, sealed: &str) -> Result<Vec<u8>, Unsealable> {
        self.open(place, &STANDARD.decode(sealed).map_err(|_| Unsealable::Damaged)?)
    }
}

fn parse_key(text: &str) -> Result<VaultKey, InvalidKey> {
    let bytes = STANDARD.decode(text.trim()).map_err(|_| InvalidKey)?;
    let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| InvalidKey)?;
    let mut id = [0; KEY_ID_LEN];
    id.copy_from_slice(&digest::digest(&digest::SHA256, &bytes).as_ref()[..KEY_ID_LEN]);
    Ok(VaultKey {
        id,
        key: LessSafeKey::new(key),
    })
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({} keys)", self.keys.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> String {
        STANDARD.encode([byte; 32])
    }

    fn vault(keys: &str) -> Vault {
        Vault::from_keys(&Secret::new(keys)).unwrap()
    }

    #[test]
    fn opens_only_at_its_place_and_undamaged() {
        let vault = vault(&key(1));
        let mut sealed = vault.seal("here", b"secret");
        assert_eq!(vault.open("here", &sealed).unwrap(), b"secret");
        assert_eq!(vault.open("there", &sealed), Err(Unsealable::Damaged));
        *sealed.last_mut().unwrap() ^= 1;
        assert_eq!(vault.open("here", &sealed), Err(Unsealable::Damaged));
        assert_eq!(vault.open("here", b"short"), Err(Unsealable::Damaged));
        assert_ne!(vault.seal("here", b"secret"), vault.seal("here", b"secret"));
    }

    #[test]
    fn keys_rotate() {
        let old = vault(&key(1));
        let both = vault(&format!("{},{}", key(2), key(1)));
        assert_eq!(both.open("p", &old.seal("p", b"x")).unwrap(), b"x");
        assert_eq!(old.open("p", &both.seal("p", b"x")), Err(Unsealable::UnknownKey));
    }

    #[test]
    fn bad_keys_are_refused() {
        for bad in ["", "short", "AAAA", &format!("{},", key(1))] {
            assert_eq!(
                Vault::from_keys(&Secret::new(bad)).unwrap_err(),
                InvalidKey,
                "{bad}"
            );
        }
    }
}
