//! Pages of orders: nothing twice, nothing left out, nobody else's, and narrowed.

use domain::order::{OrderStep, OrderView};
use serde_json::Value;

use super::{ORDERS, change, changing, stored};
use crate::{listing::all_pages, world::world};

#[tokio::test]
async fn pages_have_every_order_once_and_can_be_narrowed() {
    let world = world().await;
    let mut orders = Vec::new();
    for number in 0..5 {
        orders.push(stored(&world, &format!("k{number}"), number).await);
    }
    let job = changing(&world, "c", orders[1].id, OrderStep::Cancel {});
    let canceled = orders[1].clone().take(&job.request, job.payment_id()).unwrap();
    orders[1] = change(&world, canceled).await;
    orders.reverse();
    let ids: Vec<String> = orders.iter().map(|order| order.id.to_string()).collect();
    for limit in [1, 2, 5, 6] {
        let pages = all_pages(&world, ORDERS, &format!("limit={limit}")).await;
        assert_eq!(pages.concat(), ids, "{limit}");
    }
    for (query, expected) in [
        ("status=canceled", &ids[3..4]),
        ("status=created&limit=2", &[&ids[..3], &ids[4..]].concat()[..]),
        ("user_id=user-42&reference=2026-1", &ids[..]),
        ("user_id=user-41", &[]),
        ("reference=2026-2", &[]),
        (
            "created_from=1970-01-01T00:00:01Z&created_before=1970-01-01T00:00:03Z",
            &ids[2..4],
        ),
        ("created_before=1970-01-01T01:00:02%2B01:00", &ids[3..]),
    ] {
        assert_eq!(
            all_pages(&world, ORDERS, query).await.concat(),
            expected,
            "{query}"
        );
    }
    let answer = world.send(world.get(ORDERS)).await;
    let newest: Value = serde_json::to_value(OrderView::from(&orders[0])).unwrap();
    assert_eq!(answer.body["data"][0], newest);
    world.close().await;
}

#[tokio::test]
async fn a_query_that_cannot_be_used_is_explained() {
    let world = world().await;
    for (query, field, words) in [
        ("status=lost", "status", "payment_failed"),
        ("user_id=", "user_id", "visible ASCII"),
        ("reference=", "reference", "1 to 200"),
        ("created_from=yesterday", "created_from", "RFC 3339"),
        (
            "created_before=2026-13-01T00:00:00Z",
            "created_before",
            "RFC 3339",
        ),
        ("limit=0", "limit", "1 to 100"),
        ("cursor=x", "cursor", "next_cursor"),
    ] {
        let answer = world.send(world.get(&format!("{ORDERS}?{query}"))).await;
        answer
            .is_problem(400, "/problems/invalid-query")
            .names(field, words);
    }
    let answer = world.send(world.get(&format!("{ORDERS}?colour=red"))).await;
    answer.is_problem(400, "/problems/invalid-query");
    world.close().await;
}
