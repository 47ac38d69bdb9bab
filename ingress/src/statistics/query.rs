//! What statistics are asked for.

use chrono::{Datelike, NaiveDate, TimeDelta};
use domain::{
    channel::{Channel, Method},
    currency::Currency,
    order::OrderStatus,
    payment::PaymentStatus,
};
use serde::Deserialize;
use store::{Days, Grouping, OrderFilter, PaymentFilter, Zone};

use crate::{
    app::App,
    auth::Caller,
    fields::{invalid_query, one_of},
    problem::Problem,
};

/// How many days one answer can be about.
const MOST_DAYS: i64 = 366;
/// How many days it is about when nobody says.
const USUAL_DAYS: i64 = 30;

/// The query of `/statistics/payments`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentsQuery {
    from: Option<String>,
    to: Option<String>,
    time_zone: Option<String>,
    currency: Option<String>,
    channel: Option<String>,
    method: Option<String>,
    status: Option<String>,
    group_by: Option<String>,
}

/// The query of `/statistics/orders`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrdersQuery {
    from: Option<String>,
    to: Option<String>,
    time_zone: Option<String>,
    currency: Option<String>,
    status: Option<String>,
    group_by: Option<String>,
}

/// The query of `/statistics/daily-summary`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DayQuery {
    date: Option<String>,
    time_zone: Option<String>,
}

impl PaymentsQuery {
    /// Its parameters.
    pub(super) const NAMES: &str = "from, to, time_zone, currency, channel, method, status and group_by";

    pub(super) async fn read(self, app: &App, caller: &Caller) -> Result<(PaymentFilter, Grouping), Problem> {
        let days = days(app, caller, self.from, self.to, self.time_zone).await?;
        let filter = PaymentFilter {
            days,
            currency: currency(self.currency.as_deref())?,
            channel: one_of("channel", self.channel.as_deref(), Channel::ALL, |channel| {
                channel.name()
            })?,
            method: one_of("method", self.method.as_deref(), Method::ALL, |method| {
                method.name()
            })?,
            status: one_of(
                "status",
                self.status.as_deref(),
                &PaymentStatus::ALL,
                PaymentStatus::name,
            )?,
        };
        let grouping = grouping(self.group_by.as_deref(), &Grouping::OF_PAYMENTS)?;
        Ok((filter, grouping))
    }
}

impl OrdersQuery {
    /// Its parameters.
    pub(super) const NAMES: &str = "from, to, time_zone, currency, status and group_by";

    pub(super) async fn read(self, app: &App, caller: &Caller) -> Result<(OrderFilter, Grouping), Problem> {
        let days = days(app, caller, self.from, self.to, self.time_zone).await?;
        let filter = OrderFilter {
            days,
            currency: currency(self.currency.as_deref())?,
            status: one_of(
                "status",
                self.status.as_deref(),
                &OrderStatus::ALL,
                OrderStatus::name,
            )?,
        };
        let grouping = grouping(self.group_by.as_deref(), &Grouping::OF_ORDERS)?;
        Ok((filter, grouping))
    }
}

impl DayQuery {
    /// Its parameters.
    pub(super) const NAMES: &str = "date and time_zone";

    pub(super) async fn read(self, app: &App, caller: &Caller) -> Result<Days, Problem> {
        caller.may_see_figures()?;
        let (zone, today) = zone(app, caller, self.time_zone).await?;
        let day = date("date", self.date.as_deref())?.unwrap_or(today);
        Ok(Days {
            zone,
            from: day,
            to: day,
        })
    }
}

/// The days from one to another, of a zone.
async fn days(
    app: &App,
    caller: &Caller,
    from: Option<String>,
    to: Option<String>,
    time_zone: Option<String>,
) -> Result<Days, Problem> {
    caller.may_see_figures()?;
    let (zone, today) = zone(app, caller, time_zone).await?;
    let to = date("to", to.as_deref())?.unwrap_or(today);
    let from = date("from", from.as_deref())?.unwrap_or(to - TimeDelta::days(USUAL_DAYS - 1));
    if from > to || to - from >= TimeDelta::days(MOST_DAYS) {
        let right = format!("a day of the {MOST_DAYS} up to the one in `to`");
        return Err(invalid_query("from", &right));
    }
    Ok(Days { zone, from, to })
}

fn currency(given: Option<&str>) -> Result<Option<Currency>, Problem> {
    let read = given.map(str::parse).transpose();
    read.map_err(|_| invalid_query("currency", "an ISO 4217 code such as USD"))
}

fn grouping(given: Option<&str>, all: &[Grouping]) -> Result<Grouping, Problem> {
    let grouping = one_of("group_by", given, all, |grouping| grouping.name())?;
    Ok(grouping.unwrap_or(Grouping::None))
}

/// The zone of this name, and which day it is there.
async fn zone(app: &App, caller: &Caller, name: Option<String>) -> Result<(Zone, NaiveDate), Problem> {
    let now = app.clock.now();
    let Some(name) = name else {
        return Ok((Zone::utc(), now.date_naive()));
    };
    let store = app.reads.seen_by(caller);
    let found = app.reads.patiently(store.zone(&name, now)).await?;
    found.ok_or_else(|| {
        invalid_query(
            "time_zone",
            "a name of the IANA time zone database such as Asia/Shanghai",
        )
    })
}

fn date(field: &str, given: Option<&str>) -> Result<Option<NaiveDate>, Problem> {
    let read = |text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(is_usual);
    let wrong = || invalid_query(field, "a day such as 2026-11-27");
    given.map(|text| read(text).ok_or_else(wrong)).transpose()
}

/// A day that PostgreSQL can count from and to.
fn is_usual(day: &NaiveDate) -> bool {
    (2000..3000).contains(&day.year())
}
