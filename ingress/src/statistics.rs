//! `GET /api/v1/statistics/…`: what a merchant's payments and orders come to.
//!
//! The figures are rolled up by the workers, so every answer says until when they are true. A payment counts on the day it
//! was asked for and an order on the day it was created, with what has become of it since. Amounts of several currencies are
//! never added.

mod query;
mod view;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use store::{Counted, Days, Grouping, OrderFilter, PaymentFilter};

use crate::{
    app::{App, Shared},
    auth::Caller,
    paging,
    problem::Problem,
};
use query::{DayQuery, OrdersQuery, PaymentsQuery};
use view::{OrderFiguresView, PaymentFiguresView};

/// Some figures, and which they are.
#[derive(Debug, Serialize)]
pub(crate) struct Statistics<Figures> {
    /// Until when all changes are counted.
    as_of: DateTime<Utc>,
    from: NaiveDate,
    to: NaiveDate,
    time_zone: String,
    data: Vec<Figures>,
}

/// One day.
#[derive(Debug, Serialize)]
pub(crate) struct DailySummary {
    as_of: DateTime<Utc>,
    date: NaiveDate,
    time_zone: String,
    payments: Vec<PaymentFiguresView>,
    channels: Vec<PaymentFiguresView>,
    methods: Vec<PaymentFiguresView>,
    orders: Vec<OrderFiguresView>,
}

/// What payments come to, by day, channel, method or status.
pub(crate) async fn payments(
    State(app): State<Shared>,
    caller: Caller,
    given: Result<Query<PaymentsQuery>, QueryRejection>,
) -> Result<Json<Statistics<PaymentFiguresView>>, Problem> {
    let (filter, grouping) = paging::query(given, PaymentsQuery::NAMES)?
        .read(&app, &caller)
        .await?;
    let as_of = as_of(&app, &caller, &[Counted::Payments]).await?;
    let [data] = of_payments(&app, &caller, &filter, [grouping]).await?;
    Ok(Json(Statistics::of(filter.days, as_of, data)))
}

/// What orders come to, by day or status.
pub(crate) async fn orders(
    State(app): State<Shared>,
    caller: Caller,
    given: Result<Query<OrdersQuery>, QueryRejection>,
) -> Result<Json<Statistics<OrderFiguresView>>, Problem> {
    let (filter, grouping) = paging::query(given, OrdersQuery::NAMES)?
        .read(&app, &caller)
        .await?;
    let as_of = as_of(&app, &caller, &[Counted::Orders]).await?;
    let data = of_orders(&app, &caller, &filter, grouping).await?;
    Ok(Json(Statistics::of(filter.days, as_of, data)))
}

/// What one day comes to: all its payments, these by channel and by method, and all its orders.
pub(crate) async fn daily_summary(
    State(app): State<Shared>,
    caller: Caller,
    given: Result<Query<DayQuery>, QueryRejection>,
) -> Result<Json<DailySummary>, Problem> {
    let day = paging::query(given, DayQuery::NAMES)?.read(&app, &caller).await?;
    let as_of = as_of(&app, &caller, &Counted::ALL).await?;
    let (all_payments, all_orders) = (PaymentFilter::of(day.clone()), OrderFilter::of(day.clone()));
    let groupings = [Grouping::None, Grouping::Channel, Grouping::Method];
    let [payments, channels, methods] = of_payments(&app, &caller, &all_payments, groupings).await?;
    Ok(Json(DailySummary {
        as_of,
        date: day.from,
        time_zone: day.zone.name().to_owned(),
        payments,
        channels,
        methods,
        orders: of_orders(&app, &caller, &all_orders, Grouping::None).await?,
    }))
}

impl<Figures> Statistics<Figures> {
    fn of(days: Days, as_of: DateTime<Utc>, data: Vec<Figures>) -> Self {
        Self {
            as_of,
            from: days.from,
            to: days.to,
            time_zone: days.zone.name().to_owned(),
            data,
        }
    }
}

/// Asked before the figures: they may be newer than it says, never older.
async fn as_of(app: &App, caller: &Caller, counted: &[Counted]) -> Result<DateTime<Utc>, Problem> {
    let store = app.reads.seen_by(caller);
    Ok(app.reads.patiently(store.statistics_until(counted)).await?)
}

/// The figures of each grouping, of one read.
async fn of_payments<const N: usize>(
    app: &App,
    caller: &Caller,
    filter: &PaymentFilter,
    groupings: [Grouping; N],
) -> Result<[Vec<PaymentFiguresView>; N], Problem> {
    let store = app.reads.seen_by(caller);
    let reading = store.payment_statistics(filter, &groupings);
    let figures = app.reads.at_length(reading).await?;
    Ok(groupings.map(|grouping| {
        let of_it = figures
            .iter()
            .filter(|figures| figures.grouping == grouping.name());
        of_it
            .map(|figures| PaymentFiguresView::new(figures.clone(), grouping))
            .collect()
    }))
}

async fn of_orders(
    app: &App,
    caller: &Caller,
    filter: &OrderFilter,
    grouping: Grouping,
) -> Result<Vec<OrderFiguresView>, Problem> {
    let store = app.reads.seen_by(caller);
    let reading = store.order_statistics(filter, grouping);
    let figures = app.reads.at_length(reading).await?;
    Ok(figures
        .into_iter()
        .map(|figures| OrderFiguresView::new(figures, grouping))
        .collect())
}
