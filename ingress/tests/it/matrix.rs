//! Every address, asked by everybody, about what is bob's: a user of the shop. The addresses are those that the API describes
//! ([`crate::contract`] and a test of the router hold the two together), so a new one has to find its place here.

mod askers;
mod places;

use std::{collections::BTreeMap, time::Duration};

use askers::{Standing, proven, unproven};
use places::{About, Ids, about, question, queue};
use reqwest::StatusCode;
use serde_json::Value;

use crate::{
    accounts::account_of,
    contract::operations,
    issuer::{KeyServer, Signer},
    orders::stored_of,
    owners::bought,
    tokens::world_of_keys,
    wallets::reserved_of,
    world::{Answer, open_shop},
};

/// What is asked about.
struct Things {
    /// Bob's payment, its refund, an order, and a wallet with a hold and a withdrawal.
    bobs: Ids,
    /// Those of nobody: ids that nothing has.
    none: Ids,
}

fn with(mut claims: Value, changes: Value) -> Value {
    let all = claims.as_object_mut().unwrap();
    all.extend(changes.as_object().unwrap().clone());
    claims
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
    // Apart from what is for administrators alone, one who acts for a merchant is that merchant.
    let is_for_admins = matches!(about, About::Correction | About::Verdict);
    let standing = match standing {
        Acting if !is_for_admins => Merchant,
        ActingElsewhere if !is_for_admins => Stranger,
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
            | About::Verdict
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
            About::Refund
            | About::Step
            | About::Settlement
            | About::Correction
            | About::Verdict
            | About::Figures,
            Owner | Neighbour | Namesake,
        )
        | (About::Correction | About::Verdict, Merchant | Stranger) => Expected::Forbidden,
        (About::Figures, Merchant | Stranger | Admin) => Expected::Ok,
        (About::Refund | About::Settlement, Merchant) | (About::Correction, Acting) => Expected::Accepted,
        (About::Step, Merchant) | (About::Verdict, Acting) => Expected::Refused,
        (About::Refund | About::Step | About::Settlement, Stranger)
        | (About::Correction | About::Verdict, ActingElsewhere) => Expected::NotFound,
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
