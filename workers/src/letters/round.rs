//! One round through a queue of parked messages.
//!
//! All its messages are handed out and held; those that somebody asked for are sent again or thrown away, and everything else
//! goes back at the end. The order for each letter is: its next try is confirmed, that is written down, its message is taken.
//! Whoever dies after the first has the same try sent once more, which the job's own idempotency makes one; whoever dies
//! after the second finds it written down, and only takes the message. A letter is closed when its message is surely gone.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use broker::{
    PublishError,
    letters::{Found, LetterPost, LettersError, Place},
};
use domain::{
    dead_letter::LetterState,
    id::{DeadLetterActionId, DeadLetterId},
    job::Kind,
};
use futures::future::join_all;
use store::{Claim, Lease, StoreError};
use tokio_util::sync::CancellationToken;

use crate::letters::carrier::Carrier;

/// How many messages are looked up, and sent, at once.
const BATCH: usize = 256;
/// How many more messages each reader of the broker's holds.
const PREFETCH: u16 = 1_000;
/// How long a message is waited for before it is asked whether there are any.
const PATIENCE: Duration = Duration::from_millis(200);
/// How often in a row a queue may hold messages and hand none out.
const SILENCES: u32 = 50;
/// How many messages of one action wait for their turn at once.
const MOST_WAITING: usize = 5_000;
/// How long it may read: below the half hour after which the broker takes a silent reader for dead.
const LONGEST_READING: Duration = Duration::from_secs(20 * 60);
/// How long a round goes on for those that wait for their turn. What it holds, nobody else sees.
const LONGEST: Duration = Duration::from_secs(60);
/// How often it looks whose turn it is, and whether it should end.
const TURN: Duration = Duration::from_millis(250);

/// A round did not come to its end. The next one goes on.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    /// PostgreSQL is away.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue cannot be read.
    #[error("the queue cannot be read: {0}")]
    Letters(#[from] LettersError),
    /// A message could not be sent again.
    #[error("a message could not be sent again: {0}")]
    Publish(#[from] PublishError),
}

/// A letter that somebody asked for.
struct Wanted {
    found: Found,
    claim: Claim,
}

/// A round that is under way.
pub struct Round<'a> {
    carrier: &'a mut Carrier,
    place: Place,
    stop: &'a CancellationToken,
    /// Whether the queue is to be seen to its end, whatever was asked for.
    is_survey: bool,
    /// What was asked for when it began and was not found yet.
    unseen: HashSet<DeadLetterId>,
    /// What was taken out of the queue.
    taken: Vec<DeadLetterId>,
    /// Messages that wait for their turn, by action.
    waiting: HashMap<DeadLetterActionId, VecDeque<Wanted>>,
    /// How many messages are in hand.
    held: usize,
}

impl<'a> Round<'a> {
    /// Goes through the queue once.
    ///
    /// # Errors
    /// Something is away. All that was not taken is parked as before.
    pub async fn go(
        carrier: &'a mut Carrier,
        place: Place,
        is_survey: bool,
        lease: &mut Lease,
        stop: &'a CancellationToken,
    ) -> Result<(), RoundError> {
        // Before anything is read: what is asked for later may have been passed by then.
        let unseen = carrier
            .store()
            .claimed_letters(place.name())
            .await?
            .into_iter()
            .collect();
        let clock = Arc::clone(carrier.clock());
        let mut post = LetterPost::open(&carrier.broker, place, PREFETCH, clock).await?;
        let mut round = Self {
            carrier,
            place,
            stop,
            is_survey,
            unseen,
            taken: Vec::new(),
            waiting: HashMap::new(),
            held: 0,
        };
        let gone = round.through(&mut post, lease).await;
        post.close().await?;
        round.carrier.store().close_letters(&round.taken).await?;
        if gone? {
            round.conclude().await?;
        }
        Ok(())
    }

    /// Whether the queue was seen to its end.
    async fn through(&mut self, post: &mut LetterPost, lease: &mut Lease) -> Result<bool, RoundError> {
        let seen = self.read(post).await?;
        let newest = self.carrier.store().newest_letter_action().await?;
        let until = Instant::now() + LONGEST;
        while self.waiting.values().any(|waiting| !waiting.is_empty())
            && !self.stop.is_cancelled()
            && Instant::now() < until
        {
            self.take_turns().await?;
            tokio::time::sleep(TURN).await;
            let has_more_to_do = self.carrier.store().newest_letter_action().await? != newest;
            if has_more_to_do || !lease.is_held().await {
                break;
            }
        }
        Ok(seen)
    }

    async fn read(&mut self, post: &mut LetterPost) -> Result<bool, RoundError> {
        let mut room = usize::from(PREFETCH);
        let mut silences = 0;
        let until = Instant::now() + LONGEST_READING;
        while !self.stop.is_cancelled() && Instant::now() < until {
            if !self.is_survey && self.unseen.is_empty() {
                return Ok(true);
            }
            let found = post.next(BATCH, PATIENCE).await?;
            if found.is_empty() {
                let standing = post.standing().await?;
                silences += 1;
                if standing.waiting == 0 {
                    return Ok(post.is_alone(standing));
                }
                if silences > SILENCES {
                    return Ok(false);
                }
            } else {
                silences = 0;
                self.handle(found).await?;
            }
            if self.held >= room {
                post.widen(PREFETCH).await?;
                room += usize::from(PREFETCH);
            }
        }
        Ok(false)
    }

