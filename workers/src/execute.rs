//! From a message to what becomes of it: the part of a job's run that is the same for every kind.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use broker::Publisher;
use chrono::{DateTime, Utc};
use domain::{
    id::MerchantId,
    job::{Envelope, Job, Kind},
    outcome::{Disposition, ErrorClass, Outcome, Reason},
    payment::Payment,
    trace::TraceParent,
};
use failpoints::{Point, reach};
use futures::FutureExt;
use metrics::Counter;
use runtime::traces;
use store::{JobFailure, Record, ReplayedJob, StoreError, Verdict};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::context::Context;

/// How often a record may find that the world moved on before the job is tried again later.
pub const MAX_LOOKS: usize = 5;
/// How long the story of a failed try, and what follows from giving up, may take to be written.
const WRITE_DOWN_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a reply may take to be made; nobody waits much longer for it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a job waits when PostgreSQL is away, in units of the retry ladder. It is not the job's fault.
const STORE_AWAY_UNITS: u32 = 5;

/// What a handler may know about its run.
#[derive(Debug, Clone)]
pub struct Run {
    /// The job's id.
    pub job_id: String,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// How often the job was put off.
    pub snoozes: u32,
    /// Whether the same try may have been begun before, and cut off anywhere.
    pub is_repeat: bool,
    /// Whether no other try follows a failure of this one.
    pub is_last: bool,
    /// Whether the job was parked before, and people had it sent again.
    pub is_replayed: bool,
    /// Where in the trace of the payment this run stands.
    pub trace: TraceParent,
    /// Whether a provider or the schedule is the cause of the job, and no request.
    pub is_unasked: bool,
    /// When the job was asked for, if it is our own word: a foreign publisher may write any time.
    pub asked_at: Option<DateTime<Utc>>,
}

impl Run {
    /// The same run, for what follows from a change to `payment`. A run that no request stands behind, as a provider or the
    /// schedule was its cause, goes on where the payment began.
    #[must_use]
    pub fn about(&self, payment: &Payment) -> Self {
        match payment.trace {
            Some(began) if self.is_unasked && !began.is_in_trace_of(&self.trace) => {
                traces::link(&tracing::Span::current(), began);
                Self {
                    trace: began,
                    ..self.clone()
                }
            }
            Some(_) | None => self.clone(),
        }
    }
}

/// What a kind of job does. Implemented by its payload; one file for each in `jobs/`.
pub trait Handler: Job {
    /// Does the job. It may have been done before, wholly or in part, and may be running elsewhere at this moment.
    ///
    /// # Errors
    /// PostgreSQL is away (the job is put off) or refuses (it counts as a failed try).
    fn run(&self, context: &Context, run: &Run) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// What to write when the job is given up for `reason`.
    ///
    /// # Errors
    /// As [`Self::run`].
    fn give_up(
        &self,
        _: &Context,
        _: &Run,
        _: &Reason,
    ) -> impl Future<Output = Result<Record, StoreError>> + Send {
        async { Ok(Record::default()) }
    }

    /// Whether a job that has come to its end has done what it is for, and has not left it to another one.
    ///
    /// # Errors
    /// As [`Self::run`].
    fn is_done(&self, _: &Context) -> impl Future<Output = Result<bool, StoreError>> + Send {
        async { Ok(true) }
    }

    /// What to answer to whoever waits for the end of the job.
    ///
    /// # Errors
    /// As [`Self::run`].
    fn reply(&self, _: &Context) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send {
        async { Ok(None) }
    }
}

/// Runs jobs of all kinds.
#[derive(Clone)]
pub struct Executor {
    context: Arc<Context>,
    publisher: Publisher,
    cut_off: CancellationToken,
}

impl Executor {
    /// An executor that replies through `publisher`, and leaves jobs where they are once `cut_off` is cancelled.
    pub const fn new(context: Arc<Context>, publisher: Publisher, cut_off: CancellationToken) -> Self {
        Self {
            context,
            publisher,
            cut_off,
        }
    }

    /// Does the job in `envelope` and says what becomes of the message. Everything that follows from the job is durable
    /// when it returns. A job that is cut off is put off as it is: whoever takes it next sees what came of it.
    pub async fn execute<H: Handler>(&self, envelope: Envelope) -> Disposition {
        let span = tracing::info_span!(
            "job",
            otel.kind = "consumer",
            otel.name = %format_args!("job {}", H::CONTRACT.kind),
            kind = H::CONTRACT.kind.name(),
            job_id = tracing::field::Empty,
            correlation_id = envelope.correlation_id,
            attempt = envelope.attempt,
            redelivered = envelope.redelivered,
            trace_id = tracing::field::Empty,
            merchant_id = tracing::field::Empty,
        );
        let trace = traces::place(&span, envelope.traceparent.as_deref());
        let done = async {
            let done = self.execute_in_span::<H>(&envelope, trace);
            self.cut_off
                .run_until_cancelled(done)
                .await
                .unwrap_or_else(interrupted)
        };
        done.instrument(span).await
    }

