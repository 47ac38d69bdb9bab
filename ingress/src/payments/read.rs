//! `GET /api/v1/payments` and `GET /api/v1/payments/{id}`: looking at payments.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use chrono::{DateTime, Utc};
use domain::{
    id::{MerchantId, PaymentId},
    payment::{Failure, Payment, PaymentStatus, PaymentView},
};
use serde::{Deserialize, Serialize};
use store::{Page, PageCursor};

use crate::{
    answers::no_such_payment,
    app::{App, Shared},
    auth::Authenticated,
    fields,
    paging::{List, Part, Place, query},
    path_id::PathId,
    problem::Problem,
    qr_code::drawn,
};

/// One payment, with what it is paid with.
pub(crate) async fn get(
    State(app): State<Shared>,
    Authenticated(merchant_id): Authenticated,
    PathId(id): PathId<PaymentId>,
) -> Result<Json<PaymentView>, Problem> {
    let payment = find(&app, merchant_id, id).await?;
    Ok(Json(drawn(PaymentView::for_merchant(&payment))))
}

/// How a payment stands.
#[derive(Debug, Serialize)]
pub(crate) struct Standing {
    id: PaymentId,
    status: PaymentStatus,
    failure: Option<Failure>,
    updated_at: DateTime<Utc>,
}

/// How one payment stands: for those who ask often, while a payer pays.
pub(crate) async fn status(
    State(app): State<Shared>,
    Authenticated(merchant_id): Authenticated,
    PathId(id): PathId<PaymentId>,
) -> Result<Json<Standing>, Problem> {
    let payment = find(&app, merchant_id, id).await?;
    Ok(Json(Standing {
        id,
        status: payment.status,
        failure: payment.failure,
        updated_at: payment.updated_at,
    }))
}

/// Another merchant's payment does not exist for this one.
async fn find(app: &App, merchant_id: MerchantId, id: PaymentId) -> Result<Payment, Problem> {
    let payment = app.reads.patiently(app.reads.store().payment(id)).await?;
    payment
        .filter(|payment| payment.merchant_id == merchant_id)
        .ok_or_else(no_such_payment)
}

/// What to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    status: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// The merchant's payments, newest first and without what they are paid with.
pub(crate) async fn list(
    State(app): State<Shared>,
    Authenticated(merchant_id): Authenticated,
    given: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<List<PaymentView>>, Problem> {
    let given = query(given, "status, limit and cursor")?;
    let part = Part::read(given.limit.as_deref(), given.cursor.as_deref())?;
    let page = Page {
        merchant_id,
        status: fields::status(given.status.as_deref(), PaymentStatus::ALL, PaymentStatus::name)?,
        after: part.after.map(|place| PageCursor {
            created_at: place.created_at,
            id: PaymentId::from_uuid(place.id),
        }),
        limit: part.rows(),
    };
    let payments = app.reads.patiently(app.reads.store().payments(&page)).await?;
    let place = |payment: &Payment| Place {
        created_at: payment.created_at,
        id: payment.id.as_uuid(),
    };
    Ok(Json(part.list(payments, place, PaymentView::public)))
}
