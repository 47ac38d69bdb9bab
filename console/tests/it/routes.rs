//! Channels and routes: what is set is what holds, and why a payment goes where it goes is told.

use domain::{
    clock::{Clock, SystemClock},
    id::IdempotencyKey,
    money::Money,
    payment::{Payment, PaymentRequest},
    routing::{ChannelFacts, Routing, Way, Wish, decide},
};
use serde_json::{Value, json};
use store::{Record, Recorder};

use crate::desk::{Desk, desk};

const STRIPE: &str = r#"{"secret_key": "sk_test_hunter2", "webhook_secrets": ["whsec_1"]}"#;

fn explain(desk: &Desk, merchant: &str, more: &[&str]) -> Value {
    let args = [
        "routes",
        "explain",
        "--json",
        "--merchant",
        merchant,
        "--amount",
        "1999",
        "--currency",
        "USD",
    ];
    desk.run(&[&args[..], more].concat()).json()
}

#[tokio::test]
async fn a_channel_is_set_and_listed_without_its_secrets() {
    let desk = desk().await;
    let (merchant, _) = desk.merchant(&[]);
    let id = merchant.to_string();
    let set = [
        "channels",
        "set",
        "--channel",
        "stripe",
        "--merchant",
        &id,
        "--json",
    ];
    desk.run(&set).refused("CHANNEL_CREDENTIALS is not set");
    desk.run_with(&[("CHANNEL_CREDENTIALS", "{}")], &set)
        .refused("secret_key");
    let path = format!("/api/v1/webhooks/stripe/{id}");
    let answer = desk.run_with(&[("CHANNEL_CREDENTIALS", STRIPE)], &set).json();
    assert_eq!(
        answer,
        json!({"merchant_id": id, "channel": "stripe", "callback_path": path})
    );
    let from_input = [&set[..], &["--from", "stdin"]].concat();
    assert!(desk.run_with_input(STRIPE, &from_input).ok);
    let list = desk.run(&["channels", "list", "--merchant", &id, "--json"]);
    let rows = list.json();
    assert_eq!(
        (&rows[0]["channel"], &rows[0]["callback_path"]),
        (&json!("stripe"), &json!(path))
    );
    assert!(!list.out.contains("hunter2"), "{}", list.out);
    desk.close().await;
}

#[tokio::test]
async fn the_end_of_credentials_is_said_listed_and_forgotten_with_them() {
    let desk = desk().await;
    let (merchant, _) = desk.merchant(&[]);
    let id = merchant.to_string();
    let of_stripe = |what| {
        [
            "channels",
            what,
            "--channel",
            "stripe",
            "--merchant",
            &id,
            "--json",
        ]
    };
    let ends = |end: &[&str]| desk.run(&[&of_stripe("set-expiry")[..], end].concat());
    let listed = || {
        desk.run(&["channels", "list", "--merchant", &id, "--json"])
            .json()[0]["expires_at"]
            .clone()
    };
    let at = "2027-03-01T00:00:00Z";
    ends(&["--at", at]).refused("has no credentials for stripe");
    let store = || {
        desk.run_with(&[("CHANNEL_CREDENTIALS", STRIPE)], &of_stripe("set"))
            .json()
    };
    assert_eq!(store().get("expires_at"), None);
    assert_eq!(listed(), json!(null));
    ends(&[]).refused("--at");
    ends(&["--at", at, "--never"]).refused("--never");
    ends(&["--at", "soon"]).refused("soon");
    assert_eq!(ends(&["--at", at]).json()["expires_at"], at);
    assert_eq!(listed(), at);
    let first = desk.store.first_expiries().await.unwrap();
    assert_eq!(first["stripe"].timestamp(), 1_803_859_200);
    assert_eq!(ends(&["--never"]).json()["expires_at"], "never");
    assert_eq!(listed(), json!(null));
    ends(&["--at", at]);
    store();
    assert_eq!(listed(), json!(null));
    let audit = desk.audit().await;
    let told = audit
        .iter()
        .filter(|line| line.1 == "credentials.set_expiry" || line.0 == "credentials.set_expiry");
    assert_eq!(told.count(), 3, "{audit:?}");
    desk.close().await;
}

fn paypal(account: &str, secret: &str) -> String {
    json!({
        "client_id": "client", "client_secret": secret, "webhook_ids": ["WH1"], "merchant_id": account,
    })
    .to_string()
}

