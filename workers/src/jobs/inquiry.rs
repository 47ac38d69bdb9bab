//! Asking a provider what it has made for a subject, and writing down what it says.
//!
//! What is concluded from the absence of the provider's object holds for the subject as it was read before the question.
//! Whoever begins a call changes the subject's version, and so does all news about it; so a conclusion is written over
//! that version only, and a call that was begun meanwhile is never taken for one that had no effect.

use std::time::Duration;

use channels::{Credentials, Period};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    channel::{CallError, Exchange},
    outcome::{ErrorClass, Reason},
};
use failpoints::reach;
use store::{Record, StoreError, Verdict};

use crate::{
    context::Context,
    execute::{MAX_LOOKS, Run},
    jobs::subject::Subject,
};

/// The provider's clock may differ from ours by this much when it is asked for what it made "since".
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// What one run asks and learns about a subject.
pub struct Inquiry<'a, S> {
    pub context: &'a Context,
    pub run: &'a Run,
    /// As it was read, or last written, by this run.
    pub subject: S,
}

/// What the provider said when asked whether it has made the subject's object.
pub enum Asked {
    /// It has, and the subject now knows it.
    Settled,
    /// It has one that cannot be this subject's.
    Mismatch(Reason),
    /// It has none, and will not have one from any call made so far. Nothing is written yet.
    Absent(Exchange),
    /// Nobody can tell yet: the last call may still be at work for this long, or the question was not let through.
    TooSoon { reason: Reason, wait: Duration },
    /// It did not say.
    Silent(Reason),
}

