//! Who works at the console, and what that lets them do.

use std::{fmt, str::FromStr};

/// What an operator may do. Each role may do all that the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks.
    Viewer,
    /// Looks, and acts on jobs, payments and notifications.
    Operator,
    /// All of that, and decides who may do what.
    Administrator,
}

impl Role {
    /// All roles, from the least to the most.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Administrator];

    /// Its name, as it is stored and typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Administrator => "administrator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no such role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected viewer, operator or administrator")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or(UnknownRole)
    }
}

/// The name of an operator: what is signed in with, and what the log says of whoever acted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OperatorName(String);

/// The name cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a name is 1 to 64 small letters, digits, dots, dashes and underscores, and begins with a letter or a digit"
)]
pub struct InvalidOperatorName;

impl OperatorName {
    /// The longest name, in characters.
    const LONGEST: usize = 64;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OperatorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for OperatorName {
    type Err = InvalidOperatorName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let begins_well = text.bytes().next().is_some_and(letter);
        let all_fit = text.bytes().all(|byte| letter(byte) || b"._-".contains(&byte));
        if begins_well && all_fit && text.len() <= Self::LONGEST {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidOperatorName)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_as_they_are_written_and_grow() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
        }
        assert!(Role::Viewer < Role::Operator && Role::Operator < Role::Administrator);
        assert_eq!("root".parse::<Role>(), Err(UnknownRole));
    }

    #[test]
    fn a_name_is_short_and_plain() {
        for good in ["anna", "a", "li.wei-2", "7of9", &"x".repeat(64)] {
            assert_eq!(
                good.parse::<OperatorName>().map(|name| name.to_string()),
                Ok(good.to_owned())
            );
        }
        for bad in ["", "Anna", ".anna", "an na", "李", &"x".repeat(65)] {
            assert_eq!(bad.parse::<OperatorName>(), Err(InvalidOperatorName), "{bad:?}");
        }
    }
}
