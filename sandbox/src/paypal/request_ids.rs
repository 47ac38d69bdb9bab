//! `PayPal-Request-Id`: a request that comes again with the same id is not carried out again, but answered with what
//! became of it meanwhile. Only what was carried out is remembered; what was refused may be tried again.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use ring::digest::{SHA256, digest};
use serde_json::Value;

use super::errors::ApiError;

/// The longest id PayPal takes.
const LONGEST: usize = 108;

/// What an id can be used for. The same id may stand for one request of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Making an order.
    Order,
    /// Capturing one.
    Capture,
    /// Refunding a capture.
    Refund,
}

impl Purpose {
    /// How long PayPal remembers.
    fn kept(self) -> TimeDelta {
        match self {
            Self::Order => TimeDelta::hours(6),
            Self::Capture | Self::Refund => TimeDelta::days(45),
        }
    }
}

/// What identifies a request apart from its id.
pub type Fingerprint = [u8; 32];

#[derive(Debug)]
struct Entry {
    fingerprint: Fingerprint,
    object: String,
    until: DateTime<Utc>,
}

/// The ids an app has used.
#[derive(Debug, Default)]
pub struct RequestIds {
    entries: HashMap<(Purpose, String), Entry>,
}

impl RequestIds {
    /// The object that the same request led to before, if there was one.
    pub fn find(
        &self,
        purpose: Purpose,
        id: &str,
        fingerprint: &Fingerprint,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, ApiError> {
        if id.chars().count() > LONGEST {
            return Err(ApiError::length("PayPal-Request-Id"));
        }
        match self.entries.get(&(purpose, id.to_owned())) {
            Some(entry) if entry.until <= now => Ok(None),
            Some(entry) if entry.fingerprint != *fingerprint => Err(ApiError::unprocessable(
                "DUPLICATE_REQUEST_ID",
                "The value of PayPal-Request-Id header has already been used.",
            )),
            Some(entry) => Ok(Some(entry.object.clone())),
            None => Ok(None),
        }
    }

    /// Remembers what a request led to.
    pub fn keep(
        &mut self,
        purpose: Purpose,
        id: &str,
        fingerprint: Fingerprint,
        object: &str,
        now: DateTime<Utc>,
    ) {
        let entry = Entry {
            fingerprint,
            object: object.to_owned(),
            until: now + purpose.kept(),
        };
        self.entries.insert((purpose, id.to_owned()), entry);
    }

    /// Forgets all ids: a request that carries one again is a new request.
    pub fn forget(&mut self) {
        self.entries.clear();
    }
}

/// Identifies a request by its path and body. White space does not count.
pub fn fingerprint(path: &str, body: &Value) -> Fingerprint {
    let mut fingerprint = Fingerprint::default();
    fingerprint.copy_from_slice(digest(&SHA256, format!("{path}\0{body}").as_bytes()).as_ref());
    fingerprint
}
