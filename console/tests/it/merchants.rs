//! Creating merchants: what is shown once is what works afterwards.

use channels::{CallbackKeys, Credentials, standard_webhooks};
use domain::{api_key::ApiKeyText, channel::Channel};
use serde_json::{Value, json};

use crate::desk::desk;

#[tokio::test]
async fn what_is_shown_once_is_what_is_stored() {
    let desk = desk().await;
    let (id, created) = desk.merchant(&["--endpoint", "https://shop.example/hook", "--amqp-user", "shop"]);
    let text = ApiKeyText::parse(created["api_key"].as_str().unwrap()).unwrap();
    assert_eq!(created["api_key_id"], text.id());
    let stored = desk.store.key(text.id()).await.unwrap().unwrap();
    assert!(text.proves(&stored.secret_hash) && !stored.revoked);
    assert_eq!(stored.merchant_id, id);

    let endpoint = desk.store.endpoint(id).await.unwrap().unwrap();
    assert_eq!(endpoint.url, "https://shop.example/hook");
    let [secret] = endpoint.secrets.as_slice() else {
        panic!("{endpoint:?}")
    };
    assert_eq!(created["endpoint_secret"], secret.secret.expose());
    assert_eq!(standard_webhooks::check_secret(&secret.secret), Ok(()));
    assert_eq!(
        created["stripe_callback_path"],
        format!("/api/v1/webhooks/stripe/{id}")
    );
    assert_eq!(desk.store.merchant_of_amqp_user("shop").await.unwrap(), Some(id));
    let audit = (
        "console:ada".to_owned(),
        "merchant.create".to_owned(),
        id.to_string(),
    );
    assert_eq!(desk.audit().await, vec![audit]);
    desk.close().await;
}

#[tokio::test]
async fn two_keys_are_never_the_same_and_lists_show_no_secrets() {
    let desk = desk().await;
    let (first, second) = (
        desk.merchant(&[]),
        desk.merchant(&["--endpoint", "http://localhost:9/hook"]),
    );
    assert_ne!(first.1["api_key"], second.1["api_key"]);
    assert_eq!(first.1["endpoint_url"], Value::Null);
    let list = desk.run(&["merchants", "list", "--json"]);
    let rows = list.json();
    assert_eq!(rows.as_array().unwrap().len(), 2);
    assert_eq!(rows[0]["merchant_id"], first.0.to_string());
    assert_eq!(rows[1]["endpoint_url"], "http://localhost:9/hook");
    let for_people = desk.run(&["merchants", "list"]).out;
    assert!(for_people.contains(&second.0.to_string()));
    for secret in [&second.1["api_key"], &second.1["endpoint_secret"]] {
        assert!(
            !list.out.contains(secret.as_str().unwrap()) && !for_people.contains(secret.as_str().unwrap())
        );
    }
    let lines = desk.run(&["merchants", "create", "--name", "Café"]).out;
    assert!(lines.contains("slk_") && lines.contains("Café"), "{lines}");
    desk.close().await;
}

#[tokio::test]
async fn a_merchant_that_is_only_half_there_is_told_how_to_become_whole() {
    let desk = desk().await;
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&desk.database.url())
        .await
        .unwrap();
    let breaking = "alter table channel_configs rename to channel_configs_away";
    sqlx::raw_sql(breaking).execute(&mut connection).await.unwrap();
    let create = |more: &[&str]| {
        let environment = [
            ("STRIPE_SECRET_KEY", "sk_test_1"),
            ("STRIPE_WEBHOOK_SECRET", "whsec_1"),
        ];
        let args = ["merchants", "create", "--name", "Shop", "--stripe", "env"];
        desk.run_with(&environment, &[&args, more].concat())
    };
    let without = create(&[]);
    without.refused("console keys create");
    assert!(!without.err.contains("endpoints rotate"), "{}", without.err);
    create(&["--endpoint", "https://shop.example/hook"]).refused("console endpoints rotate");
    assert_eq!(desk.store.merchants().await.unwrap().len(), 2);
    desk.close().await;
}

#[tokio::test]
async fn stripe_credentials_come_with_the_merchant_or_later() {
    let desk = desk().await;
    let environment = [
        ("STRIPE_SECRET_KEY", "sk_test_1"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_new, whsec_old"),
    ];
    let args = [
        "merchants",
        "create",
        "--name",
        "Shop",
        "--stripe",
        "env",
        "--json",
    ];
    let created = desk.run_with(&environment, &args).json();
    let id = created["merchant_id"].as_str().unwrap().parse().unwrap();
    let stored = async || {
        desk.store
            .credentials(id, Channel::Stripe)
            .await
            .unwrap()
            .unwrap()
    };
    let secrets = |credentials: Credentials| -> Vec<String> {
        let CallbackKeys::Stripe(secrets) = credentials.callback_keys() else {
            panic!("these are not Stripe's");
        };
        secrets.iter().map(|secret| secret.expose().to_owned()).collect()
    };
    assert_eq!(
        secrets(Credentials::from_json(&stored().await).unwrap()),
        ["whsec_new", "whsec_old"]
    );

    let input = json!({"secret_key": "rk_test_2", "webhook_secrets": ["whsec_third"]}).to_string();
    let set = [
        "channels",
        "set-stripe",
        "--from",
        "stdin",
        "--merchant",
        &id.to_string(),
        "--json",
    ];
    let answer = desk.run_with_input(&input, &set).json();
    assert_eq!(answer["stripe_callback_path"], created["stripe_callback_path"]);
    assert!(stored().await.expose().contains("rk_test_2"));
    assert_eq!(
        secrets(Credentials::from_json(&stored().await).unwrap()),
        ["whsec_third"]
    );
    let actions: Vec<_> = desk
        .audit()
        .await
        .into_iter()
        .map(|(_, action, _)| action)
        .collect();
    assert_eq!(actions, ["merchant.create", "credentials.set", "credentials.set"]);
    desk.close().await;
}
