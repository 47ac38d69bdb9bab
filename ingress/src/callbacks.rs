//! `POST /api/v1/webhooks/{channel}/{merchant}`: what providers tell us.
//!
//! The signature is checked here, over the raw bytes and at the moment of arrival; what the headers alone give away is
//! refused before anything is read or looked up, as anybody can send it. What the callback says is for a worker
//! to find out: the body is sealed, because it may name the payer, and queued before the provider hears that it arrived.
//! Any other answer makes the provider send it again, which is what keeps a callback from getting lost. What is answered,
//! and in which words, is the provider's rule and stands in the channel's capabilities.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use channels::{CallbackKeys, CallbackRefusal, CallbackRefused, Credentials, SignatureRefused};
use domain::{
    callback::CallbackHead,
    channel::Channel,
    id::MerchantId,
    job::{Envelope, ProcessCallback},
    trace::TraceParent,
};
use failpoints::{Point, reach};
use serde_json::json;
use store::StoreError;
use tokio::time::timeout;
use tracing::{Span, field::display};

use crate::{
    app::{App, Shared},
    json_body,
    problem::{Problem, ProblemKind},
    publishing,
    remembered::Asking,
    routes::CALLBACKS,
};

/// A message's `correlation_id` holds no more, and no provider's event id is nearly as long.
const MAX_EVENT_ID_BYTES: usize = 255;
/// The provider that waits the shortest gives five seconds
/// (<https://pay.weixin.qq.com/doc/v3/merchant/4012791861>). Whoever hears nothing by then sends it again, so nothing is
/// gained by going on.
const ANSWER_WITHIN: Duration = Duration::from_millis(4_500);

/// Takes a callback from any provider, and answers in its words.
pub(crate) async fn take(
    State(app): State<Shared>,
    path: Result<Path<(String, String)>, PathRejection>,
    Extension(trace): Extension<TraceParent>,
    request: Request,
) -> Response {
    let (channel, merchant) = match path {
        Ok(Path(given)) => given,
        Err(_) => return not_configured().into_response(),
    };
    let channel = channel.parse::<Channel>().ok();
    let Some(channel) = channel.filter(|channel| channel.is_provider()) else {
        return not_configured().into_response();
    };
    let taken = taken(&app, channel, &merchant, trace, request);
    match timeout(ANSWER_WITHIN, taken)
        .await
        .unwrap_or_else(|_| Err(too_late()))
    {
        Ok(()) => accepted(channel),
        Err(problem) => refusal(channel, problem),
    }
}

async fn taken(
    app: &App,
    channel: Channel,
    merchant: &str,
    trace: TraceParent,
    request: Request,
) -> Result<(), Problem> {
    let merchant_id = merchant.parse::<MerchantId>().map_err(|_| not_configured())?;
    Span::current().record("merchant_id", display(merchant_id));
    let headers = request.headers().clone();
    app.callbacks
        .check_headers(channel, &headers, app.clock.now())
        .map_err(|error| refused(channel, error.into()))?;
    let keys = keys(app, channel, merchant_id)
        .await?
        .ok_or_else(not_configured)?;
    let body = json_body::read(request, app).await?;
    let head = verify(app, channel, &headers, &body, &keys).await?;
    let job = job(app, channel, merchant_id, head, &body);
    let envelope = Envelope::new(&job, trace, app.clock.now());
    reach(Point::IngressCallbackVerified);
    publishing::publish(app, CALLBACKS, envelope).await?;
    reach(Point::IngressCallbackConfirmed);
    Ok(())
}

/// What the provider wants to hear once its callback is kept.
fn accepted(channel: Channel) -> Response {
    let answer = channels::capabilities(channel).callbacks.taken;
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    if status == StatusCode::NO_CONTENT {
        return status.into_response();
    }
    (status, [(header::CONTENT_TYPE, answer.content_type)], answer.body).into_response()
}

