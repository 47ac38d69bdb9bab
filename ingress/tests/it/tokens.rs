//! Tokens of users and administrators: which are taken, and what their bearers may do.

use std::time::Duration;

use domain::{
    job::{CancelPayment, CreateIntent},
    payment::PaymentStatus,
};
use ingress::{JwksPlace, JwtConfig, JwtKeys};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::{
    issuer::{AUDIENCE, ISSUER, KeyServer, SECRET, Signer, shared},
    refunds, wallets,
    worker::only_job,
    world::{NOW_S, World, good_body, open_shop, world, world_with},
};

const PAYMENTS: &str = "/api/v1/payments";

/// What a deployment takes.
pub fn config(keys: JwtKeys) -> JwtConfig {
    JwtConfig {
        keys,
        issuer: ISSUER.into(),
        audience: AUDIENCE.into(),
        admits_admins: true,
        keys_pause: Duration::from_millis(200),
    }
}

/// A world whose issuer shares a secret with it.
pub async fn world_of_secret() -> World {
    let keys = JwtKeys::Secret(domain::secret::Secret::new(SECRET));
    world_with(|with| with.jwt = Some(config(keys))).await
}

/// A world whose issuer shows its keys.
pub async fn world_of_keys(server: &KeyServer) -> World {
    runtime::install_crypto();
    let keys = JwtKeys::Public(JwksPlace::Url(server.url().parse().unwrap()));
    world_with(|with| with.jwt = Some(config(keys))).await
}

/// Good claims of a user of this merchant.
pub fn claims(user: &str, merchant: impl ToString) -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "iat": NOW_S, "exp": NOW_S + 300, "sub": user,
        "merchant_id": merchant.to_string(),
    })
}

/// Good claims of an administrator.
pub fn admin() -> Value {
    json!({"iss": ISSUER, "aud": AUDIENCE, "exp": NOW_S + 300, "sub": "root", "role": "admin"})
}

pub fn token(claims: &Value) -> String {
    shared(SECRET.as_bytes(), &json!({"alg": "HS256"}), claims)
}

impl World {
    pub fn as_bearer(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(token)
    }

    pub fn post_as(&self, token: &str, path: &str, key: &str, body: &Value) -> RequestBuilder {
        let request = self.as_bearer(Method::POST, path, token);
        request.header("idempotency-key", key).json(body)
    }
}

#[tokio::test]
async fn a_deployment_without_settings_takes_no_tokens_and_says_so() {
    let world = world().await;
    let token = token(&claims("anna", world.shop.id));
    let answer = world.send(world.as_bearer(Method::GET, PAYMENTS, &token)).await;
    answer.is_problem(401, "/problems/unauthorized");
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.contains("takes no tokens"), "{detail}");
    world.close().await;
}

#[tokio::test]
async fn a_user_asks_in_its_own_name_under_keys_of_its_own() {
    let world = world_of_secret().await;
    world.ready().await;
    let anna = token(&claims("anna", world.shop.id));
    let bob = token(&claims("bob", world.shop.id));
    let asked = world
        .send(world.post_as(&anna, PAYMENTS, "k", &good_body()))
        .await;
    assert_eq!(
        (asked.status, &asked.body["user_id"]),
        (StatusCode::ACCEPTED, &json!("anna"))
    );
    let (job, _) = only_job::<CreateIntent>(&world).await;
    assert_eq!(job.request.user_id, Some("anna".parse().unwrap()));
    assert_eq!(
        (job.merchant_id, job.payment_id().to_string().into()),
        (world.shop.id, asked.body["id"].clone())
    );

    let again = world
        .send(world.post_as(&anna, PAYMENTS, "k", &good_body()))
        .await;
    assert_eq!(again.body, asked.body);
    // Neither another user nor the merchant loses the key by it.
    for request in [
        world.post_as(&bob, PAYMENTS, "k", &good_body()),
        world.pay("k", &good_body()),
    ] {
        let other = world.send(request).await;
        assert_eq!(other.status, StatusCode::ACCEPTED, "{other:?}");
        assert_ne!(other.body["id"], asked.body["id"]);
    }
    for (field, value) in [("user_id", "bob"), ("connected_account", "acct_1")] {
        let mut body = good_body();
        body[field] = value.into();
        let answer = world.send(world.post_as(&anna, PAYMENTS, "l", &body)).await;
        answer.is_problem(403, "/problems/forbidden");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(field), "{detail}");
    }
    world.close().await;
}

