//! `GET /api/v1/statistics/…`: what a merchant's payments come to.
//!
//! The figures are rolled up by the workers, so every answer says until when they are true. A payment counts on the day it
//! was asked for, with what has become of it since. Amounts of several currencies are never added.

mod query;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use store::{Figures, Grouping, StatisticsFilter};

use crate::{
    app::{App, Shared},
    auth::Caller,
    paging,
    problem::Problem,
};
use query::{DayQuery, PaymentsQuery};

const MS_PER_S: f64 = 1_000.0;

/// Some figures, and which they are.
#[derive(Debug, Serialize)]
pub(crate) struct Statistics {
    /// Until when all changes are counted.
    as_of: DateTime<Utc>,
    from: NaiveDate,
    to: NaiveDate,
    time_zone: String,
    data: Vec<FiguresView>,
}

/// What some payments come to.
#[derive(Debug, Serialize)]
struct FiguresView {
    currency: String,
    /// What the payments have in common, under the grouping's name.
    #[serde(flatten)]
    group: Map<String, Value>,
    payments: i64,
    succeeded: i64,
    failed: i64,
    canceled: i64,
    expired: i64,
    refunded: i64,
    amount: i64,
    amount_paid: i64,
    amount_refunded: i64,
    /// Of those that have ended, how many are paid.
    success_rate: Option<f64>,
    /// Of those that are paid, of how many something was given back.
    refund_rate: Option<f64>,
    mean_time_to_pay_s: Option<f64>,
}

/// One day.
#[derive(Debug, Serialize)]
pub(crate) struct DailySummary {
    as_of: DateTime<Utc>,
    date: NaiveDate,
    time_zone: String,
    payments: Vec<FiguresView>,
    channels: Vec<FiguresView>,
    methods: Vec<FiguresView>,
}

/// What payments come to, by day, channel, method or status.
pub(crate) async fn payments(
    State(app): State<Shared>,
    caller: Caller,
    given: Result<Query<PaymentsQuery>, QueryRejection>,
) -> Result<Json<Statistics>, Problem> {
    let (filter, grouping) = paging::query(given, PaymentsQuery::NAMES)?
        .read(&app, &caller)
        .await?;
    let as_of = as_of(&app, &caller).await?;
    Ok(Json(Statistics {
        as_of,
        from: filter.from,
        to: filter.to,
        time_zone: filter.zone.name().to_owned(),
        data: figures(&app, &caller, &filter, grouping).await?,
    }))
}

/// What the payments of one day come to: all of them, by channel and by method.
pub(crate) async fn daily_summary(
    State(app): State<Shared>,
    caller: Caller,
    given: Result<Query<DayQuery>, QueryRejection>,
) -> Result<Json<DailySummary>, Problem> {
    let filter = paging::query(given, DayQuery::NAMES)?.read(&app, &caller).await?;
    let as_of = as_of(&app, &caller).await?;
    Ok(Json(DailySummary {
        as_of,
        date: filter.from,
        time_zone: filter.zone.name().to_owned(),
        payments: figures(&app, &caller, &filter, Grouping::None).await?,
        channels: figures(&app, &caller, &filter, Grouping::Channel).await?,
        methods: figures(&app, &caller, &filter, Grouping::Method).await?,
    }))
}

/// Asked before the figures: they may be newer than it says, never older.
async fn as_of(app: &App, caller: &Caller) -> Result<DateTime<Utc>, Problem> {
    let store = app.reads.seen_by(caller);
    Ok(app.reads.patiently(store.statistics_until()).await?)
}

async fn figures(
    app: &App,
    caller: &Caller,
    filter: &StatisticsFilter,
    grouping: Grouping,
) -> Result<Vec<FiguresView>, Problem> {
    let store = app.reads.seen_by(caller);
    let figures = app
        .reads
        .at_length(store.payment_statistics(filter, grouping))
        .await?;
    Ok(figures
        .into_iter()
        .map(|figures| view(figures, grouping))
        .collect())
}

fn view(figures: Figures, grouping: Grouping) -> FiguresView {
    let Figures { key, currency, .. } = figures;
    let key = key.filter(|key| !key.is_empty()).map_or(Value::Null, Value::from);
    let group = (grouping != Grouping::None).then(|| (grouping.name().to_owned(), key));
    let ended = figures.succeeded + figures.failed + figures.canceled + figures.expired;
    let took_s = figures.paying_ms as f64 / MS_PER_S;
    FiguresView {
        currency,
        group: group.into_iter().collect(),
        payments: figures.payments,
        succeeded: figures.succeeded,
        failed: figures.failed,
        canceled: figures.canceled,
        expired: figures.expired,
        refunded: figures.refunded,
        amount: figures.amount_minor,
        amount_paid: figures.paid_minor,
        amount_refunded: figures.refunded_minor,
        success_rate: share(figures.succeeded as f64, ended),
        refund_rate: share(figures.refunded as f64, figures.succeeded),
        mean_time_to_pay_s: share(took_s, figures.succeeded),
    }
}

/// None where there is nothing to be a share of.
fn share(part: f64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part / whole as f64)
}
