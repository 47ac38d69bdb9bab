//! What other providers than Stripe have in their books, put into Stripe's words, so that everything is compared once.
//!
//! Alipay and WeChat Pay know a payment and a refund by the number that the merchant gives it. Made of the id, it is the
//! mark and the idempotency key at once.

pub mod alipay;
pub mod paypal;
pub mod wallet;
pub mod wechat;

use std::collections::HashMap;

use super::facts::Opening;

/// A call whose idempotency key is the merchant's number in it.
pub fn numbered(call: Opening) -> Opening {
    let number = |name: &str| call.metadata.get(name).cloned();
    let (refund, payment) = (
        number("out_request_no").or_else(|| number("out_refund_no")),
        number("out_trade_no"),
    );
    let mut metadata = HashMap::new();
    if let Some(refund) = &refund {
        metadata.extend(marked_refund(refund));
    } else if let Some(payment) = &payment {
        metadata.extend(marked_payment(payment));
    }
    Opening {
        idempotency_key: refund.or(payment),
        metadata,
    }
}

/// The mark of the payment whose number this is.
fn marked_payment(number: &str) -> HashMap<String, String> {
    HashMap::from([("sluice_payment_id".to_owned(), format!("pay_{number}"))])
}

/// The mark of the refund whose number this is.
fn marked_refund(number: &str) -> HashMap<String, String> {
    HashMap::from([("sluice_refund_id".to_owned(), format!("rfd_{number}"))])
}
