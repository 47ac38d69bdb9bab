//! Reading what a provider sends to us: first who wrote it, later what it says.
//!
//! Ingress verifies: it needs the raw bytes as they arrived and the moment of arrival, and learns no more
//! than the event's id and type. A worker translates, later and from the same bytes, so that an event nobody
//! understands is stored and acknowledged before it becomes a problem.

use chrono::{DateTime, Utc};
use http::HeaderMap;

/// How far ahead of ours a provider's clock may be, in seconds.
const AHEAD_S: u64 = 300;

/// Why a message is not taken for one signed by its provider. Holds nothing that helps to sign one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefused {
    /// A header is not there, or is not text.
    #[error("the {0} header is missing or unreadable")]
    MissingHeader(&'static str),
    /// A header is not written as it should be.
    #[error("the {0} header is malformed")]
    MalformedHeader(&'static str),
    /// There is no signature of a kind we accept.
    #[error("there is no {0} signature")]
    NoSignature(&'static str),
    /// It was signed too long ago.
    #[error("the timestamp is {age_s} s old, more than {tolerance_s} s")]
    TooOld {
        /// How long ago it was signed, in seconds.
        age_s: u64,
        /// How long ago it may have been, in seconds.
        tolerance_s: u64,
    },
    /// It claims to be signed in the future.
    #[error("the timestamp is {ahead_s} s ahead, more than {tolerance_s} s")]
    TooNew {
        /// How far ahead, in seconds.
        ahead_s: u64,
        /// How far ahead it may be, in seconds.
        tolerance_s: u64,
    },
    /// It is the provider's own test of whether signatures are checked.
    #[error("the signature is a probe")]
    Probe,
    /// It is signed in a way that we do not accept.
    #[error("signatures of this kind are not accepted")]
    Algorithm,
    /// It is signed with a key that nobody here knows.
    #[error("the signing key is not known")]
    UnknownKey,
    /// The certificate of the signing key is not one to trust.
    #[error("the certificate is not to be trusted: {0}")]
    Certificate(&'static str),
    /// There is no secret to check against.
    #[error("no signing secret is configured")]
    NoSecret,
    /// No signature fits the body and any of the secrets.
    #[error("no signature matches the body")]
    NoMatch,
    /// The signature is right, but the body is no event.
    #[error("the signed body is not an event with an id and a type")]
    NotAnEvent,
}

impl SignatureRefused {
    /// Refuses a timestamp that is further than `tolerance_s` from `now_s` in either direction, both in Unix
    /// seconds.
    pub(crate) const fn check_timestamp(signed_at_s: i64, now_s: i64, tolerance_s: u64) -> Result<(), Self> {
        let distance_s = now_s.abs_diff(signed_at_s);
        if distance_s <= tolerance_s {
            Ok(())
        } else if signed_at_s < now_s {
            Err(Self::TooOld {
                age_s: distance_s,
                tolerance_s,
            })
        } else {
            Err(Self::TooNew {
                ahead_s: distance_s,
                tolerance_s,
            })
        }
    }

    /// Refuses what was signed longer ago than `oldest_s` seconds, or ahead of our clock: for providers that sign once what
    /// they send again for hours or days. What they would not send any more, somebody else has kept.
    pub(crate) fn check_age(signed_at: DateTime<Utc>, now: DateTime<Utc>, oldest_s: u64) -> Result<(), Self> {
        let tolerance_s = if signed_at < now { oldest_s } else { AHEAD_S };
        Self::check_timestamp(signed_at.timestamp(), now.timestamp(), tolerance_s)
    }
}

/// A verified callback of a kind that we know cannot be understood. People have to look at it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the callback {event_type:?} cannot be understood: {problem}")]
pub struct UnreadableCallback {
    /// The provider's name of what happened, or what stands in its place.
    pub event_type: String,
    /// What is wrong with it.
    pub problem: String,
}

/// Why a verified callback is not taken for news of the merchant's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallbackProblem {
    /// It cannot be understood.
    #[error(transparent)]
    Unreadable(#[from] UnreadableCallback),
    /// It is about another account than the merchant's.
    #[error("the callback is about another account: {0}")]
    OtherAccount(String),
    /// The merchant's credentials, without which it cannot be read, are not there.
    #[error("the callback cannot be read without the merchant's credentials")]
    NoCredentials,
}

/// Why a callback is not taken at the door.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallbackRefused {
    /// It is not taken for one signed by its provider.
    #[error(transparent)]
    Signature(#[from] SignatureRefused),
    /// Nobody can tell now: what the signature is checked with could not be had. The provider sends it again.
    #[error("the signature cannot be checked now: {0}")]
    Unavailable(String),
}

/// A header's value as text; only the first of several of that name counts.
pub(crate) fn header<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<&'h str, SignatureRefused> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.ok_or(SignatureRefused::MissingHeader(name))
}

/// A Unix time written in decimal digits and nothing else.
pub(crate) fn unix_seconds(text: &str) -> Option<i64> {
    let all_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits { text.parse().ok() } else { None }
}
