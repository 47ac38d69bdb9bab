//! Pages of payments: nothing twice, nothing left out, nobody else's.

use domain::payment::PaymentStatus;
use reqwest::StatusCode;

use crate::world::{World, open_shop, world};

const PAYMENTS: &str = "/api/v1/payments";

/// Follows the cursors to the end.
pub async fn all_pages(world: &World, path: &str, query: &str) -> Vec<Vec<String>> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = world.send(world.get(&format!("{path}?{query}{cursor}"))).await;
        assert_eq!(answer.status, StatusCode::OK);
        let data = answer.body["data"].as_array().unwrap();
        assert!(
            data.iter().all(|payment| payment.get("next_action").is_none()),
            "{data:?}"
        );
        pages.push(
            data.iter()
                .map(|payment| payment["id"].as_str().unwrap().to_owned())
                .collect(),
        );
        match answer.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return pages,
        }
    }
}

#[tokio::test]
async fn pages_have_no_gaps_and_no_repeats() {
    let world = world().await;
    let mut expected = Vec::new();
    // Three payments share each moment, so that a page may end between two of the same age.
    for n in 0..25 {
        let payment = world.payment(&format!("k{n}"), PaymentStatus::RequiresAction, n / 3);
        world.store(&payment).await;
        expected.push((payment.created_at, payment.id));
    }
    expected.sort();
    let expected: Vec<String> = expected.iter().rev().map(|(_, id)| id.to_string()).collect();
    for limit in [1, 2, 7, 24, 25, 26] {
        let pages = all_pages(&world, PAYMENTS, &format!("limit={limit}")).await;
        assert!(pages.iter().all(|page| page.len() <= limit), "{limit}");
        assert_eq!(pages.len(), 25_usize.div_ceil(limit), "{limit}");
        assert_eq!(pages.concat(), expected, "{limit}");
    }
    assert_eq!(all_pages(&world, PAYMENTS, "").await[0].len(), 20);
    world.close().await;
}

#[tokio::test]
async fn a_payment_that_comes_in_between_moves_nothing() {
    let world = world().await;
    for n in 0..4 {
        world
            .store(&world.payment(&format!("k{n}"), PaymentStatus::RequiresAction, n))
            .await;
    }
    let first = world.send(world.get("/api/v1/payments?limit=2")).await;
    world
        .store(&world.payment("new", PaymentStatus::RequiresAction, 100))
        .await;
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = world
        .send(world.get(&format!("/api/v1/payments?limit=2&cursor={cursor}")))
        .await;
    let id = |n: usize| world.job(&format!("k{n}")).payment_id().to_string();
    let ids = |answer: &crate::world::Answer| -> Vec<String> {
        let data = answer.body["data"].as_array().unwrap();
        data.iter()
            .map(|payment| payment["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        (ids(&first), ids(&second)),
        (vec![id(3), id(2)], vec![id(1), id(0)])
    );
    assert!(second.body["next_cursor"].is_null());
    world.close().await;
}

#[tokio::test]
async fn a_list_holds_ones_own_payments_of_the_status_asked_for() {
    let world = world().await;
    world
        .store(&world.payment("a", PaymentStatus::RequiresAction, 1))
        .await;
    world
        .store(&world.payment("b", PaymentStatus::Succeeded, 2))
        .await;
    let id = world.job("b").payment_id().to_string();
    assert_eq!(
        all_pages(&world, PAYMENTS, "status=succeeded").await,
        vec![vec![id]]
    );
    assert_eq!(
        all_pages(&world, PAYMENTS, "status=failed").await,
        vec![Vec::<String>::new()]
    );
    let other = open_shop(&world.store).await;
    let theirs = world
        .request(reqwest::Method::GET, "/api/v1/payments")
        .bearer_auth(&other.key);
    assert_eq!(world.send(theirs).await.body["data"].as_array().unwrap().len(), 0);
    world.close().await;
}

#[tokio::test]
async fn a_payment_that_is_not_there_says_why_it_may_be() {
    let world = world().await;
    let id = world.job("k").payment_id();
    let answer = world.send(world.get(&format!("/api/v1/payments/{id}"))).await;
    answer.is_problem(404, "/problems/not-found");
    assert_eq!(answer.header("retry-after"), Some("1"));
    for bad in ["pay_1", "x", &world.shop.id.to_string()] {
        let answer = world.send(world.get(&format!("/api/v1/payments/{bad}"))).await;
        answer.is_problem(404, "/problems/not-found");
        assert_eq!(answer.header("retry-after"), None);
    }
    world.close().await;
}

#[tokio::test]
async fn how_a_payment_stands_is_told_in_few_words() {
    let world = world().await;
    let payment = world.payment("k", PaymentStatus::Failed, 1);
    let failure = domain::payment::Failure::provider_unavailable();
    let payment = domain::payment::Payment {
        failure: Some(failure),
        ..payment
    };
    world.store(&payment).await;
    let path = format!("{PAYMENTS}/{}/status", payment.id);
    let standing = world.send(world.get(&path)).await;
    let shown = world.send(world.get(&format!("{PAYMENTS}/{}", payment.id))).await;
    let mut expected = serde_json::Map::new();
    for field in ["id", "status", "failure", "updated_at"] {
        expected.insert(field.into(), shown.body[field].clone());
    }
    assert_eq!(standing.body, serde_json::Value::from(expected));
    assert_eq!(standing.body["failure"]["code"], "provider_unavailable");

    let other = open_shop(&world.store).await;
    let theirs = world.request(reqwest::Method::GET, &path).bearer_auth(&other.key);
    world.send(theirs).await.is_problem(404, "/problems/not-found");
    let bad = world.send(world.get(&format!("{PAYMENTS}/x/status"))).await;
    bad.is_problem(404, "/problems/not-found");
    world.close().await;
}
