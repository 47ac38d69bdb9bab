//! The state machine of payment intents, and what is refused.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Client;

#[tokio::test]
async fn an_intent_is_created_and_paid() {
    let client = Client::start().await;
    let form = [
        ("amount", "1999"),
        ("currency", "EUR"),
        ("automatic_payment_methods[enabled]", "true"),
        ("metadata[payment_id]", "p1"),
    ];
    let created = client.post("payment_intents", &form).await.ok();
    assert_eq!(created["status"], "requires_payment_method");
    assert_eq!(
        (&created["amount"], &created["currency"]),
        (&json!(1999), &json!("eur"))
    );
    let id = created["id"].as_str().unwrap();
    assert!(
        created["client_secret"]
            .as_str()
            .unwrap()
            .starts_with(&format!("{id}_secret_"))
    );

    let paid = client
        .post(
            &format!("payment_intents/{id}/confirm"),
            &[("payment_method", "pm_card_visa")],
        )
        .await
        .ok();
    assert_eq!(
        (&paid["status"], &paid["amount_received"]),
        (&json!("succeeded"), &json!(1999))
    );
    let charge = client
        .get(
            &format!("charges/{}", paid["latest_charge"].as_str().unwrap()),
            &[],
        )
        .await
        .ok();
    assert_eq!(
        (&charge["paid"], &charge["payment_intent"]),
        (&json!(true), &json!(id))
    );
    for ending in ["confirm", "cancel"] {
        let error = client.post(&format!("payment_intents/{id}/{ending}"), &[]).await;
        assert_eq!(
            error.error(400, "payment_intent_unexpected_state")["payment_intent"]["id"],
            id
        );
    }
    client.stop().await;
}

#[tokio::test]
async fn declines_tell_why_and_leave_the_intent_open() {
    let client = Client::start().await;
    let cases = [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        (
            "pm_card_visa_chargeDeclinedInsufficientFunds",
            "card_declined",
            "insufficient_funds",
        ),
        ("pm_card_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
        (
            "pm_card_chargeDeclinedExpiredCard",
            "expired_card",
            "expired_card",
        ),
        (
            "pm_card_chargeDeclinedIncorrectCvc",
            "incorrect_cvc",
            "incorrect_cvc",
        ),
        (
            "pm_card_chargeDeclinedProcessingError",
            "processing_error",
            "processing_error",
        ),
    ];
    let id = client.intent("p1").await;
    for (method, code, decline_code) in cases {
        let error = client
            .post(
                &format!("payment_intents/{id}/confirm"),
                &[("payment_method", method)],
            )
            .await
            .error(402, code);
        assert_eq!(
            (&error["type"], &error["decline_code"]),
            (&json!("card_error"), &json!(decline_code)),
            "{method}"
        );
        let intent = &error["payment_intent"];
        assert_eq!(
            (&intent["status"], &intent["payment_method"]),
            (&json!("requires_payment_method"), &Value::Null)
        );
        assert_eq!(intent["last_payment_error"]["decline_code"], decline_code);
    }
    let paid = client
        .post(
            &format!("payment_intents/{id}/confirm"),
            &[("payment_method", "pm_card_mastercard")],
        )
        .await
        .ok();
    assert_eq!(
        (&paid["status"], &paid["last_payment_error"]),
        (&json!("succeeded"), &Value::Null)
    );
    let truth = client.truth("metadata[payment_id]=p1").await;
    assert_eq!(
        (&truth[0]["charges_failed"], &truth[0]["charges_succeeded"]),
        (&json!(cases.len()), &json!(1))
    );
    client.stop().await;
}

#[tokio::test]
async fn raw_numbers_behave_like_their_names() {
    let client = Client::start().await;
    let pay = async |number: &str| {
        let data = [
            ("payment_method_data[type]", "card"),
            ("payment_method_data[card][number]", number),
        ];
        let form = [
            &data[..],
            &[("amount", "900"), ("currency", "usd"), ("confirm", "true")],
        ]
        .concat();
        client.post("payment_intents", &form).await
    };
    assert_eq!(pay("4242424242424242").await.ok()["status"], "succeeded");
    assert_eq!(pay("4000002500003155").await.ok()["status"], "requires_action");
    assert_eq!(
        pay("4000000000000002").await.error(402, "card_declined")["decline_code"],
        "generic_decline"
    );
    assert_eq!(
        pay("4000000000009995").await.error(402, "card_declined")["decline_code"],
        "insufficient_funds"
    );
    pay("4111111111111112").await.error(402, "incorrect_number");
    client.stop().await;
}

#[tokio::test]
async fn the_payer_passes_or_fails_authentication() {
    let client = Client::start().await;
    for (method, ending, status) in [
        ("pm_card_threeDSecure2Required", "complete", "succeeded"),
        (
            "pm_card_authenticationRequired",
            "fail",
            "requires_payment_method",
        ),
        (
            "pm_card_threeDSecureRequiredChargeDeclined",
            "complete",
            "requires_payment_method",
        ),
    ] {
        let id = client.intent("p1").await;
        let asked = client
            .post(
                &format!("payment_intents/{id}/confirm"),
                &[("payment_method", method)],
            )
            .await
            .ok();
        assert_eq!(asked["status"], "requires_action");
        let url = asked["next_action"]["redirect_to_url"]["url"].as_str().unwrap();
        assert_eq!(client.http.get(url).send().await.unwrap().status(), 200);
        let ended = client
            .control(Method::POST, &format!("/3ds/{id}/{ending}"), Value::Null)
            .await;
        assert_eq!(
            (&ended["status"], &ended["next_action"]),
            (&json!(status), &Value::Null),
            "{method} {ending}"
        );
        let again = client.http.post(format!("{url}/complete")).send().await.unwrap();
        assert_eq!(again.status(), 400, "an authentication ends once");
    }
    let id = client.intent("p1").await;
    let form = [
        ("payment_method", "pm_card_authenticationRequired"),
        ("off_session", "true"),
    ];
    client
        .post(&format!("payment_intents/{id}/confirm"), &form)
        .await
        .error(402, "authentication_required");
    client.stop().await;
}

#[tokio::test]
async fn manual_capture_and_cancellation() {
    let client = Client::start().await;
    let form = [
        ("amount", "2000"),
        ("currency", "usd"),
        ("capture_method", "manual"),
        ("payment_method", "pm_card_visa"),
        ("confirm", "true"),
    ];
    let held = client.post("payment_intents", &form).await.ok();
    assert_eq!(
        (&held["status"], &held["amount_capturable"]),
        (&json!("requires_capture"), &json!(2000))
    );
    let id = held["id"].as_str().unwrap();
    client
        .post(
            &format!("payment_intents/{id}/capture"),
            &[("amount_to_capture", "2001")],
        )
        .await
        .error(400, "amount_too_large");
    let taken = client
        .post(
            &format!("payment_intents/{id}/capture"),
            &[("amount_to_capture", "1500")],
        )
        .await
        .ok();
    assert_eq!(
        (&taken["status"], &taken["amount_received"]),
        (&json!("succeeded"), &json!(1500))
    );

    let released = client.post("payment_intents", &form).await.id();
    let canceled = client
        .post(
            &format!("payment_intents/{released}/cancel"),
            &[("cancellation_reason", "abandoned")],
        )
        .await
        .ok();
    assert_eq!(
        (&canceled["status"], &canceled["cancellation_reason"]),
        (&json!("canceled"), &json!("abandoned"))
    );
    assert!(canceled["canceled_at"].is_i64());
    let refused = client
        .post(
            &format!("payment_intents/{released}/confirm"),
            &[("payment_method", "pm_card_visa")],
        )
        .await;
    refused.error(400, "payment_intent_unexpected_state");
    client.stop().await;
}

#[tokio::test]
async fn a_bank_debit_is_processing_until_it_settles() {
    let client = Client::start().await;
    let late = client.paid("pm_usBankAccount_success").await;
    let open = client.paid("pm_usBankAccount_processing").await;
    assert_eq!(
        client.get(&format!("payment_intents/{open}"), &[]).await.ok()["status"],
        "processing"
    );
    for _ in 0..100 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        if client.truth(&format!("id={late}")).await[0]["status"] == "succeeded" {
            break;
        }
    }
    assert_eq!(
        client.truth(&format!("id={late}")).await[0]["status"],
        "succeeded"
    );
    assert_eq!(
        client.truth(&format!("id={open}")).await[0]["status"],
        "processing"
    );
    let settled = client
        .control(
            Method::POST,
            &format!("/stripe/intents/{open}/settle"),
            json!({"paid": false}),
        )
        .await;
    assert_eq!(settled["status"], "requires_payment_method");
    client.stop().await;
}

