//! What the database says about orders for goods.

use sqlx::FromRow;

/// A stored order.
#[derive(Debug, Clone, Default, FromRow)]
pub struct StoredOrder {
    /// Its id, as the API shows it.
    pub id: String,
    /// Its merchant's id, as the API shows it.
    pub merchant: String,
    /// The idempotency key.
    pub idempotency_key: String,
    /// Where it stands, for people.
    pub status: String,
    /// How far it has come.
    pub stage: String,
    /// In the currency's minor unit.
    pub total_minor: i64,
    /// The ISO 4217 code.
    pub currency: String,
    /// The payment that was begun last.
    pub last_payment: Option<String>,
    /// The payment that has paid it.
    pub paid_by: Option<String>,
    /// What is being given back.
    pub refunding_minor: i64,
    /// What was given back.
    pub refunded_minor: i64,
}

/// One thing in an order.
#[derive(Debug, Clone, Default, FromRow)]
pub struct Item {
    /// The order.
    pub order_id: String,
    /// What the merchant calls it.
    pub sku: String,
    /// The price of one.
    pub unit_price_minor: i64,
    /// How many were bought.
    pub quantity: i32,
    /// How many are being refunded.
    pub refunding_quantity: i32,
    /// How many were refunded.
    pub refunded_quantity: i32,
}

/// So many of an item that a refund gives back.
#[derive(Debug, Clone, Default, FromRow)]
pub struct ItemRefund {
    /// The refund.
    pub refund: String,
    /// Of which item.
    pub sku: String,
    /// How many.
    pub quantity: i64,
}

/// What came of a wish about an order.
#[derive(Debug, Clone, Default, FromRow)]
pub struct OrderAction {
    /// Whose wish it was.
    pub merchant: String,
    /// The idempotency key.
    pub idempotency_key: String,
    /// About which order.
    pub order_id: String,
    /// What was wanted.
    pub action: String,
    /// `done` or `refused`.
    pub outcome: String,
    /// The payment that it has begun.
    pub payment: Option<String>,
}

/// A step of an order.
#[derive(Debug, Clone, Default, FromRow)]
pub struct OrderLog {
    /// The order.
    pub order_id: String,
    /// What happened.
    pub step: String,
    /// How the order stood afterwards.
    pub status: String,
    /// The payment it was about.
    pub payment: Option<String>,
    /// The refund it was about.
    pub refund: Option<String>,
}

impl StoredOrder {
    /// Whether it has not been decided yet whether it is paid or called off.
    pub fn is_open(&self) -> bool {
        matches!(self.stage.as_str(), "created" | "payment_failed")
    }

    /// Whether it was paid, whatever became of it since.
    pub fn is_paid(&self) -> bool {
        matches!(self.stage.as_str(), "paid" | "shipped" | "completed")
    }
}

impl OrderAction {
    /// Whether it was done.
    pub fn is_done(&self) -> bool {
        self.outcome == "done"
    }
}
