//! The log of API calls the doubles received: what a test asks when it must know what really went out.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::Serialize;

use crate::clock;
use crate::locking::lock;
use crate::ring_buffer::RingBuffer;

/// One API call as it was received, completed with what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    /// When the request was read.
    pub received_at: String,
    /// The HTTP method.
    pub method: String,
    /// The path as requested.
    pub path: String,
    /// The route's template with its method, as fault dials name it.
    pub route: String,
    /// The account, by the name its provider knows it by: a secret key, an app id, a merchant number.
    pub account: String,
    /// The caller's key for doing it once: a header, or a number in the request.
    pub idempotency_key: Option<String>,
    /// The id the double gave the request.
    pub request_id: String,
    /// The object the call concerned, once known.
    pub object: Option<String>,
    /// The metadata of the request, else of the object it concerned.
    pub metadata: BTreeMap<String, String>,
    /// The fault that was played, if any.
    pub fault: Option<&'static str>,
    /// The status of the answer; none while the call is being worked on, or when no answer was sent.
    pub status: Option<u16>,
    /// Whether the call changed state.
    pub effect: bool,
    /// Whether a stored answer was given again.
    pub replayed: bool,
}

impl Call {
    /// A call that was just received.
    pub fn received(method: &str, path: &str, route: String, account: &str, request_id: &str) -> Self {
        Self {
            received_at: clock::stamp(),
            method: method.to_owned(),
            path: path.to_owned(),
            route,
            account: account.to_owned(),
            idempotency_key: None,
            request_id: request_id.to_owned(),
            object: None,
            metadata: BTreeMap::new(),
            fault: None,
            status: None,
            effect: false,
            replayed: false,
        }
    }
}

/// The bounded log of calls.
#[derive(Debug)]
pub struct Calls {
    log: Mutex<RingBuffer<Call>>,
}

impl Calls {
    /// An empty log that keeps the newest `limit` calls.
    pub fn keeping(limit: usize) -> Self {
        Self {
            log: Mutex::new(RingBuffer::with_capacity(limit)),
        }
    }

    /// How many calls the log has dropped.
    pub fn dropped(&self) -> u64 {
        lock(&self.log).dropped()
    }

    /// Notes a call at its arrival and answers its number.
    pub fn note(&self, call: Call) -> u64 {
        lock(&self.log).push(call)
    }

    /// Completes what was noted, as long as it is still remembered.
    pub fn complete(&self, number: u64, complete: impl FnOnce(&mut Call)) {
        if let Some(call) = lock(&self.log).get_mut(number) {
            complete(call);
        }
    }

    /// The calls that match, oldest first.
    pub fn matching(&self, wanted: impl Fn(&Call) -> bool) -> Vec<Call> {
        lock(&self.log)
            .iter()
            .filter(|call| wanted(call))
            .cloned()
            .collect()
    }

    /// Forgets all calls.
    pub fn clear(&self) {
        lock(&self.log).clear();
    }
}
