//! `GET /api/v1/payments/history`: payments by the number of their page, with totals, for people who leaf through them.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use domain::{
    currency::Currency,
    payment::{Payment, PaymentView},
};
use serde::{Deserialize, Serialize};
use store::{HistoryPage, HistoryTotal};

use super::shown::shown;
use crate::{
    app::Shared,
    auth::Caller,
    fields::{self, invalid_query},
    paging::{DEFAULT_LIMIT, MAX_LIMIT, query},
    problem::Problem,
};

/// Which page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HistoryQuery {
    user_id: Option<String>,
    page: Option<String>,
    size: Option<String>,
}

/// A page, and what all pages add up to.
#[derive(Debug, Serialize)]
pub(crate) struct HistoryView {
    data: Vec<PaymentView>,
    page: u32,
    size: u32,
    pages: i64,
    count: i64,
    totals: Vec<TotalView>,
}

#[derive(Debug, Serialize)]
struct TotalView {
    currency: Currency,
    count: i64,
    amount: i64,
    amount_paid: i64,
    amount_refunded: i64,
}

/// A page of the payments that are the caller's to see, newest first.
pub(crate) async fn history(
    State(app): State<Shared>,
    caller: Caller,
    given: Result<Query<HistoryQuery>, QueryRejection>,
) -> Result<Json<HistoryView>, Problem> {
    let given = query(given, "user_id, page and size")?;
    let page = number("page", given.page.as_deref(), 1, u32::MAX)?;
    let size = number("size", given.size.as_deref(), DEFAULT_LIMIT, MAX_LIMIT)?;
    let wanted = HistoryPage {
        user_id: caller.only_of(fields::user_id(given.user_id.as_deref())?)?,
        pages_before: page - 1,
        size,
    };
    let store = app.reads.seen_by(&caller);
    let found = app.reads.at_length(store.history(&wanted)).await?;
    let view = |payment: &Payment| shown(&caller, PaymentView::public(payment));
    let count = found.totals.iter().map(|total| total.count).sum();
    Ok(Json(HistoryView {
        data: found.payments.iter().map(view).collect(),
        page,
        size,
        pages: pages(count, size),
        count,
        totals: found.totals.into_iter().map(TotalView::from).collect(),
    }))
}

/// A whole number from 1 to `most`.
fn number(name: &str, given: Option<&str>, default: u32, most: u32) -> Result<u32, Problem> {
    let Some(given) = given else {
        return Ok(default);
    };
    let read = given.parse().ok().filter(|number| (1..=most).contains(number));
    read.ok_or_else(|| invalid_query(name, &format!("a whole number from 1 to {most}")))
}

/// How many pages of this size so many payments fill.
fn pages(count: i64, size: u32) -> i64 {
    let size = i64::from(size);
    count / size + i64::from(count % size > 0)
}

impl From<HistoryTotal> for TotalView {
    fn from(total: HistoryTotal) -> Self {
        Self {
            currency: total.currency,
            count: total.count,
            amount: total.amount_minor,
            amount_paid: total.paid_minor,
            amount_refunded: total.refunded_minor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_not_full_is_a_page() {
        let found = [0, 1, 20, 21, 40].map(|count| pages(count, 20));
        assert_eq!(found, [0, 1, 1, 2, 2]);
    }
}
