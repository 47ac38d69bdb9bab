//! A job as a message: what RabbitMQ carries beside the payload, free of any AMQP type.

use chrono::{DateTime, Utc};

use crate::{
    job::{Job, Kind},
    trace::TraceParent,
};

/// A message on its way to or from a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// `message_id`: the job's id. Empty when a foreign publisher left it out.
    pub job_id: String,
    /// `type`: the kind's name, which is also the routing key. Not trusted to be a kind we know.
    pub kind: String,
    /// `correlation_id`: the payment, order or event it concerns.
    pub correlation_id: String,
    /// Header `schema`: the version of the payload.
    pub schema: u16,
    /// Header `attempt`: which try this is, from 1.
    pub attempt: u32,
    /// Header `replayed_after`: the tries that were made before the job was parked and sent again, which its schedule of
    /// retries does not count. Zero for a job that was never sent again.
    pub replayed_after: u32,
    /// Header `snoozes`: how often it was put off without using up an attempt.
    pub snoozes: u32,
    /// The broker has handed this very message out before, so an earlier try may have been cut off in the middle.
    pub redelivered: bool,
    /// `reply_to`: who waits for the answer.
    pub reply_to: Option<String>,
    /// The broker's own word on who published it first; see the broker adapter.
    pub published_by: Option<String>,
    /// Header `traceparent`.
    pub traceparent: Option<String>,
    /// `timestamp`: when it was first published.
    pub published_at: DateTime<Utc>,
    /// The JSON payload.
    pub body: Vec<u8>,
}

/// The message is no job that this version of Sluice can read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Its type belongs to another queue.
    #[error("a message of type {found:?} in the queue of {expected}")]
    WrongKind {
        /// The queue's kind.
        expected: Kind,
        /// The message's type.
        found: String,
    },
    /// Written by a newer version.
    #[error(
        "payload schema {found}, but this version reads up to {supported}: upgrade the workers, then replay"
    )]
    NewerSchema {
        /// The message's schema.
        found: u16,
        /// The newest one we read.
        supported: u16,
    },
    /// The body is not the JSON the contract asks for.
    #[error("payload does not follow the contract: {0}")]
    Payload(#[from] serde_json::Error),
}

impl Envelope {
    /// Wraps a job for its first try. Without a `trace` its publishing is the beginning of one.
    pub fn new<J: Job>(job: &J, trace: impl Into<Option<TraceParent>>, now: DateTime<Utc>) -> Self {
        #[expect(
            clippy::expect_used,
            reason = "payloads are structs of strings and integers, which always serialise"
        )]
        let body = serde_json::to_vec(job).expect("a job serialises");
        Self {
            job_id: job.id().to_string(),
            kind: J::CONTRACT.kind.name().to_owned(),
            correlation_id: job.correlation_id(),
            schema: J::CONTRACT.schema,
            attempt: 1,
            replayed_after: 0,
            snoozes: 0,
            redelivered: false,
            reply_to: None,
            published_by: None,
            traceparent: trace.into().map(|trace| trace.to_string()),
            published_at: now,
            body,
        }
    }

    /// The same job sent again after it was parked: its next try, and the first of a new budget of tries. Nobody waits for
    /// its answer any more.
    pub fn replayed(&self) -> Self {
        Self {
            attempt: self.attempt.saturating_add(1),
            replayed_after: self.attempt,
            snoozes: 0,
            redelivered: false,
            reply_to: None,
            ..self.clone()
        }
    }

    /// Which try of its schedule of retries this is, from 1.
    pub const fn scheduled_attempt(&self) -> u32 {
        let scheduled = self.attempt.saturating_sub(self.replayed_after);
        if scheduled == 0 { 1 } else { scheduled }
    }

    /// Reads the payload as the contract of `J` has it.
    ///
    /// # Errors
    /// Says what a person has to know to mend or discard the message.
    pub fn decode<J: Job>(&self) -> Result<J, Unreadable> {
        let contract = J::CONTRACT;
        if self.kind != contract.kind.name() {
            let found = self.kind.chars().take(64).collect();
            return Err(Unreadable::WrongKind {
                expected: contract.kind,
                found,
            });
        }
        if self.schema > contract.schema {
            return Err(Unreadable::NewerSchema {
                found: self.schema,
                supported: contract.schema,
            });
        }
        Ok(serde_json::from_slice(&self.body)?)
    }
}
