//! Pages of refunds: nothing twice, nothing left out, nobody else's.

use chrono::TimeDelta;
use domain::{id::PaymentId, payment::Payment, refund::RefundRequest};
use serde_json::json;

use super::{REFUNDS, job, paid, pending, reserve};
use crate::{
    listing::all_pages,
    world::{World, open_shop, world},
};

/// Stores as many refunds of one minor unit each, of which three share each moment, and gives their ids, newest first.
async fn refunds(world: &World, payment: &Payment, count: usize) -> Vec<String> {
    let (mut payment, mut stored) = (payment.clone(), Vec::new());
    for n in 0..count {
        let mut job = job(world, &format!("{}-{n}", payment.id), payment.id);
        job.request = RefundRequest {
            amount_minor: Some(1),
            ..RefundRequest::all_of(payment.id)
        };
        let mut refund = pending(&payment, job);
        refund.created_at += TimeDelta::seconds(n as i64 / 3);
        payment = reserve(world, &payment, &refund).await;
        stored.push((refund.created_at, refund.id));
    }
    stored.sort();
    stored.iter().rev().map(|(_, id)| id.to_string()).collect()
}

#[tokio::test]
async fn pages_have_no_gaps_and_no_repeats() {
    let world = world().await;
    let (first, second) = (paid(&world, "a").await, paid(&world, "b").await);
    let of_first = refunds(&world, &first, 7).await;
    let of_second = refunds(&world, &second, 4).await;
    let only = |id: PaymentId, more: &str| format!("payment_id={id}&{more}");
    for limit in [1, 2, 6, 7, 8] {
        let query = only(first.id, &format!("limit={limit}"));
        let pages = all_pages(&world, REFUNDS, &query).await;
        assert!(pages.iter().all(|page| page.len() <= limit), "{limit}");
        assert_eq!(pages.concat(), of_first, "{limit}");
    }
    let mut everything = all_pages(&world, REFUNDS, "limit=3").await.concat();
    let mut expected = [of_first, of_second.clone()].concat();
    assert_eq!(everything.len(), expected.len());
    everything.sort();
    expected.sort();
    assert_eq!(everything, expected);

    let pending = only(second.id, "status=pending");
    assert_eq!(all_pages(&world, REFUNDS, &pending).await.concat(), of_second);
    let failed = all_pages(&world, REFUNDS, "status=failed").await;
    assert_eq!(failed, vec![Vec::<String>::new()]);
    let other = open_shop(&world.store).await;
    let path = format!("{REFUNDS}?{}", only(first.id, ""));
    let theirs = world.request(reqwest::Method::GET, &path).bearer_auth(&other.key);
    assert_eq!(
        world.send(theirs).await.body,
        json!({"data": [], "next_cursor": null})
    );
    world.close().await;
}

#[tokio::test]
async fn query_parameters_are_checked() {
    let world = world().await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("status=canceled", "status"),
        ("payment_id=x", "payment_id"),
        ("payment_id=", "payment_id"),
        ("cursor=zzz", "cursor"),
    ] {
        let answer = world.send(world.get(&format!("{REFUNDS}?{query}"))).await;
        answer
            .is_problem(400, "/problems/invalid-query")
            .names(field, "must be");
    }
    let answer = world.send(world.get(&format!("{REFUNDS}?payment=x"))).await;
    answer.is_problem(400, "/problems/invalid-query");
    assert!(answer.body["detail"].as_str().unwrap().contains("Use payment_id"));
    world.close().await;
}
