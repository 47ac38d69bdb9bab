//! Opening what a callback encloses (<https://pay.weixin.qq.com/doc/v3/merchant/4012365349>).
//!
//! AES-256-GCM under the merchant's API v3 key, and nothing else, whatever the callback names: the tag is what says that it
//! was closed by somebody who knows the key. Every key is tried, newest first, as a merchant that replaces its key still
//! gets what was closed with the old one.

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::secret::Secret;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde::Deserialize;
use zeroize::Zeroizing;

const ALGORITHM: &str = "AEAD_AES_256_GCM";

/// What is enclosed.
#[derive(Deserialize)]
pub(super) struct Resource {
    algorithm: String,
    ciphertext: String,
    nonce: String,
    /// May be empty, or not there at all.
    #[serde(default)]
    associated_data: Option<String>,
}

/// Why it cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Closed {
    #[error("the resource is not closed with AEAD_AES_256_GCM")]
    Algorithm,
    #[error("the resource's nonce is not 12 bytes long")]
    Nonce,
    #[error("the resource is not base64")]
    Base64,
    #[error("none of the API v3 keys opens the resource")]
    Key,
}

impl Resource {
    /// The plain bytes. They may tell who paid, so they are wiped after use.
    pub(super) fn open(&self, keys: &[Secret]) -> Result<Zeroizing<Vec<u8>>, Closed> {
        if self.algorithm != ALGORITHM {
            return Err(Closed::Algorithm);
        }
        let ciphertext = STANDARD.decode(&self.ciphertext).map_err(|_| Closed::Base64)?;
        let associated_data = self.associated_data.as_deref().unwrap_or_default();
        for key in keys {
            let nonce = Nonce::try_assume_unique_for_key(self.nonce.as_bytes()).map_err(|_| Closed::Nonce)?;
            let Ok(key) = UnboundKey::new(&AES_256_GCM, key.expose().as_bytes()) else {
                continue;
            };
            let mut bytes = Zeroizing::new(ciphertext.clone());
            let opened = LessSafeKey::new(key).open_in_place(nonce, Aad::from(associated_data), &mut bytes);
            if let Ok(length) = opened.map(|plain| plain.len()) {
                bytes.truncate(length);
                return Ok(bytes);
            }
        }
        Err(Closed::Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat::tests::seal;

    const KEY: &str = "0123456789abcdef0123456789ABCDEF";
    const OTHER: &str = "ffffffffffffffffffffffffffffffff";

    fn resource(associated_data: &str, plain: &str) -> Resource {
        serde_json::from_value(seal(KEY, associated_data, plain)).unwrap()
    }

    fn open(resource: &Resource, keys: &[&str]) -> Result<String, Closed> {
        let keys: Vec<_> = keys.iter().map(|key| Secret::new(*key)).collect();
        let opened = resource.open(&keys)?;
        Ok(String::from_utf8(opened.to_vec()).unwrap())
    }

    #[test]
    fn any_of_the_keys_opens_it() {
        for associated_data in ["", "transaction"] {
            let resource = resource(associated_data, "what is inside");
            assert_eq!(open(&resource, &[OTHER, KEY]).as_deref(), Ok("what is inside"));
            assert_eq!(open(&resource, &[KEY, OTHER]).as_deref(), Ok("what is inside"));
            assert_eq!(open(&resource, &[OTHER]), Err(Closed::Key));
            assert_eq!(open(&resource, &[]), Err(Closed::Key));
        }
        let mut without = resource("", "x");
        without.associated_data = None;
        assert_eq!(open(&without, &[KEY]).as_deref(), Ok("x"));
    }

    #[test]
    fn whatever_is_changed_keeps_it_closed() {
        let mut changed = resource("transaction", "what is inside");
        changed.associated_data = Some("refund".into());
        assert_eq!(open(&changed, &[KEY]), Err(Closed::Key));

        let mut changed = resource("", "what is inside");
        let mut bytes = STANDARD.decode(&changed.ciphertext).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        changed.ciphertext = STANDARD.encode(&bytes);
        assert_eq!(open(&changed, &[KEY]), Err(Closed::Key), "the tag is checked");
        changed.ciphertext = STANDARD.encode(&bytes[..3]);
        assert_eq!(open(&changed, &[KEY]), Err(Closed::Key), "shorter than a tag");
        changed.ciphertext = "é".into();
        assert_eq!(open(&changed, &[KEY]), Err(Closed::Base64));

        let mut changed = resource("", "what is inside");
        changed.nonce.push('x');
        assert_eq!(open(&changed, &[KEY]), Err(Closed::Nonce));
        changed.algorithm = "AEAD_AES_128_GCM".into();
        assert_eq!(open(&changed, &[KEY]), Err(Closed::Algorithm));
    }
}
