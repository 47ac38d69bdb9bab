//! Orders: what is refused, how payers approve and leave, and what captures come to.

use reqwest::{Method, StatusCode, redirect};
use sandbox::SandboxConfig;
use serde_json::{Value, json};

use crate::paypal_client::{APP, PayPal, id_of, order_of, send};

#[tokio::test]
async fn an_order_is_approved_and_captured() {
    let paypal = PayPal::start().await;
    let made = paypal
        .post("/v2/checkout/orders", &order_of("USD", "88.88"))
        .await
        .is(200);
    assert_eq!(made["status"], "PAYER_ACTION_REQUIRED");
    assert!(
        made.get("purchase_units").is_none(),
        "little is told unless more is preferred"
    );
    assert_eq!(made["links"][1]["rel"], "payer-action");
    let id = id_of(&made);
    paypal.capture(&id).await.refused(422, "ORDER_NOT_APPROVED");

    let back = paypal.told(&format!("/orders/{id}/approve"), Value::Null).await;
    let redirect = back["redirect"].as_str().unwrap();
    assert!(
        redirect.starts_with(&format!("https://shop.example/back?order=7&token={id}&PayerID=")),
        "{redirect}"
    );
    let order = paypal.get(&format!("/v2/checkout/orders/{id}")).await.is(200);
    assert_eq!(order["status"], "APPROVED");
    assert!(
        order["purchase_units"][0].get("payments").is_none(),
        "approval is not money"
    );

    let captured = paypal.capture(&id).await.is(201);
    assert_eq!(captured["status"], "COMPLETED");
    let capture = &captured["purchase_units"][0]["payments"]["captures"][0];
    assert_eq!(
        (
            &capture["status"],
            &capture["amount"]["value"],
            &capture["custom_id"]
        ),
        (&json!("COMPLETED"), &json!("88.88"), &json!("pay_1"))
    );
    let sums = &capture["seller_receivable_breakdown"];
    assert_eq!(
        (&sums["paypal_fee"]["value"], &sums["net_amount"]["value"]),
        (&json!("3.59"), &json!("85.29"))
    );
    paypal.capture(&id).await.refused(422, "ORDER_ALREADY_CAPTURED");
    let shown = paypal
        .get(&format!("/v2/payments/captures/{}", id_of(capture)))
        .await
        .is(200);
    assert_eq!(&shown, capture);
    let truth = &paypal.truth_of(&format!("orders?id={id}")).await[0];
    assert_eq!(
        (&truth["amount_captured"], &truth["account"]),
        (&json!(8888), &json!(APP))
    );
    paypal.stop().await;
}

#[tokio::test]
async fn an_order_without_a_wallet_is_created_and_shown_in_full_when_preferred() {
    let paypal = PayPal::start().await;
    let mut body = order_of("JPY", "8888");
    body.as_object_mut().unwrap().remove("payment_source");
    let request = paypal
        .call(Method::POST, "/v2/checkout/orders")
        .header("Prefer", "return=representation");
    let made = send(request.body(body.to_string())).await.is(201);
    assert_eq!(
        (&made["status"], &made["links"][1]["rel"]),
        (&json!("CREATED"), &json!("approve"))
    );
    let unit = &made["purchase_units"][0];
    assert_eq!(
        (&unit["amount"]["value"], &unit["reference_id"]),
        (&json!("8888"), &json!("default"))
    );
    paypal.stop().await;
}

