//! What a request may say about how it is paid, and what can be had.

use domain::payment::{Payer, PayerDetails};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::world::{good_body, world};

fn body(more: Value) -> Value {
    let mut body = good_body();
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn what_is_said_reaches_the_worker_and_the_payer_is_sealed() {
    let world = world().await;
    world.ready().await;
    let said = body(json!({
        "method": "card", "flow": "embedded", "channel": "stripe", "country": "DE", "connected_account": "acct_1",
        "payer": {"ip": "192.0.2.77", "openid": "oUpF8"},
    }));
    let answer = world.send(world.pay("k", &said)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let jobs = world.take_jobs("create_intent", 10).await;
    let payload = jobs[0]["payload"].as_str().unwrap();
    assert!(
        !payload.contains("192.0.2.77") && !payload.contains("oUpF8"),
        "{payload}"
    );
    let job: domain::job::CreateIntent = serde_json::from_str(payload).unwrap();
    let request = &job.request;
    assert_eq!(request.method.unwrap().name(), "card");
    assert_eq!(request.flow.unwrap().name(), "embedded");
    assert_eq!(request.channel.unwrap().name(), "stripe");
    assert_eq!(request.country.as_deref(), Some("DE"));
    assert_eq!(request.connected_account.as_deref(), Some("acct_1"));
    let Some(PayerDetails::Sealed(sealed)) = &request.payer else {
        panic!("{request:?}")
    };
    let place = Payer::place(job.payment_id());
    let opened = world.store.vault().open_text(&place, sealed).unwrap();
    let payer: Payer = serde_json::from_slice(&opened).unwrap();
    assert_eq!(payer.openid.as_deref(), Some("oUpF8"));
    world.close().await;
}

#[tokio::test]
async fn what_no_channel_takes_is_refused_at_the_door_with_the_reasons() {
    let world = world().await;
    world.ready().await;
    for (more, field, words) in [
        (json!({"method": "cash"}), "method", "unknown payment method"),
        (json!({"flow": "fax"}), "flow", "unknown flow"),
        (json!({"channel": "bank"}), "channel", "unknown channel"),
        (json!({"country": "de"}), "country", "alpha-2"),
        (json!({"method": "card", "flow": "in_app"}), "flow", "has no flow"),
        (
            json!({"method": "paypal", "channel": "stripe"}),
            "method",
            "stripe has no method paypal",
        ),
        (
            json!({"method": "alipay", "flow": "web", "channel": "stripe"}),
            "return_url",
            "stripe needs return_url",
        ),
        (
            json!({"payment_method": "pm_1", "channel": "wechat", "currency": "CNY"}),
            "payment_method",
            "wechat charges no payment_method",
        ),
    ] {
        let answer = world.send(world.pay("k", &body(more.clone()))).await;
        answer
            .is_problem(422, "/problems/invalid-request")
            .names(field, words);
    }
    let answer = world
        .send(world.pay("k", &body(json!({"payer": {"name": "Ada"}}))))
        .await;
    answer.is_problem(400, "/problems/malformed-json");
    assert_eq!(world.take_jobs("create_intent", 10).await, Vec::<Value>::new());
    world.close().await;
}

#[tokio::test]
async fn the_methods_are_those_of_the_merchants_channels_and_routes() {
    let world = world().await;
    let ask = async |query: &str| {
        let path = format!("/api/v1/payment-methods?{query}");
        world.send(world.get(&path)).await
    };
    let nothing = ask("amount=1999&currency=USD").await;
    assert_eq!(
        (nothing.status, nothing.body),
        (StatusCode::OK, json!({"data": []}))
    );
    let credentials = domain::secret::Secret::new("{}");
    let stripe = domain::channel::Channel::Stripe;
    let now = chrono::DateTime::UNIX_EPOCH;
    let set = world
        .store
        .set_credentials(world.shop.id, stripe, &credentials, store::Doing::by("test", now));
    set.await.unwrap();
    let all = ask("amount=1999&currency=USD").await.body;
    let methods: Vec<_> = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["method"])
        .collect();
    assert_eq!(methods, ["card", "alipay", "wechat_pay"]);
    let web = &all["data"][1]["flows"][0];
    let expected = json!({"flow": "web", "channels": [{"channel": "stripe", "needs": ["return_url"]}]});
    assert_eq!(web, &expected);

    let route = domain::routing::Route {
        id: domain::id::RouteId::random(),
        merchant_id: world.shop.id,
        channel: stripe,
        method: Some(domain::channel::Method::Card),
        flow: None,
        currency: None,
        min_amount_minor: None,
        max_amount_minor: None,
        country: Some("DE".into()),
        priority: 1,
        weight: 1,
        enabled: true,
    };
    world
        .store
        .add_route(&route, store::Doing::by("test", now))
        .await
        .unwrap();
    assert_eq!(ask("amount=1999&currency=USD").await.body, json!({"data": []}));
    let german = ask("amount=1999&currency=usd&country=DE").await.body;
    assert_eq!(german["data"].as_array().unwrap().len(), 1, "{german}");

    for (query, field) in [
        ("currency=USD", "amount"),
        ("amount=0&currency=USD", "amount"),
        ("amount=5", "currency"),
        ("amount=5&currency=XYZ", "currency"),
        ("amount=5&currency=USD&country=de", "country"),
    ] {
        ask(query)
            .await
            .is_problem(400, "/problems/invalid-query")
            .names(field, "");
    }
    ask("amount=5&money=USD")
        .await
        .is_problem(400, "/problems/invalid-query");
    world.close().await;
}
