//! `GET /api/v1/orders` and `GET /api/v1/orders/{id}`: looking at orders.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use chrono::{DateTime, Utc};
use domain::{
    id::OrderId,
    order::{Order, OrderStatus, OrderView},
    texts::check_text,
};
use serde::Deserialize;
use store::{OrderCursor, OrderPage};

use crate::{
    answers::no_such_order,
    app::Shared,
    auth::Caller,
    fields::{self, invalid_query},
    paging::{List, Part, Place, query},
    path_id::PathId,
    problem::Problem,
};

/// One order.
pub(crate) async fn get(
    State(app): State<Shared>,
    caller: Caller,
    PathId(id): PathId<OrderId>,
) -> Result<Json<OrderView>, Problem> {
    let store = app.reads.seen_by(&caller);
    // Another's order does not exist for this one.
    let order = app.reads.patiently(store.order(id)).await?;
    order
        .as_ref()
        .map(|order| Json(order.into()))
        .ok_or_else(no_such_order)
}

/// What to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    status: Option<String>,
    user_id: Option<String>,
    reference: Option<String>,
    created_from: Option<String>,
    created_before: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// Orders, newest first.
pub(crate) async fn list(
    State(app): State<Shared>,
    caller: Caller,
    given: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<List<OrderView>>, Problem> {
    let names = "status, user_id, reference, created_from, created_before, limit and cursor";
    let given = query(given, names)?;
    let part = Part::read(given.limit.as_deref(), given.cursor.as_deref())?;
    let page = OrderPage {
        status: fields::one_of(
            "status",
            given.status.as_deref(),
            &OrderStatus::ALL,
            OrderStatus::name,
        )?,
        user_id: caller.only_of(fields::user_id(given.user_id.as_deref())?)?,
        reference: reference(given.reference)?,
        created_from: moment("created_from", given.created_from.as_deref())?,
        created_before: moment("created_before", given.created_before.as_deref())?,
        after: part.after.map(|place| OrderCursor {
            created_at: place.created_at,
            id: OrderId::from_uuid(place.id),
        }),
        limit: part.rows(),
    };
    let store = app.reads.seen_by(&caller);
    let orders = app.reads.list(&caller, store.orders(&page)).await?;
    let place = |order: &Order| Place {
        created_at: order.created_at,
        id: order.id.as_uuid(),
    };
    Ok(Json(part.list(orders, place, |order| OrderView::from(order))))
}

fn reference(given: Option<String>) -> Result<Option<String>, Problem> {
    match check_text("reference", given.as_deref(), 200) {
        Ok(()) => Ok(given),
        Err(wrong) => Err(invalid_query("reference", &wrong.problem)),
    }
}

/// PostgreSQL's calendar is shorter than the one of the machine, and so is that of RFC 3339: its years have four digits.
fn moment(name: &str, given: Option<&str>) -> Result<Option<DateTime<Utc>>, Problem> {
    let read = |text| DateTime::parse_from_rfc3339(text).map(|moment| moment.to_utc());
    given
        .map(read)
        .transpose()
        .map_err(|_| invalid_query(name, "a moment as RFC 3339 has it, such as 2026-11-27T12:00:00Z"))
}
