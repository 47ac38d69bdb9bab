//! Refunds over HTTP: what is taken, what is refused at the door, and what whoever waits gets to hear.

mod bodies;
mod door;
mod listing;
mod taken;
mod waiting;

use domain::{
    currency::Currency,
    id::{IdempotencyKey, PaymentId},
    job::CreateRefund,
    ledger::Transfer,
    money::Money,
    payment::{Failure, Payment, PaymentStatus},
    refund::{Refund, RefundRequest, RefundStatus},
};
use serde_json::{Value, json};
use store::{Record, TransferRecord};

use crate::world::World;

pub const REFUNDS: &str = "/api/v1/refunds";

/// A payment of USD 19.99 that was paid.
pub async fn paid(world: &World, key: &str) -> Payment {
    let payment = world.payment(key, PaymentStatus::Succeeded, 1);
    world.store(&payment).await;
    Payment {
        version: 1,
        ..payment
    }
}

pub fn address(payment_id: PaymentId) -> String {
    format!("/api/v1/payments/{payment_id}/refund")
}

/// A body that is taken.
pub fn body(payment_id: PaymentId) -> Value {
    json!({
        "payment_id": payment_id.to_string(), "amount": 500, "currency": "usd", "reason": "requested_by_customer",
        "operator": "anna", "description": "One coffee was cold", "metadata": {"table": "9"},
    })
}

/// What ingress makes of [`body`], as a worker would find it.
pub fn job(world: &World, key: &str, payment_id: PaymentId) -> CreateRefund {
    let request = RefundRequest {
        amount_minor: Some(500),
        currency: Some(Currency::USD),
        reason: Some(domain::channel::RefundReason::RequestedByCustomer),
        operator: Some("anna".into()),
        description: Some("One coffee was cold".into()),
        metadata: [("table".to_owned(), "9".to_owned())].into(),
        ..RefundRequest::all_of(payment_id)
    };
    CreateRefund {
        merchant_id: world.shop.id,
        idempotency_key: IdempotencyKey::try_from(key.to_owned()).unwrap(),
        request,
    }
}

/// The refund of a job, as a worker first stores it.
pub fn pending(payment: &Payment, job: CreateRefund) -> Refund {
    let money = Money {
        amount_minor: job.request.amount_minor.unwrap_or(payment.money.amount_minor),
        currency: payment.money.currency,
    };
    Refund::new(
        payment,
        job.idempotency_key,
        job.request,
        money,
        payment.created_at,
    )
}

/// Stores a refund as a worker does, with its amount set aside, and gives the payment as it then is.
pub async fn reserve(world: &World, payment: &Payment, refund: &Refund) -> Payment {
    let reserved = payment.clone().with_reserved(refund.money);
    let transfer = TransferRecord {
        transfer: Transfer::refund_reserved(refund, payment),
        at: refund.created_at,
    };
    let record = Record {
        payment: Some(reserved.clone()),
        new_refund: Some(refund.clone()),
        transfers: vec![transfer],
        ..Record::default()
    };
    world.write(record).await;
    Payment {
        version: reserved.version + 1,
        ..reserved
    }
}

/// Stores a refund as a worker does that cannot make it.
pub async fn store_refused(world: &World, refund: &Refund, failure: Failure) -> Refund {
    let refused = refund.clone().refused(failure);
    let record = Record {
        new_refund: Some(refused.clone()),
        ..Record::default()
    };
    world.write(record).await;
    refused
}

/// The refund after its provider has accepted it.
pub fn accepted(refund: Refund) -> Refund {
    Refund {
        status: RefundStatus::Processing,
        channel_refund_id: Some(format!("re_{}", refund.id)),
        ..refund
    }
}
