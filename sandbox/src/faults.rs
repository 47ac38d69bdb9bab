//! Fault dials: what goes wrong, on which route, for which payment, and how often.
//!
//! A dial says *when* relative to the work it strikes, because that is what separates a failure from an
//! unknown outcome: `error`, `hang_before` and `reset_before` do no work, the `_after` ones do it and hide it.
//! The dials are the same for every provider; how its answers look then is the provider's, see [`Stage`].

mod play;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use crate::locking::lock;
pub use play::{Admitted, Stage, admit, play};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Answers an error without doing the work.
    Error,
    /// Does the work, then answers a 5xx; where the provider keeps answers under an idempotency key, it keeps this one.
    ErrorAfter,
    /// Waits `delay_ms`, then does the work and answers.
    Slow,
    /// Never answers; the work is not done.
    HangBefore,
    /// Does the work and never answers.
    HangAfter,
    /// Resets the connection; the work is not done.
    ResetBefore,
    /// Does the work, then resets the connection.
    ResetAfter,
    /// Answers as to a caller who calls too often, without doing the work: 429, or the provider's own way.
    RateLimit,
    /// Does the work, then answers 200 with a body that is not JSON.
    Malformed,
}

impl Fault {
    /// The name used on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::ErrorAfter => "error_after",
            Self::Slow => "slow",
            Self::HangBefore => "hang_before",
            Self::HangAfter => "hang_after",
            Self::ResetBefore => "reset_before",
            Self::ResetAfter => "reset_after",
            Self::RateLimit => "rate_limit",
            Self::Malformed => "malformed",
        }
    }
}

/// Which payment a dial concerns; all given parts must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// Metadata entries that the request, or else the object it names, must carry.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The amount in minor units of the request, or else of the object it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
}

/// One dial.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dial {
    /// Given by the sandbox.
    #[serde(default, skip_deserializing)]
    pub id: u64,
    /// Method and path, for example `POST /v1/payment_intents/{id}/confirm`; `*` stands for anything.
    pub route: String,
    /// What goes wrong.
    pub fault: Fault,
    /// The status of an `error` or `error_after`; 500 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The provider's code in the answer of an `error` or `error_after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// A delay before anything else happens.
    #[serde(default)]
    pub delay_ms: u64,
    /// How often the dial still strikes; none means until removed.
    #[serde(default)]
    pub times: Option<u64>,
    /// Only this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Only this payment.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub only: Option<Match>,
    /// How often the dial struck.
    #[serde(default, skip_deserializing)]
    pub struck: u64,
}

/// What a call is about, as far as dials care.
#[derive(Debug, Default)]
pub struct Subject {
    /// Metadata of the request, else of the object.
    pub metadata: BTreeMap<String, String>,
    /// Amount of the request, else of the object.
    pub amount: Option<i64>,
}

/// The dials that are set.
#[derive(Debug, Default)]
pub struct Faults {
    dials: Mutex<Vec<Dial>>,
    set: AtomicUsize,
    last_id: AtomicUsize,
}

impl Faults {
    /// Sets a dial; an earlier one for the same call strikes first.
    pub fn set(&self, mut dial: Dial) -> Dial {
        dial.id = self.last_id.fetch_add(1, Ordering::Relaxed) as u64 + 1;
        dial.struck = 0;
        let mut dials = lock(&self.dials);
        dials.push(dial.clone());
        self.set.store(dials.len(), Ordering::Release);
        dial
    }

    /// All dials, also those that are used up.
    pub fn all(&self) -> Vec<Dial> {
        lock(&self.dials).clone()
    }

    /// Removes all dials.
    pub fn clear(&self) {
        lock(&self.dials).clear();
        self.set.store(0, Ordering::Release);
    }

    /// Whether there is nothing to look for: spares the work of finding out what a call is about.
    pub fn is_empty(&self) -> bool {
        self.set.load(Ordering::Acquire) == 0
    }

    /// The first live dial that concerns this call, counted as having struck.
    pub fn strike(&self, route: &str, path: &str, account: &str, subject: &Subject) -> Option<Dial> {
        let mut dials = lock(&self.dials);
        let dial = dials
            .iter_mut()
            .find(|dial| dial.concerns(route, path, account, subject))?;
        dial.struck += 1;
        dial.times = dial.times.map(|times| times - 1);
        Some(dial.clone())
    }
}

impl Dial {
    fn concerns(&self, route: &str, path: &str, account: &str, subject: &Subject) -> bool {
        self.times != Some(0)
            && self.account.as_deref().is_none_or(|only| only == account)
            && (route_matches(&self.route, route) || route_matches(&self.route, path))
            && self.only.as_ref().is_none_or(|only| {
                only.amount.is_none_or(|amount| subject.amount == Some(amount))
                    && only
                        .metadata
                        .iter()
                        .all(|(key, value)| subject.metadata.get(key) == Some(value))
            })
    }
}

/// Whether a dial's route names this route. Both are `METHOD path`; in the dial `*`, `{id}` and `:id`
/// each stand for one segment, a closing `*` for all that follows, and `*` alone for every call.
pub fn route_matches(dial: &str, route: &str) -> bool {
    if dial == "*" {
        return true;
    }
    let (Some((dial_method, dial_path)), Some((method, path))) =
        (dial.split_once(' '), route.split_once(' '))
    else {
        return false;
    };
    if dial_method != "*" && !dial_method.eq_ignore_ascii_case(method) {
        return false;
    }
    let mut wanted = dial_path.split('/').peekable();
    let mut given = path.split('/');
    while let Some(segment) = wanted.next() {
        if segment == "*" && wanted.peek().is_none() {
            return true;
        }
        let wild = segment == "*" || segment.starts_with(':') || segment.starts_with('{');
        match given.next() {
            Some(here) if wild || here == segment => {}
            Some(_) | None => return false,
        }
    }
    given.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::route_matches;

    #[test]
    fn routes_are_matched_segment_by_segment() {
        let confirm = "POST /v1/payment_intents/{id}/confirm";
        for dial in [
            "*",
            "* /v1/*",
            "POST /v1/payment_intents/:id/confirm",
            confirm,
            "post /v1/payment_intents/*/confirm",
        ] {
            assert!(route_matches(dial, confirm), "{dial}");
        }
        for dial in [
            "POST /v1/payment_intents",
            "GET /v1/*",
            "POST /v1/payment_intents/:id",
            "",
            "/v1/*",
        ] {
            assert!(!route_matches(dial, confirm), "{dial}");
        }
        assert!(route_matches(
            "GET /v1/payment_intents/pi_1",
            "GET /v1/payment_intents/pi_1"
        ));
    }
}
