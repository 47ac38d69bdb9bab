//! Every address, asked by everybody, about what is bob's: a user of the shop. The addresses are those that the API describes
//! ([`crate::contract`] and a test of the router hold the two together), so a new one has to find its place here.

use std::{collections::BTreeMap, time::Duration};

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::{
    accounts::account_of,
    contract::operations,
    issuer::{KeyServer, Signer, shared, unsigned},
    orders::stored_of,
    owners::bought,
    tokens::{admin, claims, world_of_keys},
    wallets::{reserved_of, wallet_id_of},
    world::{Answer, NOW_S, Shop, World, good_body, open_shop},
};

/// What an address is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// Nothing that is anybody's; or whoever asks proves it otherwise.
    Nobody,
    /// Several of something.
    List,
    /// One payment, refund, order or wallet.
    One,
    /// What is wanted done with one payment.
    Wish,
    /// A new payment, which is to be bob's.
    Payment,
    /// A new refund of bob's payment.
    Refund,
    /// A new order, which is to be bob's.
    Order,
    /// A new wallet, which is to be bob's.
    Wallet,
    /// An account for the owner of bob's wallet.
    Account,
    /// What is told to those who wait, and nobody waits here.
    Secret,
    /// What merchants alone say of an order or a withdrawal, and what bob's does not allow as it stands.
    Step,
    /// What merchants alone do with bob's wallet.
    Settlement,
    /// A correction of bob's wallet.
    Correction,
    /// What a merchant is set up for.
    Setup,
    /// What all payments or orders of a merchant come to.
    Figures,
}

/// The place of an address in the matrix.
fn about(method: &str, path: &str) -> About {
    match (method, path) {
        ("post", "/api/v1/webhooks/{channel}/{merchant}")
        | ("get", "/api/v1/openapi.json" | "/healthz" | "/readyz") => About::Nobody,
        (
            "get",
            "/api/v1/payments"
            | "/api/v1/payments/history"
            | "/api/v1/refunds"
            | "/api/v1/orders"
            | "/api/v1/wallets",
        ) => About::List,
        (
            "get",
            "/api/v1/wallets/{id}"
            | "/api/v1/wallets/{id}/transactions"
            | "/api/v1/wallets/{id}/holds"
            | "/api/v1/wallets/{id}/withdrawals"
            | "/api/v1/wallets/{id}/account",
        ) => About::One,
        ("post", "/api/v1/wallets/{id}/account") => About::Account,
        ("post", "/api/v1/wallets/{id}/account/onboarding-link") => About::Secret,
        ("post", "/api/v1/wallets/{id}/withdrawals" | "/api/v1/wallets/{id}/transfers") => About::Wish,
        (
            "post",
            "/api/v1/wallets/{id}/holds"
            | "/api/v1/wallets/{id}/holds/{hold}/capture"
            | "/api/v1/wallets/{id}/holds/{hold}/release"
            | "/api/v1/wallets/{id}/withdrawals/{withdrawal}/complete"
            | "/api/v1/wallets/{id}/withdrawals/{withdrawal}/reject",
        ) => About::Settlement,
        ("post", "/api/v1/wallets/{id}/adjustments") => About::Correction,
        ("post", "/api/v1/wallets") => About::Wallet,
        ("get", "/api/v1/orders/{id}" | "/api/v1/orders/{id}/logs") => About::One,
        ("post", "/api/v1/orders/{id}/pay" | "/api/v1/orders/{id}/cancel") => About::Wish,
        ("post", "/api/v1/orders") => About::Order,
        (
            "post",
            "/api/v1/orders/{id}/refund"
            | "/api/v1/orders/{id}/ship"
            | "/api/v1/orders/{id}/complete"
            | "/api/v1/wallets/{id}/withdrawals/{withdrawal}/pay",
        ) => About::Step,
        ("get", "/api/v1/payments/{id}" | "/api/v1/payments/{id}/status" | "/api/v1/refunds/{id}") => {
            About::One
        }
        ("post", "/api/v1/payments/{id}/cancel" | "/api/v1/payments/{id}/confirm") => About::Wish,
        ("post", "/api/v1/payments") => About::Payment,
        ("post", "/api/v1/refunds" | "/api/v1/payments/{id}/refund") => About::Refund,
        ("get", "/api/v1/payment-methods") => About::Setup,
        (
            "get",
            "/api/v1/statistics/payments" | "/api/v1/statistics/orders" | "/api/v1/statistics/daily-summary",
        ) => About::Figures,
        _ => panic!("{method} {path} has no place in the matrix: say who may see and do what there"),
    }
}

