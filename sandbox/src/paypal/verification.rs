//! `verify-webhook-signature`: PayPal's own word on whether a webhook came from it.
//!
//! What counts are the bytes of the event as they stand in the request. A client that reads the event and writes it
//! anew is told `FAILURE`, as at PayPal.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::book::Book;
use super::errors::{Answered, ApiError};
use super::requests::malformed;
use super::signing::{ALGORITHM, Signer, Transmission};
use super::webhooks::certificate_url;

#[derive(Deserialize)]
struct Question<'a> {
    auth_algo: Option<String>,
    cert_url: Option<String>,
    transmission_id: Option<String>,
    transmission_sig: Option<String>,
    transmission_time: Option<String>,
    webhook_id: Option<String>,
    #[serde(borrow)]
    webhook_event: Option<&'a RawValue>,
}

/// Answers whether the transmission is one of ours to the app's own webhook.
pub fn verify(book: &Book, signer: &Signer, body: &[u8]) -> Answered {
    let question: Question<'_> = serde_json::from_slice(body).map_err(|_| malformed("/"))?;
    let text = |value: &Option<String>, name: &str| {
        let given = value.clone().filter(|value| !value.is_empty());
        given.ok_or_else(|| ApiError::missing(&format!("/{name}")))
    };
    let (id, time) = (
        text(&question.transmission_id, "transmission_id")?,
        text(&question.transmission_time, "transmission_time")?,
    );
    let (signature, webhook_id) = (
        text(&question.transmission_sig, "transmission_sig")?,
        text(&question.webhook_id, "webhook_id")?,
    );
    let (algorithm, certificate) = (
        text(&question.auth_algo, "auth_algo")?,
        text(&question.cert_url, "cert_url")?,
    );
    let event = question
        .webhook_event
        .ok_or_else(|| ApiError::missing("/webhook_event"))?;
    let is_ours = algorithm == ALGORITHM
        && certificate == certificate_url(&book.base)
        && book
            .webhook
            .as_ref()
            .is_some_and(|webhook| webhook.id == webhook_id)
        && signer.verifies(
            Transmission {
                id: &id,
                time: &time,
                webhook_id: &webhook_id,
                body: event.get().as_bytes(),
            },
            &signature,
        );
    let verdict: Value = if is_ours { "SUCCESS" } else { "FAILURE" }.into();
    Ok(json!({ "verification_status": verdict }))
}
