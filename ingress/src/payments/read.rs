//! `GET /api/v1/payments` and `GET /api/v1/payments/{id}`: looking at payments.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use chrono::{DateTime, Utc};
use domain::{
    id::PaymentId,
    payment::{Failure, Payment, PaymentStatus, PaymentView},
};
use serde::{Deserialize, Serialize};
use store::{Page, PageCursor};

use super::shown::shown;
use crate::{
    answers::no_such_payment,
    app::{App, Shared},
    auth::Caller,
    fields,
    paging::{List, Part, Place, query},
    path_id::PathId,
    problem::Problem,
};

/// One payment, with what it is paid with.
pub(crate) async fn get(
    State(app): State<Shared>,
    caller: Caller,
    PathId(id): PathId<PaymentId>,
) -> Result<Json<PaymentView>, Problem> {
    let payment = find(&app, &caller, id).await?;
    Ok(Json(shown(&caller, PaymentView::for_merchant(&payment))))
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
    caller: Caller,
    PathId(id): PathId<PaymentId>,
) -> Result<Json<Standing>, Problem> {
    let payment = find(&app, &caller, id).await?;
    Ok(Json(Standing {
        id,
        status: payment.status,
        failure: payment.failure,
        updated_at: payment.updated_at,
    }))
}

/// Another's payment does not exist for this caller.
async fn find(app: &App, caller: &Caller, id: PaymentId) -> Result<Payment, Problem> {
    let store = app.reads.seen_by(caller);
    let payment = app.reads.patiently(store.payment(id)).await?;
    payment.ok_or_else(no_such_payment)
}

/// What to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    user_id: Option<String>,
    status: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// The payments that are the caller's to see, newest first and without what they are paid with.
pub(crate) async fn list(
    State(app): State<Shared>,
    caller: Caller,
    given: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<List<PaymentView>>, Problem> {
    let given = query(given, "user_id, status, limit and cursor")?;
    let part = Part::read(given.limit.as_deref(), given.cursor.as_deref())?;
    let page = Page {
        user_id: caller.only_of(fields::user_id(given.user_id.as_deref())?)?,
        status: fields::one_of(
            "status",
            given.status.as_deref(),
            &PaymentStatus::ALL,
            PaymentStatus::name,
        )?,
        after: part.after.map(|place| PageCursor {
            created_at: place.created_at,
            id: PaymentId::from_uuid(place.id),
        }),
        limit: part.rows(),
    };
    let store = app.reads.seen_by(&caller);
    let payments = app.reads.list(&caller, store.payments(&page)).await?;
    let place = |payment: &Payment| Place {
        created_at: payment.created_at,
        id: payment.id.as_uuid(),
    };
    let view = |payment: &Payment| shown(&caller, PaymentView::public(payment));
    Ok(Json(part.list(payments, place, view)))
}
