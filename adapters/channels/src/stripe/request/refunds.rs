//! The requests about refunds.

use domain::channel::{NewRefund, RefundReason};
use serde::Serialize;
use stripe_client_core::{CustomizableStripeRequest, RequestBuilder, StripeMethod, StripeRequest};
use stripe_core::refund::{ListRefund, RetrieveRefund};

use super::{PAGE_SIZE, Request, asked, checked, checked_intent, keyed, refused};
use crate::stripe::{amount, refund::WireRefund, wire::WirePage};

/// A request to refund. The library's own keeps metadata in no order, so that a repeat would look different.
#[derive(Serialize)]
struct NewWireRefund<'r> {
    payment_intent: &'r str,
    /// The currency is not sent: Stripe takes that of the intent.
    amount: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// What the payment sent on is taken back in proportion, and so is the fee that was kept of it
    /// (<https://docs.stripe.com/api/refunds/create>).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reverse_transfer: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    refund_application_fee: bool,
    metadata: Marks,
}

/// The marks of a refund; their names are those of [`wire`](crate::stripe::wire). The payment's is for people who look at
/// the refund on Stripe's side, and for statements.
#[derive(Serialize)]
struct Marks {
    sluice_payment_id: String,
    sluice_refund_id: String,
}

/// Gives money of an intent back.
pub(in crate::stripe) fn create(new: &NewRefund) -> Request<WireRefund> {
    let (amount, _) = amount::to_wire(new.money).map_err(|error| refused("amount_not_taken", &error))?;
    let form = NewWireRefund {
        payment_intent: checked_intent(&new.intent.id)?,
        amount,
        reason: new.reason.map(written),
        reverse_transfer: new.destination.is_some(),
        refund_application_fee: kept_a_fee(new),
        metadata: Marks {
            sluice_payment_id: new.payment_id.to_string(),
            sluice_refund_id: new.refund_id.to_string(),
        },
    };
    let request = RequestBuilder::new(StripeMethod::Post, "/refunds").form(&form);
    keyed(request, &[&new.refund_id, &"create_refund"])
}

/// Whether the payment kept a fee of what it sent on: Stripe refuses to give back one that is not there.
fn kept_a_fee(new: &NewRefund) -> bool {
    let destination = new.destination.as_ref();
    destination.is_some_and(|to| to.application_fee_minor.is_some())
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
const fn written(reason: RefundReason) -> &'static str {
    match reason {
        RefundReason::RequestedByCustomer | RefundReason::PaidLate => "requested_by_customer",
        RefundReason::Duplicate => "duplicate",
        RefundReason::Fraudulent => "fraudulent",
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        channel::IntentRef,
        currency::Currency,
        id::{IdempotencyKey, MerchantId, PaymentId, RefundId},
        money::Money,
    };

    use super::*;

    fn form(reason: Option<RefundReason>) -> String {
        let merchant: MerchantId = "mer_00000000000000000000000000000001".parse().unwrap();
        let key = IdempotencyKey::try_from("order-1".to_owned()).unwrap();
        let new = NewRefund {
            refund_id: RefundId::derive(merchant, &key),
            payment_id: PaymentId::derive(merchant, &key),
            intent: IntentRef {
                id: "pi_1".into(),
                money: None,
                connected_account: None,
            },
            money: Money {
                amount_minor: 150,
                currency: Currency::ISK,
            },
            reason,
            callback_url: "https://pay.example/callbacks".into(),
            destination: None,
        };
        // The library shows a request's form only in its debug print.
        format!("{:?}", create(&new).unwrap())
    }

    #[test]
    fn a_refund_names_its_intent_and_its_amount_as_stripe_writes_it() {
        let form = form(None);
        for part in [
            "payment_intent=pi_1",
            "amount=15000",
            "sluice_refund_id",
            "sluice_payment_id",
        ] {
            assert!(form.contains(part), "{part} is not in {form}");
        }
        for absent in ["currency", "reason", "charge="] {
            assert!(!form.contains(absent), "{absent} is in {form}");
        }
    }

    #[test]
    fn every_reason_is_one_that_stripe_knows() {
        let cases = [
            (RefundReason::RequestedByCustomer, "requested_by_customer"),
            (RefundReason::Duplicate, "duplicate"),
            (RefundReason::Fraudulent, "fraudulent"),
            (RefundReason::PaidLate, "requested_by_customer"),
        ];
        for (reason, written) in cases {
            let form = form(Some(reason));
            assert!(form.contains(&format!("reason={written}")), "{form}");
        }
    }

    #[test]
    fn the_same_refund_gives_the_same_request() {
        for _ in 0..32 {
            assert_eq!(
                form(Some(RefundReason::Duplicate)),
                form(Some(RefundReason::Duplicate))
            );
        }
    }
}
