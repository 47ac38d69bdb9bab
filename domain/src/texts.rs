//! What merchants may write into texts and metadata: the limits are the same wherever they may.

use std::collections::BTreeMap;

/// How many metadata entries an object may carry.
pub const MAX_METADATA_KEYS: usize = 20;
/// How long a metadata key may be, in characters.
pub const MAX_METADATA_KEY: usize = 40;
/// How long a metadata value may be, in characters.
pub const MAX_METADATA_VALUE: usize = 200;
/// How long the metadata may be in all, in bytes of JSON: with the rest of an object it has to fit a notification.
pub const MAX_METADATA_BYTES: usize = 8_192;

/// A field cannot be used.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("{field}: {problem}")]
pub struct InvalidText {
    /// The field, by its name in the API.
    pub field: &'static str,
    /// What is wrong with it and what would be right.
    pub problem: String,
}

/// Checks a text that may be left out.
///
/// # Errors
/// It is empty, longer than `limit` characters, or has control characters.
pub fn check_text(field: &'static str, value: Option<&str>, limit: usize) -> Result<(), InvalidText> {
    match value {
        Some(text) if text.trim().is_empty() || text.chars().count() > limit || has_control(text) => {
            Err(InvalidText {
                field,
                problem: format!("1 to {limit} characters, not only spaces, no control characters"),
            })
        }
        Some(_) | None => Ok(()),
    }
}

/// Checks metadata.
///
/// # Errors
/// There is too much of it, or an entry is too long or has control characters.
pub fn check_metadata(metadata: &BTreeMap<String, String>) -> Result<(), InvalidText> {
    let invalid = |problem| {
        let field = "metadata";
        Err(InvalidText { field, problem })
    };
    if metadata.len() > MAX_METADATA_KEYS {
        return invalid(format!("at most {MAX_METADATA_KEYS} entries"));
    }
    if !metadata.iter().all(|(key, value)| is_entry(key, value)) {
        return invalid(format!(
            "keys of 1 to {MAX_METADATA_KEY} characters, values of at most {MAX_METADATA_VALUE}, no control characters"
        ));
    }
    let bytes = serde_json::to_vec(metadata).map_or(usize::MAX, |json| json.len());
    if bytes > MAX_METADATA_BYTES {
        return invalid(format!("at most {MAX_METADATA_BYTES} bytes of JSON in all"));
    }
    Ok(())
}

fn is_entry(key: &str, value: &str) -> bool {
    let key_fits = (1..=MAX_METADATA_KEY).contains(&key.chars().count());
    key_fits && value.chars().count() <= MAX_METADATA_VALUE && !has_control(key) && !has_control(value)
}

/// Control characters have no place in such texts, take six bytes each in JSON, and PostgreSQL does not store all of
/// them.
fn has_control(text: &str) -> bool {
    text.contains(char::is_control)
}
