//! The end users of merchants, who own orders, wallets and payments. Sluice knows no more of them than what the merchant
//! calls them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

const MOST: usize = 128;

/// What a merchant calls one of its users: 1 to 128 visible ASCII characters. Two merchants' users of one name have nothing
/// to do with each other. It may say who somebody is, so `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(String);

/// The text names no user.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error("a user's id is 1 to {MOST} visible ASCII characters, as the merchant calls its user")]
pub struct InvalidUserId;

impl UserId {
    /// The id as the merchant wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserId(…)")
    }
}

impl TryFrom<String> for UserId {
    type Error = InvalidUserId;

    fn try_from(text: String) -> Result<Self, InvalidUserId> {
        let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || text.len() > MOST || !is_visible {
            return Err(InvalidUserId);
        }
        Ok(Self(text))
    }
}

impl FromStr for UserId {
    type Err = InvalidUserId;

    fn from_str(text: &str) -> Result<Self, InvalidUserId> {
        Self::try_from(text.to_owned())
    }
}

impl From<UserId> for String {
    fn from(id: UserId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_what_the_merchant_calls_it() {
        assert_eq!("user-42".parse::<UserId>().unwrap().as_str(), "user-42");
        for bad in ["", "two words", "näher", &"x".repeat(MOST + 1)] {
            assert_eq!(bad.parse::<UserId>(), Err(InvalidUserId), "{bad:?}");
        }
    }

    #[test]
    fn debug_does_not_say_who_it_is() {
        let user: UserId = "alice@example.com".parse().unwrap();
        assert!(!format!("{user:?}").contains("alice"));
    }
}
