//! The clerk: writes down what is parked, from the log of copies.
//!
//! Each process runs one. A copy is acknowledged when it is written down, so whoever dies in between has it written down again,
//! which changes nothing. While PostgreSQL is away the copies in hand wait.
//!
//! A kind whose parking queue somebody has deleted has its messages in the log alone. They are parked anew then.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use broker::{
    BrokerConfig, PublishError, Publisher,
    letters::{self, Found, LetterPost, LettersError, Place},
};
use domain::{
    job::Kind,
    outcome::{ErrorClass, Reason},
};
use store::StoreError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::letters::Describing;

/// How many copies are in hand at once.
const PREFETCH: u16 = 256;
/// For so long after a connection was lost copies are taken one by one: one of them may have been the cause.
const CAUTION: Duration = Duration::from_secs(5);
/// How long it waits before it tries again what did not work.
const PAUSE: Duration = Duration::from_secs(1);
/// How long copies are held while PostgreSQL is away: below the half hour after which the broker takes a silent reader for dead.
const HOLD: Duration = Duration::from_secs(20 * 60);

/// What it takes to write copies down.
pub struct Clerk {
    /// Where they are written down.
    pub describing: Describing,
    /// Where the copies come from.
    pub broker: BrokerConfig,
    /// Parks what has lost its queue.
    pub publisher: Publisher,
}

#[derive(Debug, thiserror::Error)]
enum ClerkError {
    #[error(transparent)]
    Letters(#[from] LettersError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Publish(#[from] PublishError),
}

impl Clerk {
    /// Writes down until `stop`, and then what is in hand.
    pub async fn run(self, stop: CancellationToken) {
        let mut prefetch = PREFETCH;
        while !stop.is_cancelled() {
            let Err(error) = self.note_until_lost(prefetch, &stop).await else {
                prefetch = PREFETCH;
                continue;
            };
            tracing::warn!(%error, "parked messages cannot be written down");
            prefetch = 1;
            if matches!(error, ClerkError::Letters(LettersError::NoQueue))
                && let Err(error) = self.mend(Place::parking()).await
            {
                tracing::warn!(%error, "the queues are not in place");
            }
            stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
        }
    }

    /// Ends well when it is told to stop, or has been cautious for long enough.
    async fn note_until_lost(&self, prefetch: u16, stop: &CancellationToken) -> Result<(), ClerkError> {
        let clock = Arc::clone(&self.describing.clock);
        let mut post = LetterPost::open(&self.broker, Place::Log, prefetch, clock).await?;
        let until = (prefetch < PREFETCH).then(|| Instant::now() + CAUTION);
        while !stop.is_cancelled() && until.is_none_or(|until| Instant::now() < until) {
            let next = post.next(usize::from(prefetch), PAUSE);
            let Some(found) = stop.run_until_cancelled(next).await else {
                break;
            };
            self.take(&post, found?).await?;
        }
        Ok(post.close().await?)
    }

    async fn take(&self, post: &LetterPost, found: Vec<Found>) -> Result<(), ClerkError> {
        let kinds: BTreeSet<Kind> = found.iter().filter_map(|found| found.letter.kind).collect();
        let homeless = post.without_queue(kinds.into_iter()).await?;
        if !homeless.is_empty() {
            self.mend(homeless.iter().copied().map(Place::Kind)).await?;
        }
        let (lost, parked): (Vec<&Found>, Vec<&Found>) = found
            .iter()
            .partition(|found| found.letter.kind.is_some_and(|kind| homeless.contains(&kind)));
        for found in lost {
            self.park_anew(found).await?;
        }
        self.note(&parked).await?;
        for found in &found {
            found.take().await?;
        }
        Ok(())
    }

    /// Puts the queues back, and has these places looked through for what was parked while a queue was gone. That they are is
    /// written down first: whoever comes after finds nothing to mend.
    async fn mend(&self, places: impl Iterator<Item = Place>) -> Result<(), ClerkError> {
        let kinds: Vec<&str> = places.map(Place::name).collect();
        self.describing.store.forget_surveys(&kinds).await?;
        Ok(letters::mend(&self.broker).await?)
    }

    /// Its copy comes to the log like any other.
    async fn park_anew(&self, found: &Found) -> Result<(), ClerkError> {
        let letter = &found.letter;
        let Some(kind) = letter.kind else {
            return Ok(());
        };
        tracing::warn!(
            kind = kind.name(),
            job_id = letter.envelope.job_id,
            "parked anew: its queue was deleted"
        );
        let class = ErrorClass::named(&letter.error_class).unwrap_or(ErrorClass::Internal);
        let reason = Reason::new(class, letter.reason.clone());
        Ok(self.publisher.park(&letter.envelope, kind, &reason).await?)
    }

    /// Holds what is to be written while PostgreSQL is away.
    async fn note(&self, parked: &[&Found]) -> Result<(), ClerkError> {
        let letters: Vec<_> = parked.iter().map(|found| &found.letter).collect();
        let until = Instant::now() + HOLD;
        loop {
            match self.describing.note(&letters).await {
                Err(error) if error.is_transient() && Instant::now() < until => {
                    tracing::warn!(%error, "parked messages wait to be written down");
                    tokio::time::sleep(PAUSE).await;
                }
                noted => return Ok(noted?),
            }
        }
    }
}
