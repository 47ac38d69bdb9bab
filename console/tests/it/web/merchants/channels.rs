//! Credentials of providers.

use channels::Credentials;
use domain::{channel::Channel, id::MerchantId, operator::Role, secret::Secret};
use sqlx::{Connection, PgConnection};

use super::{OTHER_STRIPE, STRIPE, WHY, assert_nowhere, sent};
use crate::{desk::Desk, web::site::site};

#[tokio::test]
async fn credentials_come_in_and_never_come_back() {
    let site = site().await;
    let admin = site.signed_in("anna", Role::Administrator).await;
    let (merchant, _) = site.desk.merchant(&[]);
    let path = format!("/merchants/{merchant}/credentials");
    let with = |text: &'static str| [("channel", "stripe"), ("credentials", text), WHY];
    for (text, told) in [
        ("", "The credentials cannot be used"),
        ("sk_test_hunter2", "The credentials cannot be used"),
        (r#"{"secret_key": "sk_test_hunter2"}"#, "webhook_secrets"),
        (r#"{"sk_test_hunter2": 1}"#, "unknown field"),
        (
            r#"{"secret_key": "pk_hunter2", "webhook_secrets": ["whsec_1"]}"#,
            "secret_key: must start with sk_ or rk_",
        ),
    ] {
        let answer = sent(&admin, &path, &with(text)).await;
        assert_eq!(answer.status, 400, "{text}: {}", answer.page);
        assert!(answer.page.contains(told), "{text}: {}", answer.page);
        assert!(!answer.page.contains("hunter2"), "{}", answer.page);
        assert!(
            answer.page.contains("value=\"stripe\" selected"),
            "{}",
            answer.page
        );
    }
    let text = r#"{"secret_key": "pk_hunter2", "webhook_secrets": ["whsec_1"]}"#;
    let asked = admin.post(&path, &with(text)).header("accept-language", "zh");
    let page = asked.send().await.unwrap().text().await.unwrap();
    assert!(
        page.contains("凭据不可用：secret_key：应以 sk_ 或 rk_ 开头"),
        "{page}"
    );
    for channel in ["wallet", "cash"] {
        let answer = sent(
            &admin,
            &path,
            &[("channel", channel), ("credentials", STRIPE), WHY],
        )
        .await;
        assert_eq!(answer.status, 400);
        assert!(!answer.page.contains("hunter2"), "{}", answer.page);
    }
    let unexplained = sent(&admin, &path, &[("channel", "stripe"), ("credentials", STRIPE)]).await;
    assert_eq!(unexplained.status, 400);
    assert!(!unexplained.page.contains("hunter2"), "{}", unexplained.page);
    let stored = async || site.desk.store.credentials(merchant, Channel::Stripe).await;
    assert!(stored().await.unwrap().is_none(), "nothing was stored");

    assert_eq!(sent(&admin, &path, &with(STRIPE)).await.status, 303);
    let is_stored = async |text: &str| {
        let wanted = Credentials::read(Channel::Stripe, &Secret::new(text)).unwrap();
        Credentials::from_json(&stored().await.unwrap().unwrap())
            .unwrap()
            .is_of_account_of(&wanted)
    };
    assert!(is_stored(STRIPE).await);
    let page = admin.page(&format!("/merchants/{merchant}")).await;
    assert!(
        page.contains(&format!("/api/v1/webhooks/stripe/{merchant}")),
        "{page}"
    );
    under_way(&site.desk, merchant).await;
    let refused = sent(&admin, &path, &with(OTHER_STRIPE)).await;
    assert_eq!(refused.status, 409);
    assert!(
        refused
            .page
            .contains("1 payments, refunds, payouts or accounts are under way"),
        "{}",
        refused.page
    );
    assert!(
        !refused.page.contains("hunter4") && is_stored(STRIPE).await,
        "{}",
        refused.page
    );
    let meant = [&with(OTHER_STRIPE)[..], &[("replace_account", "yes")]].concat();
    assert_eq!(sent(&admin, &path, &meant).await.status, 303);
    assert!(is_stored(OTHER_STRIPE).await);
    assert_nowhere(
        &site,
        &admin,
        &merchant.to_string(),
        &["hunter2", "hunter3", "hunter4"],
    )
    .await;
    let operator = site.signed_in("olga", Role::Operator).await;
    assert_eq!(sent(&operator, &path, &with(STRIPE)).await.status, 403);

    // What was sealed with a key that the console does not have.
    let mut owner = PgConnection::connect(&site.desk.database.url()).await.unwrap();
    sqlx::raw_sql("update channel_configs set credentials = '\\x00'")
        .execute(&mut owner)
        .await
        .unwrap();
    let locked = sent(&admin, &path, &with(STRIPE)).await;
    assert_eq!(locked.status, 409);
    assert!(
        locked.page.contains("Set SLUICE_SECRETS_KEY to the key ring"),
        "{}",
        locked.page
    );
    let set: Vec<_> = site
        .audit()
        .await
        .into_iter()
        .filter(|(_, what, ..)| what == "credentials.set")
        .collect();
    let expected = (
        "anna".into(),
        "credentials.set".into(),
        format!("{merchant}/stripe"),
        Some("as agreed".into()),
    );
    assert_eq!(set, [expected.clone(), expected]);
    site.close().await;
}

/// A payment that has not ended.
async fn under_way(desk: &Desk, merchant: MerchantId) {
    let mut owner = PgConnection::connect(&desk.database.url()).await.unwrap();
    sqlx::query(
        "insert into payments (id, merchant_id, idempotency_key, fingerprint, status, amount_minor, currency, channel, request,
                               version, created_at, updated_at)
         values (gen_random_uuid(), $1, 'k', sha256('x'), 'processing', 500, 'USD', 'stripe', '{}', 1, now(), now())",
    )
    .bind(merchant.as_uuid())
    .execute(&mut owner)
    .await
    .unwrap();
}
