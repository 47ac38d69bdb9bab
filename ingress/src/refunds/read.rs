//! `GET /api/v1/refunds` and `GET /api/v1/refunds/{id}`: looking at refunds.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use domain::{
    id::{PaymentId, RefundId},
    refund::{Refund, RefundStatus, RefundView},
};
use serde::Deserialize;
use store::{RefundCursor, RefundPage};

use crate::{
    answers::no_such_refund,
    app::Shared,
    auth::Caller,
    fields::{self, invalid_query},
    paging::{List, Part, Place, query},
    path_id::PathId,
    problem::Problem,
};

/// One refund.
pub(crate) async fn get(
    State(app): State<Shared>,
    caller: Caller,
    PathId(id): PathId<RefundId>,
) -> Result<Json<RefundView>, Problem> {
    // Another's refund does not exist for this caller.
    let refund = app.reads.patiently(app.reads.seen_by(&caller).refund(id)).await?;
    refund
        .as_ref()
        .map(view(&caller))
        .map(Json)
        .ok_or_else(no_such_refund)
}

/// How refunds are shown to this caller.
fn view(caller: &Caller) -> fn(&Refund) -> RefundView {
    if caller.sees_decisions() {
        |refund| RefundView::from(refund)
    } else {
        RefundView::for_user
    }
}

/// What to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    user_id: Option<String>,
    payment_id: Option<String>,
    status: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// The refunds that are the caller's to see, newest first.
pub(crate) async fn list(
    State(app): State<Shared>,
    caller: Caller,
    given: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<List<RefundView>>, Problem> {
    let given = query(given, "payment_id, user_id, status, limit and cursor")?;
    let part = Part::read(given.limit.as_deref(), given.cursor.as_deref())?;
    let page = RefundPage {
        user_id: caller.only_of(fields::user_id(given.user_id.as_deref())?)?,
        payment_id: payment_id(given.payment_id.as_deref())?,
        status: fields::one_of(
            "status",
            given.status.as_deref(),
            &RefundStatus::ALL,
            RefundStatus::name,
        )?,
        after: part.after.map(|place| RefundCursor {
            created_at: place.created_at,
            id: RefundId::from_uuid(place.id),
        }),
        limit: part.rows(),
    };
    let store = app.reads.seen_by(&caller);
    let refunds = app.reads.list(&caller, store.refunds(&page)).await?;
    let place = |refund: &Refund| Place {
        created_at: refund.created_at,
        id: refund.id.as_uuid(),
    };
    Ok(Json(part.list(refunds, place, view(&caller))))
}

fn payment_id(given: Option<&str>) -> Result<Option<PaymentId>, Problem> {
    given
        .map(str::parse)
        .transpose()
        .map_err(|_| invalid_query("payment_id", "a payment's id: pay_ and 32 hexadecimal digits"))
}
