//! What every handler works with.

use std::{sync::Arc, time::Duration};

use channels::{Channels, Credentials};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    channel::Channel,
    clock::Clock,
    id::MerchantId,
    outcome::{ErrorClass, Reason},
};
use store::{Recorder, Store, StoreError};

use crate::{bulkhead::Bulkhead, notifier::Notifier, settling::Settling, switches::PausedMerchants};

/// The longest that a job is put off before it looks again, in units of the retry ladder.
const LONGEST_NAP_UNITS: u32 = 60;
/// An idempotency key is trusted until this long before the provider forgets it.
const RETENTION_MARGIN: TimeDelta = TimeDelta::hours(1);

/// Handles to everything outside of a job.
pub struct Context {
    /// For reading.
    pub store: Store,
    /// For writing.
    pub recorder: Recorder,
    /// The providers.
    pub channels: Channels,
    /// The address at which providers reach ingress, without a slash at its end.
    pub callback_base: String,
    /// The merchants' endpoints.
    pub notifier: Notifier,
    /// How many endpoints of one merchant may be waited for at once.
    pub notifying: Bulkhead,
    /// Whose notifications are kept back.
    pub paused_merchants: PausedMerchants,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The unit of the retry ladder.
    pub retry_unit: Duration,
    /// How long a call that opens an intent may be at work.
    pub settling: Settling,
}

impl Context {
    /// How long a job waits that was put off `snoozes` times: one unit at first, at most a minute of them.
    pub fn nap(&self, snoozes: u32) -> Duration {
        let units = 1_u32
            .checked_shl(snoozes / 4)
            .unwrap_or(LONGEST_NAP_UNITS)
            .min(LONGEST_NAP_UNITS);
        self.retry_unit * units
    }

    /// Whether a provider that remembers idempotency keys for `retention` may have forgotten that of a call that was first
    /// begun then.
    pub fn may_be_forgotten(&self, retention: Duration, begun: DateTime<Utc>) -> bool {
        let trusted = TimeDelta::from_std(retention).unwrap_or(TimeDelta::MAX) - RETENTION_MARGIN;
        self.clock.now() - begun > trusted
    }

    /// Where a provider sends a merchant's callbacks.
    pub fn callback_url(&self, channel: Channel, merchant: MerchantId) -> String {
        format!("{}/api/v1/webhooks/{channel}/{merchant}", self.callback_base)
    }

    /// A merchant's credentials for a channel, or why there are none.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn credentials(
        &self,
        merchant: MerchantId,
        channel: Channel,
    ) -> Result<Result<Credentials, Reason>, StoreError> {
        let misconfigured = |message: String| Err(Reason::new(ErrorClass::Misconfigured, message));
        Ok(match self.store.credentials(merchant, channel).await? {
            Some(json) => Credentials::from_json(&json).or_else(|error| misconfigured(error.to_string())),
            None => misconfigured(format!("{merchant} has no credentials for {channel}")),
        })
    }
}
