//! Refunds: never more than was captured, whatever order they come and end in.

use reqwest::Method;
use serde_json::{Value, json};

use crate::paypal_client::{Answer, PayPal, id_of, send};

async fn refund(paypal: &PayPal, capture: &str, value: &str) -> Answer {
    let body = json!({ "amount": { "currency_code": "USD", "value": value } });
    paypal
        .post(&format!("/v2/payments/captures/{capture}/refund"), &body)
        .await
}

async fn status(paypal: &PayPal, capture: &str) -> Value {
    let capture = paypal
        .get(&format!("/v2/payments/captures/{capture}"))
        .await
        .is(200);
    capture["status"].clone()
}

#[tokio::test]
async fn refunds_add_up_to_what_was_captured_and_no_further() {
    let paypal = PayPal::start().await;
    let capture = paypal.paid(json!({})).await;
    let brief = refund(&paypal, &capture, "8.88").await.is(201);
    assert_eq!(brief["status"], "COMPLETED");
    assert!(
        brief.get("amount").is_none(),
        "little is told unless more is preferred"
    );
    assert_eq!(status(&paypal, &capture).await, "PARTIALLY_REFUNDED");
    refund(&paypal, &capture, "80.01")
        .await
        .refused(422, "REFUND_AMOUNT_EXCEEDED");
    let euros = json!({ "amount": { "currency_code": "EUR", "value": "1.00" } });
    let path = format!("/v2/payments/captures/{capture}/refund");
    paypal
        .post(&path, &euros)
        .await
        .refused(422, "REFUND_CAPTURE_CURRENCY_MISMATCH");

    let rest = paypal
        .call(Method::POST, &path)
        .header("Prefer", "return=representation")
        .body(json!({ "custom_id": "refund_2", "note_to_payer": "Sorry" }).to_string());
    let rest = send(rest).await.is(201);
    assert_eq!(
        (&rest["amount"]["value"], &rest["custom_id"]),
        (&json!("80.00"), &json!("refund_2"))
    );
    assert_eq!(
        rest["seller_payable_breakdown"]["total_refunded_amount"]["value"],
        "88.88"
    );
    assert_eq!(status(&paypal, &capture).await, "REFUNDED");
    refund(&paypal, &capture, "0.01")
        .await
        .refused(422, "CAPTURE_FULLY_REFUNDED");
    let shown = paypal
        .get(&format!("/v2/payments/refunds/{}", id_of(&rest)))
        .await
        .is(200);
    assert_eq!(shown, rest);

    let order = paypal.truth_of("orders").await[0].clone();
    let shown = paypal
        .get(&format!("/v2/checkout/orders/{}", id_of(&order)))
        .await
        .is(200);
    assert_eq!(
        shown["purchase_units"][0]["payments"]["refunds"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(order["amount_refunded"], 8888);
    paypal.stop().await;
}

#[tokio::test]
async fn pending_refunds_hold_their_money_and_failed_ones_free_it() {
    let paypal = PayPal::start().await;
    let capture = paypal.paid(json!({ "refunds": "pending" })).await;
    let pending = id_of(&refund(&paypal, &capture, "50.00").await.is(201));
    let shown = paypal
        .get(&format!("/v2/payments/refunds/{pending}"))
        .await
        .is(200);
    assert_eq!(
        (&shown["status"], &shown["status_details"]["reason"]),
        (&json!("PENDING"), &json!("ECHECK"))
    );
    assert_eq!(status(&paypal, &capture).await, "COMPLETED");
    refund(&paypal, &capture, "50.00")
        .await
        .refused(422, "REFUND_AMOUNT_EXCEEDED");
    let failed = paypal
        .told(
            &format!("/refunds/{pending}/settle"),
            json!({ "status": "FAILED" }),
        )
        .await;
    assert_eq!(failed["status"], "FAILED");

    paypal
        .told(
            &format!("/captures/{capture}/refunds"),
            json!({ "refunds": "completed" }),
        )
        .await;
    let second = id_of(&refund(&paypal, &capture, "88.88").await.is(201));
    assert_eq!(status(&paypal, &capture).await, "REFUNDED");
    paypal
        .told(
            &format!("/refunds/{second}/settle"),
            json!({ "status": "FAILED" }),
        )
        .await;
    assert_eq!(status(&paypal, &capture).await, "COMPLETED");
    let truth = paypal.truth_of("refunds?status=FAILED").await;
    assert_eq!(truth.len(), 2);
    paypal.stop().await;
}

#[tokio::test]
async fn a_lost_dispute_takes_the_money_back() {
    let paypal = PayPal::start().await;
    let capture = paypal.paid(json!({})).await;
    let opened = paypal
        .told(&format!("/captures/{capture}/dispute"), json!({}))
        .await;
    let id = opened["dispute_id"].as_str().unwrap();
    assert_eq!(
        paypal.get(&format!("/v1/customer/disputes/{id}")).await.is(200)["status"],
        "OPEN"
    );
    let resolved = paypal
        .told(&format!("/disputes/{id}/resolve"), json!({ "won": false }))
        .await;
    assert_eq!(
        resolved["dispute_outcome"]["outcome_code"],
        "RESOLVED_BUYER_FAVOUR"
    );
    assert_eq!(status(&paypal, &capture).await, "REFUNDED");
    assert_eq!(paypal.truth_of("disputes").await[0]["won"], false);
    paypal.stop().await;
}