#[tokio::test]
async fn metadata_is_merged_and_amounts_change_while_open() {
    let client = Client::start().await;
    let id = client.intent("p1").await;
    let path = format!("payment_intents/{id}");
    let form = [
        ("metadata[order]", "o1"),
        ("metadata[payment_id]", ""),
        ("amount", "2500"),
        ("description", "two"),
    ];
    let updated = client.post(&path, &form).await.ok();
    assert_eq!(
        (&updated["metadata"], &updated["amount"]),
        (&json!({"order": "o1"}), &json!(2500))
    );
    assert_eq!(
        client.post(&path, &[("metadata", "")]).await.ok()["metadata"],
        json!({})
    );
    client
        .post(&format!("{path}/confirm"), &[("payment_method", "pm_card_visa")])
        .await
        .ok();
    client
        .post(&path, &[("amount", "2600")])
        .await
        .error(400, "payment_intent_unexpected_state");
    assert_eq!(
        client.post(&path, &[("metadata[late]", "yes")]).await.ok()["metadata"]["late"],
        "yes"
    );
    client.stop().await;
}

#[tokio::test]
async fn a_payment_can_cross_the_closing() {
    let client = Client::start().await;
    let id = client.intent("p1").await;
    let reason = [("cancellation_reason", "abandoned")];
    client
        .post(&format!("payment_intents/{id}/cancel"), &reason)
        .await
        .ok();
    let pay = async |method: &str, even_if_closed: bool| {
        let body = json!({"payment_method": method, "even_if_closed": even_if_closed});
        let request = client
            .http
            .post(format!("{}/sandbox/stripe/intents/{id}/pay", client.base))
            .header("content-type", "application/json")
            .body(body.to_string());
        request.send().await.unwrap().status()
    };
    assert_eq!(pay("pm_card_visa", false).await, 400);
    assert_eq!(pay("pm_card_chargeDeclined", true).await, 400);
    assert_eq!(client.truth("").await[0]["status"], "canceled");
    assert_eq!(pay("pm_card_visa", true).await, 200);
    let paid = client.get(&format!("payment_intents/{id}"), &[]).await.ok();
    assert_eq!(
        (&paid["status"], &paid["amount_received"], &paid["canceled_at"]),
        (&json!("succeeded"), &json!(2000), &Value::Null)
    );
    let told = client
        .get("events", &[("type", "payment_intent.succeeded")])
        .await
        .ok();
    assert_eq!(told["data"].as_array().unwrap().len(), 1);
    let movements = client.get("balance_transactions", &[]).await.ok();
    assert_eq!(movements["data"].as_array().unwrap().len(), 1);
    client.stop().await;
}
