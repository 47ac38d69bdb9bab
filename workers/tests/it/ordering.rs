//! Orders in a test: how they come about, what is wanted of them, and where to look at them.

use std::{collections::BTreeMap, time::Duration};

use broker::Called;
use domain::{
    channel::Method,
    currency::Currency,
    id::OrderId,
    job::{ChangeOrder, ChangeOrderReply, CreateOrder, CreateOrderReply, Envelope, Job},
    order::{ItemCount, ItemRequest, Order, OrderRequest, OrderStatus, OrderStep, OrderView, PayOrder},
    payment::{Payment, PaymentStatus},
    trace::TraceParent,
};

use crate::support::{World, key, now};

/// How long somebody waits for the end of a job.
const WAIT: Duration = Duration::from_secs(30);
/// What an order of [`World::order`] comes to.
pub const TOTAL: i64 = 2_000;

/// Three teas and two cups.
fn cart() -> OrderRequest {
    let item = |sku: &str, unit_price_minor, quantity| ItemRequest {
        name: format!("A {sku}"),
        sku: sku.into(),
        unit_price_minor,
        quantity,
        currency: None,
    };
    OrderRequest {
        currency: Currency::USD,
        items: vec![item("tea", 500, 3), item("cup", 250, 2)],
        total_minor: Some(TOTAL),
        user_id: "user-42".parse().ok(),
        reference: Some("2026-1".into()),
        description: None,
        metadata: BTreeMap::new(),
        operator: Some("anna".into()),
    }
}

pub fn pay_with(card: Option<&str>) -> OrderStep {
    OrderStep::Pay(Box::new(PayOrder {
        payment_method: card.map(str::to_owned),
        ..PayOrder::default()
    }))
}

pub fn pay_from_wallet() -> OrderStep {
    OrderStep::Pay(Box::new(PayOrder {
        method: Some(Method::Wallet),
        ..PayOrder::default()
    }))
}

pub fn refund_of(items: &[(&str, u32)]) -> OrderStep {
    let count = |(sku, quantity): &(&str, u32)| ItemCount {
        sku: (*sku).to_owned(),
        quantity: *quantity,
    };
    OrderStep::Refund {
        items: Some(items.iter().map(count).collect()),
    }
}

pub fn ship() -> OrderStep {
    OrderStep::Ship {
        carrier: "DHL".into(),
        tracking: "00340".into(),
    }
}

/// The order that a wish has left.
#[track_caller]
pub fn taken(reply: Option<ChangeOrderReply>) -> OrderView {
    match reply {
        Some(ChangeOrderReply::Order(view)) => *view,
        other => panic!("not taken but {other:?}"),
    }
}

/// The code and the sentence that a wish was refused with.
#[track_caller]
pub fn refused(reply: Option<ChangeOrderReply>) -> (String, String) {
    match reply {
        Some(ChangeOrderReply::Refused { code, message }) => (code, message),
        other => panic!("not refused but {other:?}"),
    }
}

impl World {
    pub fn order_job(&self, name: &str) -> CreateOrder {
        CreateOrder {
            merchant_id: self.merchant_id,
            idempotency_key: key(name),
            request: cart(),
        }
    }

    /// An order of 20 dollars, and its id.
    pub async fn order(&self, name: &str) -> OrderId {
        let job = self.order_job(name);
        self.publish(&job).await;
        self.order_until(job.order_id(), OrderStatus::Created).await.id
    }

    pub fn order_wish(&self, name: &str, order_id: OrderId, request: OrderStep) -> ChangeOrder {
        ChangeOrder {
            merchant_id: self.merchant_id,
            idempotency_key: key(name),
            order_id,
            request,
            operator: Some("anna".into()),
            reason: Some("as agreed".into()),
        }
    }

    /// Publishes a wish and waits for its end; none when nobody answered.
    pub async fn ask(&self, job: &ChangeOrder) -> Option<ChangeOrderReply> {
        let reply = self.answer(job).await?;
        Some(serde_json::from_slice(&reply).unwrap())
    }

    /// Publishes a request for an order and waits for its end.
    pub async fn ask_for(&self, job: &CreateOrder) -> CreateOrderReply {
        serde_json::from_slice(&self.answer(job).await.unwrap()).unwrap()
    }

    async fn answer(&self, job: &impl Job) -> Option<Vec<u8>> {
        let envelope = Envelope::new(job, TraceParent::root(), now());
        match self.caller().call(&envelope, WAIT).await.unwrap() {
            Called::Replied(body) => Some(body),
            Called::TimedOut => None,
        }
    }

    /// Has a step taken, and gives the order afterwards.
    pub async fn step(&self, name: &str, order_id: OrderId, request: OrderStep) -> OrderView {
        taken(self.ask(&self.order_wish(name, order_id, request)).await)
    }

    /// A payment of an order, whose intent waits for its payer.
    pub async fn begun(&self, name: &str, order_id: OrderId) -> Payment {
        let job = self.order_wish(name, order_id, pay_with(None));
        taken(self.ask(&job).await);
        self.wait_for(job.payment_id(), PaymentStatus::RequiresAction)
            .await
    }

    /// An order that was paid at once.
    pub async fn paid_order(&self, name: &str) -> Order {
        let id = self.order(name).await;
        self.step(name, id, pay_with(Some("pm_card_visa"))).await;
        self.order_until(id, OrderStatus::Paid).await
    }

    pub async fn order_is(&self, id: OrderId) -> Order {
        self.store.order(id).await.unwrap().unwrap()
    }

    /// Waits until the order stands so.
    pub async fn order_until(&self, id: OrderId, status: OrderStatus) -> Order {
        let status_of = async || self.store.order(id).await.unwrap().map(|order| order.status);
        self.wait_until(Some(status), status_of).await;
        self.order_is(id).await
    }

    /// What happened to the only order: step, status afterwards, operator.
    pub async fn logged(&self) -> Vec<String> {
        let logs = "select coalesce(array_agg(step || ' ' || status || ' ' || operator order by id), '{}') from order_logs";
        self.query(logs).await
    }
}