#[tokio::test]
async fn a_user_acts_on_what_is_known_to_be_its_own_and_refunds_nothing() {
    let world = world_of_secret().await;
    world.ready().await;
    let anna = token(&claims("anna", world.shop.id));
    let payment = world.payment_of("k", Some("anna"), PaymentStatus::RequiresAction, 1);
    world.store(&payment).await;
    let cancel = format!("{PAYMENTS}/{}/cancel", payment.id);
    let answer = world.send(world.post_as(&anna, &cancel, "c", &json!({}))).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let (job, _) = only_job::<CancelPayment>(&world).await;
    assert_eq!((job.0.merchant_id, job.0.payment_id), (world.shop.id, payment.id));
    let answer = world
        .send(world.post_as(&anna, &refunds::address(payment.id), "r", &json!({})))
        .await;
    answer.is_problem(403, "/problems/forbidden");

    // A merchant's word is enough while nobody can look; a user's is not.
    world.database.set_reachable(false).await;
    let answer = world.send(world.post_as(&anna, &cancel, "d", &json!({}))).await;
    answer.is_problem(503, "/problems/store-unavailable");
    assert!(world.take_jobs("cancel_payment", 10).await.is_empty());
    let answer = world
        .send(world.post_as(&anna, PAYMENTS, "p", &good_body()))
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    world.database.set_reachable(true).await;
    world.close().await;
}

#[tokio::test]
async fn a_user_pays_into_and_from_its_own_wallets_only() {
    let world = world_of_secret().await;
    world.ready().await;
    let wallet = wallets::wallet_of(&world, "anna", 1).await;
    let [anna, bob] = ["anna", "bob"].map(|user| token(&claims(user, world.shop.id)));
    let top_up = json!({"amount": 500, "currency": "EUR", "wallet_id": wallet.id.to_string()});
    let answer = world.send(world.post_as(&bob, PAYMENTS, "k", &top_up)).await;
    answer
        .is_problem(422, "/problems/invalid-request")
        .names("wallet_id", "no such wallet");
    let pay = json!({"amount": 500, "currency": "EUR", "method": "wallet", "user_id": "anna"});
    let answer = world.send(world.post_as(&bob, PAYMENTS, "k", &pay)).await;
    answer.is_problem(403, "/problems/forbidden");
    assert!(world.take_jobs("create_intent", 10).await.is_empty());
    for (key, body) in [("in", &top_up), ("out", &pay)] {
        let answer = world.send(world.post_as(&anna, PAYMENTS, key, body)).await;
        assert_eq!(
            (answer.status, &answer.body["user_id"]),
            (StatusCode::ACCEPTED, &json!("anna"))
        );
    }

    let methods = async |bearer: &str| {
        let path = "/api/v1/payment-methods?amount=500&currency=EUR";
        let answer = world.send(world.as_bearer(Method::GET, path, bearer)).await;
        answer.body["data"].as_array().unwrap().len()
    };
    assert_eq!(methods(&anna).await, 0, "there is nothing in it");
    wallets::fill(&world, &wallet, 500, "a gift").await;
    assert_eq!((methods(&anna).await, methods(&bob).await), (1, 0));
    world.close().await;
}

#[tokio::test]
async fn an_administrator_names_the_merchant_it_acts_for() {
    let world = world_of_secret().await;
    world.ready().await;
    let admin = token(&admin());
    let other = open_shop(&world.store).await;
    let post = |merchant: &str| {
        let request = world.post_as(&admin, PAYMENTS, "k", &good_body());
        request.header("sluice-merchant", merchant)
    };
    let answer = world.send(post(&other.id.to_string())).await;
    assert_eq!(
        (answer.status, &answer.body["merchant_id"]),
        (StatusCode::ACCEPTED, &json!(other.id.to_string()))
    );
    let unknown = domain::id::MerchantId::random().to_string();
    let own = world.shop.id.to_string();
    for (request, words) in [
        (
            world.post_as(&admin, PAYMENTS, "k", &good_body()),
            "Name the merchant",
        ),
        (post(&unknown), "no merchant of this id"),
        (post("shop"), "mer_ and 32"),
        (post(&own).header("sluice-merchant", &own), "one Sluice-Merchant"),
        (
            world.as_bearer(Method::GET, &format!("{PAYMENTS}?user_id=anna"), &admin),
            "Name the merchant",
        ),
    ] {
        let answer = world.send(request).await;
        answer.is_problem(400, "/problems/merchant-header");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{detail}");
    }
    // Whoever belongs to a merchant does not act for another by naming it.
    for bearer in [&world.shop.key, &token(&claims("anna", world.shop.id))] {
        for (merchant, status) in [(other.id, 403), (world.shop.id, 200)] {
            let request = world.as_bearer(Method::GET, PAYMENTS, bearer);
            let answer = world
                .send(request.header("sluice-merchant", merchant.to_string()))
                .await;
            assert_eq!(answer.status, status, "{answer:?}");
        }
    }
    world.close().await;
}

