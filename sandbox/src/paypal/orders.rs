//! Orders: what a payer is asked to approve, and the states an order goes through.
//!
//! An approved order is not money: only its capture is.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::book::Book;
use super::errors::ApiError;
use super::money::Money;
use super::plan::Plan;
use super::time::written;

/// Where an order stands, in PayPal's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderStatus {
    /// Made without saying how it will be paid.
    Created,
    /// Made with a wallet as the way to pay: the payer has to act.
    PayerActionRequired,
    /// The payer agreed; nothing was paid yet.
    Approved,
    /// Captured, whatever became of the capture.
    Completed,
    /// The payer's agreement was taken back.
    Voided,
}

impl OrderStatus {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::PayerActionRequired => "PAYER_ACTION_REQUIRED",
            Self::Approved => "APPROVED",
            Self::Completed => "COMPLETED",
            Self::Voided => "VOIDED",
        }
    }
}

/// An order of one purchase unit.
#[derive(Debug, Clone)]
pub struct Order {
    /// 17 letters and digits, also the `token` of the payer's page.
    pub id: String,
    /// Where it stands.
    pub status: OrderStatus,
    /// What it asks for.
    pub amount: Money,
    /// The purchase unit as the client gave it.
    pub unit: Map<String, Value>,
    /// Whether the client named a wallet as the way to pay.
    pub by_wallet: bool,
    /// The client's `experience_context`, or `application_context` as it was called before.
    pub context: Value,
    /// Who approved it.
    pub payer: Option<Value>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it last changed.
    pub updated: DateTime<Utc>,
    /// When it is forgotten unless it is captured by then.
    pub expires: DateTime<Utc>,
    /// Its captures, oldest first.
    pub captures: Vec<String>,
    /// What will happen to its capture.
    pub plan: Plan,
}

impl Order {
    /// A text of the purchase unit.
    pub fn unit_text(&self, name: &str) -> Option<&str> {
        self.unit.get(name)?.as_str()
    }

    /// Whether PayPal has forgotten it: it answers 404 then, as for an order that never was.
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        let waits = match self.status {
            OrderStatus::Created | OrderStatus::PayerActionRequired | OrderStatus::Approved => true,
            OrderStatus::Completed | OrderStatus::Voided => false,
        };
        waits && now >= self.expires
    }

    /// Where the payer is sent afterwards; `which` is `return_url` or `cancel_url`.
    pub fn way_back(&self, which: &str) -> Option<&str> {
        self.context.get(which)?.as_str()
    }

    /// The page where the payer approves.
    pub fn page(&self, base: &str) -> String {
        format!("{base}/sandbox/paypal/checkoutnow?token={}", self.id)
    }

    fn links(&self, base: &str) -> Value {
        let own = format!("{base}/paypal/v2/checkout/orders/{}", self.id);
        let link =
            |href: &str, rel: &str, method: &str| json!({ "href": href, "rel": rel, "method": method });
        let capture = || link(&format!("{own}/capture"), "capture", "POST");
        let mut links = vec![link(&own, "self", "GET")];
        match self.status {
            OrderStatus::Created => {
                links.push(link(&self.page(base), "approve", "GET"));
                links.push(capture());
            }
            OrderStatus::PayerActionRequired => links.push(link(&self.page(base), "payer-action", "GET")),
            OrderStatus::Approved => links.push(capture()),
            OrderStatus::Completed | OrderStatus::Voided => {}
        }
        links.into()
    }
}

impl Book {
    /// The order of this id, unless PayPal has forgotten it.
    pub fn order(&self, id: &str, now: DateTime<Utc>) -> Result<&Order, ApiError> {
        let order = self.orders.get(id).filter(|order| !order.is_expired(now));
        order.ok_or_else(ApiError::not_found)
    }

    /// Adds an order that was made now.
    pub fn open_order(&mut self, order: Order) -> String {
        let id = order.id.clone();
        self.orders.insert(&id, order);
        self.touch();
        id
    }

    /// An order in full.
    pub fn render_order(&self, order: &Order) -> Value {
        let mut unit = order.unit.clone();
        unit.entry("reference_id").or_insert_with(|| "default".into());
        unit.insert("amount".into(), amount_of(order));
        unit.insert("payee".into(), json!({ "merchant_id": self.merchant_id }));
        let payments = self.payments_of(order);
        if !payments.is_empty() {
            unit.insert("payments".into(), payments.into());
        }
        let mut shown = json!({
            "id": order.id, "intent": "CAPTURE", "status": order.status.name(), "purchase_units": [unit],
            "create_time": written(order.created), "links": order.links(&self.base),
        });
        if let Some(source) = shown_source(order) {
            shown["payment_source"] = source;
        }
        if let Some(payer) = &order.payer {
            shown["payer"] = payer.clone();
        }
        if order.updated > order.created {
            shown["update_time"] = written(order.updated).into();
        }
        shown
    }

    /// An order as PayPal shows it to those who prefer little: captures are told all the same.
    pub fn render_order_briefly(&self, order: &Order) -> Value {
        let mut shown =
            json!({ "id": order.id, "status": order.status.name(), "links": order.links(&self.base) });
        if let Some(source) = shown_source(order) {
            shown["payment_source"] = source;
        }
        if order.status == OrderStatus::Completed {
            let reference = order.unit_text("reference_id").unwrap_or("default");
            shown["purchase_units"] =
                json!([{ "reference_id": reference, "payments": self.payments_of(order) }]);
            shown["payer"] = json!(order.payer);
        }
        shown
    }

    fn payments_of(&self, order: &Order) -> Map<String, Value> {
        let captures: Vec<_> = order
            .captures
            .iter()
            .filter_map(|id| self.captures.get(id))
            .collect();
        let refunds = captures.iter().flat_map(|capture| &capture.refunds);
        let refunds: Vec<_> = refunds.filter_map(|id| self.refunds.get(id)).collect();
        let mut payments = Map::new();
        if !captures.is_empty() {
            let shown = captures
                .iter()
                .map(|capture| self.render_capture(capture))
                .collect();
            payments.insert("captures".into(), shown);
        }
        if !refunds.is_empty() {
            let shown = refunds.iter().map(|refund| self.render_refund(refund)).collect();
            payments.insert("refunds".into(), shown);
        }
        payments
    }
}

/// The amount as the client gave it, with a breakdown if it had one, and the value as PayPal writes it.
fn amount_of(order: &Order) -> Value {
    let mut amount = order.unit.get("amount").cloned().unwrap_or_default();
    amount["value"] = order.amount.value().into();
    amount
}

/// The way to pay without what only concerns the payer's page.
fn shown_source(order: &Order) -> Option<Value> {
    if let Some(payer) = &order.payer {
        return Some(json!({ "paypal": {
            "email_address": payer.get("email_address"), "account_id": payer.get("payer_id"),
            "account_status": "VERIFIED", "name": payer.get("name"), "address": payer.get("address"),
        }}));
    }
    order.by_wallet.then(|| json!({ "paypal": {} }))
}
