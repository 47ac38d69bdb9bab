//! Access tokens: given out for an app's secret, good until they expire or are revoked.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::ids::{account_id, debug_id};
use super::time::written;
use crate::clock;

/// How long PayPal's tokens are good, in seconds.
const LIFETIME_S: i64 = 32_400;

/// The access tokens of an app.
#[derive(Debug)]
pub struct Tokens {
    /// How long the next tokens are good.
    pub lifetime_s: i64,
    good_until: HashMap<String, DateTime<Utc>>,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            lifetime_s: LIFETIME_S,
            good_until: HashMap::new(),
        }
    }
}

impl Tokens {
    /// Gives out a token, as the token endpoint answers it.
    pub fn issue(&mut self, now: DateTime<Utc>) -> Value {
        self.good_until.retain(|_, until| *until > now);
        let token = clock::object_id("A21AA") + &clock::object_id("");
        let until = now + TimeDelta::seconds(self.lifetime_s);
        self.good_until.insert(token.clone(), until);
        json!({
            "scope": "https://uri.paypal.com/services/payments/payment https://uri.paypal.com/services/payments/refund \
                      https://uri.paypal.com/services/applications/webhooks",
            "access_token": token, "token_type": "Bearer", "app_id": format!("APP-{}", account_id()),
            "expires_in": self.lifetime_s, "nonce": format!("{}{}", written(now), debug_id()),
        })
    }

    /// Whether a token is good.
    pub fn is_good(&self, token: &str, now: DateTime<Utc>) -> bool {
        self.good_until.get(token).is_some_and(|until| *until > now)
    }

    /// Makes every token that was given out useless, and answers how many there were.
    pub fn revoke(&mut self) -> usize {
        let count = self.good_until.len();
        self.good_until.clear();
        count
    }
}
