//! `create_order`: store an order that a merchant asked for.
//!
//! Nobody outside is asked, so the whole job is one record.

use domain::{
    job::{CreateOrder, CreateOrderReply},
    order::{LoggedStep, Order, OrderLog, OrderView},
    outcome::{ErrorClass, Outcome, Reason},
};
use store::{Record, StoreError, Verdict};

use crate::{
    context::Context,
    execute::{Handler, Run},
};

impl Handler for CreateOrder {
    async fn run(&self, context: &Context, _: &Run) -> Result<Outcome, StoreError> {
        let now = context.clock.now();
        let (key, request) = (self.idempotency_key.clone(), self.request.clone());
        let order = match Order::new(self.merchant_id, key, request, now) {
            Ok(order) => order,
            Err(error) => {
                let reason = Reason::new(ErrorClass::Invalid, error.to_string());
                return Ok(Outcome::Fail(reason));
            }
        };
        let log = OrderLog {
            operator: self.request.operator.clone(),
            ..OrderLog::of(&order, LoggedStep::Create, now)
        };
        let record = Record {
            new_order: Some(Box::new(order)),
            order_logs: vec![log],
            ..Record::default()
        };
        match context.recorder.write(record).await? {
            Verdict::Written => return Ok(Outcome::Done),
            Verdict::Duplicate | Verdict::Stale => {}
        }
        match context.store.order(self.order_id()).await? {
            Some(order) if order.fingerprint == self.request.fingerprint() => Ok(Outcome::Done),
            Some(_) => {
                let message = "the idempotency key was used before for another request; nothing was done";
                Ok(Outcome::Fail(Reason::new(ErrorClass::Conflict, message)))
            }
            None => Err(StoreError::Contended(self.order_id().to_string())),
        }
    }

    async fn reply(&self, context: &Context) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(order) = context.store.order(self.order_id()).await? else {
            return Ok(None);
        };
        let reply = if order.fingerprint == self.request.fingerprint() {
            CreateOrderReply::Order(Box::new(OrderView::from(&order)))
        } else {
            CreateOrderReply::Conflict
        };
        Ok(serde_json::to_vec(&reply).ok())
    }
}
