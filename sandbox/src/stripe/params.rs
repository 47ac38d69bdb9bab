//! Typed reading of a request's parameters, with the errors Stripe gives for each way of getting them wrong.

use std::collections::BTreeMap;

use super::errors::ApiError;
use super::form::{Branch, Node};

/// Stripe's bounds on metadata.
const METADATA_ENTRIES: usize = 50;
const METADATA_KEY_CHARS: usize = 40;
const METADATA_VALUE_CHARS: usize = 500;

/// Metadata as asked for: what to set, and what to remove (an empty value removes a key).
#[derive(Debug, Clone, Default)]
pub struct MetadataChange {
    clear: bool,
    entries: BTreeMap<String, String>,
}

impl MetadataChange {
    /// Applies the change.
    pub fn apply(&self, metadata: &mut BTreeMap<String, String>) {
        if self.clear {
            metadata.clear();
        }
        for (key, value) in &self.entries {
            if value.is_empty() {
                metadata.remove(key);
            } else {
                metadata.insert(key.clone(), value.clone());
            }
        }
    }
}

/// The parameters of one request.
#[derive(Debug, Clone, Copy)]
pub struct Params<'a> {
    form: &'a Branch,
}

impl<'a> Params<'a> {
    /// Reads from a parsed form.
    pub fn of(form: &'a Branch) -> Self {
        Self { form }
    }

    /// Refuses parameters that are not in the list. `expand` and `key` belong to every call.
    pub fn only(self, known: &[&str]) -> Result<Self, ApiError> {
        for (name, _) in self.form.iter() {
            if !known.contains(&name) && name != "expand" && name != "key" {
                return Err(ApiError::invalid(format!("Received unknown parameter: {name}"))
                    .code("parameter_unknown")
                    .param(name));
            }
        }
        Ok(self)
    }

    /// Whether the parameter was sent at all, even empty.
    pub fn has(&self, name: &str) -> bool {
        self.form.get(name).is_some()
    }

    /// A text that may be left out; an empty one counts as left out.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        match self.form.get(name) {
            None => Ok(None),
            Some(Node::Text(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(Node::Branch(_)) => Err(ApiError::invalid(format!("Invalid string: {name}")).param(name)),
        }
    }

    /// A text that must be there.
    pub fn required_text(&self, name: &str) -> Result<&'a str, ApiError> {
        match self.text(name)? {
            Some(text) => Ok(text),
            None if self.has(name) => Err(ApiError::invalid(format!(
                "You passed an empty string for '{name}'. Empty values are an attempt to unset a parameter, and '{name}' cannot be unset."
            ))
            .code("parameter_invalid_empty")
            .param(name)),
            None => Err(missing(name)),
        }
    }

    /// One of a few texts.
    pub fn one_of(&self, name: &str, choices: &[&str]) -> Result<Option<&'a str>, ApiError> {
        match self.text(name)? {
            Some(text) if !choices.contains(&text) => Err(ApiError::invalid(format!(
                "Invalid {name}: must be one of {}",
                choices.join(", ")
            ))
            .param(name)),
            other => Ok(other),
        }
    }

    /// A whole number that may be left out.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            ApiError::invalid(format!("Invalid integer: {text}"))
                .code("parameter_invalid_integer")
                .param(name)
        })
    }

    /// `true` or `false`, that may be left out.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.text(name)? {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(other) => Err(ApiError::invalid(format!("Invalid boolean: {other}")).param(name)),
        }
    }

    /// A list of texts, in order.
    pub fn list(&self, name: &str) -> Result<Vec<&'a str>, ApiError> {
        match self.form.get(name) {
            None => Ok(Vec::new()),
            Some(Node::Text(text)) if text.is_empty() => Ok(Vec::new()),
            Some(Node::Text(_)) => Err(ApiError::invalid("Invalid array").param(name)),
            Some(Node::Branch(branch)) => branch
                .iter()
                .map(|(_, node)| match node {
                    Node::Text(text) => Ok(text.as_str()),
                    Node::Branch(_) => Err(ApiError::invalid("Invalid array").param(name)),
                })
                .collect(),
        }
    }

    /// Named parts that may be left out.
    pub fn branch(&self, name: &str) -> Result<Option<Params<'a>>, ApiError> {
        match self.form.get(name) {
            None => Ok(None),
            Some(Node::Text(text)) if text.is_empty() => Ok(None),
            Some(Node::Text(_)) => Err(ApiError::invalid("Invalid object").param(name)),
            Some(Node::Branch(branch)) => Ok(Some(Params::of(branch))),
        }
    }

    /// Metadata, within Stripe's bounds.
    pub fn metadata(&self) -> Result<MetadataChange, ApiError> {
        let name = "metadata";
        let mut change = MetadataChange::default();
        let Some(branch) = self.branch(name)? else {
            change.clear = self.has(name);
            return Ok(change);
        };
        for (key, node) in branch.form.iter() {
            let Node::Text(value) = node else {
                return Err(ApiError::invalid("Invalid metadata: values must be strings").param(name));
            };
            if key.chars().count() > METADATA_KEY_CHARS || value.chars().count() > METADATA_VALUE_CHARS {
                let bounds = format!(
                    "keys up to {METADATA_KEY_CHARS} and values up to {METADATA_VALUE_CHARS} characters"
                );
                return Err(ApiError::invalid(format!("Invalid metadata: {bounds} are allowed")).param(name));
            }
            change.entries.insert(key.to_owned(), value.clone());
        }
        if change.entries.len() > METADATA_ENTRIES {
            return Err(
                ApiError::invalid(format!("Metadata can have up to {METADATA_ENTRIES} keys")).param(name),
            );
        }
        Ok(change)
    }

    /// Metadata as sent, for whoever only wants to recognise the request.
    pub fn metadata_entries(&self) -> BTreeMap<String, String> {
        self.metadata().map(|change| change.entries).unwrap_or_default()
    }
}

/// 400 `parameter_missing`.
pub fn missing(name: &str) -> ApiError {
    ApiError::invalid(format!("Missing required param: {name}."))
        .code("parameter_missing")
        .param(name)
}