impl<S: Subject> Inquiry<'_, S> {
    /// Asks the provider whether it has made the subject's object.
    pub async fn ask(&self, credentials: &Credentials) -> Result<Asked, StoreError> {
        let Context { settling, clock, .. } = self.context;
        // Both are read before the question: what begins while it is answered is not what the answer is about.
        let begun = self.open_call().await?;
        let asked_at = clock.now();
        let period = Period {
            from: self.subject.created_at() - CLOCK_SKEW,
            to: begun.map(|begun| settling.end(begun) + CLOCK_SKEW),
        };
        let (result, exchange) = self.subject.find(self.context, credentials, period).await;
        match result {
            Ok(Some(news)) => self.learn(news, exchange).await,
            Ok(None) => {
                let wait = begun.and_then(|begun| settling.left(begun, asked_at));
                self.judge_absence(exchange, wait).await
            }
            Err(CallError::Limited {
                message, retry_after, ..
            }) => {
                self.note(exchange).await?;
                let reason = Reason::new(ErrorClass::ProviderUnavailable, message);
                let wait = retry_after;
                Ok(Asked::TooSoon { reason, wait })
            }
            Err(error) => self.be_left_without(&error, exchange).await,
        }
    }

    /// The provider has shown what it has.
    pub async fn learn(&self, news: S::News, exchange: Exchange) -> Result<Asked, StoreError> {
        Ok(match self.record(news, exchange).await? {
            Ok(()) => Asked::Settled,
            Err(reason) => Asked::Mismatch(reason),
        })
    }

    /// The provider was asked in vain.
    pub async fn be_left_without(&self, error: &CallError, exchange: Exchange) -> Result<Asked, StoreError> {
        self.note(exchange).await?;
        let object = S::OBJECT;
        let message = format!("asked whether the {object} exists, the provider did not say: {error}");
        Ok(Asked::Silent(Reason::new(ErrorClass::OutcomeUnknown, message)))
    }

    /// `wait` is how long a call may still have been at work when the question was put, if there was one.
    async fn judge_absence(&self, exchange: Exchange, wait: Option<Duration>) -> Result<Asked, StoreError> {
        let Some(wait) = wait else {
            let outcome = "absent";
            return Ok(Asked::Absent(Exchange { outcome, ..exchange }));
        };
        self.note(exchange).await?;
        let object = S::OBJECT;
        let message =
            format!("the provider has no such {object} yet, but the last call may still be at work there");
        let reason = Reason::new(ErrorClass::OutcomeUnknown, message);
        Ok(Asked::TooSoon { reason, wait })
    }

    /// When the last call was begun, if there is one whose end is not known.
    pub async fn open_call(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.subject.open_call(&self.context.store).await
    }

    /// Writes what the provider said and what it does to the subject, as it stands by now; or why it cannot be about
    /// this subject.
    pub async fn record(&self, news: S::News, exchange: Exchange) -> Result<Result<(), Reason>, StoreError> {
        for _ in 0..MAX_LOOKS {
            let Some(subject) = self.subject.again(&self.context.store).await? else {
                break;
            };
            let heard = match self.left_by(&subject) {
                Some(problem) => Err(("late", problem)),
                // Not `ok`, which would end the call: what it has made or will make is still not known.
                None => {
                    let heard = subject.hear(self.context, self.run, news.clone()).await?;
                    heard.map_err(|problem| ("mismatch", problem))
                }
            };
            let mut record = match heard {
                Ok(record) => record,
                Err((outcome, problem)) => {
                    self.note(Exchange { outcome, ..exchange }).await?;
                    return Ok(Err(Reason::new(ErrorClass::Mismatch, problem)));
                }
            };
            self.add_exchange(&mut record, exchange.clone());
            match self.context.recorder.write(record).await? {
                Verdict::Written => return Ok(Ok(())),
                Verdict::Stale | Verdict::Duplicate => {}
            }
        }
        Err(StoreError::Contended(self.subject.id()))
    }

    /// Why news are for people, if the subject, as it stands by now, has left the channel that was asked: nothing was to be
    /// expected of it any more, and now the payer may find two things to pay.
    fn left_by(&self, now: &S) -> Option<String> {
        let (asked, now_at) = (self.subject.channel(), now.channel());
        (asked != now_at).then(|| {
            let id = now.id();
            format!("{asked} tells of {id}, which goes through {now_at} by now")
        })
    }

    /// The provider surely has nothing: the subject is failed, unless something happened to it meanwhile. Then there is
    /// news, or the next query asks again.
    pub async fn give_up(&self, exchange: Exchange) -> Result<(), StoreError> {
        let given_up = self.subject.clone();
        // The news cannot be refused: they are about the subject alone.
        let Ok(mut record) = given_up
            .hear(self.context, self.run, S::gave_up(S::unavailable()))
            .await?
        else {
            return Ok(());
        };
        self.add_exchange(&mut record, exchange);
        if let Some(absent) = S::POINTS.absent {
            reach(absent);
        }
        self.context.recorder.write(record).await.map(drop)
    }

    /// Nobody can say what became of the subject: it is in review from now on, unless it is already or something happened to it
    /// meanwhile. Then there is news, or the next query asks again.
    pub async fn lose_sight(&self) -> Result<(), StoreError> {
        if self.subject.is_in_review() {
            return Ok(());
        }
        let lost = self.subject.clone();
        // It cannot be refused: it is about the subject alone.
        let record = lost.hear(self.context, self.run, S::lost_sight()).await?;
        self.context
            .recorder
            .write(record.unwrap_or_default())
            .await
            .map(drop)
    }

    /// Writes an exchange, unless the subject has changed since it was read. Writing it changes the subject's version,
    /// so that of two runs that conclude or begin something at the same time, one has to look again.
    pub async fn record_unless_changed(&mut self, exchange: Exchange) -> Result<Verdict, StoreError> {
        let mut record = self.subject.touch();
        self.add_exchange(&mut record, exchange);
        let verdict = self.context.recorder.write(record).await?;
        if verdict == Verdict::Written {
            self.subject.was_touched();
        }
        Ok(verdict)
    }

    /// Keeps an exchange that changed nothing.
    pub async fn note(&self, exchange: Exchange) -> Result<(), StoreError> {
        let mut record = Record::default();
        self.add_exchange(&mut record, exchange);
        self.context.recorder.write(record).await.map(drop)
    }

    fn add_exchange(&self, record: &mut Record, exchange: Exchange) {
        let at = self.context.clock.now();
        self.subject.add_exchange(record, self.run, exchange, at);
    }
}
