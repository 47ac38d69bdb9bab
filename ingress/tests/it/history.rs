//! The history of payments, page by page, with its totals.

use domain::payment::{Payment, PaymentStatus};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::world::{Answer, World, open_shop, world};

const HISTORY: &str = "/api/v1/payments/history";

/// Seven payments of anna's, the last of them the newest, and one of bob's.
async fn bought(world: &World) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..7 {
        let (status, currency) = match n {
            0 => (PaymentStatus::RequiresAction, "EUR"),
            1..=3 => (PaymentStatus::Succeeded, "USD"),
            _ => (PaymentStatus::Failed, "USD"),
        };
        // Two share each moment.
        let payment = world.payment_of(&format!("k{n}"), Some("anna"), status, n / 2);
        let payment = in_currency(payment, currency);
        world.store(&payment).await;
        ids.push((payment.created_at, payment.id));
    }
    let of_bob = world.payment_of("bob", Some("bob"), PaymentStatus::Succeeded, 9);
    world.store(&of_bob).await;
    ids.sort();
    ids.into_iter().rev().map(|(_, id)| id.to_string()).collect()
}

fn in_currency(mut payment: Payment, code: &str) -> Payment {
    payment.request.money.currency = code.parse().unwrap();
    payment.money = payment.request.money;
    payment.fingerprint = payment.request.fingerprint();
    payment
}

async fn read(world: &World, query: &str) -> Answer {
    let answer = world.send(world.get(&format!("{HISTORY}?{query}"))).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer
}

fn ids(answer: &Answer) -> Vec<String> {
    let data = answer.body["data"].as_array().unwrap();
    assert!(data.iter().all(|payment| payment.get("next_action").is_none()));
    data.iter()
        .map(|payment| payment["id"].as_str().unwrap().to_owned())
        .collect()
}

fn numbers(answer: &Answer) -> [Value; 4] {
    ["page", "size", "pages", "count"].map(|name| answer.body[name].clone())
}

#[tokio::test]
async fn pages_hold_every_payment_once_and_the_totals_hold_them_all() {
    let world = world().await;
    let all = bought(&world).await;
    let mut seen = Vec::new();
    for page in 1..=3 {
        let answer = read(&world, &format!("user_id=anna&size=3&page={page}")).await;
        assert_eq!(numbers(&answer), [json!(page), json!(3), json!(3), json!(7)]);
        let totals = json!([
            {"currency": "EUR", "count": 1, "amount": 1999, "amount_paid": 0, "amount_refunded": 0},
            {"currency": "USD", "count": 6, "amount": 11_994, "amount_paid": 5_997, "amount_refunded": 0},
        ]);
        assert_eq!(answer.body["totals"], totals);
        seen.extend(ids(&answer));
    }
    assert_eq!(seen, all);

    for beyond in ["4", "4294967295"] {
        let answer = read(&world, &format!("user_id=anna&size=3&page={beyond}")).await;
        assert_eq!(answer.body["count"], 7);
        assert!(ids(&answer).is_empty());
    }
    let nobody = read(&world, "user_id=nobody").await;
    assert_eq!(numbers(&nobody), [json!(1), json!(20), json!(0), json!(0)]);
    assert_eq!(nobody.body["totals"], json!([]));
    let everybody = read(&world, "").await;
    assert_eq!(numbers(&everybody), [json!(1), json!(20), json!(1), json!(8)]);
    world.close().await;
}

#[tokio::test]
async fn what_is_wrong_with_the_query_is_named_and_others_histories_are_empty() {
    let world = world().await;
    bought(&world).await;
    for (query, field) in [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=x", "page"),
        ("page=4294967296", "page"),
        ("size=0", "size"),
        ("size=101", "size"),
        ("user_id=", "user_id"),
    ] {
        let answer = world.send(world.get(&format!("{HISTORY}?{query}"))).await;
        answer
            .is_problem(400, "/problems/invalid-query")
            .names(field, "1 to");
    }
    let unknown = world.send(world.get(&format!("{HISTORY}?cursor=x"))).await;
    unknown.is_problem(400, "/problems/invalid-query");
    assert_eq!(read(&world, "size=100").await.body["count"], 8);
    let other = open_shop(&world.store).await;
    let request = world
        .request(reqwest::Method::GET, &format!("{HISTORY}?user_id=anna"))
        .bearer_auth(&other.key);
    let theirs = world.send(request).await;
    assert_eq!(
        (theirs.status, &theirs.body["count"]),
        (StatusCode::OK, &json!(0))
    );
    world.close().await;
}
