//! Passwords of operators: made, stored as Argon2id, compared.
//!
//! The parameters are those that OWASP recommends (19 MiB, two passes, one lane). They stand in what is stored, so that
//! they can be raised without locking anybody out.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::secret::Secret;
use ring::rand::{SecureRandom, SystemRandom};

use crate::ConsoleError;

/// The shortest password, in characters.
pub(crate) const SHORTEST: usize = 12;
/// The longest, in bytes: long enough for any sentence, and no work for nothing.
pub(crate) const LONGEST: usize = 256;
/// 144 bits, which are 24 characters.
const GENERATED: usize = 18;
const SALT: usize = 16;

/// A password of whoever does not exist: comparing with it takes as long as with one of somebody who does.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A new random password.
pub(crate) fn generate() -> Result<Secret, ConsoleError> {
    Ok(Secret::new(BASE64_URL_SAFE_NO_PAD.encode(random::<GENERATED>()?)))
}

/// What is stored of a password: a PHC string with its parameters and salt.
pub(crate) fn hash(password: &Secret) -> Result<Secret, ConsoleError> {
    let text = password.expose();
    if text.chars().count() < SHORTEST || text.len() > LONGEST {
        return Err(ConsoleError::Password);
    }
    let hashed = Argon2::default().hash_password_with_salt(text.as_bytes(), &random::<SALT>()?);
    // Its parameters and lengths are ours and fit.
    let hashed: PasswordHash = hashed.map_err(|_| ConsoleError::Password)?;
    Ok(Secret::new(hashed.to_string()))
}

/// Whether a password is the one that `stored` was made of. Takes as long when there is none stored.
pub(crate) fn is_right(password: &str, stored: Option<&Secret>) -> bool {
    let text = stored.map_or(NOBODYS, Secret::expose);
    let Ok(parsed) = PasswordHash::new(text) else {
        return false;
    };
    let fits = password.len() <= LONGEST;
    let compared = if fits { password } else { "" };
    let is_equal = Argon2::default()
        .verify_password(compared.as_bytes(), &parsed)
        .is_ok();
    is_equal && fits && stored.is_some()
}

/// Bytes from the system's randomness.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], ConsoleError> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| ConsoleError::NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_itself_is_right() {
        let password = generate().unwrap();
        let stored = hash(&password).unwrap();
        assert!(stored.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(is_right(password.expose(), Some(&stored)));
        for wrong in ["", "guess", &format!("{}x", password.expose())] {
            assert!(!is_right(wrong, Some(&stored)), "{wrong:?}");
        }
        assert_ne!(hash(&password).unwrap(), stored, "each has a salt of its own");
    }

    #[test]
    fn nobody_is_never_right_and_what_is_stored_badly_neither() {
        PasswordHash::new(NOBODYS).unwrap();
        for password in ["", "guess"] {
            assert!(!is_right(password, None));
            assert!(!is_right(password, Some(&Secret::new("plain"))));
        }
    }

    #[test]
    fn short_and_huge_passwords_are_refused() {
        for bad in ["eleven char".to_owned(), "x".repeat(257)] {
            assert!(matches!(hash(&Secret::new(bad)), Err(ConsoleError::Password)));
        }
        hash(&Secret::new("密码密码密码密码密码密码")).unwrap();
    }
}
