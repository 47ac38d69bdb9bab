//! `POST /api/v1/webhooks/<channel>/{merchant}`: what providers tell us.
//!
//! The signature is checked here, over the raw bytes and at the moment of arrival; what the headers alone give away is
//! refused before anything is read or looked up, as anybody can send it. What the callback says is for a worker
//! to find out: the body is sealed, because it may name the payer, and queued before the provider hears that it arrived.
//! Any other answer makes the provider send it again, which is what keeps a callback from getting lost.

use std::sync::Arc;

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{Path, Request, State, rejection::PathRejection},
    http::HeaderMap,
};
use channels::{Credentials, SignatureRefused};
use domain::{
    callback::CallbackHead,
    channel::Channel,
    id::MerchantId,
    job::{Envelope, ProcessCallback},
    secret::Secret,
    trace::TraceParent,
};
use failpoints::{Point, reach};
use serde_json::{Value, json};
use store::StoreError;
use tracing::{Span, field::display};

use crate::{
    app::{App, Shared},
    json_body,
    problem::{Problem, ProblemKind},
    publishing,
    remembered::Asking,
    routes::STRIPE_CALLBACKS,
};

/// A message's `correlation_id` holds no more, and no provider's event id is nearly as long.
const MAX_EVENT_ID_BYTES: usize = 255;

/// Takes a callback from Stripe.
pub(crate) async fn stripe(
    State(app): State<Shared>,
    merchant: Result<Path<String>, PathRejection>,
    Extension(trace): Extension<TraceParent>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let merchant_id = merchant.ok().and_then(|Path(id)| id.parse::<MerchantId>().ok());
    let merchant_id = merchant_id.ok_or_else(not_configured)?;
    Span::current().record("merchant_id", display(merchant_id));
    let headers = request.headers().clone();
    let channel = Channel::Stripe;
    channels::check_callback_headers(channel, &headers, app.clock.now())
        .map_err(|error| refused(channel, error))?;
    let secrets = secrets(&app, channel, merchant_id)
        .await?
        .ok_or_else(not_configured)?;
    let body = json_body::read(request, &app).await?;
    let head = verify(&app, channel, &headers, &body, &secrets)?;
    let job = job(&app, channel, merchant_id, head, &body);
    let envelope = Envelope::new(&job, trace, app.clock.now());
    reach(Point::IngressCallbackVerified);
    publishing::publish(&app, STRIPE_CALLBACKS, &envelope).await?;
    reach(Point::IngressCallbackConfirmed);
    Ok(Json(json!({"received": true})))
}

/// The secrets that sign this merchant's callbacks; `None` when it does not use the channel.
async fn secrets(
    app: &App,
    channel: Channel,
    merchant_id: MerchantId,
) -> Result<Option<Arc<[Secret]>>, Problem> {
    let read = |asking| async move {
        let question = read_secrets(app, channel, merchant_id);
        match asking {
            Asking::FirstTime => app.reads.about_stranger(question).await,
            Asking::Again => app.reads.briefly(question).await,
        }
    };
    Ok(app.callback_secrets.get(&(channel, merchant_id), read).await?)
}

async fn read_secrets(
    app: &App,
    channel: Channel,
    merchant_id: MerchantId,
) -> Result<Option<Arc<[Secret]>>, StoreError> {
    let Some(json) = app.reads.store().credentials(merchant_id, channel).await? else {
        return Ok(None);
    };
    let credentials = Credentials::from_json(&json).map_err(|error| StoreError::Unreadable {
        what: format!("credentials of {merchant_id} at {channel}"),
        problem: error.to_string(),
    })?;
    Ok(Some(credentials.webhook_secrets().into()))
}

fn verify(
    app: &App,
    channel: Channel,
    headers: &HeaderMap,
    body: &Bytes,
    secrets: &[Secret],
) -> Result<CallbackHead, Problem> {
    match channels::verify_callback(channel, headers, body, secrets, app.clock.now()) {
        Ok(head) if head.event_id.is_empty() || head.event_id.len() > MAX_EVENT_ID_BYTES => {
            count(channel, "malformed");
            let detail = "The event's id must be 1 to 255 bytes.";
            Err(Problem::new(ProblemKind::MalformedCallback, detail))
        }
        Ok(head) => {
            count(channel, "verified");
            Ok(head)
        }
        Err(error) => Err(refused(channel, error)),
    }
}

fn refused(channel: Channel, error: SignatureRefused) -> Problem {
    tracing::warn!(%error, %channel, "callback refused");
    if error == SignatureRefused::NotAnEvent {
        count(channel, "malformed");
        let detail = "The signature is right, but the body is no event with an id and a type.";
        Problem::new(ProblemKind::MalformedCallback, detail)
    } else {
        count(channel, "bad_signature");
        let detail = format!("The callback is refused: {error}.");
        Problem::new(ProblemKind::BadSignature, detail)
    }
}

fn count(channel: Channel, outcome: &'static str) {
    metrics::counter!("sluice_callbacks_received_total", "channel" => channel.name(), "outcome" => outcome)
        .increment(1);
}

fn job(
    app: &App,
    channel: Channel,
    merchant_id: MerchantId,
    head: CallbackHead,
    body: &[u8],
) -> ProcessCallback {
    let CallbackHead { event_id, event_type } = head;
    tracing::info!(%channel, event_id, event_type, "callback verified");
    let place = ProcessCallback::place(channel, merchant_id, &event_id);
    let sealed_body = app.vault.seal_text(&place, body);
    ProcessCallback {
        channel,
        merchant_id,
        event_id,
        event_type,
        received_at: app.clock.now(),
        sealed_body,
    }
}

fn not_configured() -> Problem {
    let detail = "No merchant receives callbacks here. The address ends with the merchant's id, and the merchant's \
                  credentials have to be stored with `console channels set-stripe`.";
    Problem::new(ProblemKind::NotFound, detail)
}
