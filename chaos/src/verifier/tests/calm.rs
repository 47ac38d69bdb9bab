//! Evidence of a day on which all went well, as far as it goes well with payments: one was paid, one was declined and
//! then paid, one could not be opened, and one was asked for twice under the same key with different amounts; and what
//! [`money`] adds to it.

pub mod money;
pub mod sales;
pub mod wallets;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use e2e::rabbit::{Depth, Letter};
use serde_json::json;

pub use money::{CANCELED, MADE, REFUNDED, REFUSED};

use crate::{
    journal::{Asked, Entries, Merchant, Order, PayerAct, Provider, Request, Told, Wanted},
    traffic::Story,
    verifier::facts::{Callback, Facts, Failure, Intent, Notification, Opening, Payment, Received, TakenIn},
};

pub const MERCHANT: &str = "mer_1";
pub const PAID: &str = "pay_1";
pub const SECOND_CARD: &str = "pay_2";
pub const NEVER_OPENED: &str = "pay_3";
pub const TWO_BODIES: &str = "pay_4";

/// The whole day.
pub fn day() -> Facts {
    let mut facts = Facts {
        journal: Entries {
            merchants: vec![Merchant {
                id: MERCHANT.into(),
                name: "shop".into(),
                accounts: ["sk_1", "app_1", "mch_1", "client_1"].map(Into::into).to_vec(),
            }],
            ..Entries::default()
        },
        depths: vec![depth("jobs.create_intent", 0), depth("dead.create_intent", 2)],
        dropped: BTreeMap::from([("calls".into(), 0), ("deliveries".into(), 0)]),
        ..Facts::default()
    };
    payment(&mut facts, PAID, 1_000, "succeeded");
    intent(&mut facts, PAID, 1_000, "succeeded", (1, 0));
    told(&mut facts, PAID, 1_000, "succeeded", "");
    let received = |amount: i64| [("provider_clearing", -amount), ("merchant_balance", amount)];
    money::post(&mut facts, PAID, PAID, "payment", received(1_000));
    facts.journal.orders[0]
        .payer
        .push(act(PAID, "pm_card_visa", "succeeded"));

    payment(&mut facts, SECOND_CARD, 2_000, "succeeded");
    intent(&mut facts, SECOND_CARD, 2_000, "succeeded", (1, 1));
    told(&mut facts, SECOND_CARD, 2_000, "failed", "generic_decline");
    told(&mut facts, SECOND_CARD, 2_000, "succeeded", "");
    money::post(&mut facts, SECOND_CARD, SECOND_CARD, "payment", received(2_000));
    money::dispute(&mut facts, SECOND_CARD, 2_000);
    facts.journal.orders[1].payer = vec![
        act(SECOND_CARD, "pm_card_chargeDeclined", "generic_decline"),
        act(SECOND_CARD, "pm_card_visa", "succeeded"),
    ];

    payment(&mut facts, NEVER_OPENED, 3_000, "failed");
    told(&mut facts, NEVER_OPENED, 3_000, "failed", "provider_unavailable");
    parked(&mut facts, NEVER_OPENED, 3_000, "provider_unavailable");

    payment(&mut facts, TWO_BODIES, 4_000, "requires_action");
    intent(&mut facts, TWO_BODIES, 4_000, "requires_payment_method", (0, 0));
    parked(&mut facts, TWO_BODIES, 4_001, "conflict");
    let order = &mut facts.journal.orders[3];
    order.requests.push(request(TWO_BODIES, 4_001));
    order.requests[1]
        .asked
        .push(asked(refusal(409, "/problems/idempotency-conflict", "")));
    order.requests[0].asked.push(Asked {
        took: Duration::from_millis(90),
        told: None,
    });
    money::refund(&mut facts);
    money::cancel(&mut facts);
    facts
}

fn act(payment: &str, with: &'static str, said: &str) -> PayerAct {
    PayerAct {
        intent: format!("pi_of_{payment}"),
        with,
        said: Some(said.into()),
    }
}

/// An order that was accepted, looked at, and stored.
fn payment(facts: &mut Facts, id: &str, amount_minor: i64, status: &str) {
    let key = format!("key-of-{id}");
    let looks = ["requires_action", status].map(|status| {
        asked(Told {
            status: 200,
            id: id.into(),
            object_status: status.into(),
            ..Told::default()
        })
    });
    facts.journal.orders.push(Order {
        merchant: 0,
        key: key.clone(),
        story: Story::PaidLater,
        requests: vec![request(id, amount_minor)],
        looks: [asked(refusal(404, "/problems/not-found", "1"))]
            .into_iter()
            .chain(looks)
            .collect(),
        payer: Vec::new(),
        wishes: Vec::new(),
    });
    facts.payments.push(Payment {
        id: id.into(),
        merchant: MERCHANT.into(),
        idempotency_key: key,
        status: status.into(),
        amount_minor,
        currency: "USD".into(),
        ..Payment::default()
    });
}

