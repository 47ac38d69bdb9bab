//! Orders over HTTP: what is taken, what is refused at the door, and what whoever waits gets to hear.

mod bodies;
mod creating;
mod listing;
mod logs;
mod steps;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use domain::{
    channel::Channel,
    currency::Currency,
    id::{IdempotencyKey, OrderId},
    job::{ChangeOrder, CreateOrder},
    order::{ItemRequest, Order, OrderEvent, OrderRequest, OrderStep, PayOrder},
    payment::{Payment, PaymentStatus},
};
use serde_json::{Value, json};
use store::Record;

use crate::world::World;

pub const ORDERS: &str = "/api/v1/orders";

pub fn address(id: OrderId, step: &str) -> String {
    format!("{ORDERS}/{id}/{step}")
}

/// A body that is taken: two teas.
pub fn body() -> Value {
    json!({
        "currency": "USD", "items": [{"name": "Tea", "sku": "tea", "unit_price": 500, "quantity": 2}], "total": 1000,
        "user_id": "user-42", "reference": "2026-1", "operator": "anna",
    })
}

/// A body that each step takes.
pub fn step_body(step: &str) -> Value {
    let mut body = json!({ "reason": "as agreed", "operator": "anna" });
    if step == "ship" {
        body["carrier"] = "DHL".into();
        body["tracking"] = "00340".into();
    }
    body
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::try_from(text.to_owned()).unwrap()
}

/// What ingress makes of [`body`].
pub fn creating(world: &World, name: &str) -> CreateOrder {
    let item = ItemRequest {
        name: "Tea".into(),
        sku: "tea".into(),
        unit_price_minor: 500,
        quantity: 2,
        currency: None,
    };
    CreateOrder {
        merchant_id: world.shop.id,
        idempotency_key: key(name),
        request: OrderRequest {
            currency: Currency::USD,
            items: vec![item],
            total_minor: Some(1000),
            user_id: "user-42".parse().ok(),
            reference: Some("2026-1".into()),
            description: None,
            metadata: BTreeMap::new(),
            operator: Some("anna".into()),
        },
    }
}

/// What ingress makes of [`step_body`].
pub fn changing(world: &World, name: &str, order_id: OrderId, request: OrderStep) -> ChangeOrder {
    ChangeOrder {
        merchant_id: world.shop.id,
        idempotency_key: key(name),
        order_id,
        request,
        operator: Some("anna".into()),
        reason: Some("as agreed".into()),
    }
}

pub fn pay() -> OrderStep {
    OrderStep::Pay(Box::default())
}

pub fn ship() -> OrderStep {
    OrderStep::Ship {
        carrier: "DHL".into(),
        tracking: "00340".into(),
    }
}

/// An order as a worker stores it `age_s` after the epoch.
pub async fn stored(world: &World, name: &str, age_s: i64) -> Order {
    store(world, creating(world, name), age_s).await
}

/// The same of this user.
pub async fn stored_of(world: &World, name: &str, user: &str, age_s: i64) -> Order {
    let mut job = creating(world, name);
    job.request.user_id = user.parse().ok();
    store(world, job, age_s).await
}

async fn store(world: &World, job: CreateOrder, age_s: i64) -> Order {
    let created_at = DateTime::UNIX_EPOCH + TimeDelta::seconds(age_s);
    let order = Order::new(job.merchant_id, job.idempotency_key, job.request, created_at).unwrap();
    world
        .write(Record {
            new_order: Some(Box::new(order.clone())),
            ..Record::default()
        })
        .await;
    order
}

/// Stores an order as it is after a change, and gives it as it is read then.
pub async fn change(world: &World, order: Order) -> Order {
    let id = order.id;
    world
        .write(Record {
            order: Some(Box::new(order)),
            ..Record::default()
        })
        .await;
    world.store.order(id).await.unwrap().unwrap()
}

/// An order that was paid.
pub async fn paid(world: &World, name: &str) -> Order {
    let order = stored(world, name, 1).await;
    let payment = succeeded(world, name, &order).await;
    change(world, order.hear(OrderEvent::Paid(payment.id)).order).await
}

/// A payment of an order that has succeeded, whether the order takes it or not.
pub async fn succeeded(world: &World, name: &str, order: &Order) -> Payment {
    let payment = Payment::new(
        world.shop.id,
        key(name),
        PayOrder::default().request_for(order),
        Channel::Stripe,
        &domain::merchant::Terms::default(),
        DateTime::UNIX_EPOCH,
    );
    let payment = Payment {
        status: PaymentStatus::Succeeded,
        intent_id: Some(format!("pi_{}", payment.id)),
        ..payment
    };
    world.store(&payment).await;
    payment
}
