//! Channels that people have paused: no call to their providers begins. A call that is under way is finished.
//!
//! It is a person's word, and so apart from the gate, which goes by what the provider does. Whoever would call is told what
//! an open circuit tells: not now, and surely nothing was sent.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::channel::{CallError, Channel};
use tokio::time::Instant;

/// A job waits for a tenth of the time that the pause has lasted, within bounds: so soon after a short pause that nobody
/// minds, and after a long one so that many jobs do not keep the broker busy. At the upper one, a job can be put off for
/// about a week before it is parked.
const PART: u32 = 10;
/// The upper bound, in parts of the lower one.
const LONGEST: u32 = 12;

/// Which channels are paused.
#[derive(Debug)]
pub(crate) struct Standstill {
    /// The lower bound of a wait.
    shortest: Duration,
    since: Mutex<Vec<(Channel, Instant)>>,
}

impl Standstill {
    pub(crate) const fn new(shortest: Duration) -> Self {
        Self {
            shortest,
            since: Mutex::new(Vec::new()),
        }
    }

    /// These are paused, and no others.
    pub(crate) fn set(&self, paused: &[Channel]) {
        let now = Instant::now();
        let mut since = self.since();
        since.retain(|(channel, _)| paused.contains(channel));
        for channel in paused {
            if !since.iter().any(|(known, _)| known == channel) {
                since.push((*channel, now));
            }
        }
    }

    /// Whether calls to it may begin, or why not.
    pub(crate) fn check(&self, channel: Channel) -> Result<(), CallError> {
        let since = self.since().iter().find(|(known, _)| *known == channel).copied();
        let Some((_, since)) = since else {
            return Ok(());
        };
        Err(CallError::Limited {
            message: format!("{channel} is paused by operations"),
            retry_after: (since.elapsed() / PART).clamp(self.shortest, self.shortest * LONGEST),
            is_own: false,
        })
    }

    fn since(&self) -> MutexGuard<'_, Vec<(Channel, Instant)>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORTEST: Duration = Duration::from_secs(5);

    fn wait(standstill: &Standstill) -> Option<Duration> {
        match standstill.check(Channel::Stripe) {
            Err(CallError::Limited {
                retry_after,
                is_own: false,
                ..
            }) => Some(retry_after),
            Err(other) => panic!("{other}"),
            Ok(()) => None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_grows_with_the_pause_and_ends_with_it() {
        let standstill = Standstill::new(SHORTEST);
        assert_eq!(wait(&standstill), None);
        for (after, expected) in [(0, 5), (60, 6), (3_600, 60), (360_000, 60)] {
            standstill.set(&[Channel::Paypal, Channel::Stripe]);
            tokio::time::advance(Duration::from_secs(after)).await;
            assert_eq!(wait(&standstill), Some(Duration::from_secs(expected)));
        }
        standstill.set(&[Channel::Paypal]);
        assert_eq!(wait(&standstill), None);
        assert!(standstill.check(Channel::Paypal).is_err());
    }
}
