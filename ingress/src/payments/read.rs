//! `GET /api/v1/payments` and `GET /api/v1/payments/{id}`: looking at payments.

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
};
use domain::{
    id::PaymentId,
    payment::{PaymentStatus, PaymentView},
};
use serde::{Deserialize, Serialize};
use store::{Page, PageCursor};
use tracing::{Span, field::display};

use super::cursor;
use crate::{
    app::Shared,
    auth::Authenticated,
    problem::{FieldError, Problem, ProblemKind},
};

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

/// One payment, with its client secret.
pub(crate) async fn get(
    State(app): State<Shared>,
    Authenticated(merchant_id): Authenticated,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<PaymentView>, Problem> {
    // An address that is not UTF-8 once decoded holds no id either.
    let Some(id) = id.ok().and_then(|Path(id)| id.parse::<PaymentId>().ok()) else {
        return Err(Problem::new(
            ProblemKind::NotFound,
            "A payment's id is pay_ and 32 hexadecimal digits.",
        ));
    };
    Span::current().record("payment_id", display(id));
    let payment = app.reads.patiently(app.reads.store().payment(id)).await?;
    // Another merchant's payment does not exist for this one.
    match payment.filter(|payment| payment.merchant_id == merchant_id) {
        Some(payment) => Ok(Json(PaymentView::for_merchant(&payment))),
        None => {
            let detail = "You have no payment of this id. One that was accepted a moment ago appears here as soon as \
                          a worker has stored it.";
            Err(Problem::new(ProblemKind::NotFound, detail).retry_soon())
        }
    }
}

/// What to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    status: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// A page of payments, newest first and without client secrets.
#[derive(Debug, Serialize)]
pub(crate) struct PaymentList {
    data: Vec<PaymentView>,
    /// Where the next page starts; null on the last one.
    next_cursor: Option<String>,
}

/// The merchant's payments.
pub(crate) async fn list(
    State(app): State<Shared>,
    Authenticated(merchant_id): Authenticated,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<PaymentList>, Problem> {
    let Query(query) = query.map_err(|rejection| {
        Problem::new(
            ProblemKind::InvalidQuery,
            format!("Use status, limit and cursor: {}", rejection.body_text()),
        )
    })?;
    let limit = query.limit()?;
    // One more than asked for tells whether there is a next page.
    let page = Page {
        merchant_id,
        status: query.status()?,
        after: query.after()?,
        limit: limit + 1,
    };
    let mut payments = app.reads.patiently(app.reads.store().payments(&page)).await?;
    let is_last = payments.len() <= limit as usize;
    payments.truncate(limit as usize);
    let last = payments.last().filter(|_| !is_last);
    let next_cursor = last.map(|last| {
        cursor::encode(&PageCursor {
            created_at: last.created_at,
            id: last.id,
        })
    });
    Ok(Json(PaymentList {
        data: payments.iter().map(PaymentView::public).collect(),
        next_cursor,
    }))
}

impl ListQuery {
    fn status(&self) -> Result<Option<PaymentStatus>, Problem> {
        let known = || PaymentStatus::ALL.map(PaymentStatus::name).join(", ");
        self.status
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|_| invalid("status", &format!("one of {}", known())))
    }

    fn limit(&self) -> Result<u32, Problem> {
        let Some(limit) = &self.limit else {
            return Ok(DEFAULT_LIMIT);
        };
        let limit = limit.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
        limit.ok_or_else(|| invalid("limit", &format!("a whole number from 1 to {MAX_LIMIT}")))
    }

    fn after(&self) -> Result<Option<PageCursor>, Problem> {
        let Some(token) = &self.cursor else {
            return Ok(None);
        };
        let place = cursor::decode(token);
        place
            .map(Some)
            .ok_or_else(|| invalid("cursor", "the next_cursor of the page before, unchanged"))
    }
}

fn invalid(field: &str, right: &str) -> Problem {
    let detail = format!("must be {right}");
    Problem::fields(
        ProblemKind::InvalidQuery,
        vec![FieldError {
            field: field.to_owned(),
            detail,
        }],
    )
}
