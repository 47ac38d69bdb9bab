//! Unknown is not failed: whatever goes wrong with the call that opens an intent, the payment ends as the provider has it.

use domain::payment::{Payment, PaymentStatus};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{World, request, world};

/// The call that opens an intent.
const OPENING: &str = "POST /v1/payment_intents";
const FIRST_AMOUNT: i64 = 3_000;

/// Something that goes wrong with every try, or with the first so many.
struct Trouble {
    fault: &'static str,
    more: Value,
    /// Whether the provider opens and charges the intent all the same, or a later try goes well.
    charged: bool,
}

fn trouble(fault: &'static str, more: Value, charged: bool) -> Trouble {
    Trouble { fault, more, charged }
}

/// What does not last: a later try under the same idempotency key goes well.
fn passing() -> Vec<Trouble> {
    vec![
        trouble("hang_before", json!({ "times": 1 }), true),
        trouble("reset_before", json!({ "times": 1 }), true),
        trouble("reset_after", json!({ "times": 1 }), true),
        trouble("malformed", json!({ "times": 1 }), true),
        trouble("error", json!({ "times": 1, "status": 500 }), true),
        trouble("error", json!({ "times": 3, "status": 503 }), true),
    ]
}

/// What lasts beyond the last try: only asking tells what the provider did.
fn lasting() -> Vec<Trouble> {
    vec![
        trouble("hang_before", json!({}), false),
        trouble("hang_after", json!({}), true),
        trouble("reset_before", json!({}), false),
        trouble("reset_after", json!({}), true),
        trouble("malformed", json!({}), true),
        trouble("error", json!({ "status": 500 }), false),
        trouble("error_after", json!({ "status": 500 }), true),
    ]
}

async fn play(world: &World, number: i64, trouble: &Trouble) {
    let amount_minor = FIRST_AMOUNT + number;
    let mut dial = trouble.more.clone();
    dial["match"] = json!({ "amount": amount_minor });
    world.fault(OPENING, trouble.fault, dial).await;
    let mut request = request(Some("pm_card_visa"));
    request.money.amount_minor = amount_minor;
    let job = world.job(&format!("k{number}"), request);
    world.publish(&job).await;
    let end = if trouble.charged {
        PaymentStatus::Succeeded
    } else {
        PaymentStatus::Failed
    };
    let ended = world.wait_for(job.payment_id(), end).await;
    assert_eq!(
        charges(world, &ended).await,
        Vec::from_iter(trouble.charged.then_some(1)),
        "charges by intent after {} {}",
        trouble.fault,
        trouble.more
    );
}

/// How often each of the payment's intents was charged.
async fn charges(world: &World, payment: &Payment) -> Vec<u64> {
    let intents = world.intents().await;
    let of_payment = intents
        .iter()
        .filter(|intent| intent["metadata"]["sluice_payment_id"] == json!(payment.id));
    of_payment
        .map(|intent| intent["charges_succeeded"].as_u64().unwrap())
        .collect()
}

async fn play_all(troubles: &[Trouble]) {
    let world = world().await;
    join_all(
        (0..)
            .zip(troubles)
            .map(|(number, trouble)| play(&world, number, trouble)),
    )
    .await;
    // Nobody was told to wait, and nobody was told anything twice.
    let told =
        "select count(*) from notifications where event_type in ('payment.succeeded', 'payment.failed')";
    assert_eq!(world.count(told).await, troubles.len() as i64);
    let all = "select count(*) from notifications";
    assert_eq!(world.count(all).await, troubles.len() as i64);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_that_passes_costs_a_try_and_nothing_else() {
    play_all(&passing()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_that_lasts_is_settled_by_what_the_provider_has() {
    play_all(&lasting()).await;
}
