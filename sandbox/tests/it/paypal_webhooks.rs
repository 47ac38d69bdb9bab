//! Webhooks: who signed them, what they tell, and how often they come.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::client::kinds;
use crate::paypal_client::{PayPal, send};

/// What stands before an RSA-2048 key in a certificate: its algorithm, and the head of the bit string it is in.
const BEFORE_KEY: &str = "300d06092a864886f70d01010105000382010f00";

fn header<'a>(delivery: &'a Value, name: &str) -> &'a str {
    delivery["headers"][format!("paypal-{name}")].as_str().unwrap()
}

fn checksum(body: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in body {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                0xEDB8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            };
        }
    }
    !crc
}

/// Verifies a delivery with the certificate that its own header names.
async fn is_signed(paypal: &PayPal, delivery: &Value, webhook: &str) -> bool {
    let chain = paypal
        .http
        .get(header(delivery, "cert-url"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let leaf: String = chain
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with('-'))
        .collect();
    let leaf = STANDARD.decode(leaf).unwrap();
    let before = hex::decode(BEFORE_KEY).unwrap();
    let start = leaf
        .windows(before.len())
        .position(|window| window == before)
        .unwrap()
        + before.len();
    let body = delivery["body"].as_str().unwrap().as_bytes();
    let (id, time) = (
        header(delivery, "transmission-id"),
        header(delivery, "transmission-time"),
    );
    let signed = format!("{id}|{time}|{webhook}|{}", checksum(body));
    let signature = STANDARD.decode(header(delivery, "transmission-sig")).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &leaf[start..start + 270])
        .verify(signed.as_bytes(), &signature)
        .is_ok()
}

#[tokio::test]
async fn a_payment_and_its_refund_are_told_and_signed() {
    let paypal = PayPal::start().await;
    let app = paypal.hooks().await;
    assert!(
        app["trusted_root_pem"]
            .as_str()
            .unwrap()
            .starts_with("-----BEGIN CERTIFICATE")
    );
    let capture = paypal.paid(json!({})).await;
    let told = paypal.await_received("hooks", 2).await;
    let mut names = kinds(&told);
    names.sort_unstable();
    assert_eq!(names, ["CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED"]);
    let completed = told
        .iter()
        .find(|event| event["type"] == "PAYMENT.CAPTURE.COMPLETED")
        .unwrap();
    let resource = &completed["payload"]["resource"];
    assert_eq!(
        (&resource["id"], &resource["custom_id"]),
        (&json!(capture), &json!("pay_1"))
    );
    assert!(resource["supplementary_data"]["related_ids"]["order_id"].is_string());
    assert_eq!(header(completed, "auth-algo"), "SHA256withRSA");
    for delivery in &told {
        assert!(is_signed(&paypal, delivery, "1JE4291016473214C").await);
        assert!(!is_signed(&paypal, delivery, "ANOTHER").await);
    }

    paypal
        .post(&format!("/v2/payments/captures/{capture}/refund"), &json!({}))
        .await
        .is(201);
    let refunded = paypal.await_received("hooks", 3).await.pop().unwrap();
    assert_eq!(
        (&refunded["type"], &refunded["payload"]["resource_type"]),
        (&json!("PAYMENT.CAPTURE.REFUNDED"), &json!("refund"))
    );
    paypal.stop().await;
}

#[tokio::test]
async fn each_ending_has_its_event() {
    let paypal = PayPal::start().await;
    paypal.hooks().await;
    paypal.callbacks(json!({ "before_answer": true })).await;
    let capture = paypal
        .paid(json!({ "capture": "pending", "refunds": "pending" }))
        .await;
    paypal
        .told(&format!("/captures/{capture}/settle"), json!({ "paid": true }))
        .await;
    let path = format!("/v2/payments/captures/{capture}/refund");
    let refund = paypal.post(&path, &json!({})).await.is(201);
    let settle = format!("/refunds/{}/settle", refund["id"].as_str().unwrap());
    paypal.told(&settle, json!({ "status": "FAILED" })).await;
    paypal
        .told(&format!("/captures/{capture}/reverse"), Value::Null)
        .await;
    let denied = paypal.paid(json!({ "capture": "declined" })).await;
    let order = paypal.approved(json!({})).await;
    paypal
        .told(&format!("/orders/{order}/reverse_approval"), Value::Null)
        .await;
    let expected = [
        "CHECKOUT.ORDER.APPROVED",
        "PAYMENT.CAPTURE.PENDING",
        "PAYMENT.CAPTURE.COMPLETED",
        "PAYMENT.REFUND.PENDING",
        "PAYMENT.REFUND.FAILED",
        "PAYMENT.CAPTURE.REVERSED",
        "CHECKOUT.ORDER.APPROVED",
        "PAYMENT.CAPTURE.DENIED",
        "CHECKOUT.ORDER.APPROVED",
        "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
    ];
    assert_eq!(kinds(&paypal.received("hooks").await), expected);
    let reversed = &paypal.received("hooks").await[9]["payload"]["resource"];
    assert_eq!(reversed["order_id"], json!(order));
    assert_eq!(
        paypal.truth_of(&format!("captures?id={denied}")).await[0]["status"],
        "DECLINED"
    );
    paypal.stop().await;
}

