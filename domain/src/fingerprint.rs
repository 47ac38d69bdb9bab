//! The fingerprint of a request: SHA-256 over its fields in one canonical form, so that white space or the order of
//! fields do not matter and no two different requests look alike.

use std::collections::BTreeMap;

use ring::digest;

/// A fingerprint being taken, field by field.
pub struct Fingerprint(digest::Context);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Fingerprint {
    /// Adds a field. One that is left out differs from one that is empty.
    pub fn field(&mut self, name: &str, value: Option<&str>) {
        for text in [Some(name), value] {
            let bytes = text.unwrap_or_default().as_bytes();
            self.0.update(&[u8::from(text.is_some())]);
            self.0.update(&(bytes.len() as u64).to_be_bytes());
            self.0.update(bytes);
        }
    }

    /// Adds the entries of a map, in the order of their keys.
    pub fn entries(&mut self, entries: &BTreeMap<String, String>) {
        for (key, value) in entries {
            self.field(key, Some(value));
        }
    }

    /// The fingerprint.
    pub fn finish(self) -> [u8; 32] {
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(self.0.finish().as_ref());
        fingerprint
    }
}
