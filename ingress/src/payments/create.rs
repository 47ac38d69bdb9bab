//! `POST /api/v1/payments`: taking a request for a payment.
//!
//! The payment's id derives from the merchant and its idempotency key, so it is known before anything is stored and
//! a repeat names the same payment. PostgreSQL is asked whether the payment is stored already, which turns a repeat into
//! an answer; when it does not answer, the job is published all the same and the worker finds out.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use broker::Called;
use domain::{
    currency::Currency,
    id::{MerchantId, PaymentId},
    job::{CreateIntent, CreateIntentReply, Envelope},
    payment::{Payment, PaymentStatus, PaymentView},
    trace::TraceParent,
};
use failpoints::{Point, reach};
use serde::Serialize;
use tracing::{Span, field::display};

use super::body::PaymentBody;
use crate::{
    app::{App, Shared},
    auth::Authenticated,
    idempotency::Idempotency,
    json_body::JsonBody,
    prefer::Wait,
    problem::{Problem, ProblemKind},
    publishing,
    routes::PAYMENTS,
};

const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Takes a request for a payment.
pub(crate) async fn create(
    State(app): State<Shared>,
    Authenticated(merchant_id): Authenticated,
    Idempotency(idempotency_key): Idempotency,
    Wait(wait): Wait,
    Extension(trace): Extension<TraceParent>,
    JsonBody(body): JsonBody<PaymentBody>,
) -> Result<Response, Problem> {
    let job = CreateIntent {
        merchant_id,
        idempotency_key,
        request: body.into_request()?,
    };
    Span::current().record("payment_id", display(job.payment_id()));
    if let Some(stored) = stored(&app, job.payment_id()).await {
        if stored.fingerprint != job.request.fingerprint() {
            return Err(conflict());
        }
        // A pending one may have been stored by a worker that then died: asking again does no harm and may help.
        if stored.status != PaymentStatus::Pending {
            return Ok(replayed(&stored));
        }
    }
    reach(Point::IngressRequestRead);
    let envelope = Envelope::new(&job, trace, app.clock.now());
    match wait {
        Some(wait) => publish_and_wait(&app, &job, &envelope, wait).await,
        None => {
            publishing::publish(&app, PAYMENTS, &envelope).await?;
            reach(Point::IngressConfirmed);
            Ok(accepted(&job))
        }
    }
}

async fn publish_and_wait(
    app: &App,
    job: &CreateIntent,
    envelope: &Envelope,
    wait: Duration,
) -> Result<Response, Problem> {
    let mut response = match publishing::call(app, PAYMENTS, envelope, wait).await? {
        Called::TimedOut => accepted(job),
        Called::Replied(reply) => match serde_json::from_slice(&reply) {
            Ok(CreateIntentReply::Payment(view)) => created(&view),
            Ok(CreateIntentReply::Conflict) => return Err(conflict()),
            Err(error) => {
                // The job is confirmed, so the payment was accepted whatever the answer looks like.
                tracing::error!(%error, "the worker's answer cannot be read");
                accepted(job)
            }
        },
    };
    let applied = HeaderValue::try_from(format!("wait={}", wait.as_secs()));
    response
        .headers_mut()
        .extend(applied.ok().map(|applied| (PREFERENCE_APPLIED, applied)));
    Ok(response)
}

/// The payment, if it is stored and PostgreSQL says so quickly.
async fn stored(app: &App, id: PaymentId) -> Option<Payment> {
    app.reads
        .briefly(app.reads.store().payment(id))
        .await
        .ok()
        .flatten()
}

/// A payment that nobody has worked on yet: what was asked for, under the id it will have.
#[derive(Serialize)]
struct Accepted<'a> {
    id: PaymentId,
    merchant_id: MerchantId,
    status: PaymentStatus,
    amount: i64,
    currency: Currency,
    description: Option<&'a str>,
    reference: Option<&'a str>,
    metadata: &'a BTreeMap<String, String>,
}

fn accepted(job: &CreateIntent) -> Response {
    let (id, request) = (job.payment_id(), &job.request);
    let accepted = Accepted {
        id,
        merchant_id: job.merchant_id,
        status: PaymentStatus::Pending,
        amount: request.money.amount_minor,
        currency: request.money.currency,
        description: request.description.as_deref(),
        reference: request.reference.as_deref(),
        metadata: &request.metadata,
    };
    (StatusCode::ACCEPTED, location(id), Json(accepted)).into_response()
}

fn created(view: &PaymentView) -> Response {
    (StatusCode::CREATED, location(view.id), Json(view)).into_response()
}

fn replayed(payment: &Payment) -> Response {
    let marked = [(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"))];
    (
        StatusCode::OK,
        location(payment.id),
        marked,
        Json(PaymentView::for_merchant(payment)),
    )
        .into_response()
}

fn location(id: PaymentId) -> [(HeaderName, String); 1] {
    [(header::LOCATION, format!("{PAYMENTS}/{id}"))]
}

fn conflict() -> Problem {
    let detail = "This Idempotency-Key was already used with another body. Repeat the request with the same body, or \
                  use a new key for a new payment.";
    Problem::new(ProblemKind::IdempotencyConflict, detail)
}
