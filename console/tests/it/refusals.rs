//! What is refused, and that a refusal changes nothing and repeats no secret.

use domain::id::MerchantId;
use serde_json::json;

use crate::desk::{command, desk, run};

#[tokio::test]
async fn bad_values_are_named_and_nothing_is_created() {
    let desk = desk().await;
    let create = |more: &[&str]| desk.run(&[&["merchants", "create", "--name", "Shop"], more].concat());
    create(&["--endpoint", "shop.example"]).refused("the endpoint's address cannot be used");
    create(&["--endpoint", "http://shop.example/"]).refused("use https://");
    create(&["--endpoint", "https://ada:pw@shop.example/"]).refused("must not hold a user name");
    create(&["--amqp-user", "anonymous"]).refused("no merchant can have it");
    create(&["--endpoint-secret", "env"]).refused("--endpoint");
    create(&["--stripe", "env"]).refused("STRIPE_SECRET_KEY is not set");
    desk.run(&["merchants", "create", "--name", "  "])
        .refused("--name must be");
    let stripe = |key: &str, secret: &str| {
        let environment = [("STRIPE_SECRET_KEY", key), ("STRIPE_WEBHOOK_SECRET", secret)];
        desk.run_with(
            &environment,
            &["merchants", "create", "--name", "Shop", "--stripe", "env"],
        )
    };
    for (key, secret) in [
        ("pk_test_hidden", "whsec_hidden"),
        ("sk_test_hidden", ""),
        ("sk_test_hidden", "whsec hidden"),
    ] {
        let refusal = stripe(key, secret);
        refusal.refused("the credentials cannot be used");
        assert!(!refusal.err.contains("hidden"), "{}", refusal.err);
    }
    let misspelt = json!({"secret_kye": "sk_test_hidden", "webhook_secrets": []}).to_string();
    for input in ["", "hidden", &misspelt] {
        let args = ["merchants", "create", "--name", "Shop", "--stripe", "stdin"];
        let refusal = desk.run_with_input(input, &args);
        refusal.refused("standard input must be JSON");
        assert!(!refusal.err.contains("hidden"), "{}", refusal.err);
    }
    assert!(desk.store.merchants().await.unwrap().is_empty());
    assert!(desk.audit().await.is_empty());
    desk.close().await;
}

#[tokio::test]
async fn an_unknown_merchant_is_said_to_be_unknown() {
    let desk = desk().await;
    let unknown = MerchantId::random().to_string();
    let url = "https://shop.example/";
    for args in [
        vec!["keys", "create", "--merchant", &unknown],
        vec!["endpoints", "set", "--merchant", &unknown, "--url", url],
        vec!["endpoints", "rotate", "--merchant", &unknown],
        vec!["channels", "set-stripe", "--merchant", &unknown],
        vec![
            "merchants",
            "set-terms",
            "--merchant",
            &unknown,
            "--late-payments",
            "refund",
        ],
        vec!["ledger", "balances", "--merchant", &unknown],
    ] {
        desk.run(&args).refused("there is no merchant");
    }
    desk.run(&["keys", "create", "--merchant", "shop"])
        .refused("expected an identifier like mer_");
    let (id, _) = desk.merchant(&["--amqp-user", "shop"]);
    desk.run(&["endpoints", "rotate", "--merchant", &id.to_string()])
        .refused("has no endpoint");
    let taken = desk.run(&["merchants", "create", "--name", "Other", "--amqp-user", "shop"]);
    taken.refused(&format!("already publishes for {id}"));
    assert_eq!(desk.audit().await.len(), 1, "only the merchant was created");
    desk.close().await;
}

#[test]
fn bad_settings_are_all_named() {
    let mut without = command("", &["merchants", "list"]);
    without
        .env_remove("DATABASE_URL")
        .env("SLUICE_SECRETS_KEY", "hunter2");
    let refusal = run(without, "");
    refusal.refused("DATABASE_URL is not set");
    refusal.refused("SLUICE_SECRETS_KEY cannot be used");
    assert!(!refusal.err.contains("hunter2"), "{}", refusal.err);
    run(command("postgres://127.0.0.1:9/x", &["merchants", "list"]), "")
        .refused("PostgreSQL is not available");
}

#[test]
fn no_secret_can_be_given_as_an_argument() {
    for args in [
        ["channels", "set-stripe", "--secret-key=x"],
        ["merchants", "create", "--endpoint-secret=whsec_x"],
    ] {
        let refusal = run(command("postgres://127.0.0.1:9/x", &args), "");
        assert!(!refusal.ok, "{args:?}");
    }
}
