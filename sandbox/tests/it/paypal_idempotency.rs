//! `PayPal-Request-Id`: nothing is done twice, and what was done is told as it is by now.

use reqwest::Method;
use serde_json::{Value, json};

use crate::paypal_client::{PayPal, id_of, order_of};

#[tokio::test]
async fn the_same_request_is_carried_out_once() {
    let paypal = PayPal::start().await;
    let body = order_of("USD", "88.88");
    let first = paypal.post_as("k1", "/v2/checkout/orders", &body).await.is(200);
    let id = id_of(&first);
    paypal.told(&format!("/orders/{id}/approve"), json!({})).await;
    let again = paypal.post_as("k1", "/v2/checkout/orders", &body).await.is(200);
    assert_eq!(
        (id_of(&again), &again["status"]),
        (id.clone(), &json!("APPROVED")),
        "as it is by now"
    );
    let other = order_of("USD", "99.99");
    paypal
        .post_as("k1", "/v2/checkout/orders", &other)
        .await
        .refused(422, "DUPLICATE_REQUEST_ID");

    let path = format!("/v2/checkout/orders/{id}/capture");
    let captured = paypal.post_as("k1", &path, &json!({})).await.is(201);
    let again = paypal.post_as("k1", &path, &json!({})).await.is(200);
    assert_eq!(captured, again, "an id counts for each kind of request by itself");
    let capture = id_of(&captured["purchase_units"][0]["payments"]["captures"][0]);
    let path = format!("/v2/payments/captures/{capture}/refund");
    let body = json!({ "amount": { "currency_code": "USD", "value": "10.00" } });
    let refund = paypal.post_as("r1", &path, &body).await.is(201);
    assert_eq!(paypal.post_as("r1", &path, &body).await.is(200), refund);
    paypal.post_as("r2", &path, &body).await.is(201);
    assert_eq!(paypal.truth_of("refunds").await.len(), 2);
    let replays = paypal.calls("idempotency_key=r1").await;
    let told: Vec<_> = replays
        .iter()
        .map(|call| (&call["effect"], &call["replayed"]))
        .collect();
    assert_eq!(
        told,
        [(&json!(true), &json!(false)), (&json!(false), &json!(true))]
    );
    paypal.stop().await;
}

#[tokio::test]
async fn what_was_refused_may_be_tried_again_under_the_same_id() {
    let paypal = PayPal::start().await;
    let id = paypal
        .approved(json!({ "capture": "instrument_declined", "times": 1 }))
        .await;
    let path = format!("/v2/checkout/orders/{id}/capture");
    paypal
        .post_as("c1", &path, &json!({}))
        .await
        .refused(422, "INSTRUMENT_DECLINED");
    paypal.post_as("c1", &path, &json!({})).await.is(201);
    paypal.stop().await;
}

#[tokio::test]
async fn an_answer_that_was_lost_is_found_again() {
    let paypal = PayPal::start().await;
    let capture = paypal.paid(json!({})).await;
    let path = format!("/v2/payments/captures/{capture}/refund");
    let body = json!({ "amount": { "currency_code": "USD", "value": "88.88" } });
    let route = "POST /paypal/v2/payments/captures/{id}/refund";
    paypal
        .fault(json!({ "route": route, "fault": "error_after", "status": 500, "times": 1 }))
        .await;
    let unknown = paypal.post_as("r1", &path, &body).await.is(500);
    assert_eq!(unknown["name"], "INTERNAL_SERVER_ERROR");
    assert_eq!(
        paypal.truth_of("refunds").await.len(),
        1,
        "500 does not mean that nothing happened"
    );
    paypal
        .fault(json!({ "route": route, "fault": "reset_after", "times": 1 }))
        .await;
    let reset = paypal.call(Method::POST, &path).header("PayPal-Request-Id", "r1");
    reset.body(body.to_string()).send().await.unwrap_err();
    assert_eq!(
        paypal.post_as("r1", &path, &body).await.is(200)["status"],
        "COMPLETED"
    );

    paypal
        .control(Method::DELETE, "/paypal/request_ids", Value::Null)
        .await;
    paypal
        .post_as("r1", &path, &body)
        .await
        .refused(422, "CAPTURE_FULLY_REFUNDED");
    paypal.stop().await;
}
