//! Figures as the API shows them.

use serde::Serialize;
use serde_json::{Map, Value};
use store::{Grouping, OrderFigures, PaymentFigures};

const MS_PER_S: f64 = 1_000.0;

/// What some payments come to.
#[derive(Debug, Serialize)]
pub(crate) struct PaymentFiguresView {
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

/// What some orders come to.
#[derive(Debug, Serialize)]
pub(crate) struct OrderFiguresView {
    currency: String,
    /// What the orders have in common, under the grouping's name.
    #[serde(flatten)]
    group: Map<String, Value>,
    orders: i64,
    paid: i64,
    payment_failed: i64,
    canceled: i64,
    shipped: i64,
    completed: i64,
    refunded: i64,
    refunded_fully: i64,
    amount: i64,
    amount_paid: i64,
    amount_refunded: i64,
    /// Of all, how many are paid.
    paid_rate: Option<f64>,
    /// Of those that are paid, of how many something was given back.
    refund_rate: Option<f64>,
    mean_time_to_pay_s: Option<f64>,
}

impl PaymentFiguresView {
    pub(super) fn new(figures: PaymentFigures, grouping: Grouping) -> Self {
        let ended = figures.succeeded + figures.failed + figures.canceled + figures.expired;
        Self {
            currency: figures.currency,
            group: group(figures.key, grouping),
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
            mean_time_to_pay_s: share(figures.paying_ms as f64 / MS_PER_S, figures.succeeded),
        }
    }
}

impl OrderFiguresView {
    pub(super) fn new(figures: OrderFigures, grouping: Grouping) -> Self {
        Self {
            currency: figures.currency,
            group: group(figures.key, grouping),
            orders: figures.orders,
            paid: figures.paid,
            payment_failed: figures.payment_failed,
            canceled: figures.canceled,
            shipped: figures.shipped,
            completed: figures.completed,
            refunded: figures.refunded,
            refunded_fully: figures.refunded_fully,
            amount: figures.amount_minor,
            amount_paid: figures.paid_minor,
            amount_refunded: figures.refunded_minor,
            paid_rate: share(figures.paid as f64, figures.orders),
            refund_rate: share(figures.refunded as f64, figures.paid),
            mean_time_to_pay_s: share(figures.paying_ms as f64 / MS_PER_S, figures.paid),
        }
    }
}

fn group(key: Option<String>, grouping: Grouping) -> Map<String, Value> {
    let key = key.filter(|key| !key.is_empty()).map_or(Value::Null, Value::from);
    let group = (grouping != Grouping::None).then(|| (grouping.name().to_owned(), key));
    group.into_iter().collect()
}

/// None where there is nothing to be a share of.
fn share(part: f64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part / whole as f64)
}
