//! Merchants, keys, terms and what is sealed about them.

use domain::{
    channel::Channel,
    id::MerchantId,
    merchant::{LatePayments, Terms},
    secret::Secret,
};
use store::{Doing, EndpointSecret, NewTerms, StoreError};

use crate::support::{at, world};

#[tokio::test]
async fn keys_are_found_and_revoked() {
    let world = world().await;
    let key = world.store.key("key").await.unwrap().unwrap();
    assert_eq!((key.merchant_id, key.revoked), (world.merchant_id, false));
    assert!(
        world
            .store
            .revoke_key("key", Doing::by("test", at(1)))
            .await
            .unwrap()
    );
    assert!(
        !world
            .store
            .revoke_key("key", Doing::by("test", at(2)))
            .await
            .unwrap()
    );
    assert!(world.store.key("key").await.unwrap().unwrap().revoked);
    assert_eq!(world.store.key("other").await.unwrap(), None);
}

#[tokio::test]
async fn credentials_and_endpoints_open_only_with_the_key_ring() {
    let world = world().await;
    let (merchant, stripe) = (world.merchant_id, Channel::Stripe);
    assert!(world.store.credentials(merchant, stripe).await.unwrap().is_none());
    let credentials = Secret::new(r#"{"secret_key":"sk_test_1"}"#);
    world
        .store
        .set_credentials(merchant, stripe, &credentials, Doing::by("test", at(1)))
        .await
        .unwrap();
    assert_eq!(
        world.store.credentials(merchant, stripe).await.unwrap(),
        Some(credentials)
    );

    assert_eq!(world.store.endpoint(merchant).await.unwrap(), None);
    let secrets = [Some(at(9)), None].map(|until| EndpointSecret {
        secret: Secret::new("whsec_x"),
        until,
    });
    let (shop, doing) = ("https://shop.example/hook", Doing::by("test", at(2)));
    let set = world.store.set_endpoint(merchant, shop, &secrets, doing);
    assert_eq!(set.await.unwrap(), Some(true));
    let endpoint = world.store.endpoint(merchant).await.unwrap().unwrap();
    assert_eq!(
        (endpoint.secrets, endpoint.disabled_reason),
        (secrets.to_vec(), None)
    );

    let rotated = [EndpointSecret {
        secret: Secret::new("whsec_y"),
        until: None,
    }];
    let rotate = async |whose| {
        let change = |before: Vec<EndpointSecret>| {
            assert_eq!(before, secrets);
            Ok::<_, StoreError>(rotated.to_vec())
        };
        let doing = Doing::by("test", at(3));
        world
            .store
            .change_endpoint_secrets(whose, change, doing)
            .await
            .unwrap()
    };
    assert!(rotate(merchant).await);
    assert!(!rotate(MerchantId::random()).await, "a stranger has none");
    let set = world
        .store
        .set_endpoint(merchant, "https://shop.example/", &secrets, doing);
    assert_eq!(set.await.unwrap(), Some(false));
    let endpoint = world.store.endpoint(merchant).await.unwrap().unwrap();
    assert_eq!(endpoint.url, "https://shop.example/");
    assert_eq!(endpoint.secrets, rotated, "what signs stays");
    let set = world
        .store
        .set_endpoint(MerchantId::random(), shop, &secrets, doing);
    assert_eq!(set.await.unwrap(), None);

    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&world.database.url())
        .await
        .unwrap();
    sqlx::query("update channel_configs set credentials = '\\x00'")
        .execute(&mut connection)
        .await
        .unwrap();
    let error = world.store.credentials(merchant, stripe).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Unreadable { .. }) && !error.to_string().contains("sk_test"),
        "{error}"
    );
}

#[tokio::test]
async fn terms_are_those_of_everybody_until_they_are_set() {
    let world = world().await;
    let (store, merchant) = (&world.store, world.merchant_id);
    assert_eq!(store.terms(merchant).await.unwrap(), Terms::default());
    let terms = Terms {
        payment_expiry_s: 600,
        late_payments: LatePayments::Refund,
    };
    let set = store
        .set_terms(merchant, &terms, Doing::by("test", at(1)))
        .await
        .unwrap();
    assert_eq!(set, Some(terms));
    assert_eq!(store.terms(merchant).await.unwrap(), terms);
    let stranger = MerchantId::random();
    let set = store
        .set_terms(stranger, &terms, Doing::by("test", at(1)))
        .await
        .unwrap();
    assert_eq!(set, None);
    assert_eq!(store.terms(stranger).await.unwrap(), Terms::default());
    let never = Terms {
        payment_expiry_s: 0,
        ..terms
    };
    let refused = store
        .set_terms(merchant, &never, Doing::by("test", at(1)))
        .await
        .unwrap_err();
    assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
}

/// What is left out must not be what was read before somebody else set it.
#[tokio::test]
async fn two_who_set_different_terms_at_once_set_both() {
    let world = world().await;
    let (store, merchant) = (&world.store, world.merchant_id);
    for round in 1..=20 {
        let expiry = NewTerms {
            payment_expiry_s: Some(600 + round),
            ..NewTerms::default()
        };
        let policy = LatePayments::ALL[round as usize % 2];
        let late = NewTerms {
            late_payments: Some(policy),
            ..NewTerms::default()
        };
        let (one, other) = tokio::join!(
            store.set_terms(merchant, expiry, Doing::by("ada", at(1))),
            store.set_terms(merchant, late, Doing::by("ben", at(1)))
        );
        assert!(one.unwrap().is_some() && other.unwrap().is_some());
        let both = Terms {
            payment_expiry_s: 600 + round,
            late_payments: policy,
        };
        assert_eq!(store.terms(merchant).await.unwrap(), both);
    }
}
