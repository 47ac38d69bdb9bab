//! Alipay and WeChat Pay as Stripe offers them, and which kinds of payment methods an intent allows.

use reqwest::Method;
use serde_json::{Value, json};
use stripe_shared::{Charge, PaymentIntent, PaymentMethod};

use crate::client::{Answer, Client, kinds};

const ALIPAY: [(&str, &str); 6] = [
    ("amount", "2000"),
    ("currency", "usd"),
    ("allowed_payment_method_types[0]", "alipay"),
    ("payment_method_data[type]", "alipay"),
    ("confirm", "true"),
    ("return_url", "https://shop.example/back?order=1"),
];
const WECHAT_PAY: [(&str, &str); 6] = [
    ("amount", "2000"),
    ("currency", "usd"),
    ("allowed_payment_method_types[0]", "wechat_pay"),
    ("payment_method_data[type]", "wechat_pay"),
    ("payment_method_options[wechat_pay][client]", "web"),
    ("confirm", "true"),
];

async fn create(client: &Client, form: &[(&str, &str)]) -> Answer {
    client.post("payment_intents", form).await
}

/// The form without one of its parameters.
fn without<'f>(form: &[(&'f str, &'f str)], name: &str) -> Vec<(&'f str, &'f str)> {
    form.iter().copied().filter(|(known, _)| *known != name).collect()
}

async fn shown(client: &Client, id: &str) -> Value {
    let query = [("expand[]", "latest_charge"), ("expand[]", "payment_method")];
    client.get(&format!("payment_intents/{id}"), &query).await.ok()
}

#[track_caller]
fn parse<T: miniserde::Deserialize>(object: &Value) -> T {
    miniserde::json::from_str(&object.to_string()).unwrap_or_else(|_| panic!("{object:#}"))
}

#[tokio::test]
async fn alipay_leads_to_a_page_and_back() {
    let client = Client::start().await;
    client.hooks().await;
    let intent = create(&client, &ALIPAY).await.ok();
    assert_eq!(intent["status"], "requires_action");
    assert_eq!(intent["payment_method_types"], json!(["alipay"]));
    let action = &intent["next_action"];
    assert_eq!(action["type"], "alipay_handle_redirect");
    parse::<PaymentIntent>(&intent);
    let id = intent["id"].as_str().unwrap();
    let url = action["alipay_handle_redirect"]["url"].as_str().unwrap();
    let page = client.http.get(url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Authorize test payment"), "{page}");

    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let ended = http.post(format!("{url}/complete")).send().await.unwrap();
    let back = ended.headers()["location"].to_str().unwrap().to_owned();
    assert!(
        back.starts_with("https://shop.example/back?order=1&payment_intent=pi_"),
        "{back}"
    );
    assert!(back.ends_with("redirect_status=succeeded"), "{back}");

    let paid = shown(&client, id).await;
    assert_eq!(
        (&paid["status"], &paid["amount_received"]),
        (&json!("succeeded"), &json!(2000))
    );
    assert_eq!(paid["payment_method"]["type"], "alipay");
    assert_eq!(paid["latest_charge"]["payment_method_details"]["type"], "alipay");
    parse::<Charge>(&paid["latest_charge"]);
    parse::<PaymentMethod>(&paid["payment_method"]);
    client.post("refunds", &[("payment_intent", id)]).await.ok();
    let received = client.await_received("hooks", 6).await;
    let told = kinds(&received);
    for kind in [
        "payment_intent.requires_action",
        "payment_intent.succeeded",
        "charge.refunded",
    ] {
        assert!(told.contains(&kind), "{kind} is not in {told:?}");
    }
}

#[tokio::test]
async fn wechat_pay_shows_a_code() {
    let client = Client::start().await;
    for (ending, status, received) in [
        ("complete", "succeeded", 2000),
        ("fail", "requires_payment_method", 0),
    ] {
        let intent = create(&client, &WECHAT_PAY).await.ok();
        parse::<PaymentIntent>(&intent);
        let action = &intent["next_action"];
        assert_eq!(action["type"], "wechat_pay_display_qr_code");
        let code = action["wechat_pay_display_qr_code"]["data"].as_str().unwrap();
        assert!(code.starts_with("weixin://wxpay/bizpayurl?pr="), "{code}");
        let id = intent["id"].as_str().unwrap();
        let path = format!("/stripe/wallets/{id}/{ending}");
        client.control(Method::POST, &path, Value::Null).await;
        let ended = shown(&client, id).await;
        assert_eq!(
            (&ended["status"], &ended["amount_received"]),
            (&json!(status), &json!(received))
        );
        assert_eq!(ended["last_payment_error"].is_null(), ending == "complete");
    }
}

#[tokio::test]
async fn what_a_wallet_does_not_work_without_is_asked_for() {
    let client = Client::start().await;
    let error = create(&client, &without(&ALIPAY, "return_url")).await;
    assert_eq!(error.error(400, "parameter_missing")["param"], "return_url");
    let option = "payment_method_options[wechat_pay][client]";
    let error = create(&client, &without(&WECHAT_PAY, option)).await;
    assert_eq!(error.error(400, "parameter_missing")["param"], option);
    assert_eq!(client.truth("").await.len(), 0);
}

#[tokio::test]
async fn only_the_allowed_kinds_pay() {
    let client = Client::start().await;
    let form = |allowed: &'static str, currency: &'static str| {
        [
            ("amount", "2000"),
            ("currency", currency),
            ("allowed_payment_method_types[0]", allowed),
            ("allowed_payment_method_types[1]", "wechat_pay"),
        ]
    };
    // What does not go with the currency is left out in silence, and when nothing is left, there is no intent.
    let left = create(&client, &form("card", "pln")).await.ok();
    assert_eq!(left["payment_method_types"], json!(["card"]));
    assert_eq!(create(&client, &form("alipay", "pln")).await.status, 400);

    let wallets = create(&client, &form("alipay", "usd")).await.id();
    let by_card = [("payment_method", "pm_card_visa")];
    let refused = client
        .post(&format!("payment_intents/{wallets}/confirm"), &by_card)
        .await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        shown(&client, &wallets).await["status"],
        "requires_payment_method"
    );
}

#[tokio::test]
async fn kinds_cannot_be_set_any_more() {
    let client = Client::start().await;
    let listed = ("payment_method_types[0]", "card");
    let form = [("amount", "2000"), ("currency", "usd"), listed];
    let code = "payment_method_types_no_longer_supported";
    create(&client, &form).await.error(400, code);
    let id = client.intent("p1").await;
    for path in [
        format!("payment_intents/{id}"),
        format!("payment_intents/{id}/confirm"),
    ] {
        client.post(&path, &[listed]).await.error(400, code);
    }
    let both = [
        ("amount", "2000"),
        ("currency", "usd"),
        ("automatic_payment_methods[enabled]", "true"),
        ("allowed_payment_method_types[0]", "card"),
    ];
    assert_eq!(create(&client, &both).await.status, 400);
}
