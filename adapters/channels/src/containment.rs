//! Keeps the trouble of one provider from becoming everybody's, and that of one merchant from becoming its channel's.
//!
//! Every channel has a gate of its own, which every request to its provider passes: at most so many at once, of them a share
//! for each merchant, and two circuit breakers, one for requests that change something and one for questions. A provider
//! that hangs when it is asked to charge may still tell what it did, and that is just what has to be found out then. What is
//! counted is whether the provider answers, not what: a merchant's wrong key shuts nobody else out, and what contacts no
//! provider passes no gate.
//!
//! Whoever finds the gate shut is told so at once, or after a moment, with the certainty that nothing was sent
//! ([`CallError::Limited`]), and can put the work off instead of holding a place that another channel's work could use. What
//! a gate knows is this process's own experience; others find out for themselves.

mod breaker;
mod shares;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::channel::{CallError, Channel};
use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use breaker::{Breaker, State};
use shares::Shares;

/// How long a request waits for a place. A provider that answers frees one long before; of one that does not, the requests
/// that wait must not hold up others.
const PATIENCE: Duration = Duration::from_millis(250);
/// How soon whoever found no place may look again.
const BUSY_FOR: Duration = Duration::from_secs(1);
/// One merchant may hold one of so many parts of the places.
const PARTS: usize = 2;

/// Whose requests count together: those that are made with the same key. It is secret, so this is a digest of it.
pub(crate) type Account = [u8; 32];

/// How a channel's calls are contained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContainmentConfig {
    /// How many requests to one provider may be under way at once in this process. One merchant may have half of them.
    pub calls_at_once: usize,
    /// For how long a breaker stays open at first. Each time in vain doubles it, up to eight times as long.
    pub open_for: Duration,
}

impl Default for ContainmentConfig {
    fn default() -> Self {
        Self {
            calls_at_once: 64,
            open_for: Duration::from_secs(5),
        }
    }
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It may have an effect.
    Change,
    /// It only asks.
    Question,
}

impl Purpose {
    /// Its name in metrics and logs.
    const fn name(self) -> &'static str {
        match self {
            Self::Change => "changes",
            Self::Question => "questions",
        }
    }
}

/// A circuit that is not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShutCircuit {
    /// Before which provider.
    pub channel: Channel,
    /// For which calls: `changes` or `questions`.
    pub calls: &'static str,
    /// `open`, or `half_open` while one call finds out whether the provider is back.
    pub state: &'static str,
}

/// One channel's gate.
#[derive(Debug)]
pub(crate) struct Gate {
    channel: Channel,
    places: Arc<Semaphore>,
    shares: Shares,
    changes: Mutex<Breaker>,
    questions: Mutex<Breaker>,
}

/// A request that may be sent. Dropped unsettled, as when its job is cut off, it counts as nothing.
#[derive(Debug)]
pub(crate) struct Admission<'g> {
    gate: &'g Gate,
    purpose: Purpose,
    is_probe: bool,
    is_settled: bool,
    _places: [OwnedSemaphorePermit; 2],
}

impl Gate {
    pub(crate) fn new(channel: Channel, config: &ContainmentConfig) -> Self {
        let gate = Self {
            channel,
            places: Arc::new(Semaphore::new(config.calls_at_once)),
            shares: Shares::new(config.calls_at_once / PARTS),
            changes: Mutex::new(Breaker::new(config.open_for)),
            questions: Mutex::new(Breaker::new(config.open_for)),
        };
        gate.show(Purpose::Change, State::Closed);
        gate.show(Purpose::Question, State::Closed);
        gate
    }

    /// Whether the circuit would let a request through now, or why not. For whoever has something to prepare before it.
    pub(crate) fn check(&self, purpose: Purpose) -> Result<(), CallError> {
        match self.breaker(purpose).shut_for(Instant::now()) {
            Some(wait) => Err(self.broken(wait)),
            None => Ok(()),
        }
    }

    /// Whether the provider may be asked to do something now. One that was left alone for long enough may: somebody has to
    /// find out that it is back.
    pub(crate) fn is_healthy(&self) -> bool {
        self.check(Purpose::Change).is_ok()
    }

    /// Its circuits that are not closed.
    pub(crate) fn shut(&self) -> impl Iterator<Item = ShutCircuit> {
        [Purpose::Change, Purpose::Question]
            .into_iter()
            .filter_map(|purpose| {
                let state = self.breaker(purpose).state(Instant::now());
                (state != State::Closed).then(|| ShutCircuit {
                    channel: self.channel,
                    calls: purpose.name(),
                    state: state.name(),
                })
            })
    }

    /// Lets a request through, or says why not.
    pub(crate) async fn enter(&self, purpose: Purpose, account: Account) -> Result<Admission<'_>, CallError> {
        // Whom the circuit will not let through does not wait for a place first.
        self.check(purpose).inspect_err(|_| self.count_rejected("open"))?;
        let Ok(Ok(places)) = timeout(PATIENCE, self.places(account)).await else {
            self.count_rejected("busy");
            return Err(self.busy());
        };
        let admitted = self.breaker(purpose).admit(Instant::now());
        match admitted {
            Ok(is_probe) => {
                if is_probe {
                    self.show(purpose, State::HalfOpen);
                }
                Ok(Admission {
                    gate: self,
                    purpose,
                    is_probe,
                    is_settled: false,
                    _places: places,
                })
            }
            Err(wait) => {
                self.count_rejected("open");
                Err(self.broken(wait))
            }
        }
    }

    /// One of the merchant's places and one of the channel's.
    async fn places(&self, account: Account) -> Result<[OwnedSemaphorePermit; 2], AcquireError> {
        let own = self.shares.of(account).acquire_owned().await?;
        let place = Arc::clone(&self.places).acquire_owned().await?;
        Ok([own, place])
    }

    fn breaker(&self, purpose: Purpose) -> MutexGuard<'_, Breaker> {
        let breaker = match purpose {
            Purpose::Change => &self.changes,
            Purpose::Question => &self.questions,
        };
        breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn busy(&self) -> CallError {
        CallError::Limited {
            message: format!("as many calls to {} as may be are under way", self.channel),
            retry_after: BUSY_FOR,
            is_own: true,
        }
    }

    fn broken(&self, wait: Duration) -> CallError {
        CallError::Limited {
            message: format!("{} does not answer; the circuit is open", self.channel),
            retry_after: wait,
            is_own: false,
        }
    }

    fn count_rejected(&self, reason: &'static str) {
        count_rejected(self.channel, reason);
    }

    fn show(&self, purpose: Purpose, state: State) {
        metrics::gauge!(
            "sluice_channel_breaker_state",
            "channel" => self.channel.name(),
            "calls" => purpose.name(),
        )
        .set(state.level());
    }
}