    async fn execute_in_span<H: Handler>(&self, envelope: &Envelope, trace: TraceParent) -> Disposition {
        let started = Instant::now();
        let contract = H::CONTRACT;
        self.measure_wait(contract.kind, envelope);
        let decoded = envelope.decode::<H>();
        let run = Run {
            job_id: job_id(envelope, decoded.as_ref().ok()),
            attempt: envelope.attempt,
            snoozes: envelope.snoozes,
            is_repeat: envelope.redelivered || envelope.snoozes > 0,
            is_replayed: envelope.replayed_after > 0,
            is_last: contract.retry.is_last(envelope.scheduled_attempt()),
            trace,
            is_unasked: is_unasked(contract.kind),
            asked_at: envelope.published_by.is_none().then_some(envelope.published_at),
        };
        tracing::Span::current().record("job_id", &run.job_id);
        let (job, outcome) = match decoded {
            Ok(job) => {
                reach(Point::JobDecoded);
                tracing::Span::current().record("merchant_id", job.merchant_id().to_string());
                let outcome = self.run(&job, envelope, &run).await;
                (Some(job), outcome)
            }
            Err(error) => (
                None,
                Outcome::Fail(Reason::new(ErrorClass::Unreadable, error.to_string())),
            ),
        };
        let disposition = contract.retry.decide(
            envelope.scheduled_attempt(),
            run.snoozes,
            outcome,
            self.context.retry_unit,
        );
        reach(Point::JobHandled);
        let written = self.write_down(envelope, job.as_ref(), &run, &disposition);
        let written = tokio::time::timeout(WRITE_DOWN_TIMEOUT, written).await;
        let disposition = match written {
            Ok(Ok(())) => disposition,
            Ok(Err(error)) if !error.is_transient() => {
                // Its story cannot be told, but the message itself carries the reason to where people look.
                tracing::error!(%error, "the outcome cannot be written down");
                disposition
            }
            Ok(Err(error)) => self.put_off(&error.to_string()),
            Err(_) => self.put_off("PostgreSQL did not answer in time"),
        };
        if let Some(job) = &job {
            self.answer(job, envelope, &disposition).await;
        }
        report(contract.kind.name(), &disposition, started.elapsed());
        disposition
    }

    /// How long a job that comes for the first time lay in its queue.
    fn measure_wait(&self, kind: Kind, envelope: &Envelope) {
        if envelope.attempt == 1 && envelope.snoozes == 0 && !envelope.redelivered {
            let waited = (self.context.clock.now() - envelope.published_at).as_seconds_f64();
            metrics::histogram!("sluice_job_wait_seconds", "kind" => kind.name()).record(waited.max(0.0));
        }
    }

