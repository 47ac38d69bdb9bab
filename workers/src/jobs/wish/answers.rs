//! What is answered about a wish: why it is refused, and the reply to whoever waits.

use domain::{
    job::{PaymentActionReply, Wish},
    payment::{ActionOutcome, Payment, PaymentAction, PaymentStatus, PaymentView},
};
use store::StoreError;

use crate::context::Context;

/// Why nothing can be done about a payment that stands like this; none while something can.
pub fn refusal(payment: &Payment) -> Option<ActionOutcome> {
    match payment.status {
        PaymentStatus::Succeeded => Some(refused("payment_already_paid", "The payment is paid already.")),
        PaymentStatus::Canceled | PaymentStatus::Expired => Some(refused(
            "payment_already_closed",
            &format!("The payment is {} already.", payment.status),
        )),
        PaymentStatus::Processing => Some(at_work()),
        PaymentStatus::Failed if payment.intent_id.is_none() => Some(refused(
            "payment_failed",
            "The payment has failed before anything was opened for it.",
        )),
        PaymentStatus::Pending
        | PaymentStatus::NeedsReview
        | PaymentStatus::RequiresAction
        | PaymentStatus::Failed => None,
    }
}

/// The refusal of a wish that came while the provider was at work.
pub fn at_work() -> ActionOutcome {
    refused(
        "payment_processing",
        "The provider is at work on the payment and will tell its end.",
    )
}

/// A refusal.
pub fn refused(code: &str, message: &str) -> ActionOutcome {
    ActionOutcome::Refused {
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

/// What to answer to whoever waits for the end of a wish. One that was given up has none to tell.
pub async fn reply(context: &Context, wish: &Wish) -> Result<Option<Vec<u8>>, StoreError> {
    let reply = match (action(context, wish).await?, payment(context, wish).await?) {
        (Some(kept), _) if !is_of(&kept, wish) => PaymentActionReply::Conflict,
        (_, None) => PaymentActionReply::NoSuchPayment,
        (None, Some(_)) => return Ok(None),
        (Some(kept), Some(payment)) => match kept.outcome {
            ActionOutcome::Done => PaymentActionReply::Payment(Box::new(PaymentView::for_merchant(&payment))),
            ActionOutcome::Refused { code, message } => PaymentActionReply::Refused { code, message },
        },
    };
    Ok(serde_json::to_vec(&reply).ok())
}

/// What was kept under the wish's key.
pub async fn action(context: &Context, wish: &Wish) -> Result<Option<PaymentAction>, StoreError> {
    let (kind, key) = (wish.request.kind(), &wish.idempotency_key);
    context.store.action(wish.merchant_id, kind, key).await
}

/// The payment that the wish is about, if it is the merchant's.
pub async fn payment(context: &Context, wish: &Wish) -> Result<Option<Payment>, StoreError> {
    let payment = context.store.payment(wish.payment_id).await?;
    Ok(payment.filter(|payment| payment.merchant_id == wish.merchant_id))
}

/// Whether this is what came of this wish, and not of another one under the same key.
pub fn is_of(kept: &PaymentAction, wish: &Wish) -> bool {
    kept.fingerprint == wish.request.fingerprint(wish.payment_id)
}
