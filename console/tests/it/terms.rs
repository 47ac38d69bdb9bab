//! Terms and fees: what is set is what holds, and who set it is written down.

use domain::{
    channel::Channel,
    merchant::{LatePayments, Terms},
};
use serde_json::json;

use crate::desk::desk;

#[tokio::test]
async fn what_is_left_out_of_the_terms_stays_as_it_is() {
    let desk = desk().await;
    let (merchant, _) = desk.merchant(&[]);
    let id = merchant.to_string();
    let listed = || {
        let rows = desk.run(&["merchants", "list", "--json"]).json();
        (
            rows[0]["payment_expiry_s"].clone(),
            rows[0]["late_payments"].clone(),
        )
    };
    assert_eq!(listed(), (json!(86_400), json!("accept")));
    let set =
        |more: &[&str]| desk.run(&[&["merchants", "set-terms", "--merchant", &id, "--json"], more].concat());
    let answer = set(&["--late-payments", "refund"]).json();
    assert_eq!(
        answer,
        json!({"merchant_id": id, "payment_expiry_s": 86_400, "late_payments": "refund"})
    );
    set(&["--payment-expiry-s", "900"]).json();
    assert_eq!(listed(), (json!(900), json!("refund")));
    let terms = Terms {
        payment_expiry_s: 900,
        late_payments: LatePayments::Refund,
    };
    assert_eq!(desk.store.terms(merchant).await.unwrap(), terms);

    for bad in [
        &[][..],
        &["--payment-expiry-s", "0"],
        &["--payment-expiry-s", "2592001"],
        &["--late-payments", "keep"],
    ] {
        let refused = set(bad);
        assert!(!refused.ok && refused.out.is_empty(), "{bad:?}: {}", refused.out);
    }
    assert_eq!(desk.store.terms(merchant).await.unwrap(), terms);
    let (first, second, third) = (
        "payment_expiry_s 86400, late_payments accept",
        "payment_expiry_s 86400, late_payments refund",
        "payment_expiry_s 900, late_payments refund",
    );
    let expected = [
        ("merchant.create", id.clone()),
        ("terms.set", format!("{id}: {first} -> {second}")),
        ("terms.set", format!("{id}: {second} -> {third}")),
    ]
    .map(|(action, subject)| ("console:ada".to_owned(), action.to_owned(), subject));
    assert_eq!(desk.audit().await, expected);
    desk.close().await;
}

#[tokio::test]
async fn fees_are_agreed_for_a_channel_that_is_used() {
    let desk = desk().await;
    let (merchant, _) = desk.merchant(&[]);
    let id = merchant.to_string();
    let set = |bps: &str, fixed: &str| {
        desk.run(&[
            "channels",
            "set-fees",
            "--merchant",
            &id,
            "--channel",
            "stripe",
            "--fee-bps",
            bps,
            "--fee-fixed-minor",
            fixed,
            "--json",
        ])
    };
    set("290", "30").refused("console channels set --channel stripe");
    let input = json!({"secret_key": "sk_test_1", "webhook_secrets": ["whsec_1"]}).to_string();
    let stripe = desk.run_with_input(
        &input,
        &["channels", "set-stripe", "--from", "stdin", "--merchant", &id],
    );
    assert!(stripe.ok, "{}", stripe.err);
    let answer = set("290", "30").json();
    assert_eq!(
        answer,
        json!({"merchant_id": id, "channel": "stripe", "fee_bps": 290, "fee_fixed_minor": 30})
    );
    for (bps, fixed) in [("10001", "0"), ("-1", "0"), ("0", "-1"), ("x", "0")] {
        assert!(!set(bps, fixed).ok, "{bps} {fixed}");
    }
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&desk.database.url())
        .await
        .unwrap();
    let select = "select fee_bps, fee_fixed_minor from channel_configs where channel = $1";
    let stored: (i32, i64) = sqlx::query_as(select)
        .bind(Channel::Stripe.name())
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(stored, (290, 30));
    set("150", "0").json();
    let told: Vec<_> = desk
        .audit()
        .await
        .into_iter()
        .map(|(_, _, subject)| subject)
        .collect();
    let (first, second) = (
        "fee_bps 290, fee_fixed_minor 30",
        "fee_bps 150, fee_fixed_minor 0",
    );
    assert_eq!(
        told[told.len() - 2..],
        [
            format!("{id}/stripe: none -> {first}"),
            format!("{id}/stripe: {first} -> {second}")
        ]
    );
    desk.close().await;
}
