//! Unknown is not failed for refunds either: whatever goes wrong with the call, the refund ends as the provider has it,
//! and the books with it.

use domain::refund::RefundStatus;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    refunding::REFUNDING,
    support::{World, world},
};

const FIRST_AMOUNT: i64 = 1_000;

/// Something that goes wrong with every try, or with the first so many; and whether the money goes back all the same.
struct Trouble(&'static str, Value, bool);

fn troubles() -> Vec<Trouble> {
    vec![
        // A later try under the same idempotency key goes well.
        Trouble("hang_before", json!({ "times": 1 }), true),
        Trouble("reset_before", json!({ "times": 1 }), true),
        Trouble("reset_after", json!({ "times": 1 }), true),
        Trouble("malformed", json!({ "times": 1 }), true),
        Trouble("error", json!({ "times": 1, "status": 500 }), true),
        Trouble("error", json!({ "times": 3, "status": 503 }), true),
        // Only asking tells what the provider did.
        Trouble("hang_before", json!({}), false),
        Trouble("hang_after", json!({}), true),
        Trouble("reset_before", json!({}), false),
        Trouble("reset_after", json!({}), true),
        Trouble("malformed", json!({}), true),
        Trouble("error", json!({ "status": 500 }), false),
        Trouble("error_after", json!({ "status": 500 }), true),
    ]
}

async fn play(world: &World, number: i64, trouble: &Trouble) {
    let Trouble(fault, more, is_made) = trouble;
    let amount_minor = FIRST_AMOUNT + number;
    let payment = world.paid(&format!("k{number}")).await;
    let mut dial = more.clone();
    dial["match"] = json!({ "amount": amount_minor });
    world.fault(REFUNDING, fault, dial).await;
    let id = world
        .refund(&format!("r{number}"), &payment, Some(amount_minor))
        .await;
    let end = if *is_made {
        RefundStatus::Succeeded
    } else {
        RefundStatus::Failed
    };
    world.wait_for_refund(id, end).await;
    let given = if *is_made { amount_minor } else { 0 };
    assert_eq!(world.figures(&payment).await, (given, 0), "after {fault} {more}");
    let refunds = world.refunds_at_provider().await;
    let made = refunds.iter().filter(|refund| refund["amount"] == amount_minor);
    assert_eq!(
        made.count(),
        usize::from(*is_made),
        "refunds after {fault} {more}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_in_trouble_is_settled_by_what_the_provider_has() {
    let world = world().await;
    let troubles = troubles();
    join_all(
        (0..)
            .zip(&troubles)
            .map(|(number, trouble)| play(&world, number, trouble)),
    )
    .await;
    // Nobody was told to wait, and nobody was told anything twice.
    let told = "select count(*) from notifications where event_type in ('refund.succeeded', 'refund.failed')";
    assert_eq!(world.count(told).await, troubles.len() as i64);
    let all = "select count(*) from notifications where event_type like 'refund.%'";
    assert_eq!(world.count(all).await, troubles.len() as i64);
    world.assert_books_agree().await;
    world.close().await;
}
