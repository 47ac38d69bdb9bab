//! `change_order`: what a merchant wants done with an order that exists.
//!
//! A step is one record: the order as it stands afterwards, who wanted it and why, what came of the wish, and the jobs that
//! carry it out. Those pay, refund and cancel under keys that derive from the order and the wish, so a step that is begun is
//! never lost, and never done twice. Nobody outside is asked here.

mod taking;

use domain::{
    job::{ChangeOrder, ChangeOrderReply},
    order::{Order, OrderAction, OrderView},
    outcome::{ErrorClass, Outcome, Reason},
    payment::ActionOutcome,
};
use store::{StoreError, Verdict};

use crate::{
    context::Context,
    execute::{Handler, MAX_LOOKS, Run},
    jobs::patience::wait,
};

impl Handler for ChangeOrder {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        if let Err(error) = self.validate() {
            let reason = Reason::new(ErrorClass::Invalid, error.to_string());
            return Ok(Outcome::Fail(reason));
        }
        for _ in 0..MAX_LOOKS {
            if let Some(kept) = kept(self, context).await? {
                return Ok(after(self, &kept));
            }
            let Some(order) = order(self, context).await? else {
                let message = format!("the merchant has no order {}", self.order_id);
                return Ok(wait(context, run, Reason::new(ErrorClass::TooEarly, message)));
            };
            let record = match taking::record_of(self, context, run, order).await? {
                Ok(record) => record,
                Err(outcome) => return Ok(outcome),
            };
            match context.recorder.write(record).await? {
                Verdict::Written => return Ok(Outcome::Done),
                // The same wish came at the same time, or the order has changed meanwhile.
                Verdict::Duplicate | Verdict::Stale => {}
            }
        }
        Err(StoreError::Contended(self.order_id.to_string()))
    }

    async fn reply(&self, context: &Context) -> Result<Option<Vec<u8>>, StoreError> {
        let reply = match (kept(self, context).await?, order(self, context).await?) {
            (Some(kept), _) if kept.fingerprint != self.fingerprint() => ChangeOrderReply::Conflict,
            (_, None) => ChangeOrderReply::NoSuchOrder,
            (None, Some(_)) => return Ok(None),
            (Some(kept), Some(order)) => match kept.outcome {
                ActionOutcome::Done => ChangeOrderReply::Order(Box::new(OrderView::from(&order))),
                ActionOutcome::Refused { code, message } => ChangeOrderReply::Refused { code, message },
            },
        };
        Ok(serde_json::to_vec(&reply).ok())
    }
}

/// What becomes of a job whose wish was ended before.
fn after(job: &ChangeOrder, kept: &OrderAction) -> Outcome {
    if kept.fingerprint == job.fingerprint() {
        return Outcome::Done;
    }
    let message = "the idempotency key was used before for another wish; nothing was done";
    Outcome::Fail(Reason::new(ErrorClass::Conflict, message))
}

/// What was kept under the wish's key.
async fn kept(job: &ChangeOrder, context: &Context) -> Result<Option<OrderAction>, StoreError> {
    let (kind, key) = (job.request.kind(), &job.idempotency_key);
    context.store.order_action(job.merchant_id, kind, key).await
}

/// The order that the wish is about, if it is the merchant's.
async fn order(job: &ChangeOrder, context: &Context) -> Result<Option<Order>, StoreError> {
    let order = context.store.order(job.order_id).await?;
    Ok(order.filter(|order| order.merchant_id == job.merchant_id))
}
