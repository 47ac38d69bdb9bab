//! What is written down of a parked message.

use std::sync::Arc;

use broker::letters::Letter;
use channels::Credentials;
use domain::{
    callback::CallbackEvent,
    clock::Clock,
    dead_letter::{UNROUTABLE, merchant_in, subjects_in},
    job::{Kind, ProcessCallback},
};
use serde_json::{Value, json};
use store::{NewLetter, Store, StoreError};

/// The longest text that is written down, in characters.
const TEXT: usize = 1_000;

/// Reads parked messages for those who write them down.
#[derive(Clone)]
pub struct Describing {
    /// Where they are written down.
    pub store: Store,
    /// For messages that do not say when they were parked.
    pub clock: Arc<dyn Clock>,
}

impl Describing {
    /// Writes these letters down, each once however often it is seen. One that PostgreSQL does not take is left out.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn note(&self, letters: &[&Letter]) -> Result<(), StoreError> {
        let mut news = Vec::with_capacity(letters.len());
        for letter in letters {
            news.push(self.describe(letter).await?);
        }
        match self.store.note_letters(&news, self.clock.now()).await {
            Err(error) if !error.is_transient() => self.note_each(&news).await,
            noted => noted,
        }
    }

    /// One letter that cannot be written down must not hold up the others: it stays parked, and the log says so.
    async fn note_each(&self, news: &[NewLetter]) -> Result<(), StoreError> {
        for new in news {
            match self
                .store
                .note_letters(std::slice::from_ref(new), self.clock.now())
                .await
            {
                Err(error) if !error.is_transient() => {
                    tracing::error!(%error, letter = %new.id, kind = new.kind, "a dead letter cannot be written down");
                }
                noted => noted?,
            }
        }
        Ok(())
    }

    async fn describe(&self, letter: &Letter) -> Result<NewLetter, StoreError> {
        let envelope = &letter.envelope;
        let mut subjects = subjects_in(&envelope.body);
        subjects.push(envelope.correlation_id.clone());
        if letter.kind == Some(Kind::ProcessCallback) {
            subjects.extend(self.told_by_callback(letter).await?);
        }
        subjects.retain(|subject| is_word(subject));
        subjects.sort();
        subjects.dedup();
        Ok(NewLetter {
            id: letter.id,
            kind: letter.kind.map_or(UNROUTABLE, Kind::name).to_owned(),
            job_id: match letter.kind {
                Some(kind) => kind.job_id(envelope).to_string(),
                None => storable(&envelope.job_id),
            },
            attempt: envelope.attempt.min(i32::MAX.cast_unsigned()),
            replayed_after: envelope.replayed_after.min(i32::MAX.cast_unsigned()),
            correlation_id: storable(&envelope.correlation_id),
            merchant_id: merchant_in(&envelope.body),
            subjects,
            error_class: storable(&letter.error_class),
            reason: storable(&letter.reason),
            parked_by: letter.parked_by,
            parked_at: letter.parked_at.unwrap_or_else(|| self.clock.now()),
            message: message(letter).to_string().into_bytes(),
        })
    }

    /// The ids that a callback names. Its body is sealed, and says in its provider's words what it is about.
    async fn told_by_callback(&self, letter: &Letter) -> Result<Vec<String>, StoreError> {
        let Ok(job) = letter.envelope.decode::<ProcessCallback>() else {
            return Ok(Vec::new());
        };
        let place = ProcessCallback::place(job.channel, job.merchant_id, &job.event_id);
        let Ok(body) = self.store.vault().open_text(&place, &job.sealed_body) else {
            return Ok(Vec::new());
        };
        let credentials = if channels::capabilities(job.channel).callbacks.needs_credentials {
            let stored = match self.store.credentials(job.merchant_id, job.channel).await {
                // They may be why it is parked. One that cannot be read must not hold up the others.
                Err(error) if !error.is_transient() => return Ok(Vec::new()),
                stored => stored?,
            };
            stored.and_then(|json| Credentials::from_json(&json).ok())
        } else {
            None
        };
        let news = channels::translate_callback(job.channel, credentials.as_ref(), &body);
        Ok(news.map(|news| named(news.event)).unwrap_or_default())
    }
}

fn named(event: CallbackEvent) -> Vec<String> {
    let ids = match event {
        CallbackEvent::Intent { intent, .. } => {
            vec![Some(intent.id), intent.payment_id.map(|id| id.to_string())]
        }
        CallbackEvent::Refund(refund) => vec![
            Some(refund.id),
            refund.intent_id,
            refund.refund_id.map(|id| id.to_string()),
        ],
        CallbackEvent::RefundTold(refund_id) => vec![Some(refund_id.to_string())],
        CallbackEvent::Dispute(dispute) => vec![Some(dispute.id), Some(dispute.intent_id)],
        CallbackEvent::AccountTold {
            channel_account_id,
            account_id,
        } => vec![Some(channel_account_id), account_id.map(|id| id.to_string())],
        CallbackEvent::AccountLost(channel_account_id) => vec![Some(channel_account_id)],
        CallbackEvent::TransferReversed(transfer) => {
            vec![Some(transfer.id), transfer.withdrawal_id.map(|id| id.to_string())]
        }
        CallbackEvent::NeedsPeople { payment_id } => vec![payment_id.map(|id| id.to_string())],
        CallbackEvent::Other => Vec::new(),
    };
    ids.into_iter().flatten().collect()
}

/// The message for people who are shown it. It is sealed, as it may name somebody.
fn message(letter: &Letter) -> Value {
    let envelope = &letter.envelope;
    json!({
        "message_id": envelope.job_id,
        "type": envelope.kind,
        "correlation_id": envelope.correlation_id,
        "published_by": envelope.published_by,
        "published_at": envelope.published_at,
        "traceparent": envelope.traceparent,
        "schema": envelope.schema,
        "attempt": envelope.attempt,
        "replayed_after": envelope.replayed_after,
        "snoozes": envelope.snoozes,
        "body": String::from_utf8_lossy(&envelope.body),
    })
}

/// Whether a text can be looked for as an id.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= TEXT && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Text fit for a column: without NUL, which PostgreSQL does not store, and of a bounded length.
fn storable(text: &str) -> String {
    text.chars()
        .filter(|character| *character != '\0')
        .take(TEXT)
        .collect()
}