/// How somebody stands to bob's payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It shows nothing that is good.
    Unproven,
    /// It is bob.
    Owner,
    /// Another user of the same merchant.
    Neighbour,
    /// A user of another merchant; the one that is called bob as well.
    Namesake,
    /// The merchant.
    Merchant,
    /// Another merchant.
    Stranger,
    /// An administrator who acts for the merchant.
    Acting,
    /// An administrator who acts for another merchant.
    ActingElsewhere,
    /// An administrator who names no merchant.
    Admin,
}

/// Somebody who asks.
struct Asker {
    name: &'static str,
    standing: Standing,
    shows: Option<String>,
    merchant: Option<String>,
}

/// What is asked about.
struct Things {
    /// Bob's payment, its refund, an order, and a wallet with a hold and a withdrawal.
    bobs: Ids,
    /// Those of nobody: ids that nothing has.
    none: Ids,
}

/// The ids of a payment, a refund, an order, a wallet, a hold and a withdrawal.
type Ids = [String; 6];

fn asker(name: &'static str, standing: Standing, shows: impl Into<String>) -> Asker {
    Asker {
        name,
        standing,
        shows: Some(shows.into()),
        merchant: None,
    }
}

fn with(mut claims: Value, changes: Value) -> Value {
    let all = claims.as_object_mut().unwrap();
    all.extend(changes.as_object().unwrap().clone());
    claims
}

/// What proves nothing, though much of it says that it is bob or an administrator.
fn unproven(world: &World, signer: &Signer) -> Vec<Asker> {
    let bob = claims("bob", world.shop.id);
    let rs256 = json!({"alg": "RS256", "kid": "first"});
    let hs256 = json!({"alg": "HS256", "kid": "first"});
    let changed = |changes| signer.token(&with(bob.clone(), changes));
    let swapped = {
        let (good, other) = (signer.token(&claims("anna", world.shop.id)), signer.token(&bob));
        let good: Vec<_> = good.split('.').collect();
        let other: Vec<_> = other.split('.').collect();
        [good[0], other[1], good[2]].join(".")
    };
    let public = signer.public();
    let key_set = json!({"keys": [public]}).to_string();
    let without = |claim: &str| {
        let mut fewer = bob.clone();
        fewer.as_object_mut().unwrap().remove(claim);
        signer.token(&fewer)
    };
    let wrong_key = format!("{}{}", &world.shop.key[..world.shop.key.len() - 8], "0".repeat(8));
    let mut askers: Vec<_> = [
        ("garbage", "garbage".to_owned()),
        ("garbage like a token", "a.b.c".into()),
        ("a key with a wrong secret", wrong_key),
        ("expired", changed(json!({"exp": NOW_S - 60}))),
        ("not valid yet", changed(json!({"nbf": NOW_S + 60}))),
        ("another issuer", changed(json!({"iss": "https://evil.example"}))),
        ("another audience", changed(json!({"aud": "other"}))),
        ("without an end", without("exp")),
        ("without an issuer", without("iss")),
        ("without an audience", without("aud")),
        ("an end that is a text", changed(json!({"exp": "never"}))),
        ("signed by another", Signer::second().token_as(&rs256, &bob)),
        ("signed by an unknown key", Signer::second().token(&bob)),
        ("another's claims", swapped),
        ("not signed", unsigned(&bob)),
        ("not signed, an administrator", unsigned(&admin())),
        ("HS256 with the modulus", shared(&signer.modulus(), &hs256, &bob)),
        ("HS256 with the key set", shared(key_set.as_bytes(), &hs256, &bob)),
        (
            "HS256 with the modulus as written",
            shared(public["n"].as_str().unwrap().as_bytes(), &hs256, &admin()),
        ),
        ("RS256 with an HMAC", shared(&signer.modulus(), &rs256, &bob)),
        ("HS256 with nothing", shared(b"", &hs256, &bob)),
    ]
    .into_iter()
    .map(|(name, shows)| asker(name, Standing::Unproven, shows))
    .collect();
    askers.push(Asker {
        name: "nothing",
        standing: Standing::Unproven,
        shows: None,
        merchant: None,
    });
    askers
}