#[tokio::test]
async fn a_role_or_a_merchant_that_is_not_known_here_is_refused() {
    let keys = JwtKeys::Secret(domain::secret::Secret::new(SECRET));
    let world = world_with(|with| {
        with.jwt = Some(JwtConfig {
            admits_admins: false,
            ..config(keys)
        });
    })
    .await;
    let mut owner = claims("anna", world.shop.id);
    owner["role"] = "owner".into();
    for claims in [owner, admin()] {
        let request = world.as_bearer(Method::GET, PAYMENTS, &token(&claims));
        world.send(request).await.is_problem(403, "/problems/forbidden");
    }
    let stranger = token(&claims("anna", domain::id::MerchantId::random()));
    let answer = world
        .send(world.as_bearer(Method::GET, PAYMENTS, &stranger))
        .await;
    answer.is_problem(401, "/problems/unauthorized");
    world.close().await;
}

#[tokio::test]
async fn keys_are_rotated_and_withdrawn_while_ingress_runs() {
    let (first, second) = (Signer::first(), Signer::second());
    let server = KeyServer::start(vec![first.public()]).await;
    let world = world_of_keys(&server).await;
    let claims = claims("anna", world.shop.id);
    let status = async |signer: &Signer| {
        let request = world.as_bearer(Method::GET, PAYMENTS, &signer.token(&claims));
        world.send(request).await.status
    };
    assert_eq!(status(&first).await, StatusCode::OK);
    assert_eq!(status(&second).await, StatusCode::UNAUTHORIZED);
    server.show(vec![second.public(), first.public()]);
    crate::world::eventually("the new key is taken", async || {
        status(&second).await == StatusCode::OK
    })
    .await;
    assert_eq!(status(&first).await, StatusCode::OK);

    // A key that was taken away is gone with the next look, which a name that nobody knows brings about.
    server.show(vec![second.public()]);
    let unknown = first.token_as(&json!({"alg": "RS256", "kid": "third"}), &claims);
    let look = async || {
        let request = world.as_bearer(Method::GET, PAYMENTS, &unknown);
        world
            .send(request)
            .await
            .is_problem(401, "/problems/unauthorized");
    };
    crate::world::eventually("the old key is refused", async || {
        look().await;
        status(&first).await == StatusCode::UNAUTHORIZED
    })
    .await;
    // What is no key set takes nothing away.
    server.answer(json!({"error": "try later"}));
    let asked = server.asked();
    crate::world::eventually("it was looked again", async || {
        look().await;
        server.asked() > asked
    })
    .await;
    assert_eq!(status(&second).await, StatusCode::OK);
    // A set without keys takes the last one.
    server.show(Vec::new());
    crate::world::eventually("the last key is refused", async || {
        look().await;
        status(&second).await == StatusCode::UNAUTHORIZED
    })
    .await;
    world.close().await;
}

#[tokio::test]
async fn a_flood_of_unknown_keys_is_one_question() {
    let first = Signer::first();
    let server = KeyServer::start(vec![first.public()]).await;
    runtime::install_crypto();
    let keys = JwtKeys::Public(JwksPlace::Url(server.url().parse().unwrap()));
    let world = world_with(|with| {
        with.jwt = Some(JwtConfig {
            keys_pause: Duration::from_secs(600),
            ..config(keys)
        });
    })
    .await;
    let claims = claims("anna", world.shop.id);
    let ask = async |number: usize| {
        let header = json!({"alg": "RS256", "kid": format!("made up {number}")});
        let request = world.as_bearer(Method::GET, PAYMENTS, &first.token_as(&header, &claims));
        world
            .send(request)
            .await
            .is_problem(401, "/problems/unauthorized");
    };
    futures::future::join_all((0..40).map(ask)).await;
    assert_eq!(server.asked(), 1);
    let request = world.as_bearer(Method::GET, PAYMENTS, &first.token(&claims));
    assert_eq!(world.send(request).await.status, StatusCode::OK);
    world.close().await;
}

#[tokio::test]
async fn without_the_issuers_keys_nothing_is_said_about_a_token() {
    runtime::install_crypto();
    let keys = JwtKeys::Public(JwksPlace::Url("http://127.0.0.1:1/keys".parse().unwrap()));
    let world = world_with(|with| with.jwt = Some(config(keys))).await;
    let token = Signer::first().token(&claims("anna", world.shop.id));
    let answer = world.send(world.as_bearer(Method::GET, PAYMENTS, &token)).await;
    answer.is_problem(503, "/problems/token-unverified");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(world.send(world.get(PAYMENTS)).await.status, StatusCode::OK);
    world.close().await;
}