/// A request, or a call of several, that was not let through.
pub(crate) fn count_rejected(channel: Channel, reason: &'static str) {
    metrics::counter!(
        "sluice_channel_calls_rejected_total",
        "channel" => channel.name(),
        "reason" => reason,
    )
    .increment(1);
}

impl Admission<'_> {
    /// The provider has answered: whatever it said, it was there.
    pub(crate) fn answered(self) {
        self.settle(false);
    }

    /// It has not, or nothing but that it is in trouble.
    pub(crate) fn failed(self) {
        self.settle(true);
    }

    fn settle(mut self, is_failure: bool) {
        self.is_settled = true;
        let mut breaker = self.gate.breaker(self.purpose);
        let before = breaker.state(Instant::now());
        breaker.note(is_failure, self.is_probe, Instant::now());
        let after = breaker.state(Instant::now());
        drop(breaker);
        if before != after || self.is_probe {
            self.gate.show(self.purpose, after);
            tracing::warn!(channel = %self.gate.channel, calls = self.purpose.name(), state = after.name(), "the circuit breaker has changed");
        }
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if self.is_probe && !self.is_settled {
            self.gate.breaker(self.purpose).forget_probe(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        currency::Currency,
        money::Money,
        payment::PaymentRequest,
        routing::{Wish, decide},
    };

    use super::*;
    use crate::taking::facts;

    fn gate() -> Gate {
        Gate::new(
            Channel::Alipay,
            &ContainmentConfig {
                calls_at_once: 4,
                open_for: Duration::from_secs(5),
            },
        )
    }

    async fn change(gate: &Gate, merchant: u8) -> Result<Admission<'_>, CallError> {
        gate.enter(Purpose::Change, [merchant; 32]).await
    }

    async fn fail(gate: &Gate) {
        change(gate, 1).await.unwrap().failed();
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_requests_than_places_and_a_place_is_given_back() {
        let gate = gate();
        let mut held = Vec::new();
        for merchant in [1, 1, 2, 2] {
            held.push(change(&gate, merchant).await.unwrap());
        }
        assert!(matches!(change(&gate, 3).await, Err(CallError::Limited { .. })));
        held.remove(0).answered();
        assert!(change(&gate, 3).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn one_merchants_requests_leave_places_to_the_others() {
        let gate = gate();
        let (first, _second) = (change(&gate, 1).await.unwrap(), change(&gate, 1).await.unwrap());
        assert!(matches!(change(&gate, 1).await, Err(CallError::Limited { .. })));
        assert!(change(&gate, 2).await.is_ok());
        first.answered();
        assert!(change(&gate, 1).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_does_not_answer_is_left_alone_and_tried_by_one() {
        let gate = gate();
        for _ in 0..10 {
            assert!(gate.is_healthy());
            fail(&gate).await;
        }
        assert!(!gate.is_healthy());
        assert!(matches!(change(&gate, 1).await, Err(CallError::Limited { .. })));
        tokio::time::advance(Duration::from_secs(6)).await;
        let probe = change(&gate, 1).await.unwrap();
        assert!(!gate.is_healthy());
        assert!(change(&gate, 1).await.is_err(), "one is enough to find out");
        probe.answered();
        assert!(gate.is_healthy() && change(&gate, 1).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_channel_that_was_left_alone_for_long_enough_is_chosen_again() {
        let gate = gate();
        let request = PaymentRequest::of(Money {
            amount_minor: 1,
            currency: Currency::CNY,
        });
        let chosen = || {
            let wish = Wish::of(&request, None);
            let configured = [Channel::Alipay, Channel::Wechat];
            let facts = facts(&wish, &configured, |channel| {
                channel != Channel::Alipay || gate.is_healthy()
            });
            let payment_id = "pay_1fedc3ad96208c7eaf799d250faf6052".parse().unwrap();
            decide(payment_id, &wish, &[], &facts).order[0].channel
        };
        assert_eq!(chosen(), Channel::Alipay);
        for _ in 0..10 {
            fail(&gate).await;
        }
        assert_eq!(chosen(), Channel::Wechat);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(chosen(), Channel::Alipay, "somebody has to find out");
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_was_cut_off_makes_room_for_the_next() {
        let gate = gate();
        for _ in 0..10 {
            fail(&gate).await;
        }
        tokio::time::advance(Duration::from_secs(6)).await;
        drop(change(&gate, 1).await.unwrap());
        assert!(change(&gate, 1).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_done_can_be_asked_while_nothing_is_sent() {
        let gate = gate();
        for _ in 0..10 {
            fail(&gate).await;
        }
        assert!(change(&gate, 1).await.is_err());
        assert!(gate.enter(Purpose::Question, [1; 32]).await.is_ok());
    }
}