fn request(id: &str, amount_minor: i64) -> Request {
    Request {
        wanted: Wanted {
            amount_minor,
            currency: "USD",
            through: Provider::Stripe,
            payment_method: None,
            expires_in_s: None,
            wallet: None,
        },
        asked: vec![
            asked(refusal(503, "/problems/broker-unavailable", "1")),
            asked(accepted(id, "pending")),
        ],
    }
}

/// An answer that accepts.
fn accepted(id: &str, object_status: &str) -> Told {
    Told {
        status: 202,
        id: id.into(),
        object_status: object_status.into(),
        ..Told::default()
    }
}

pub fn asked(told: Told) -> Asked {
    Asked {
        took: Duration::from_millis(40),
        told: Some(told),
    }
}

pub fn refusal(status: u16, problem: &str, retry_after: &str) -> Told {
    Told {
        status,
        problem: problem.into(),
        retry_after: retry_after.into(),
        ..Told::default()
    }
}

/// An intent for a payment, opened by one call, and the callback that says how it ended.
pub fn intent(facts: &mut Facts, payment: &str, amount: i64, status: &str, charges: (u32, u32)) {
    let metadata = HashMap::from([("sluice_payment_id".to_owned(), payment.to_owned())]);
    facts.intents.push(Intent {
        provider: Provider::Stripe,
        account: "sk_1".into(),
        id: format!("pi_of_{payment}"),
        status: status.into(),
        amount,
        amount_received: amount * i64::from(charges.0.min(1)),
        currency: "usd".into(),
        metadata: metadata.clone(),
        charges_succeeded: charges.0,
        charges_failed: charges.1,
    });
    facts.openings.push(Opening {
        idempotency_key: Some(format!("{payment}/create_intent")),
        metadata,
    });
    let event = format!("evt_of_{payment}");
    facts
        .callbacks
        .extend([None, Some(200), Some(200)].map(|answered| Callback {
            event: event.clone(),
            kind: format!("payment_intent.{status}"),
            account: "sk_1".into(),
            status: answered,
            accepted: answered == Some(200),
        }));
    facts.inbox.push(TakenIn {
        merchant: MERCHANT.into(),
        event_id: event,
    });
}

/// What merchants are told when a payment has come to a status.
fn told(facts: &mut Facts, payment: &str, amount: i64, status: &str, code: &str) {
    tell(
        facts,
        payment,
        payment,
        &format!("payment.{status}"),
        amount,
        code,
    );
}

/// A notification that was delivered at the second attempt, and then once more.
pub fn tell(facts: &mut Facts, payment: &str, subject: &str, event_type: &str, amount: i64, code: &str) {
    let (_, status) = event_type.split_once('.').unwrap();
    let status = if status == "opened" { "open" } else { status };
    let payload = json!({
        "type": event_type, "timestamp": format!("2026-11-20T10:00:{:02}.000Z", facts.notifications.len()),
        "data": { "id": subject, "merchant_id": MERCHANT, "status": status, "amount": amount, "currency": "USD",
                  "failure": { "code": code } },
    })
    .to_string();
    deliver(facts, payment, subject, event_type, payload);
}

/// The same of what is to be said in these bytes.
pub fn deliver(facts: &mut Facts, payment: &str, subject: &str, event_type: &str, payload: String) {
    let id = format!("ntf_{}", facts.notifications.len());
    let arrivals = [None, Some(200), Some(200)].map(|answered| Received {
        id: Some(id.clone()),
        body: payload.clone(),
        verified: Some(true),
        answered,
    });
    facts.mail.entry(MERCHANT.into()).or_default().extend(arrivals);
    facts.notifications.push(Notification {
        id,
        merchant: MERCHANT.into(),
        payment: payment.into(),
        about: if payment.is_empty() { subject } else { payment }.into(),
        subject: subject.into(),
        event_type: event_type.into(),
        payload,
        status: "delivered".into(),
        accepted_attempts: 1,
    });
}

/// A job that was given up: parked, and its story told.
fn parked(facts: &mut Facts, payment: &str, amount_minor: i64, error_class: &str) {
    let job_id = format!("job_{amount_minor}");
    let letter = Letter {
        payload: json!({ "request": { "amount_minor": amount_minor } }).to_string(),
        properties: json!({
            "message_id": job_id, "correlation_id": payment, "headers": { "error_class": error_class },
        }),
    };
    facts
        .parked
        .entry("dead.create_intent".into())
        .or_default()
        .push(letter);
    facts.failures.push(Failure {
        job_id,
        kind: "create_intent".into(),
        disposition: "dead_letter".into(),
        error_class: error_class.into(),
        correlation_id: payment.into(),
    });
}

pub fn depth(queue: &str, messages: u64) -> Depth {
    Depth {
        queue: queue.into(),
        messages,
    }
}
