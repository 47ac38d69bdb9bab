//! The carrier: does with parked messages what people have asked for.
//!
//! Each process runs one, and one at a time does the work. It keeps nothing that matters: what is asked for stands in
//! PostgreSQL, what is parked stands in its queue, and a round through the queue brings both together. Whoever dies in the
//! middle leaves both as they are, and the next round goes on.

use std::{
    collections::{BTreeSet, HashMap},
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
/// How long a queue is left alone that could not be looked through to its end.
const SURVEY_AGAIN: Duration = Duration::from_secs(5 * 60);

/// What it takes to move parked messages on.
pub struct Carrier {
    pub(super) describing: Describing,
    pub(super) broker: BrokerConfig,
    pub(super) publisher: Publisher,
    pub(super) pace: Pace,
    /// When each place that could not be looked through is tried again.
    next_surveys: HashMap<&'static str, Instant>,
}

impl Carrier {
    /// A carrier that writes down through `describing` and sends through `publisher`.
    pub fn new(describing: Describing, broker: BrokerConfig, publisher: Publisher) -> Self {
        Self {
            describing,
            broker,
            publisher,
            pace: Pace::default(),
            next_surveys: HashMap::new(),
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
        let unsurveyed = self.unsurveyed().await?;
        if asked_for.is_empty() && unsurveyed.is_empty() {
            return Ok(());
        }
        let Some(mut lease) = self.store().lease_letters().await? else {
            return Ok(());
        };
        let done = self.make_rounds(&asked_for, &unsurveyed, &mut lease, stop).await;
        lease.give_back().await;
        self.pace.forget(Instant::now());
        done
    }

    async fn make_rounds(
        &mut self,
        asked_for: &[String],
        unsurveyed: &[Place],
        lease: &mut Lease,
        stop: &CancellationToken,
    ) -> Result<(), RoundError> {
        let to_survey = self.unsurveyed_places(unsurveyed).await?;
        let mut places = to_survey.clone();
        let asked_for = asked_for.iter().filter_map(|kind| Place::named(kind));
        places.extend(asked_for.map(Place::name));
        let mut trouble = None;
        for place in places.into_iter().filter_map(Place::named) {
            if stop.is_cancelled() {
                break;
            }
            let gone = Round::go(self, place, to_survey.contains(place.name()), lease, stop).await;
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

    /// The places that were not looked through, but for those that are tried again later.
    async fn unsurveyed(&self) -> Result<Vec<Place>, StoreError> {
        let known = self.store().surveyed_kinds().await?;
        let now = Instant::now();
        let is_due = |place: &Place| {
            self.next_surveys
                .get(place.name())
                .is_none_or(|next| *next <= now)
        };
        Ok(Place::parking()
            .filter(|place| !known.iter().any(|known| known == place.name()))
            .filter(is_due)
            .collect())
    }

    /// Those of these places that hold something: what was parked there before anybody wrote it down.
    async fn unsurveyed_places(
        &mut self,
        unsurveyed: &[Place],
    ) -> Result<BTreeSet<&'static str>, RoundError> {
        let mut to_survey = BTreeSet::new();
        if unsurveyed.is_empty() {
            return Ok(to_survey);
        }
        let waiting = match letters::waiting(&self.broker, unsurveyed).await {
            Err(error) => {
                let error = error.into();
                self.mend_after(&error).await;
                return Err(error);
            }
            Ok(waiting) => waiting,
        };
        for (place, waiting) in waiting {
            if waiting == 0 {
                self.note_survey(place).await?;
            } else {
                self.next_surveys
                    .insert(place.name(), Instant::now() + SURVEY_AGAIN);
                to_survey.insert(place.name());
            }
        }
        Ok(to_survey)
    }

    pub(super) async fn note_survey(&mut self, place: Place) -> Result<(), StoreError> {
        self.next_surveys.remove(place.name());
        self.store().note_survey(place.name(), self.clock().now()).await
    }
}