fn proven(world: &World, other: &Shop, signer: &Signer) -> Vec<Asker> {
    let token = |user: &str, shop: &Shop| signer.token(&claims(user, shop.id));
    let admin = signer.token(&admin());
    let acting = |name, standing, shop: &Shop| Asker {
        merchant: Some(shop.id.to_string()),
        ..asker(name, standing, admin.clone())
    };
    vec![
        asker("bob", Standing::Owner, token("bob", &world.shop)),
        asker("anna", Standing::Neighbour, token("anna", &world.shop)),
        asker("bob of another shop", Standing::Namesake, token("bob", other)),
        asker("the shop", Standing::Merchant, world.shop.key.clone()),
        asker("another shop", Standing::Stranger, other.key.clone()),
        acting("an administrator for the shop", Standing::Acting, &world.shop),
        acting(
            "an administrator for another shop",
            Standing::ActingElsewhere,
            other,
        ),
        asker("an administrator", Standing::Admin, admin.clone()),
    ]
}

/// What is asked at this address, about these ids; by whoever is added to it.
fn question(
    world: &World,
    method: &str,
    path: &str,
    about: About,
    [payment, refund, order, wallet, hold, withdrawal]: &Ids,
) -> RequestBuilder {
    let id = if path.contains("/refunds/") {
        refund
    } else if path.contains("/orders/") {
        order
    } else if path.contains("/wallets/") {
        wallet
    } else {
        payment
    };
    let path = path
        .replace("{id}", id)
        .replace("{hold}", hold)
        .replace("{withdrawal}", withdrawal)
        .replace("{channel}", "stripe")
        .replace("{merchant}", &world.shop.id.to_string());
    let query = if about == About::Setup {
        "?amount=1&currency=USD"
    } else {
        ""
    };
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let request = world.request(method, &format!("{path}{query}"));
    let body = match about {
        About::Nobody | About::List | About::One | About::Setup | About::Figures => return request,
        About::Wish if path.ends_with("/withdrawals") => json!({"amount_minor": 1}),
        About::Wish if path.ends_with("/transfers") => {
            json!({"amount_minor": 1, "to_wallet_id": wallet_id_of(world, "anna")})
        }
        About::Wish => json!({}),
        About::Settlement if path.ends_with("/holds") => json!({"amount_minor": 1, "reason": "a deposit"}),
        About::Settlement if path.ends_with("/reject") => json!({"reason": "not now"}),
        About::Settlement => json!({}),
        About::Correction => json!({"amount_minor": 1, "reason": "a gift"}),
        About::Payment => with(good_body(), json!({"user_id": "bob"})),
        About::Refund if path.contains(payment) => json!({"amount": 1}),
        About::Refund => json!({"payment_id": payment, "amount": 1}),
        About::Order => json!({
            "currency": "USD", "user_id": "bob",
            "items": [{"name": "Tea", "sku": "tea", "unit_price": 500, "quantity": 1}],
        }),
        About::Wallet => json!({"currency": "JPY", "user_id": "bob"}),
        About::Account => json!({"country": "US"}),
        About::Secret => json!({"return_url": "https://a.example", "refresh_url": "https://a.example"}),
        About::Step if path.ends_with("/ship") => json!({"carrier": "DHL", "tracking": "00340"}),
        About::Step => json!({}),
    };
    request.header("idempotency-key", "matrix").json(&body)
}

impl Asker {
    async fn ask(&self, world: &World, request: RequestBuilder) -> Answer {
        let request = match &self.shows {
            Some(shown) => request.bearer_auth(shown),
            None => request,
        };
        let request = match &self.merchant {
            Some(merchant) => request.header("sluice-merchant", merchant),
            None => request,
        };
        world.send(request).await
    }
}

/// What somebody gets to hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Unauthorized,
    Forbidden,
    NotFound,
    NameAMerchant,
    /// Not as it stands; a merchant that asks while PostgreSQL is slow hears that from the worker.
    Refused,
    /// Only to those who wait.
    MustWait,
    /// The list, with what is bob's, or without.
    Lists(bool),
    Ok,
    Accepted,
}