#[tokio::test]
async fn another_account_has_to_wait_for_what_is_under_way_at_the_present_one() {
    let desk = desk().await;
    let (merchant, _) = desk.merchant(&[]);
    let id = merchant.to_string();
    let set = [
        "channels",
        "set",
        "--channel",
        "paypal",
        "--merchant",
        &id,
        "--from",
        "stdin",
    ];
    assert!(desk.run_with_input(&paypal("ACCOUNT1", "one"), &set).ok);
    assert!(
        desk.run_with_input(&paypal("ACCOUNT2", "one"), &set).ok,
        "nothing was begun"
    );

    let request = PaymentRequest::of(Money {
        amount_minor: 1999,
        currency: domain::currency::Currency::USD,
    });
    let key = IdempotencyKey::try_from("k".to_owned()).unwrap();
    let (terms, now) = (domain::merchant::Terms::default(), SystemClock.now());
    let payment = Payment::new(
        merchant,
        key,
        request,
        domain::channel::Channel::Paypal,
        &terms,
        now,
    );
    let recorder = Recorder::start(desk.store.clone(), std::sync::Arc::default());
    let begun = Record {
        new_payment: Some(payment),
        ..Record::default()
    };
    recorder.write(begun).await.unwrap();

    assert!(
        desk.run_with_input(&paypal("ACCOUNT2", "two"), &set).ok,
        "the same account"
    );
    desk.run_with_input(&paypal("ACCOUNT3", "one"), &set)
        .refused("1 payments, refunds, payouts or accounts under way at its present paypal account ACCOUNT2");
    let unnamed = r#"{"client_id": "c", "client_secret": "s", "webhook_ids": ["WH1"]}"#;
    desk.run_with_input(unnamed, &set).refused("--replace-account");
    let overruled = [&set[..], &["--replace-account"]].concat();
    assert!(desk.run_with_input(&paypal("ACCOUNT3", "one"), &overruled).ok);
    desk.close().await;
}

/// A Stripe key does not say whose it is. A payout that is asked about with another account's key looks as if it was never sent.
#[tokio::test]
async fn another_stripe_key_waits_for_payouts_and_accounts() {
    let desk = desk().await;
    let (merchant, _) = desk.merchant(&[]);
    let id = merchant.to_string();
    let set = ["channels", "set-stripe", "--merchant", &id, "--from", "stdin"];
    let key = |key: &str, secret: &str| json!({"secret_key": key, "webhook_secrets": [secret]}).to_string();
    assert!(desk.run_with_input(&key("sk_one", "whsec_1"), &set).ok);
    assert!(
        desk.run_with_input(&key("sk_two", "whsec_1"), &set).ok,
        "nothing was begun"
    );
    for (begin, end) in [
        (
            "insert into wallets (id, merchant_id, user_id, currency, created_at, updated_at)
             select gen_random_uuid(), id, 'anna', 'EUR', now(), now() from merchants;
             insert into wallet_withdrawals (id, merchant_id, wallet_id, user_id, currency, amount_minor, status, channel,
                                             version, created_at, updated_at)
             select gen_random_uuid(), merchant_id, id, user_id, currency, 5, 'processing', 'stripe', 1, now(), now()
             from wallets",
            "update wallet_withdrawals set status = 'failed', version = version + 1",
        ),
        (
            "insert into connected_accounts (id, merchant_id, user_id, channel, idempotency_key, fingerprint, country, status,
                                             requirements, version, created_at, updated_at)
             select gen_random_uuid(), id, 'anna', 'stripe', 'k', sha256('x'), 'US', 'pending', '{}', 1, now(), now()
             from merchants",
            "delete from connected_accounts",
        ),
    ] {
        let mut owner = <sqlx::PgConnection as sqlx::Connection>::connect(&desk.database.url())
            .await
            .unwrap();
        sqlx::raw_sql(begin).execute(&mut owner).await.unwrap();
        assert!(
            desk.run_with_input(&key("sk_two", "whsec_2"), &set).ok,
            "the same key"
        );
        let other = key("sk_three", "whsec_2");
        desk.run_with_input(&other, &set)
            .refused("1 payments, refunds, payouts or accounts under way at its present stripe account");
        let channel = ["channels", "set", "--channel", "stripe", "--merchant", &id, "--from", "stdin"];
        desk.run_with_input(&other, &channel).refused("--replace-account");
        let overruled = [&set[..], &["--replace-account"]].concat();
        assert!(desk.run_with_input(&key("sk_two", "whsec_2"), &overruled).ok);
        sqlx::raw_sql(end).execute(&mut owner).await.unwrap();
    }
    assert!(desk.run_with_input(&key("sk_three", "whsec_2"), &set).ok);
    desk.close().await;
}