    async fn run<H: Handler>(&self, job: &H, envelope: &Envelope, run: &Run) -> Outcome {
        let permitted = async {
            match &envelope.published_by {
                Some(user) => may_publish(&self.context, job, user).await,
                None => Ok(true),
            }
        };
        let attempt = async {
            if !permitted.await? {
                let user = envelope.published_by.as_deref().unwrap_or_default();
                let message = format!(
                    "RabbitMQ user {user:?} may not publish this job for {}",
                    job.merchant_id()
                );
                return Ok(Outcome::Fail(Reason::new(ErrorClass::Forbidden, message)));
            }
            // On the heap: carried by value through every layer around it, a handler's state would fill the stack.
            Box::pin(job.run(&self.context, run)).await
        };
        match tokio::time::timeout(H::CONTRACT.timeout, survive(attempt)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error @ StoreError::Contended(_))) => Outcome::Snooze {
                reason: Reason::new(ErrorClass::Contended, error.to_string()),
                delay: self.context.nap(run.snoozes),
            },
            Ok(Err(error)) if error.is_transient() => Outcome::Snooze {
                reason: Reason::new(ErrorClass::StoreUnavailable, error.to_string()),
                delay: self.context.retry_unit * STORE_AWAY_UNITS,
            },
            Ok(Err(error)) => Outcome::retry(Reason::new(ErrorClass::Internal, error.to_string())),
            Err(_) => {
                let message = format!("not done within {} s", H::CONTRACT.timeout.as_secs());
                Outcome::retry(Reason::new(ErrorClass::TimedOut, message))
            }
        }
    }

    /// Writes the story of a try that did not work and, when it was the last one, what follows from giving up.
    async fn write_down<H: Handler>(
        &self,
        envelope: &Envelope,
        job: Option<&H>,
        run: &Run,
        disposition: &Disposition,
    ) -> Result<(), StoreError> {
        let reason = match disposition {
            Disposition::Complete if run.is_replayed => {
                return self.tell_replay(job, run, envelope.replayed_after).await;
            }
            Disposition::Complete | Disposition::Snooze { .. } => return Ok(()),
            Disposition::Retry { reason, .. } | Disposition::DeadLetter(reason) => reason,
        };
        let failure = JobFailure {
            job_id: run.job_id.clone(),
            kind: H::CONTRACT.kind.name().to_owned(),
            attempt: run.attempt,
            disposition: disposition.name(),
            error_class: reason.class.name(),
            reason: storable(&reason.message),
            correlation_id: storable(&envelope.correlation_id),
            merchant_id: job.map(Job::merchant_id),
            at: self.context.clock.now(),
        };
        let given_up = job.filter(|_| matches!(disposition, Disposition::DeadLetter(_)));
        match self.conclude(given_up, run, reason, &failure).await {
            Err(error) if given_up.is_some() && !error.is_transient() => {
                tracing::error!(%error, "what follows from giving up cannot be written, only its story");
                self.conclude::<H>(None, run, reason, &failure).await
            }
            concluded => concluded,
        }
    }

    /// Tells the people who sent a parked job again that it is done.
    async fn tell_replay<H: Handler>(
        &self,
        job: Option<&H>,
        run: &Run,
        replayed_after: u32,
    ) -> Result<(), StoreError> {
        if let Some(job) = job
            && !job.is_done(&self.context).await?
        {
            return Ok(());
        }
        let record = Record {
            replayed: Some(ReplayedJob {
                job_id: run.job_id.clone(),
                attempt: replayed_after,
            }),
            ..Record::default()
        };
        self.context.recorder.write(record).await.map(drop)
    }

    /// Writes the story and, for a job that is given up, what follows from that: both or neither.
    async fn conclude<H: Handler>(
        &self,
        given_up: Option<&H>,
        run: &Run,
        reason: &Reason,
        failure: &JobFailure,
    ) -> Result<(), StoreError> {
        for _ in 0..MAX_LOOKS {
            let follows = match given_up {
                Some(job) => Box::pin(job.give_up(&self.context, run, reason)).await?,
                None => Record::default(),
            };
            let record = Record {
                failure: Some(failure.clone()),
                ..follows
            };
            match self.context.recorder.write(record).await? {
                Verdict::Written => {
                    reach(Point::JobWrittenDown);
                    return Ok(());
                }
                Verdict::Stale | Verdict::Duplicate => {}
            }
        }
        Err(StoreError::Contended(failure.correlation_id.clone()))
    }

    /// PostgreSQL would not take the story of a failure: the try does not count, so that the story is told next time.
    fn put_off(&self, why: &str) -> Disposition {
        tracing::warn!(why, "the outcome could not be written down; the job is put off");
        Disposition::Snooze {
            reason: Reason::new(ErrorClass::StoreUnavailable, why),
            delay: self.context.retry_unit * STORE_AWAY_UNITS,
        }
    }

    /// Tells whoever waits. They have a time limit of their own, so an answer that cannot be sent is only logged.
    async fn answer<H: Handler>(&self, job: &H, envelope: &Envelope, disposition: &Disposition) {
        if envelope.reply_to.is_none() || !deserves_answer(disposition) {
            return;
        }
        let body = match tokio::time::timeout(ANSWER_TIMEOUT, job.reply(&self.context)).await {
            Ok(Ok(Some(body))) => body,
            Ok(Ok(None)) => return,
            Ok(Err(error)) => return tracing::warn!(%error, "no reply could be made"),
            Err(_) => return tracing::warn!("no reply could be made in time"),
        };
        if let Err(error) = self.publisher.reply(envelope, body).await {
            tracing::warn!(%error, "the reply could not be sent");
        }
    }
}

/// Only the end of a job is answered, and only to somebody who may know: whoever publishes for another merchant is told
/// nothing, not even whether its payment exists.
fn deserves_answer(disposition: &Disposition) -> bool {
    match disposition {
        Disposition::Complete => true,
        Disposition::DeadLetter(reason) => reason.class != ErrorClass::Forbidden,
        Disposition::Retry { .. } | Disposition::Snooze { .. } => false,
    }
}

/// Whether jobs of a kind are begun by what providers tell, or by the schedule.
const fn is_unasked(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ProcessCallback | Kind::QueryPayment | Kind::QueryRefund | Kind::ExpirePayment
    )
}

