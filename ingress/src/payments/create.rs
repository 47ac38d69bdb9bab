//! `POST /api/v1/payments`: taking a request for a payment.
//!
//! The payment's id derives from the merchant and its idempotency key, so it is known before anything is stored and
//! a repeat names the same payment. PostgreSQL is asked whether the payment is stored already, which turns a repeat into
//! an answer; when it does not answer, the job is published all the same and the worker finds out. A wallet that a payment is
//! for is looked at in the same way.

use std::collections::BTreeMap;

use axum::{extract::State, http::StatusCode, response::Response};
use domain::{
    currency::Currency,
    id::{MerchantId, PaymentId, WalletId},
    job::{CreateIntent, CreateIntentReply},
    payment::{Payment, PaymentRequest, PaymentStatus, PaymentView},
    user::UserId,
};
use serde::Serialize;
use tracing::{Span, field::display};

use super::{body::PaymentBody, destination::resolve, location, shown::shown};
use crate::{
    answers::{conflict, located, replayed},
    app::{App, Shared},
    fields::{error, invalid},
    json_body::JsonBody,
    problem::{FieldError, Problem},
    routes::PAYMENTS,
    submission::Submission,
};

/// Takes a request for a payment.
pub(crate) async fn create(
    State(app): State<Shared>,
    submission: Submission,
    JsonBody(mut body): JsonBody<PaymentBody>,
) -> Result<Response, Problem> {
    let (destination, fee) = (body.destination.take(), body.application_fee_minor.take());
    let id = PaymentId::derive(submission.merchant_id, &submission.idempotency_key);
    let destination = resolve(&app, &submission, id, destination, fee).await?;
    let job = CreateIntent {
        merchant_id: submission.merchant_id,
        idempotency_key: submission.idempotency_key.clone(),
        request: body.into_request(&submission.caller, id, destination, &app.vault)?,
    };
    Span::current().record("payment_id", display(job.payment_id()));
    if let Some(stored) = stored(&app, &submission, job.payment_id()).await {
        if stored.fingerprint != job.request.fingerprint() {
            return Err(conflict());
        }
        // A pending one may have been stored by a worker that then died: asking again does no harm and may help.
        if stored.status != PaymentStatus::Pending {
            let view = shown(&submission.caller, PaymentView::for_merchant(&stored));
            return Ok(replayed(located(StatusCode::OK, location(view.id), &view)));
        }
    }
    check_wallet(&app, &submission, &job.request).await?;
    let answer = |reply| match reply {
        CreateIntentReply::Payment(view) => {
            let view = shown(&submission.caller, *view);
            Ok(located(StatusCode::CREATED, location(view.id), &view))
        }
        CreateIntentReply::Conflict => Err(conflict()),
    };
    submission
        .submit(&app, PAYMENTS, &job, accepted(&job), answer)
        .await
}

/// The payment, if it is stored and PostgreSQL says so quickly.
async fn stored(app: &App, submission: &Submission, id: PaymentId) -> Option<Payment> {
    let store = app.reads.seen_by(&submission.caller);
    app.reads.briefly(store.payment(id)).await.ok().flatten()
}

/// Checks that the wallet that a payment is for can be paid into, if there is one and PostgreSQL says so quickly.
async fn check_wallet(app: &App, submission: &Submission, request: &PaymentRequest) -> Result<(), Problem> {
    let Some(wallet_id) = request.wallet_id else {
        return Ok(());
    };
    let store = app.reads.seen_by(&submission.caller);
    let checked = match app.reads.briefly(store.wallet(wallet_id)).await {
        Ok(Some(wallet)) => wallet
            .check_top_up(submission.merchant_id, request)
            .map_err(FieldError::from),
        Ok(None) => Err(error("wallet_id", "there is no such wallet".into())),
        Err(_) => Ok(()),
    };
    checked.map_err(|refused| invalid(vec![refused]))
}

/// A payment that nobody has worked on yet: what was asked for, under the id it will have.
#[derive(Serialize)]
struct Accepted<'a> {
    id: PaymentId,
    merchant_id: MerchantId,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wallet_id: Option<WalletId>,
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
        user_id: request.user_id.as_ref(),
        wallet_id: request.wallet_id,
        status: PaymentStatus::Pending,
        amount: request.money.amount_minor,
        currency: request.money.currency,
        description: request.description.as_deref(),
        reference: request.reference.as_deref(),
        metadata: &request.metadata,
    };
    located(StatusCode::ACCEPTED, location(id), &accepted)
}
