//! What a payer does with an order: approves it, or has the approval taken back. Leaving it changes nothing.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::book::Book;
use super::errors::{Answered, ApiError};
use super::events::Kind;
use super::ids::account_id;
use super::orders::{Order, OrderStatus};
use super::plan::Plan;

impl Book {
    /// Approves an order that waits for it. One that is approved already only gets another plan: so does a payer who
    /// chooses another way to pay.
    pub fn approve(&mut self, id: &str, plan: Plan, now: DateTime<Utc>) -> Answered {
        let status = self.order(id, now)?.status;
        let Some(order) = self.orders.get_mut(id) else {
            return Err(ApiError::not_found());
        };
        match status {
            OrderStatus::Created | OrderStatus::PayerActionRequired => {
                order.status = OrderStatus::Approved;
                order.updated = now;
                order.payer = Some(payer());
                order.plan = plan;
                let order = order.clone();
                self.emit(Kind::OrderApproved, &self.render_order(&order), now);
                Ok(self.render_order(&order))
            }
            OrderStatus::Approved => {
                order.plan = plan;
                let order = order.clone();
                self.touch();
                Ok(self.render_order(&order))
            }
            OrderStatus::Completed | OrderStatus::Voided => Err(ApiError::unprocessable(
                "ORDER_CANNOT_BE_APPROVED",
                "The order is completed or voided.",
            )),
        }
    }

    /// Takes the payer's approval back.
    pub fn reverse_approval(&mut self, id: &str, now: DateTime<Utc>) -> Answered {
        let status = self.order(id, now)?.status;
        let Some(order) = self
            .orders
            .get_mut(id)
            .filter(|_| status == OrderStatus::Approved)
        else {
            return Err(ApiError::unprocessable(
                "ORDER_NOT_APPROVED",
                "The order is not approved.",
            ));
        };
        order.status = OrderStatus::Voided;
        order.updated = now;
        let order = order.clone();
        let shown = self.render_order(&order);
        let resource = json!({ "order_id": order.id, "purchase_units": shown["purchase_units"],
            "payment_source": shown["payment_source"] });
        self.emit(Kind::ApprovalReversed, &resource, now);
        Ok(shown)
    }

    /// Lets PayPal forget an order that was not captured.
    pub fn expire(&mut self, id: &str, now: DateTime<Utc>) -> Result<(), ApiError> {
        self.order(id, now)?;
        if let Some(order) = self.orders.get_mut(id) {
            order.expires = now;
            self.touch();
        }
        Ok(())
    }
}

/// Where a payer is sent back to, with what PayPal adds to the address.
pub fn redirect(order: &Order, approved: bool) -> Option<String> {
    let which = if approved { "return_url" } else { "cancel_url" };
    let mut url = reqwest::Url::parse(order.way_back(which)?).ok()?;
    url.query_pairs_mut().append_pair("token", &order.id);
    let payer = order.payer.as_ref().and_then(|payer| payer.get("payer_id"));
    if let Some(payer) = payer.and_then(Value::as_str).filter(|_| approved) {
        url.query_pairs_mut().append_pair("PayerID", payer);
    }
    Some(url.to_string())
}

fn payer() -> Value {
    json!({
        "payer_id": account_id(), "email_address": "payer@example.com",
        "name": { "given_name": "Pat", "surname": "Payer" }, "address": { "country_code": "US" },
    })
}
