//! Dials of callbacks: everything a receiver must be able to bear.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// How long `reorder` holds events back unless told otherwise.
const WINDOW_MS: u64 = 500;

/// Dials of callbacks. `paused` goes before `before_answer`, which goes before `reorder`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallbackDials {
    /// How often each event is sent.
    pub duplicate: u32,
    /// A delay before the first attempt.
    pub delay_ms: u64,
    /// Holds events for a window, then sends them newest first, one after the other.
    pub reorder: bool,
    /// The window of `reorder`.
    pub window_ms: u64,
    /// Sends an event and awaits the receiver's answer before the call that caused it is answered.
    pub before_answer: bool,
    /// Holds everything back until it is lifted.
    pub paused: bool,
}

impl Default for CallbackDials {
    fn default() -> Self {
        Self {
            duplicate: 1,
            delay_ms: 0,
            reorder: false,
            window_ms: WINDOW_MS,
            before_answer: false,
            paused: false,
        }
    }
}

/// The dials of one account, or of all.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DialBoard {
    /// Dials of accounts that have none of their own.
    pub all: CallbackDials,
    /// Dials by account.
    pub accounts: HashMap<String, CallbackDials>,
}

impl DialBoard {
    /// The dials that hold for an account.
    pub fn of(&self, account: &str) -> CallbackDials {
        self.accounts.get(account).unwrap_or(&self.all).clone()
    }
}
