//! A string that must not leak: client secrets, keys, signing secrets.
//!
//! `Debug` prints a placeholder and the bytes are wiped when dropped. Serialising it is a deliberate act: call
//! [`Secret::expose`] where the value leaves the process towards its owner.

use std::fmt;

/// A secret string. Compare secrets in constant time where an attacker chooses one side.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(zeroize::Zeroizing<String>);

impl Secret {
    /// Wraps a secret value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(zeroize::Zeroizing::new(value.into()))
    }

    /// The secret itself. Never log it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}