#[tokio::test]
async fn what_paypal_refuses_is_refused() {
    let paypal = PayPal::start().await;
    let unit = |unit: Value| json!({ "intent": "CAPTURE", "purchase_units": [unit] });
    let long = "x".repeat(256);
    for (body, status, issue) in [
        (json!({}), 400, "MISSING_REQUIRED_PARAMETER"),
        (json!({ "intent": "AUTHORIZE" }), 400, "INVALID_PARAMETER_VALUE"),
        (
            json!({ "intent": "CAPTURE", "purchase_units": [] }),
            400,
            "INVALID_ARRAY_MIN_ITEMS",
        ),
        (unit(json!({})), 400, "MISSING_REQUIRED_PARAMETER"),
        (
            unit(json!({ "amount": { "currency_code": "USD", "value": 88.88 } })),
            400,
            "INVALID_PARAMETER_SYNTAX",
        ),
        (order_of("JPY", "88.88"), 422, "DECIMALS_NOT_SUPPORTED"),
        (order_of("TWD", "88.00"), 422, "DECIMALS_NOT_SUPPORTED"),
        (order_of("USD", "88.888"), 422, "DECIMAL_PRECISION"),
        (order_of("CLP", "88"), 422, "CURRENCY_NOT_SUPPORTED"),
        (order_of("USD", "0.00"), 422, "CANNOT_BE_ZERO_OR_NEGATIVE"),
        (
            unit(json!({ "amount": { "currency_code": "USD", "value": "1" }, "custom_id": long })),
            400,
            "INVALID_STRING_LENGTH",
        ),
    ] {
        paypal
            .post("/v2/checkout/orders", &body)
            .await
            .refused(status, issue);
    }
    let bare = paypal
        .call(Method::POST, "/v2/checkout/orders")
        .body(order_of("USD", "1.00").to_string());
    send(bare).await.refused(400, "PAYPAL_REQUEST_ID_REQUIRED");
    let broken = paypal
        .call(Method::POST, "/v2/checkout/orders")
        .body("{\"intent\":");
    send(broken).await.refused(400, "MALFORMED_REQUEST_JSON");
    let untyped = paypal
        .http
        .post(format!("{}/paypal/v2/checkout/orders/X/capture", paypal.base));
    let answer = send(untyped.bearer_auth(&paypal.token)).await.is(415);
    assert_eq!(answer["name"], "UNSUPPORTED_MEDIA_TYPE");
    assert_eq!(paypal.truth_of("orders").await.len(), 0);
    paypal.stop().await;
}

#[tokio::test]
async fn a_payer_can_leave_come_back_and_approve_by_hand() {
    let paypal = PayPal::start().await;
    let id = paypal.order().await;
    let left = paypal.told(&format!("/orders/{id}/cancel"), Value::Null).await;
    assert_eq!(left["redirect"], format!("https://shop.example/left?token={id}"));
    let order = paypal.get(&format!("/v2/checkout/orders/{id}")).await.is(200);
    assert_eq!(
        order["status"], "PAYER_ACTION_REQUIRED",
        "nobody is told that a payer left"
    );

    let browser = reqwest::Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .build()
        .unwrap();
    let page = order["links"][1]["href"].as_str().unwrap();
    assert!(
        browser
            .get(page)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
            .contains("Pay 88.88 USD?")
    );
    let leaving = browser
        .post(format!("{page}&ending=approve"))
        .send()
        .await
        .unwrap();
    assert_eq!(leaving.status(), StatusCode::SEE_OTHER);
    assert!(
        leaving.headers()["location"]
            .to_str()
            .unwrap()
            .contains("PayerID=")
    );
    paypal.capture(&id).await.is(201);
    paypal.stop().await;
}

#[tokio::test]
async fn orders_that_are_not_captured_are_forgotten() {
    let paypal = PayPal::with(SandboxConfig {
        paypal_order_lifetime_ms: 150,
        ..SandboxConfig::default()
    })
    .await;
    let (paid, waiting) = (paypal.approved(json!({})).await, paypal.order().await);
    paypal.capture(&paid).await.is(201);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let path = |id: &str| format!("/v2/checkout/orders/{id}");
    paypal.get(&path(&paid)).await.is(200);
    paypal
        .get(&path(&waiting))
        .await
        .refused(404, "INVALID_RESOURCE_ID");
    paypal.capture(&waiting).await.refused(404, "INVALID_RESOURCE_ID");
    let truth = paypal.truth_of(&format!("orders?id={waiting}")).await;
    assert_eq!(truth[0]["expired"], true);
    paypal.stop().await;
}

