//! `GET /api/v1/orders/{id}/logs`: what happened to an order.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use domain::{id::OrderId, order::OrderLogView};
use serde::Deserialize;
use store::{NumberedLog, OrderLogPage};

use crate::{
    answers::no_such_order,
    app::Shared,
    auth::Caller,
    paging::{List, PartOfLines, query},
    path_id::PathId,
    problem::Problem,
};

/// Which part of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogsQuery {
    limit: Option<String>,
    cursor: Option<String>,
}

/// The steps of an order, newest first.
pub(crate) async fn logs(
    State(app): State<Shared>,
    caller: Caller,
    PathId(id): PathId<OrderId>,
    given: Result<Query<LogsQuery>, QueryRejection>,
) -> Result<Json<List<OrderLogView>>, Problem> {
    let given = query(given, "limit and cursor")?;
    let part = PartOfLines::read(given.limit.as_deref(), given.cursor.as_deref())?;
    let page = OrderLogPage {
        before: part.after,
        limit: part.rows(),
    };
    let store = app.reads.seen_by(&caller);
    // Another's order does not exist for this one.
    let logs = app.reads.patiently(store.order_logs(id, page)).await?;
    let logs = logs.ok_or_else(no_such_order)?;
    let place = |last: &NumberedLog| last.number;
    let view = if caller.sees_decisions() {
        OrderLogView::for_merchant
    } else {
        OrderLogView::for_user
    };
    Ok(Json(part.list(logs, place, |step| view(&step.log))))
}