fn expected(about: About, standing: Standing) -> Expected {
    use Standing::{
        Acting, ActingElsewhere, Admin, Merchant, Namesake, Neighbour, Owner, Stranger, Unproven,
    };
    // Apart from corrections, an administrator who acts for a merchant is that merchant.
    let standing = match standing {
        Acting if about != About::Correction => Merchant,
        ActingElsewhere if about != About::Correction => Stranger,
        standing => standing,
    };
    match (about, standing) {
        (About::Nobody, _) => unreachable!("nobody is asked who they are there"),
        (_, Unproven) => Expected::Unauthorized,
        (About::List, Owner | Merchant | Admin) => Expected::Lists(true),
        (About::List, Neighbour | Namesake | Stranger) => Expected::Lists(false),
        (About::One, Owner | Merchant | Admin) => Expected::Ok,
        (About::One | About::Wish | About::Account | About::Secret, Neighbour | Namesake | Stranger) => {
            Expected::NotFound
        }
        (About::Secret, Owner | Merchant) => Expected::MustWait,
        (
            About::Wish
            | About::Payment
            | About::Refund
            | About::Order
            | About::Wallet
            | About::Account
            | About::Secret
            | About::Step
            | About::Settlement
            | About::Correction
            | About::Setup,
            Admin,
        ) => Expected::NameAMerchant,
        (About::Wish | About::Account, Owner | Merchant) => Expected::Accepted,
        // Another merchant's bob is another bob.
        (About::Payment | About::Wallet, Owner | Merchant | Namesake | Stranger)
        | (About::Order, Merchant | Stranger) => Expected::Accepted,
        // Whoever makes an order sets its prices.
        (About::Payment | About::Wallet, Neighbour)
        | (About::Order, Owner | Neighbour | Namesake)
        | (
            About::Refund | About::Step | About::Settlement | About::Correction | About::Figures,
            Owner | Neighbour | Namesake,
        )
        | (About::Correction, Merchant | Stranger) => Expected::Forbidden,
        (About::Figures, Merchant | Stranger | Admin) => Expected::Ok,
        (About::Refund | About::Settlement, Merchant) | (About::Correction, Acting) => Expected::Accepted,
        (About::Step, Merchant) => Expected::Refused,
        (About::Refund | About::Step | About::Settlement, Stranger)
        | (About::Correction, ActingElsewhere) => Expected::NotFound,
        (_, Acting | ActingElsewhere) => unreachable!("they stand for a merchant there"),
        (About::Setup, Owner | Neighbour | Namesake | Merchant | Stranger) => Expected::Ok,
    }
}

/// Checks what somebody was told, and that it says nothing about what is bob's to whom it must not.
fn judge(place: &str, answer: &Answer, expected: Expected, things: &Things) {
    let told = answer.body.to_string();
    let names_bobs = things.bobs.iter().any(|id| {
        // The address itself is told back to whoever asked.
        let path = answer.body["instance"].as_str().unwrap_or_default();
        told.replace(path, "").contains(id)
    });
    let status = answer.status.as_u16();
    match expected {
        Expected::Unauthorized => drop(answer.is_problem(401, "/problems/unauthorized")),
        Expected::Forbidden => drop(answer.is_problem(403, "/problems/forbidden")),
        Expected::NotFound => drop(answer.is_problem(404, "/problems/not-found")),
        Expected::NameAMerchant => drop(answer.is_problem(400, "/problems/merchant-header")),
        Expected::Refused if status == 202 => {}
        Expected::MustWait => drop(answer.is_problem(400, "/problems/prefer-wait")),
        Expected::Refused => drop(answer.is_problem(409, "/problems/action-refused")),
        Expected::Lists(_) | Expected::Ok => assert_eq!(status, 200, "{place}: {answer:?}"),
        Expected::Accepted => assert_eq!(status, 202, "{place}: {answer:?}"),
    }
    match expected {
        Expected::Lists(with_bobs) => assert_eq!(names_bobs, with_bobs, "{place}: {told}"),
        Expected::Ok | Expected::Accepted | Expected::Refused | Expected::MustWait => {}
        Expected::Unauthorized | Expected::Forbidden | Expected::NotFound | Expected::NameAMerchant => {
            assert!(!names_bobs, "{place}: {told}")
        }
    }
}

/// What does not differ between something that is another's and something that is not there.
fn kept_secret(answer: &Answer) -> (StatusCode, Option<String>, Value) {
    let mut body = answer.body.clone();
    for varies in ["instance", "trace_id"] {
        drop(body.as_object_mut().unwrap().remove(varies));
    }
    let retry_after = answer.header("retry-after").map(str::to_owned);
    (answer.status, retry_after, body)
}