#[tokio::test]
async fn routes_are_added_changed_and_removed_and_say_where_a_payment_would_go() {
    let desk = desk().await;
    let (merchant, _) = desk.merchant(&[]);
    let id = merchant.to_string();
    let unset = explain(&desk, &id, &[]);
    assert_eq!(unset["order"], json!([]));
    assert!(
        unset["refusal"]
            .as_str()
            .unwrap()
            .contains("no credentials for stripe"),
        "{unset}"
    );
    let set = ["channels", "set", "--channel", "stripe", "--merchant", &id];
    assert!(desk.run_with(&[("CHANNEL_CREDENTIALS", STRIPE)], &set).ok);
    assert_eq!(explain(&desk, &id, &[])["order"][0]["channel"], "stripe");

    let add = [
        "routes",
        "add",
        "--merchant",
        &id,
        "--channel",
        "stripe",
        "--json",
    ];
    desk.run(&[&add[..], &["--min-amount-minor", "5"]].concat())
        .refused("needs a currency");
    desk.run(&[&add[..], &["--priority", "0"]].concat())
        .refused("priority: 1 to 1000");
    desk.run(&[&add[..], &["--method", "paypal"]].concat())
        .refused("stripe has no method paypal");
    let route = desk
        .run(&[&add[..], &["--method", "card", "--country", "DE"]].concat())
        .json();
    let route_id = route["route_id"].as_str().unwrap();
    assert_eq!((&route["priority"], &route["enabled"]), (&json!(1), &json!(true)));
    let german = explain(&desk, &id, &["--country", "DE"]);
    assert_eq!(german["order"][0]["route_id"], route_id);
    assert_eq!(german["order"][0]["method"], "card");
    let unsaid = explain(&desk, &id, &[]);
    assert!(
        unsaid["considered"][0]["why"]
            .as_str()
            .unwrap()
            .contains("does not say"),
        "{unsaid}"
    );

    let change = [
        "routes", "set", "--route", route_id, "--any", "country", "--weight", "7", "--json",
    ];
    let changed = desk.run(&change).json();
    assert_eq!(
        (&changed["country"], &changed["weight"]),
        (&Value::Null, &json!(7))
    );
    assert_eq!(explain(&desk, &id, &[])["order"][0]["channel"], "stripe");
    let listed = desk.run(&["routes", "list", "--merchant", &id, "--json"]).json();
    assert_eq!(listed, json!([changed]));

    let remove = ["routes", "remove", "--route", route_id];
    assert!(desk.run(&remove).ok);
    desk.run(&remove).refused("there is no route");
    let told: Vec<_> = desk
        .audit()
        .await
        .into_iter()
        .map(|(_, action, _)| action)
        .collect();
    let expected = [
        "merchant.create",
        "credentials.set",
        "route.set",
        "route.set",
        "route.remove",
    ];
    assert_eq!(told, expected);
    desk.close().await;
}

#[tokio::test]
async fn a_payment_tells_why_it_went_where_it_is() {
    let desk = desk().await;
    let (merchant, _) = desk.merchant(&[]);
    let request = PaymentRequest::of(Money {
        amount_minor: 1999,
        currency: domain::currency::Currency::USD,
    });
    let key = IdempotencyKey::try_from("k".to_owned()).unwrap();
    let id = domain::id::PaymentId::derive(merchant, &key);
    let takes = Way {
        method: None,
        flow: None,
    };
    let facts: Vec<_> = domain::channel::Channel::ALL
        .iter()
        .map(|channel| ChannelFacts {
            channel: *channel,
            is_configured: true,
            is_healthy: true,
            takes: Ok(vec![takes]),
        })
        .collect();
    let decision = decide(id, &Wish::of(&request, None), &[], &facts);
    let (terms, now) = (domain::merchant::Terms::default(), SystemClock.now());
    let first = decision.order[0].channel;
    let payment = Payment {
        routing: Some(Routing::from(decision)),
        ..Payment::new(merchant, key, request, first, &terms, now)
    };
    let moved = payment.on_next_channel("not done: no connection", now).unwrap();
    let recorder = Recorder::start(desk.store.clone(), std::sync::Arc::default());
    let stored = Record {
        new_payment: Some(moved),
        ..Record::default()
    };
    recorder.write(stored).await.unwrap();
    let told = desk
        .run(&["routes", "explain", "--payment", &id.to_string(), "--json"])
        .json();
    assert_eq!(
        (&told["channel"], told["order"].as_array().unwrap().len()),
        (&json!("alipay"), 4)
    );
    let failover = &told["failovers"][0];
    assert_eq!(
        (&failover["from"], &failover["to"]),
        (&json!("stripe"), &json!("alipay"))
    );
    assert_eq!(failover["why"], "not done: no connection");
    let unknown = domain::id::PaymentId::derive(merchant, &IdempotencyKey::try_from("x".to_owned()).unwrap());
    desk.run(&["routes", "explain", "--payment", &unknown.to_string()])
        .refused("there is no payment");
    desk.close().await;
}
