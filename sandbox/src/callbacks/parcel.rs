//! What is on its way to a receiver: which event of whose, where to, and the letter in the provider's own format.

use std::sync::Arc;

use bytes::Bytes;

/// One attempt's headers and body, ready to be posted.
pub struct Composed {
    /// All headers but `User-Agent`.
    pub headers: Vec<(&'static str, String)>,
    /// The exact bytes.
    pub body: Bytes,
}

/// What a provider decides about its callbacks.
pub trait Letter: Send + Sync {
    /// The headers and the body of an attempt that begins now; `attempt` counts from 1. Whatever the provider signs
    /// together with the time is signed here, each time anew.
    fn compose(&self, attempt: u32) -> Composed;

    /// The provider's `User-Agent`.
    fn user_agent(&self) -> &'static str;

    /// Whether the provider takes this answer for a receipt: any 2xx, unless it says otherwise.
    fn is_receipt(&self, status: u16, _body: &str) -> bool {
        (200..300).contains(&status)
    }

    /// The provider's published delays between the attempts, in seconds that last `second_ms`. None for the delays
    /// that double from `webhook_retry_ms`.
    fn delays_s(&self) -> Option<&'static [u64]> {
        None
    }
}

/// One copy of one event on its way to one receiver.
#[derive(Clone)]
pub struct Parcel {
    /// The account, by the name that dials and logs use.
    pub account: String,
    /// The event's id.
    pub event: String,
    /// Its type.
    pub kind: &'static str,
    /// The receiver: bounds what is sent to it at once, so it must be one of few.
    pub endpoint: String,
    /// Where to post.
    pub url: String,
    /// What is posted.
    pub letter: Arc<dyn Letter>,
    /// Counts from 1; set by delivery.
    pub copy: u32,
}

impl Parcel {
    /// The same for another copy.
    pub fn copy(&self, copy: u32) -> Self {
        Self { copy, ..self.clone() }
    }
}
