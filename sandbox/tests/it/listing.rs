//! Lists, cursors, bounds on creation time, and expansion.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::client::Client;

fn ids(list: &Value) -> Vec<String> {
    list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn lists_are_paged_newest_first_in_both_directions() {
    let client = Client::start().await;
    let mut made = Vec::new();
    for n in 0..7 {
        made.push(client.intent(&format!("p{n}")).await);
    }
    made.reverse();
    let page = client.get("payment_intents", &[("limit", "3")]).await.ok();
    assert_eq!(
        (ids(&page).as_slice(), &page["has_more"], &page["object"]),
        (&made[..3], &json!(true), &json!("list"))
    );
    let next = client
        .get("payment_intents", &[("limit", "3"), ("starting_after", &made[2])])
        .await
        .ok();
    assert_eq!(ids(&next), &made[3..6]);
    let last = client
        .get("payment_intents", &[("limit", "3"), ("starting_after", &made[5])])
        .await
        .ok();
    assert_eq!(
        (ids(&last).as_slice(), &last["has_more"]),
        (&made[6..], &json!(false))
    );
    let back = client
        .get("payment_intents", &[("limit", "3"), ("ending_before", &made[5])])
        .await
        .ok();
    assert_eq!(
        (ids(&back).as_slice(), &back["has_more"]),
        (&made[2..5], &json!(true))
    );
    for bad in [
        ("limit", "0"),
        ("limit", "101"),
        ("starting_after", "pi_nope"),
        ("colour", "red"),
    ] {
        assert_eq!(client.get("payment_intents", &[bad]).await.status, 400, "{bad:?}");
    }
    client.stop().await;
}

#[tokio::test]
async fn lists_are_bounded_by_creation_and_kind() {
    let client = Client::start().await;
    let id = client.paid("pm_card_visa").await;
    let created = client.get(&format!("payment_intents/{id}"), &[]).await.ok()["created"]
        .as_i64()
        .unwrap();
    for (bound, at, found) in [
        ("gte", created, 1),
        ("gt", created, 0),
        ("lte", created, 1),
        ("lt", created, 0),
        ("gte", created + 5, 0),
    ] {
        let list = client
            .get(
                "payment_intents",
                &[(&format!("created[{bound}]"), &at.to_string())],
            )
            .await
            .ok();
        assert_eq!(ids(&list).len(), found, "{bound} {at}");
    }
    let events = client
        .get("events", &[("type", "payment_intent.succeeded")])
        .await
        .ok();
    assert_eq!(ids(&events).len(), 1);
    let all: HashSet<_> = ids(&client.get("events", &[]).await.ok()).into_iter().collect();
    assert_eq!(all.len(), 3);
    client.stop().await;
}

#[tokio::test]
async fn ids_can_be_expanded_to_objects() {
    let client = Client::start().await;
    let id = client.paid("pm_card_visa").await;
    let path = format!("payment_intents/{id}");
    let intent = client
        .get(
            &path,
            &[
                ("expand[]", "latest_charge.payment_intent"),
                ("expand[]", "payment_method"),
            ],
        )
        .await
        .ok();
    assert_eq!(intent["latest_charge"]["payment_intent"]["id"], id);
    assert_eq!(intent["payment_method"]["card"]["brand"], "visa");
    let list = client
        .get("payment_intents", &[("expand[]", "data.latest_charge")])
        .await
        .ok();
    assert_eq!(list["data"][0]["latest_charge"]["status"], "succeeded");
    assert_eq!(client.get(&path, &[("expand[]", "colour")]).await.status, 400);
    client.stop().await;
}
