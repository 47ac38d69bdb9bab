//! Who may call the PayPal double, and for how long.

use reqwest::Method;
use serde_json::{Value, json};

use crate::paypal_client::{APP, PayPal, SECRET, order_of, send};

#[tokio::test]
async fn an_app_is_known_at_first_sight_and_keeps_its_secret() {
    let paypal = PayPal::start().await;
    let token = paypal.ask_token(APP, SECRET, "client_credentials").await.is(200);
    assert_eq!(
        (&token["token_type"], &token["expires_in"]),
        (&json!("Bearer"), &json!(32_400))
    );
    let refused = paypal
        .ask_token(APP, "another", "client_credentials")
        .await
        .is(401);
    assert_eq!(refused["error"], "invalid_client");
    let refused = paypal.ask_token(APP, SECRET, "password").await.is(400);
    assert_eq!(refused["error"], "unsupported_grant_type");
    paypal
        .ask_token("client-two", "another", "client_credentials")
        .await
        .is(200);
    paypal.stop().await;
}

#[tokio::test]
async fn tokens_expire_and_are_revoked() {
    let mut paypal = PayPal::start().await;
    let order = paypal.order().await;
    let path = format!("/v2/checkout/orders/{order}");
    paypal.get(&path).await.is(200);
    let revoked = paypal
        .control(Method::DELETE, &format!("/paypal/apps/{APP}/tokens"), Value::Null)
        .await;
    assert_eq!(revoked["revoked"], 1);
    assert_eq!(paypal.get(&path).await.is(401)["error"], "invalid_token");

    let short = json!({ "token_lifetime_s": 1 });
    paypal
        .control(Method::PUT, &format!("/paypal/apps/{APP}"), short)
        .await;
    let token = paypal.ask_token(APP, SECRET, "client_credentials").await.is(200);
    assert_eq!(token["expires_in"], 1);
    paypal.token = token["access_token"].as_str().unwrap().to_owned();
    paypal.get(&path).await.is(200);
    tokio::time::sleep(std::time::Duration::from_millis(1_050)).await;
    paypal.get(&path).await.is(401);
    let refused = paypal.calls("route=GET /paypal/v2/checkout/orders/{id}").await;
    assert_eq!(
        refused.last().unwrap()["status"],
        401,
        "what is refused is logged too"
    );
    paypal.stop().await;
}

#[tokio::test]
async fn a_call_without_credentials_or_for_another_apps_order_is_refused() {
    let mut paypal = PayPal::start().await;
    let order = paypal.order().await;
    let path = format!("/v2/checkout/orders/{order}");
    let bare = paypal.http.get(format!("{}/paypal{path}", paypal.base));
    assert_eq!(send(bare).await.is(401)["name"], "AUTHENTICATION_FAILURE");
    let token = paypal
        .ask_token("client-two", "two", "client_credentials")
        .await
        .is(200);
    paypal.token = token["access_token"].as_str().unwrap().to_owned();
    paypal.get(&path).await.refused(404, "INVALID_RESOURCE_ID");
    paypal
        .get("/v2/nothing")
        .await
        .refused(404, "INVALID_RESOURCE_ID");
    paypal.stop().await;
}

#[tokio::test]
async fn dials_strike_with_paypals_own_errors() {
    let paypal = PayPal::start().await;
    let route = "POST /paypal/v2/checkout/orders";
    for (dial, status, name) in [
        (
            json!({"route": route, "fault": "error", "status": 503, "times": 1}),
            503,
            "SERVICE_UNAVAILABLE",
        ),
        (
            json!({"route": route, "fault": "rate_limit", "times": 1, "account": APP}),
            429,
            "RATE_LIMIT_REACHED",
        ),
        (
            json!({"route": route, "fault": "error", "times": 1, "match": {"metadata": {"custom_id": "pay_1"}, "amount": 100}}),
            500,
            "INTERNAL_SERVER_ERROR",
        ),
    ] {
        paypal.fault(dial).await;
        let answer = paypal.post("/v2/checkout/orders", &order_of("USD", "1.00")).await;
        assert_eq!(answer.is(status)["name"], name);
    }
    let conflict = json!({"route": route, "fault": "error", "status": 409, "code": "PREVIOUS_REQUEST_IN_PROGRESS", "times": 1});
    paypal.fault(conflict).await;
    let answer = paypal.post("/v2/checkout/orders", &order_of("USD", "1.00")).await;
    answer.refused(409, "PREVIOUS_REQUEST_IN_PROGRESS");
    assert_eq!(paypal.truth_of("orders").await.len(), 0);
    paypal
        .fault(json!({"route": "POST /paypal/v1/oauth2/token", "fault": "error", "times": 1}))
        .await;
    paypal.ask_token(APP, SECRET, "client_credentials").await.is(500);
    paypal.stop().await;
}
