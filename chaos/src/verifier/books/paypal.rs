//! PayPal's orders, captures and refunds. An order is what a payment is opened as, and each of its captures is a charge.

use std::collections::HashMap;

use serde::Deserialize;

use crate::{
    journal::Provider,
    verifier::facts::{Intent, Opening, ProviderRefund, grouped},
};

/// An order.
#[derive(Debug, Clone, Deserialize)]
pub struct Order {
    account: String,
    id: String,
    status: String,
    expired: bool,
    amount: i64,
    currency: String,
    custom_id: Option<String>,
}

/// A capture.
#[derive(Debug, Clone, Deserialize)]
pub struct Capture {
    order: String,
    status: String,
    amount: i64,
}

/// A refund of a capture.
#[derive(Debug, Clone, Deserialize)]
pub struct Refund {
    account: String,
    id: String,
    order: Option<String>,
    status: String,
    amount: i64,
    currency: String,
    custom_id: Option<String>,
}

impl Capture {
    /// Whether its money came, even if it was given back since.
    fn is_paid(&self) -> bool {
        matches!(
            self.status.as_str(),
            "COMPLETED" | "PARTIALLY_REFUNDED" | "REFUNDED"
        )
    }
}

/// The orders with what was captured of each.
pub fn intents(orders: Vec<Order>, captures: &[Capture]) -> Vec<Intent> {
    let captures = grouped(captures, |capture| &capture.order);
    let intents = orders.into_iter().map(|order| {
        let captures = captures.get(order.id.as_str()).map_or(&[][..], Vec::as_slice);
        intent(order, captures)
    });
    intents.collect()
}

fn intent(order: Order, captures: &[&Capture]) -> Intent {
    let paid: Vec<_> = captures.iter().filter(|capture| capture.is_paid()).collect();
    let declined = captures.iter().filter(|capture| capture.status == "DECLINED");
    let status = match order.status.as_str() {
        _ if !paid.is_empty() => "succeeded",
        "COMPLETED" if captures.iter().any(|capture| capture.status == "PENDING") => "processing",
        "COMPLETED" => "requires_payment_method",
        "VOIDED" => "canceled",
        _ if order.expired => "canceled",
        // The money is there to be taken, and nobody but Sluice takes it.
        "APPROVED" => "approved",
        _ => "requires_action",
    };
    Intent {
        provider: Provider::Paypal,
        account: order.account,
        status: status.to_owned(),
        amount: order.amount,
        amount_received: paid.iter().map(|capture| capture.amount).sum(),
        currency: order.currency,
        metadata: marked("sluice_payment_id", order.custom_id),
        charges_succeeded: count(paid.len()),
        charges_failed: count(declined.count()),
        id: order.id,
    }
}

impl From<Refund> for ProviderRefund {
    fn from(refund: Refund) -> Self {
        let status = match refund.status.as_str() {
            "COMPLETED" => "succeeded",
            "PENDING" => "pending",
            _ => "failed",
        };
        Self {
            account: refund.account,
            id: refund.id,
            payment_intent: refund.order.unwrap_or_default(),
            amount: refund.amount,
            currency: refund.currency,
            status: status.to_owned(),
            metadata: marked("sluice_refund_id", refund.custom_id),
        }
    }
}

/// A call that opens an order.
pub fn opening(call: Opening) -> Opening {
    under("sluice_payment_id", call)
}

/// A call that makes a refund.
pub fn refunding(call: Opening) -> Opening {
    under("sluice_refund_id", call)
}

fn under(mark: &str, mut call: Opening) -> Opening {
    call.metadata = marked(mark, call.metadata.remove("custom_id"));
    call
}

fn marked(mark: &str, custom_id: Option<String>) -> HashMap<String, String> {
    custom_id.into_iter().map(|id| (mark.to_owned(), id)).collect()
}

fn count(several: usize) -> u32 {
    u32::try_from(several).unwrap_or(u32::MAX)
}
