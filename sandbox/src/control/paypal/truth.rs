//! The true state of the PayPal double, for those who verify. Amounts are in the smallest unit as PayPal counts it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::super::{Filters, agrees};
use crate::clock;
use crate::locking::lock;
use crate::paypal::{Book, Capture, Dispute, Order, Refund, RefundStatus};
use crate::world::World;

/// The routes that show the double's state.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/sandbox/paypal/orders", get(show_orders))
        .route("/sandbox/paypal/captures", get(show_captures))
        .route("/sandbox/paypal/refunds", get(show_refunds))
        .route("/sandbox/paypal/disputes", get(show_disputes))
}

async fn show_orders(State(world): State<Arc<World>>, Query(filters): Filters) -> Json<Value> {
    let now = clock::now();
    Json(lines(&world, &filters, |book| {
        let orders = book.orders.iter();
        orders.map(|order| order_line(book, order, now)).collect()
    }))
}

async fn show_captures(State(world): State<Arc<World>>, Query(filters): Filters) -> Json<Value> {
    Json(lines(&world, &filters, |book| {
        let captures = book.captures.iter();
        captures.map(|capture| capture_line(book, capture)).collect()
    }))
}

async fn show_refunds(State(world): State<Arc<World>>, Query(filters): Filters) -> Json<Value> {
    Json(lines(&world, &filters, |book| {
        let refunds = book.refunds.iter();
        refunds.map(|refund| refund_line(book, refund)).collect()
    }))
}

async fn show_disputes(State(world): State<Arc<World>>, Query(filters): Filters) -> Json<Value> {
    Json(lines(&world, &filters, |book| {
        book.disputes.iter().map(dispute_line).collect()
    }))
}

/// What each app shows of its book, with the client id on every line: those lines that agree with every filter.
fn lines(world: &World, filters: &HashMap<String, String>, of_book: impl Fn(&Book) -> Vec<Value>) -> Value {
    let mut shown = Vec::new();
    for app in world.paypal.apps.all() {
        let lines = of_book(&lock(&app.book)).into_iter().map(|mut line| {
            line["account"] = app.client_id.as_str().into();
            line
        });
        shown.extend(lines.filter(|line| {
            filters
                .keys()
                .all(|name| agrees(filters, name, line.get(name).and_then(Value::as_str)))
        }));
    }
    shown.into()
}

fn order_line(book: &Book, order: &Order, now: DateTime<Utc>) -> Value {
    let captures: Vec<&Capture> = order
        .captures
        .iter()
        .filter_map(|id| book.captures.get(id))
        .collect();
    let paid = captures.iter().filter(|capture| capture.is_paid());
    let refunded: i64 = captures
        .iter()
        .map(|capture| book.refunded(capture, |status| status == RefundStatus::Completed))
        .sum();
    json!({
        "id": order.id, "status": order.status.name(), "expired": order.is_expired(now),
        "amount": order.amount.minor, "currency": order.amount.currency,
        "amount_captured": paid.map(|capture| capture.amount.minor).sum::<i64>(), "amount_refunded": refunded,
        "captures": order.captures, "custom_id": order.unit_text("custom_id"),
        "invoice_id": order.unit_text("invoice_id"), "created": order.created.timestamp(),
    })
}

fn capture_line(book: &Book, capture: &Capture) -> Value {
    json!({
        "id": capture.id, "order": capture.order, "status": book.capture_status(capture),
        "amount": capture.amount.minor, "currency": capture.amount.currency, "fee": capture.fee(),
        "amount_refunded": book.refunded(capture, |status| status == RefundStatus::Completed),
        "refunds": capture.refunds, "custom_id": capture.custom_id, "invoice_id": capture.invoice_id,
        "created": capture.created.timestamp(),
    })
}

fn refund_line(book: &Book, refund: &Refund) -> Value {
    let order = book
        .captures
        .get(&refund.capture)
        .map(|capture| capture.order.as_str());
    json!({
        "id": refund.id, "capture": refund.capture, "order": order, "status": refund.status.name(),
        "amount": refund.amount.minor, "currency": refund.amount.currency, "custom_id": refund.custom_id,
        "invoice_id": refund.invoice_id, "note_to_payer": refund.note_to_payer, "created": refund.created.timestamp(),
    })
}

fn dispute_line(dispute: &Dispute) -> Value {
    json!({
        "id": dispute.id, "capture": dispute.capture, "status": dispute.status(), "won": dispute.won,
        "amount": dispute.amount.minor, "currency": dispute.amount.currency, "reason": dispute.reason,
    })
}
