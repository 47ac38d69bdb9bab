//! The carrier: does with parked messages what people have asked for.
//!
//! Each process runs one, and one at a time does the work. It keeps nothing that matters: what is asked for stands in
//! PostgreSQL, what is parked stands in its queue, and a round through the queue brings both together. Whoever dies in the
//! middle leaves both as they are, and the next round goes on.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use broker::{
    BrokerConfig, Publisher,
    letters::{self, LettersError, Place},
};
use domain::clock::Clock;
use store::{Lease, Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::letters::{
    Describing,
    pace::Pace,
    round::{Round, RoundError},
};

/// How often it looks what was asked for.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long it waits when something is away.
const PAUSE: Duration = Duration::from_secs(2);

/// What it takes to move parked messages on.
pub struct Carrier {
    pub(super) describing: Describing,
    pub(super) broker: BrokerConfig,
    pub(super) publisher: Publisher,
    pub(super) pace: Pace,
    /// Whether every queue is known to have been looked through.
    pub(super) is_surveyed: bool,
}

impl Carrier {
    /// A carrier that writes down through `describing` and sends through `publisher`.
    pub fn new(describing: Describing, broker: BrokerConfig, publisher: Publisher) -> Self {
        Self {
            describing,
            broker,
            publisher,
            pace: Pace::default(),
            is_surveyed: false,
        }
    }

    /// Works until `stop`, and then ends what it has begun with the letters in hand.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut pause = LOOK_EVERY;
        while stop
            .run_until_cancelled(tokio::time::sleep(pause))
            .await
            .is_some()
        {
            // Its state is large, and most of the time there is nothing to do.
            pause = match Box::pin(self.look(&stop)).await {
                Ok(()) => LOOK_EVERY,
                Err(error) => {
                    tracing::warn!(%error, "what was asked for with dead letters cannot be done now");
                    PAUSE
                }
            };
        }
    }

    pub(super) fn store(&self) -> &Store {
        &self.describing.store
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.describing.clock
    }

    async fn look(&mut self, stop: &CancellationToken) -> Result<(), RoundError> {
        let asked_for = self.store().claimed_kinds().await?;
        if asked_for.is_empty() && self.is_surveyed {
            return Ok(());
        }
        let Some(mut lease) = self.store().lease_letters().await? else {
            return Ok(());
        };
        let done = self.make_rounds(&asked_for, &mut lease, stop).await;
        lease.give_back().await;
        self.pace.forget(Instant::now());
        done
    }

    async fn make_rounds(
        &mut self,
        asked_for: &[String],
        lease: &mut Lease,
        stop: &CancellationToken,
    ) -> Result<(), RoundError> {
        let mut places: BTreeSet<&'static str> = self.unsurveyed().await?;
        let asked_for = asked_for.iter().filter_map(|kind| Place::named(kind));
        places.extend(asked_for.map(Place::name));
        let mut trouble = None;
        for place in places.into_iter().filter_map(Place::named) {
            if stop.is_cancelled() {
                break;
            }
            let gone = Round::go(self, place, lease, stop).await;
            let why = gone.as_ref().err().map(ToString::to_string);
            self.store()
                .note_letter_trouble(place.name(), why.as_deref())
                .await?;
            // One queue that cannot be read must not hold up the others.
            if let Err(error) = gone {
                self.mend_after(&error).await;
                trouble = Some(error);
            }
        }
        self.store().finish_letter_actions(self.clock().now()).await?;
        trouble.map_or(Ok(()), Err)
    }

    async fn mend_after(&self, error: &RoundError) {
        if matches!(
            error,
            RoundError::Letters(LettersError::NoQueue) | RoundError::Publish(_)
        ) && let Err(error) = letters::mend(&self.broker).await
        {
            tracing::warn!(%error, "the queues are not in place");
        }
    }

    /// The places that were never looked through and hold something: what was parked there before anybody wrote it down.
    async fn unsurveyed(&mut self) -> Result<BTreeSet<&'static str>, RoundError> {
        if self.is_surveyed {
            return Ok(BTreeSet::new());
        }
        let known = self.store().surveyed_kinds().await?;
        let unknown: Vec<Place> = Place::parking()
            .filter(|place| !known.iter().any(|known| known == place.name()))
            .collect();
        self.is_surveyed = unknown.is_empty();
        let mut to_survey = BTreeSet::new();
        if unknown.is_empty() {
            return Ok(to_survey);
        }
        for (place, waiting) in letters::waiting(&self.broker, &unknown).await? {
            if waiting == 0 {
                self.note_survey(place).await?;
            } else {
                to_survey.insert(place.name());
            }
        }
        Ok(to_survey)
    }

    pub(super) async fn note_survey(&self, place: Place) -> Result<(), StoreError> {
        self.store().note_survey(place.name(), self.clock().now()).await
    }
}
