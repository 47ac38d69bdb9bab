//! What is the same of every channel's credentials: how they are written down and what is said when they cannot be used.
//!
//! Decrypted credentials live only as long as a job. `Debug` prints nothing of them, and the JSON form exists
//! only so that people can hand them in and the store can seal them: it is never quoted in an error.

use domain::secret::Secret;
use ring::digest;
use serde::de::DeserializeOwned;

/// The credentials cannot be used. Says what is wrong with them without showing any of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("credentials: {field}: {problem}")]
pub struct InvalidCredentials {
    /// The field.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

impl InvalidCredentials {
    pub(crate) fn new(field: &str, problem: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            problem: problem.into(),
        }
    }
}

/// Reads a channel's fields from JSON. The parser's own words about a value would quote it, so only names are passed on.
pub(crate) fn read_fields<F: DeserializeOwned>(json: &Secret) -> Result<F, InvalidCredentials> {
    let mut json = serde_json::Deserializer::from_str(json.expose());
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let said = error.inner().to_string();
        let names_only = said.starts_with("missing field") || said.starts_with("unknown field");
        let problem = if names_only {
            said.split(" at line").next().unwrap_or_default().to_owned()
        } else {
            "is not of the kind that is asked for".to_owned()
        };
        InvalidCredentials::new(&path, problem)
    })
}

/// What stands for parts of credentials where they must not be shown.
pub(crate) fn digest(parts: &[&Secret]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        // The length keeps two lists from running together into one text.
        context.update(&(part.expose().len() as u64).to_be_bytes());
        context.update(part.expose().as_bytes());
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

/// Checks that a text is 1 to `most` visible ASCII characters: what goes into a header or is a name at a provider.
pub(crate) fn check_token(field: &str, text: &str, most: usize) -> Result<(), InvalidCredentials> {
    if is_token(text, most) {
        Ok(())
    } else {
        let problem = format!("must be 1 to {most} visible ASCII characters");
        Err(InvalidCredentials::new(field, problem))
    }
}

pub(crate) fn is_token(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Checks that there is at least one of something of which there are several while one is being replaced.
pub(crate) fn check_some<T>(field: &str, list: &[T]) -> Result<(), InvalidCredentials> {
    if list.is_empty() {
        return Err(InvalidCredentials::new(
            field,
            "at least one is needed, newest first",
        ));
    }
    Ok(())
}