/// What the provider wants to hear when its callback is not kept.
fn refusal(channel: Channel, problem: Problem) -> Response {
    match channels::capabilities(channel).callbacks.refusal {
        CallbackRefusal::Problem => problem.into_response(),
        CallbackRefusal::Word(word) => (
            problem.status(),
            [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
            word,
        )
            .into_response(),
        CallbackRefusal::CodeAndMessage => {
            let said = json!({"code": "FAIL", "message": problem.detail()});
            (problem.status(), Json(said)).into_response()
        }
    }
}

/// What this merchant's callbacks are verified with; `None` when it does not use the channel.
async fn keys(
    app: &App,
    channel: Channel,
    merchant_id: MerchantId,
) -> Result<Option<Arc<CallbackKeys>>, Problem> {
    let read = |asking| async move {
        let question = read_keys(app, channel, merchant_id);
        match asking {
            Asking::FirstTime => app.reads.about_stranger(question).await,
            Asking::Again => app.reads.briefly(question).await,
        }
    };
    Ok(app.callback_keys.get(&(channel, merchant_id), read).await?)
}

async fn read_keys(
    app: &App,
    channel: Channel,
    merchant_id: MerchantId,
) -> Result<Option<Arc<CallbackKeys>>, StoreError> {
    let Some(json) = app.reads.credentials(merchant_id, channel).await? else {
        return Ok(None);
    };
    let credentials = Credentials::from_json(&json).map_err(|error| StoreError::Unreadable {
        what: format!("credentials of {merchant_id} at {channel}"),
        problem: error.to_string(),
    })?;
    Ok(Some(Arc::new(credentials.callback_keys())))
}

async fn verify(
    app: &App,
    channel: Channel,
    headers: &HeaderMap,
    body: &Bytes,
    keys: &CallbackKeys,
) -> Result<CallbackHead, Problem> {
    let verified = app.callbacks.verify(keys, headers, body, app.clock.now());
    match verified.await {
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

fn refused(channel: Channel, error: CallbackRefused) -> Problem {
    let signature = match error {
        CallbackRefused::Unavailable(why) => {
            tracing::warn!(why, %channel, "callback not verified");
            count(channel, "unverified");
            let detail = "The signature cannot be checked now. Send the callback again.";
            return Problem::new(ProblemKind::CallbackUnverified, detail).retry_soon();
        }
        CallbackRefused::Signature(signature) => signature,
    };
    match signature {
        SignatureRefused::NotAnEvent => {
            tracing::warn!(%channel, "a signed callback is no event");
            count(channel, "malformed");
            let detail = "The signature is right, but the body is no event with an id and a type.";
            return Problem::new(ProblemKind::MalformedCallback, detail);
        }
        // The provider tries whether signatures are checked. It must fail, and is nobody's trouble.
        SignatureRefused::Probe => {
            tracing::debug!(%channel, "a signature probe is refused");
            count(channel, "probe");
        }
        // Anybody can name a key that nobody knows. Should it be the provider's new one, every callback is refused until the
        // merchant's credentials hold it.
        SignatureRefused::UnknownKey => {
            tracing::warn!(%channel, "a callback names a signing key that is not among the merchant's credentials");
            count(channel, "unknown_key");
        }
        error => {
            tracing::warn!(%error, %channel, "callback refused");
            count(channel, "bad_signature");
        }
    }
    let detail = format!("The callback is refused: {signature}.");
    Problem::new(ProblemKind::BadSignature, detail)
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
    let detail = "No merchant receives callbacks here. The address ends with the channel's name and the merchant's id, \
                  and the merchant's credentials have to be stored with `console channels set`.";
    Problem::new(ProblemKind::NotFound, detail)
}

fn too_late() -> Problem {
    let detail = "The callback could not be kept in time. Send it again.";
    Problem::new(ProblemKind::TimedOut, detail).retry_soon()
}
