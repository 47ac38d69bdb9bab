//! `POST /api/v1/refunds` and `POST /api/v1/payments/{id}/refund`: taking a request for a refund.
//!
//! Whether a payment can be refunded is decided by the worker that sets the amount aside. The door looks first, because
//! nearly every refusal can be told at once; when PostgreSQL does not answer quickly, the job is published all the same.

use std::collections::BTreeMap;

use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use domain::{
    channel::RefundReason,
    currency::Currency,
    id::{IdempotencyKey, MerchantId, PaymentId, RefundId},
    job::{CreateRefund, CreateRefundReply, OWN_REFUND_KEYS},
    order::Order,
    payment::Payment,
    refund::{Refund, RefundRequest, RefundStatus, RefundView},
};
use serde::Serialize;
use tracing::{Span, field::display};

use super::{body::RefundBody, location, refusal};
use crate::{
    answers::{conflict, located, no_such_payment, replayed},
    app::{App, Shared},
    idempotency::unusable,
    json_body::JsonBody,
    path_id::PathId,
    problem::Problem,
    routes::{PAYMENT_REFUND, REFUNDS},
    submission::Submission,
};

/// Takes a request for a refund of the payment that the body names.
pub(crate) async fn create(
    State(app): State<Shared>,
    submission: Submission,
    JsonBody(body): JsonBody<RefundBody>,
) -> Result<Response, Problem> {
    let request = body.into_request()?;
    Span::current().record("payment_id", display(request.payment_id));
    take(&app, REFUNDS, &submission, request).await
}

/// Takes a request for a refund of the payment that the address names.
pub(crate) async fn create_of_payment(
    State(app): State<Shared>,
    submission: Submission,
    PathId(payment_id): PathId<PaymentId>,
    JsonBody(body): JsonBody<RefundBody>,
) -> Result<Response, Problem> {
    let request = body.into_request_about(payment_id)?;
    take(&app, PAYMENT_REFUND, &submission, request).await
}

async fn take(
    app: &App,
    route: &'static str,
    submission: &Submission,
    request: RefundRequest,
) -> Result<Response, Problem> {
    submission.caller.may_refund()?;
    check_key(&submission.idempotency_key)?;
    let job = CreateRefund {
        merchant_id: submission.merchant_id,
        idempotency_key: submission.idempotency_key.clone(),
        request,
    };
    Span::current().record("refund_id", display(job.refund_id()));
    if let Some(known) = known(app, submission, &job).await
        && let Some(answer) = known.answer(&job)?
    {
        return Ok(answer);
    }
    let answer = |reply| match reply {
        CreateRefundReply::Refund(view) => refusal::answer(StatusCode::CREATED, &view),
        CreateRefundReply::NoSuchPayment => Err(no_such_payment()),
        CreateRefundReply::Conflict => Err(conflict()),
    };
    submission.submit(app, route, &job, accepted(&job), answer).await
}

fn check_key(key: &IdempotencyKey) -> Result<(), Problem> {
    if key.as_str().starts_with(OWN_REFUND_KEYS) {
        let detail = format!("Send another one: keys that begin with {OWN_REFUND_KEYS} are Sluice's own.");
        return Err(unusable(detail));
    }
    Ok(())
}

/// What PostgreSQL knows about a request.
struct Known {
    payment: Option<Payment>,
    /// The order that the payment belongs to.
    order: Option<Order>,
    /// How many refunds of the payment there are.
    earlier: u32,
    refund: Option<Refund>,
    at: DateTime<Utc>,
}

/// What is known, if PostgreSQL says so quickly. The refund is read last: when it is not there then, the rest was read before it
/// was, so that a request is never refused for what it has set aside itself.
async fn known(app: &App, submission: &Submission, job: &CreateRefund) -> Option<Known> {
    let store = app.reads.seen_by(&submission.caller);
    let question = async {
        let payment = store.payment(job.request.payment_id).await?;
        let order = match payment.as_ref().and_then(|payment| payment.request.order_id) {
            Some(id) => store.order(id).await?,
            None => None,
        };
        let earlier = match &payment {
            Some(payment) => store.refunds_made(payment).await?,
            None => 0,
        };
        let refund = store.refund(job.refund_id()).await?;
        let at = app.clock.now();
        Ok(Known {
            payment,
            order,
            earlier,
            refund,
            at,
        })
    };
    app.reads.briefly(question).await.ok()
}

impl Known {
    /// The answer that needs no worker.
    fn answer(self, job: &CreateRefund) -> Result<Option<Response>, Problem> {
        match self.refund {
            Some(stored) if stored.fingerprint != job.request.fingerprint() => Err(conflict()),
            // It may have been stored by a worker that then died: asking again does no harm and may help.
            Some(stored) if stored.status == RefundStatus::Pending => Ok(None),
            Some(stored) => {
                let answer = refusal::answer(StatusCode::OK, &RefundView::from(&stored));
                Ok(Some(replayed(answer)))
            }
            None => {
                self.check(job)?;
                Ok(None)
            }
        }
    }

    fn check(self, job: &CreateRefund) -> Result<(), Problem> {
        let payment = self.payment.ok_or_else(no_such_payment)?;
        let money = payment
            .check_refund(self.order.as_ref(), &job.request)
            .map_err(|refused| refusal::at_the_door(refused, job.refund_id()))?;
        channels::capabilities(payment.channel)
            .check_refund(money, self.at - payment.created_at, self.earlier)
            .map_err(|refused| refusal::not_taken(refused, job.refund_id()))
    }
}

/// A refund that nobody has worked on yet: what was asked for, under the id it will have.
#[derive(Serialize)]
struct Accepted<'a> {
    id: RefundId,
    payment_id: PaymentId,
    merchant_id: MerchantId,
    status: RefundStatus,
    /// Everything that is left, when it is not said: how much that is, nobody knows before the worker.
    amount: Option<i64>,
    currency: Option<Currency>,
    reason: Option<RefundReason>,
    operator: Option<&'a str>,
    description: Option<&'a str>,
    metadata: &'a BTreeMap<String, String>,
}

fn accepted(job: &CreateRefund) -> Response {
    let (id, request) = (job.refund_id(), &job.request);
    let accepted = Accepted {
        id,
        payment_id: request.payment_id,
        merchant_id: job.merchant_id,
        status: RefundStatus::Pending,
        amount: request.amount_minor,
        currency: request.currency,
        reason: request.reason,
        operator: request.operator.as_deref(),
        description: request.description.as_deref(),
        metadata: &request.metadata,
    };
    located(StatusCode::ACCEPTED, location(id), &accepted)
}