#[tokio::test]
async fn everybody_sees_and_does_what_is_theirs_and_nothing_else() {
    let signer = Signer::first();
    let server = KeyServer::start(vec![signer.public()]).await;
    let world = world_of_keys(&server).await;
    world.ready().await;
    let other = open_shop(&world.store).await;
    let [payment, refund] = bought(&world, "bobs", Some("bob"), 1).await;
    let [wallet, hold, withdrawal] = reserved_of(&world, "bob").await;
    let of_bob = world
        .store
        .wallet(wallet.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    account_of(&world, &of_bob).await;
    let things = Things {
        bobs: [
            payment,
            refund,
            stored_of(&world, "bobs", "bob", 1).await.id.to_string(),
            wallet,
            hold,
            withdrawal,
        ],
        none: ["pay", "rfd", "ord", "wal", "hld", "wdr"].map(|kind| format!("{kind}_{}", "0".repeat(32))),
    };
    let mut askers = unproven(&world, &signer);
    askers.extend(proven(&world, &other, &signer));
    let mut accepted: BTreeMap<&str, usize> = BTreeMap::new();
    let mut asked = 0;
    for (method, path) in operations() {
        let about = about(&method, &path);
        for asker in askers.iter().filter(|_| about != About::Nobody) {
            let place = format!("{} at {method} {path}", asker.name);
            let expected = expected(about, asker.standing);
            let ask = |ids| asker.ask(&world, question(&world, &method, &path, about, ids));
            let mut answer = ask(&things.bobs).await;
            // A merchant that asks while PostgreSQL is slow is accepted, and refused by the worker.
            while expected == Expected::NotFound && answer.status == StatusCode::ACCEPTED {
                assert!(
                    matches!(asker.standing, Standing::Stranger | Standing::ActingElsewhere),
                    "{place}"
                );
                tokio::time::sleep(Duration::from_secs(1)).await;
                answer = ask(&things.bobs).await;
            }
            judge(&place, &answer, expected, &things);
            if expected == Expected::NotFound {
                let mut absent = ask(&things.none).await;
                while absent.status == StatusCode::ACCEPTED {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    absent = ask(&things.none).await;
                }
                assert_eq!(kept_secret(&answer), kept_secret(&absent), "{place}");
            }
            let is_accepted = answer.status == StatusCode::ACCEPTED;
            if is_accepted && answer.body["merchant_id"] == world.shop.id.to_string() {
                *accepted.entry(queue(&path)).or_default() += 1;
            }
            asked += 1;
        }
    }
    assert!(asked > 300, "{asked}");
    // The shop has the jobs that were accepted, and no others.
    let shop = world.shop.id.to_string();
    for (kind, count) in accepted {
        let jobs = world.take_jobs(kind, 1_000).await;
        let of_shop = jobs
            .iter()
            .filter(|job| job["payload"].as_str().unwrap().contains(&shop));
        assert_eq!(of_shop.count(), count, "{kind}");
    }
    world.close().await;
}

/// The kind of the jobs that an address publishes.
fn queue(path: &str) -> &'static str {
    match path.rsplit('/').next() {
        Some("wallets") => "create_wallet",
        Some("account") => "create_account",
        Some("pay") if path.contains("/wallets/") => "create_transfer",
        Some("orders") => "create_order",
        _ if path.contains("/orders/") => "change_order",
        _ if path.contains("/wallets/") => "change_wallet",
        Some("payments") => "create_intent",
        Some("refund" | "refunds") => "create_refund",
        Some("cancel") => "cancel_payment",
        Some("confirm") => "confirm_payment",
        _ => panic!("what does {path} publish?"),
    }
}

#[tokio::test]
async fn an_address_takes_no_other_methods_than_it_says() {
    let world = crate::world::world().await;
    let described = operations();
    for path in described.iter().map(|(_, path)| path) {
        for method in ["get", "post", "put", "patch", "delete"] {
            if described.contains(&(method.to_owned(), path.clone())) {
                continue;
            }
            let none = ["pay_1", "rfd_1", "ord_1", "wal_1", "hld_1", "wdr_1"].map(str::to_owned);
            let request = question(&world, method, path, About::One, &none);
            let answer = world.send(request.bearer_auth(&world.shop.key)).await;
            answer.is_problem(405, "/problems/method-not-allowed");
        }
    }
    world.close().await;
}