#[tokio::test]
async fn an_approved_order_expires_or_loses_its_approval_by_control() {
    let paypal = PayPal::start().await;
    let (first, second) = (paypal.approved(json!({})).await, paypal.approved(json!({})).await);
    paypal.told(&format!("/orders/{first}/expire"), Value::Null).await;
    paypal.capture(&first).await.refused(404, "INVALID_RESOURCE_ID");
    paypal
        .told(&format!("/orders/{second}/reverse_approval"), Value::Null)
        .await;
    paypal.capture(&second).await.refused(422, "ORDER_NOT_APPROVED");
    let order = paypal.get(&format!("/v2/checkout/orders/{second}")).await.is(200);
    assert_eq!(order["status"], "VOIDED");
    paypal.stop().await;
}

#[tokio::test]
async fn captures_are_declined_as_the_payer_was_told_to() {
    let paypal = PayPal::start().await;
    let plan = json!({ "capture": "instrument_declined", "times": 1 });
    let id = paypal.approved(plan).await;
    let refused = paypal.capture(&id).await.refused(422, "INSTRUMENT_DECLINED");
    assert_eq!(refused["links"][1]["rel"], "redirect");
    paypal.capture(&id).await.is(201);

    let id = paypal.approved(json!({ "capture": "declined" })).await;
    let captured = paypal.capture(&id).await.is(201);
    assert_eq!(
        captured["status"], "COMPLETED",
        "the order is, its capture is not"
    );
    assert_eq!(
        captured["purchase_units"][0]["payments"]["captures"][0]["status"],
        "DECLINED"
    );

    let pending = paypal.paid(json!({ "capture": "pending" })).await;
    let path = format!("/v2/payments/captures/{pending}");
    let capture = paypal.get(&path).await.is(200);
    assert_eq!(
        (&capture["status"], &capture["status_details"]["reason"]),
        (&json!("PENDING"), &json!("PENDING_REVIEW"))
    );
    paypal
        .post(&format!("{path}/refund"), &json!({}))
        .await
        .refused(422, "CANNOT_PROCESS_REFUNDS");
    paypal
        .told(&format!("/captures/{pending}/settle"), json!({ "paid": true }))
        .await;
    assert_eq!(paypal.get(&path).await.is(200)["status"], "COMPLETED");
    paypal.stop().await;
}

#[tokio::test]
async fn an_invoice_id_is_paid_once_unless_the_app_says_otherwise() {
    let paypal = PayPal::start().await;
    let mut body = order_of("USD", "5.00");
    body["purchase_units"][0]["invoice_id"] = json!("T1");
    let mut orders = Vec::new();
    for _ in 0..2 {
        let id = id_of(&paypal.post("/v2/checkout/orders", &body).await.is(200));
        paypal.told(&format!("/orders/{id}/approve"), json!({})).await;
        orders.push(id);
    }
    paypal.capture(&orders[0]).await.is(201);
    paypal
        .capture(&orders[1])
        .await
        .refused(422, "DUPLICATE_INVOICE_ID");
    let repeat = json!({ "invoice_ids_repeat": true });
    paypal
        .control(Method::PUT, &format!("/paypal/apps/{APP}"), repeat)
        .await;
    paypal.capture(&orders[1]).await.is(201);
    paypal.stop().await;
}

#[tokio::test]
async fn a_capture_can_differ_from_its_order() {
    let paypal = PayPal::start().await;
    let differs = json!({ "differs": { "value": "1.00", "currency_code": "EUR", "custom_id": "pay_2" } });
    let capture = paypal.paid(differs).await;
    let truth = &paypal.truth_of(&format!("captures?id={capture}")).await[0];
    assert_eq!(
        (&truth["amount"], &truth["currency"], &truth["custom_id"]),
        (&json!(100), &json!("EUR"), &json!("pay_2"))
    );
    paypal.stop().await;
}
