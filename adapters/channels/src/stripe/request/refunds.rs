//! The requests about refunds.

use domain::channel::{NewRefund, RefundReason};
use stripe_client_core::{CustomizableStripeRequest, StripeRequest};
use stripe_core::refund::{CreateRefund, CreateRefundReason, ListRefund, RetrieveRefund};

use super::{PAGE_SIZE, Request, asked, checked, checked_intent, keyed, refused};
use crate::stripe::{PAYMENT_ID_KEY, REFUND_ID_KEY, amount, refund::WireRefund, wire::WirePage};

/// Gives money of an intent back. The refund carries its payment's id too, for people who look at it on Stripe's side.
pub(in crate::stripe) fn create(new: &NewRefund) -> Request<WireRefund> {
    let intent_id = checked_intent(&new.intent_id)?;
    // The currency is not sent: Stripe takes that of the intent.
    let (amount, _) = amount::to_wire(new.money).map_err(|error| refused("amount_not_taken", &error))?;
    let metadata = [
        (REFUND_ID_KEY.to_owned(), new.refund_id.to_string()),
        (PAYMENT_ID_KEY.to_owned(), new.payment_id.to_string()),
    ];
    let mut request = CreateRefund::new()
        .payment_intent(intent_id)
        .amount(amount)
        .metadata(metadata);
    if let Some(reason) = new.reason {
        request = request.reason(written(reason));
    }
    keyed(request.build(), &[&new.refund_id, &"create_refund"])
}

pub(in crate::stripe) fn retrieve(channel_refund_id: &str) -> Request<WireRefund> {
    let id = checked(channel_refund_id, "invalid_refund_id")?;
    Ok(asked(RetrieveRefund::new(id).build()))
}

/// One page of an intent's refunds, newest first, after the refund the last page ended with.
pub(in crate::stripe) fn list(
    intent_id: &str,
    after: Option<String>,
) -> CustomizableStripeRequest<WirePage<WireRefund>> {
    let mut request = ListRefund::new().payment_intent(intent_id).limit(PAGE_SIZE);
    if let Some(after) = after {
        request = request.starting_after(after);
    }
    asked(request.build())
}

/// Stripe knows three reasons, and none for money that came too late.
const fn written(reason: RefundReason) -> CreateRefundReason {
    match reason {
        RefundReason::RequestedByCustomer | RefundReason::PaidLate => CreateRefundReason::RequestedByCustomer,
        RefundReason::Duplicate => CreateRefundReason::Duplicate,
        RefundReason::Fraudulent => CreateRefundReason::Fraudulent,
    }
}