/// The id under which a job's story is kept.
fn job_id<H: Handler>(envelope: &Envelope, job: Option<&H>) -> String {
    match job {
        Some(job) => job.id().to_string(),
        None => H::CONTRACT.kind.job_id(envelope).to_string(),
    }
}

/// A panic is a failed try like any other: it is retried, and given up with all that follows from that.
async fn survive(attempt: impl Future<Output = Result<Outcome, StoreError>>) -> Result<Outcome, StoreError> {
    match AssertUnwindSafe(attempt).catch_unwind().await {
        Ok(ended) => ended,
        Err(_) => {
            let message = "the handler panicked; the log of that moment says where";
            Ok(Outcome::retry(Reason::new(ErrorClass::Internal, message)))
        }
    }
}

/// Whether a foreign publisher may ask for this job: it is open to upstream systems, and the broker vouches that the
/// publisher is the user registered for the job's merchant.
async fn may_publish<H: Handler>(context: &Context, job: &H, user: &str) -> Result<bool, StoreError> {
    let merchant: MerchantId = job.merchant_id();
    Ok(job.may_come_from_upstream() && context.store.merchant_of_amqp_user(user).await? == Some(merchant))
}

/// It goes around as a new message, whose deliveries are counted anew: being cut off is not the job's fault.
fn interrupted() -> Disposition {
    let message = "the process was told to stop before the job was done";
    tracing::warn!("job cut off");
    traces::ended(&tracing::Span::current(), "cut_off");
    traces::fail(&tracing::Span::current(), ErrorClass::Interrupted.name());
    Disposition::Snooze {
        reason: Reason::new(ErrorClass::Interrupted, message),
        delay: Duration::ZERO,
    }
}

/// Text fit for a column: without NUL, which PostgreSQL does not store, and of a bounded length.
fn storable(text: &str) -> String {
    text.chars()
        .filter(|character| *character != '\0')
        .take(1_000)
        .collect()
}

/// Shows what has not happened yet: nobody sees a series increase that begins with its first dead letter.
pub fn begin_at_zero() {
    for kind in Kind::ALL {
        dead_letters(kind.name()).increment(0);
    }
}

fn dead_letters(kind: &'static str) -> Counter {
    metrics::counter!("sluice_jobs_dead_lettered_total", "kind" => kind)
}

/// Writes down in the trace how a try ended.
fn trace(disposition: &Disposition) {
    let span = tracing::Span::current();
    traces::ended(&span, disposition.name());
    if let Disposition::Retry { reason, .. } | Disposition::DeadLetter(reason) = disposition {
        traces::fail(&span, reason.class.name());
    }
}

fn report(kind: &'static str, disposition: &Disposition, took: Duration) {
    let outcome = disposition.name();
    metrics::counter!("sluice_jobs_handled_total", "kind" => kind, "outcome" => outcome).increment(1);
    metrics::histogram!("sluice_job_duration_seconds", "kind" => kind).record(took.as_secs_f64());
    let took_ms = took.as_millis();
    trace(disposition);
    match disposition {
        Disposition::Complete => tracing::info!(outcome, took_ms, "job done"),
        Disposition::Snooze { reason, delay } => {
            tracing::info!(outcome, took_ms, ?delay, %reason, "job put off")
        }
        Disposition::Retry { reason, delay, .. } => {
            metrics::counter!("sluice_job_retries_total", "kind" => kind).increment(1);
            tracing::warn!(outcome, took_ms, ?delay, %reason, "job failed and will be tried again");
        }
        Disposition::DeadLetter(reason) => {
            dead_letters(kind).increment(1);
            tracing::error!(outcome, took_ms, %reason, "job given up and parked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_failed_try() {
        let outcome = survive(async { panic!("a defect") }).await.unwrap();
        let Outcome::Retry { reason, .. } = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(reason.class, ErrorClass::Internal);
        assert!(matches!(
            survive(async { Ok(Outcome::Done) }).await,
            Ok(Outcome::Done)
        ));
    }

    #[test]
    fn whoever_may_not_ask_is_not_answered() {
        let parked = |class| Disposition::DeadLetter(Reason::new(class, "why"));
        assert!(deserves_answer(&Disposition::Complete));
        assert!(deserves_answer(&parked(ErrorClass::Conflict)));
        assert!(!deserves_answer(&parked(ErrorClass::Forbidden)));
    }

    #[test]
    fn text_for_a_column_has_no_nul_and_an_end() {
        assert_eq!(storable("a\0b"), "ab");
        assert_eq!(storable(&"x".repeat(5_000)).len(), 1_000);
    }
}
