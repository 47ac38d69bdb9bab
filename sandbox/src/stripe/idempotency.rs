//! Idempotency keys as Stripe keeps them: per account, bound to the parameters, and replaying the stored answer.
//!
//! An answer is stored once the work began, whatever it was; a request that failed validation stores nothing.

use std::collections::HashMap;

use ring::digest::{SHA256, digest};

use super::errors::ApiError;

/// The longest key Stripe takes.
const LONGEST: usize = 255;

/// What identifies a request apart from its key.
pub type Fingerprint = [u8; 32];

/// An answer kept for replays.
#[derive(Debug, Clone)]
pub struct StoredAnswer {
    /// HTTP status.
    pub status: u16,
    /// Body as it was sent.
    pub body: bytes::Bytes,
    /// The request that did the work.
    pub request_id: String,
}

#[derive(Debug)]
enum Entry {
    InFlight(Fingerprint),
    Done(Fingerprint, StoredAnswer),
}

/// What to do with a request that carries a key.
#[derive(Debug)]
pub enum Begin {
    /// First seen: do the work, then settle or abandon the key.
    Work,
    /// Answer this again.
    Replay(StoredAnswer),
}

/// The keys of one account.
#[derive(Debug, Default)]
pub struct Idempotency {
    entries: HashMap<String, Entry>,
}

impl Idempotency {
    /// Claims the key for a request, or says why it cannot be had.
    pub fn begin(&mut self, key: &str, fingerprint: Fingerprint) -> Result<Begin, ApiError> {
        match self.entries.get(key) {
            None => {
                self.entries.insert(key.to_owned(), Entry::InFlight(fingerprint));
                Ok(Begin::Work)
            }
            Some(Entry::InFlight(first) | Entry::Done(first, _)) if *first != fingerprint => {
                Err(ApiError::idempotency(format!(
                    "Keys for idempotent requests can only be used with the same parameters they were first used with. \
                     Try using a key other than '{key}' if you meant to execute a different request."
                )))
            }
            Some(Entry::InFlight(_)) => Err(ApiError::idempotency(format!(
                "There is currently another in-progress request using this Idempotent Key: {key}. Please try again later."
            ))
            .status(409)
            .code("idempotency_key_in_use")),
            Some(Entry::Done(_, answer)) => Ok(Begin::Replay(answer.clone())),
        }
    }

    /// Stores the answer of the work.
    pub fn settle(&mut self, key: &str, answer: StoredAnswer) {
        if let Some(entry) = self.entries.get_mut(key)
            && let Entry::InFlight(fingerprint) = entry
        {
            *entry = Entry::Done(*fingerprint, answer);
        }
    }

    /// Forgets every key whose work is done: a request that carries one again is a new request.
    pub fn forget(&mut self) {
        self.entries
            .retain(|_, entry| matches!(entry, Entry::InFlight(_)));
    }

    /// Frees the key of a request that did no work.
    pub fn abandon(&mut self, key: &str) {
        self.entries.remove(key);
    }
}

/// Refuses keys Stripe refuses.
pub fn check_key(key: &str) -> Result<(), ApiError> {
    if key.chars().count() <= LONGEST {
        return Ok(());
    }
    let message = format!(
        "Idempotency keys can be up to {LONGEST} characters long; this one has {}.",
        key.chars().count()
    );
    Err(ApiError::idempotency(message))
}

/// Identifies a request by method, path and parameters, whatever order they came in.
pub fn fingerprint(method: &str, path: &str, body: &[u8]) -> Fingerprint {
    let mut pairs: Vec<_> = form_urlencoded::parse(body).collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    let mut canonical = format!("{method}\0{path}");
    for (key, value) in pairs {
        canonical.push('\0');
        canonical.push_str(&key);
        canonical.push('\u{1}');
        canonical.push_str(&value);
    }
    let mut fingerprint = Fingerprint::default();
    fingerprint.copy_from_slice(digest(&SHA256, canonical.as_bytes()).as_ref());
    fingerprint
}