#[tokio::test]
async fn a_repeat_is_the_same_event_in_another_transmission() {
    let paypal = PayPal::start().await;
    paypal.hooks().await;
    let down = json!({ "mode": "fail", "times": 2 });
    paypal
        .control(reqwest::Method::POST, "/merchants/hooks/behaviour", down)
        .await;
    paypal.approved(json!({})).await;
    let told = paypal.await_received("hooks", 3).await;
    let event = told[0]["payload"]["id"].as_str().unwrap();
    for delivery in &told {
        assert_eq!(
            (&delivery["payload"]["id"], &delivery["body"]),
            (&json!(event), &told[0]["body"])
        );
        assert!(is_signed(&paypal, delivery, "1JE4291016473214C").await);
    }
    assert_ne!(
        header(&told[0], "transmission-id"),
        header(&told[1], "transmission-id")
    );

    let again = paypal
        .control(
            reqwest::Method::POST,
            &format!("/events/{event}/resend"),
            Value::Null,
        )
        .await;
    assert_eq!((&again[0]["status"], &again[0]["copy"]), (&json!(200), &json!(2)));
    assert_eq!(paypal.received("hooks").await.len(), 4);
    paypal.stop().await;
}

#[tokio::test]
async fn a_webhook_can_lie_about_a_capture() {
    let paypal = PayPal::start().await;
    paypal.hooks().await;
    let capture = paypal.paid(json!({ "capture": "pending" })).await;
    paypal.await_received("hooks", 2).await;
    let lie = json!({ "event_type": "PAYMENT.CAPTURE.COMPLETED", "differs": { "value": "0.01", "currency_code": "EUR", "custom_id": "pay_2" } });
    paypal.told(&format!("/captures/{capture}/announce"), lie).await;
    let told = paypal.await_received("hooks", 3).await.pop().unwrap();
    let resource = &told["payload"]["resource"];
    assert_eq!(
        (&resource["amount"], &resource["custom_id"]),
        (
            &json!({ "value": "0.01", "currency_code": "EUR" }),
            &json!("pay_2")
        )
    );
    assert!(
        is_signed(&paypal, &told, "1JE4291016473214C").await,
        "a lie that is signed well"
    );
    let truth = &paypal.truth_of("captures").await[0];
    assert_eq!(
        (&truth["status"], &truth["amount"]),
        (&json!("PENDING"), &json!(8888))
    );
    paypal.stop().await;
}

#[tokio::test]
async fn paypal_itself_verifies_what_is_spliced_in_as_it_came() {
    let paypal = PayPal::start().await;
    paypal.hooks().await;
    paypal.approved(json!({})).await;
    let told = paypal.await_received("hooks", 1).await.pop().unwrap();
    let question = |event: &str, webhook: &str, certificate: &str| {
        format!(
            r#"{{"auth_algo":"{}","cert_url":"{certificate}","transmission_id":"{}","transmission_sig":"{}","transmission_time":"{}","webhook_id":"{webhook}","webhook_event":{event}}}"#,
            header(&told, "auth-algo"),
            header(&told, "transmission-id"),
            header(&told, "transmission-sig"),
            header(&told, "transmission-time"),
        )
    };
    let (body, ours) = (told["body"].as_str().unwrap(), header(&told, "cert-url"));
    let rewritten = format!("{:#}", told["payload"]);
    for (event, webhook, certificate, verdict) in [
        (body, "1JE4291016473214C", ours, "SUCCESS"),
        (&rewritten, "1JE4291016473214C", ours, "FAILURE"),
        (body, "ANOTHER", ours, "FAILURE"),
        (
            body,
            "1JE4291016473214C",
            "https://api.paypal.com.evil.example/cert",
            "FAILURE",
        ),
    ] {
        let request = paypal
            .call(
                reqwest::Method::POST,
                "/v1/notifications/verify-webhook-signature",
            )
            .body(question(event, webhook, certificate));
        assert_eq!(send(request).await.is(200)["verification_status"], verdict);
    }
    let empty = paypal
        .post("/v1/notifications/verify-webhook-signature", &json!({}))
        .await;
    empty.refused(400, "MISSING_REQUIRED_PARAMETER");
    paypal.stop().await;
}
