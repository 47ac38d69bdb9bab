//! `POST /api/v1/orders`: taking a request for an order.
//!
//! As with payments, the order's id derives from the merchant and its idempotency key, and PostgreSQL is only asked whether
//! it is stored already.

use axum::{extract::State, http::StatusCode, response::Response};
use domain::{
    currency::Currency,
    id::{MerchantId, OrderId},
    job::{CreateOrder, CreateOrderReply},
    order::{OrderStatus, OrderView},
};
use serde::Serialize;
use tracing::{Span, field::display};

use super::{body::OrderBody, location};
use crate::{
    answers::{conflict, located, replayed},
    app::Shared,
    fields::invalid,
    json_body::JsonBody,
    problem::Problem,
    routes::ORDERS,
    submission::Submission,
};

/// Takes a request for an order.
pub(crate) async fn create(
    State(app): State<Shared>,
    submission: Submission,
    JsonBody(body): JsonBody<OrderBody>,
) -> Result<Response, Problem> {
    submission.caller.may_set_prices()?;
    let job = CreateOrder {
        merchant_id: submission.merchant_id,
        idempotency_key: submission.idempotency_key.clone(),
        request: body.into_request(&submission.caller)?,
    };
    Span::current().record("order_id", display(job.order_id()));
    let store = app.reads.seen_by(&submission.caller);
    let stored = app.reads.briefly(store.order(job.order_id())).await;
    if let Some(stored) = stored.ok().flatten() {
        if stored.fingerprint != job.request.fingerprint() {
            return Err(conflict());
        }
        let view = OrderView::from(&stored);
        return Ok(replayed(located(StatusCode::OK, location(view.id), &view)));
    }
    let answer = |reply| match reply {
        CreateOrderReply::Order(view) => Ok(located(StatusCode::CREATED, location(view.id), &view)),
        CreateOrderReply::Conflict => Err(conflict()),
    };
    submission
        .submit(&app, ORDERS, &job, accepted(&job)?, answer)
        .await
}

/// An order that nobody has worked on yet: what it comes to, under the id it will have.
#[derive(Serialize)]
struct Accepted<'a> {
    id: OrderId,
    merchant_id: MerchantId,
    status: OrderStatus,
    total: i64,
    currency: Currency,
    reference: Option<&'a str>,
}

fn accepted(job: &CreateOrder) -> Result<Response, Problem> {
    let total = job.request.total();
    let total = total.map_err(|refused| invalid(vec![refused.into()]))?;
    let accepted = Accepted {
        id: job.order_id(),
        merchant_id: job.merchant_id,
        status: OrderStatus::Created,
        total: total.amount_minor,
        currency: total.currency,
        reference: job.request.reference.as_deref(),
    };
    Ok(located(StatusCode::ACCEPTED, location(accepted.id), &accepted))
}