    async fn handle(&mut self, batch: Vec<Found>) -> Result<(), RoundError> {
        let ids: Vec<DeadLetterId> = batch.iter().map(|found| found.letter.id).collect();
        let claims = self.carrier.store().letter_claims(&ids).await?;
        let unknown: Vec<_> = batch
            .iter()
            .filter(|found| !claims.contains_key(&found.letter.id))
            .collect();
        if !unknown.is_empty() {
            let letters: Vec<_> = unknown.iter().map(|found| &found.letter).collect();
            self.carrier.describing.note(&letters).await?;
        }
        let (mut at_once, mut again, mut done) = (Vec::new(), Vec::new(), Vec::new());
        for found in batch {
            let id = found.letter.id;
            self.unseen.remove(&id);
            let Some(claim) = claims.get(&id).copied() else {
                self.held += 1;
                continue;
            };
            match (claim.state, claim.action_id.zip(claim.rate_per_s)) {
                (LetterState::Parked, _) => self.held += 1,
                (LetterState::Replayed | LetterState::Discarded, _) if claim.is_open => done.push(found),
                // It was taken, so this is another message, which says the same.
                (LetterState::Missing | LetterState::Replayed | LetterState::Discarded, _) => {
                    self.held += 1;
                    again.push(id);
                }
                (LetterState::Replaying | LetterState::Discarding, Some((action, rate))) => {
                    self.held += 1;
                    let waiting = self.waiting.entry(action).or_default();
                    // More would not have their turn in this round, and stay where they are.
                    if waiting.len() < most_waiting(rate) {
                        waiting.push_back(Wanted { found, claim });
                    }
                }
                (LetterState::Replaying | LetterState::Discarding, None) => {
                    at_once.push(Wanted { found, claim })
                }
            }
        }
        if !again.is_empty() {
            self.carrier.store().find_letters_again(&again).await?;
        }
        for found in done {
            found.take().await?;
            self.taken.push(found.letter.id);
        }
        self.carry_out(at_once).await
    }

    /// Lets as many of each action go as may.
    async fn take_turns(&mut self) -> Result<(), RoundError> {
        let actions: Vec<DeadLetterActionId> = self.waiting.keys().copied().collect();
        for action in actions {
            let Some(waiting) = self.waiting.get_mut(&action) else {
                continue;
            };
            let Some(rate) = waiting.front().and_then(|wanted| wanted.claim.rate_per_s) else {
                continue;
            };
            let allowed = self.carrier.pace.allowed(action, rate, Instant::now());
            let due: Vec<Wanted> = waiting.drain(..allowed.min(waiting.len())).collect();
            self.held -= due.len();
            let mut due = due.into_iter().peekable();
            while due.peek().is_some() {
                self.carry_out(due.by_ref().take(BATCH).collect()).await?;
            }
        }
        Ok(())
    }

    /// Sends again or throws away, writes that down, and takes the messages.
    async fn carry_out(&mut self, wanted: Vec<Wanted>) -> Result<(), RoundError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let publisher = &self.carrier.publisher;
        let sending = wanted.iter().map(|wanted| async move {
            let letter = &wanted.found.letter;
            if wanted.claim.state == LetterState::Discarding {
                return Ok(true);
            }
            let known = letter.kind.or_else(|| letter.envelope.kind.parse::<Kind>().ok());
            match known {
                Some(kind) => publisher.replay(&letter.envelope, kind).await.map(|()| true),
                None => Ok(false),
            }
        });
        let sent = join_all(sending).await;
        let (mut ended, mut refused, mut trouble) = (Vec::new(), Vec::new(), None);
        for (wanted, sent) in wanted.iter().zip(sent) {
            match sent {
                Ok(true) => ended.push(wanted),
                Ok(false) => refused.push(wanted.found.letter.id),
                Err(PublishError::Malformed(why)) => {
                    tracing::error!(why, letter = %wanted.found.letter.id, "a dead letter cannot be sent again");
                    refused.push(wanted.found.letter.id);
                }
                Err(error @ (PublishError::Unavailable(_) | PublishError::Unroutable(_))) => {
                    trouble = Some(error)
                }
            }
        }
        self.held += wanted.len() - ended.len();
        let ids: Vec<DeadLetterId> = ended.iter().map(|wanted| wanted.found.letter.id).collect();
        let now = self.carrier.clock().now();
        if !refused.is_empty() {
            self.carrier.store().refuse_letters(&refused).await?;
        }
        self.carrier.store().end_letters(&ids, now).await?;
        for wanted in ended {
            wanted.found.take().await?;
            self.taken.push(wanted.found.letter.id);
        }
        trouble.map_or(Ok(()), |trouble| Err(trouble.into()))
    }

    /// The queue was seen to its end: what was asked for and not found is not there.
    async fn conclude(&mut self) -> Result<(), RoundError> {
        let missing: Vec<DeadLetterId> = self.unseen.iter().copied().collect();
        if !missing.is_empty() {
            tracing::warn!(
                missing = missing.len(),
                kind = self.place.name(),
                "dead letters are not in their queue; what they said is kept sealed with their stories"
            );
            let now = self.carrier.clock().now();
            self.carrier.store().miss_letters(&missing, now).await?;
        }
        Ok(self.carrier.note_survey(self.place).await?)
    }
}

/// How many messages of an action of this rate may have their turn in one round.
fn most_waiting(rate_per_s: u32) -> usize {
    let turns = u64::from(rate_per_s) * LONGEST.as_secs();
    usize::try_from(turns).map_or(MOST_WAITING, |turns| turns.min(MOST_WAITING))
}
