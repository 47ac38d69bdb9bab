//! What PayPal's channel sends to give money back, and how it finds a refund whose answer was lost.

use domain::{
    channel::{CallError, ChannelRefundStatus, NewRefund},
    currency::Currency,
    id::RefundId,
    money::Money,
};
use serde_json::json;

use crate::{
    answering::{Answering, answer},
    paypal_calls::{ORDER, PAYMENT, captured, credentials, intent, order, payment, shown, token, usd},
    setting::refund_id,
    stand::channels_at,
};

pub fn new_refund(refund_id: RefundId) -> NewRefund {
    let money = Money {
        amount_minor: 888,
        currency: Currency::USD,
    };
    NewRefund {
        refund_id,
        payment_id: payment(),
        intent: intent(),
        money,
        reason: None,
        callback_url: "https://pay.example/callbacks".into(),
        destination: None,
    }
}

#[tokio::test]
async fn a_refund_goes_to_the_capture_and_is_keyed() {
    let refund_id = refund_id();
    let paid = answer("200 OK", &order("COMPLETED", &captured(), &json!([])));
    let made = answer(
        "201 Created",
        &json!({"id": "1JU", "status": "PENDING", "amount": usd("8.88"), "custom_id": refund_id.to_string()}),
    );
    let failed = answer("500 Oh no", &json!({"name": "INTERNAL_SERVER_ERROR"}));
    let server = Answering::with(&[token("T1"), paid.clone(), failed, paid, made]).await;
    let channels = channels_at(&server.base_url);
    let credentials = credentials("client", "secret");
    let unknown = channels
        .create_refund(&credentials, &new_refund(refund_id))
        .await
        .0;
    assert!(matches!(unknown, Err(CallError::Unknown { .. })), "{unknown:?}");
    let refund = channels
        .create_refund(&credentials, &new_refund(refund_id))
        .await
        .0
        .unwrap();
    assert_eq!(refund.status, ChannelRefundStatus::Processing);
    assert_eq!(
        (refund.refund_id, refund.intent_id.as_deref()),
        (Some(refund_id), Some(ORDER))
    );
    let call = &server.requests().await[4];
    assert!(
        call.starts_with("POST /paypal/v2/payments/captures/42311647XV020574X/refund "),
        "{call}"
    );
    assert!(
        call.contains(&format!("paypal-request-id: {refund_id}/create_refund\r\n")),
        "{call}"
    );
    assert!(
        call.contains(r#""value":"8.88""#) && call.contains(&format!(r#""custom_id":"{refund_id}""#)),
        "{call}"
    );
}

#[tokio::test]
async fn what_was_not_captured_is_not_given_back() {
    let server = Answering::with(&[token("T1"), shown("APPROVED")]).await;
    let channels = channels_at(&server.base_url);
    let refused = channels
        .create_refund(&credentials("client", "secret"), &new_refund(refund_id()))
        .await
        .0;
    assert!(
        matches!(&refused, Err(CallError::Refused { code, .. }) if code == "not_captured"),
        "{refused:?}"
    );
    server.requests().await;
}

#[tokio::test]
async fn a_lost_refund_is_found_on_its_order() {
    let refund_id = refund_id();
    let refunds = json!([
        {"id": "1JT", "status": "COMPLETED", "amount": usd("1.00"), "custom_id": PAYMENT},
        {"id": "1JU", "status": "COMPLETED", "amount": usd("8.88"), "custom_id": refund_id.to_string()},
    ]);
    let paid = answer("200 OK", &order("COMPLETED", &captured(), &refunds));
    let server = Answering::with(&[token("T1"), paid.clone(), paid]).await;
    let channels = channels_at(&server.base_url);
    let credentials = credentials("client", "secret");
    let found = channels
        .find_refund(&credentials, &intent(), refund_id)
        .await
        .0
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.id.as_str(), found.status),
        ("1JU", ChannelRefundStatus::Succeeded)
    );
    let nobodys = "rfd_1fedc3ad96208c7eaf799d250faf6052".parse().unwrap();
    let absent = channels.find_refund(&credentials, &intent(), nobodys).await.0;
    assert_eq!(absent, Ok(None));
    server.requests().await;
}
