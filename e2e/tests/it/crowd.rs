//! Many payments at once through a provider that misbehaves in every way it knows.

use e2e::{
    Scene,
    scene::{OPENING, body},
    wait,
};
use futures::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::Sluice;

const PAYMENTS: usize = 50;
const FIRST_AMOUNT: usize = 5_000;

/// What can go wrong with the call that opens an intent. None of it lasts beyond the last try.
fn trouble(choice: usize) -> Option<Value> {
    let faults = [
        json!({ "fault": "error", "status": 500, "times": 1 }),
        json!({ "fault": "error", "status": 503, "times": 3 }),
        json!({ "fault": "error_after", "status": 500, "times": 1 }),
        json!({ "fault": "slow", "delay_ms": 300, "times": 1 }),
        json!({ "fault": "hang_before", "times": 1 }),
        json!({ "fault": "hang_after", "times": 1 }),
        json!({ "fault": "reset_before", "times": 2 }),
        json!({ "fault": "reset_after", "times": 2 }),
        json!({ "fault": "rate_limit", "times": 2 }),
        json!({ "fault": "malformed", "times": 1 }),
    ];
    // Two of twelve go well.
    faults.get(choice % (faults.len() + 2)).cloned()
}

/// One payment from the first request to its end; the payer without a card at first pays in the browser.
async fn play(scene: &Scene<'_>, number: usize, dice: usize) -> (String, &'static str) {
    let mut body = body();
    body["amount"] = (FIRST_AMOUNT + number).into();
    let (card, end) = match dice % 4 {
        0 => (Some("pm_card_visa"), "succeeded"),
        1 => (Some("pm_card_chargeDeclined"), "failed"),
        _ => (None, "succeeded"),
    };
    body["payment_method"] = card.into();
    let answer = scene
        .merchant
        .api
        .create(&format!("order-{number}"), &body)
        .await
        .unwrap();
    assert_eq!(answer.status, 202, "{}", answer.body);
    let payment = answer.text("/id").to_owned();
    if card.is_none() {
        let payable = scene.payment_until(&payment, "requires_action").await.unwrap();
        let intent = payable.text("/channel_intent_id");
        assert!(
            !intent.is_empty(),
            "{payment} did not become payable: {}",
            payable.body
        );
        scene.pay(intent, "pm_card_visa").await.unwrap();
    }
    (payment, end)
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_payments_in_bad_weather_all_end_with_one_intent_each() {
    let sluice =
        Sluice::start_with(|config| config.channels.timeout = std::time::Duration::from_secs(1)).await;
    let scene = sluice.scene("crowd").await;
    scene
        .set_callbacks(json!({ "duplicate": 2, "reorder": true, "window_ms": 100 }))
        .await
        .unwrap();
    let seed = Uuid::new_v4();
    println!("seed: {seed}");
    let mut dice = seed.as_u128();
    let mut throw = || {
        dice = dice
            .wrapping_mul(0xda94_2042_e4dd_58b5)
            .wrapping_add(0x9e37_79b9_7f4a_7c15);
        (dice >> 80) as usize
    };
    let mut cards = Vec::new();
    for number in 0..PAYMENTS {
        if let Some(mut dial) = trouble(throw()) {
            dial["match"] = json!({ "amount": FIRST_AMOUNT + number });
            scene.set_fault(OPENING, dial).await.unwrap();
        }
        cards.push(throw());
    }

    let playing = cards
        .iter()
        .enumerate()
        .map(|(number, dice)| play(&scene, number, *dice));
    for (payment, end) in join_all(playing).await {
        let seen = scene.payment_until(&payment, end).await.unwrap();
        assert_eq!(seen.text("/status"), end, "{payment}: {}", seen.body);
        let intents = scene.intents_of(&payment).await.unwrap();
        let charges: u32 = intents.iter().map(|intent| intent.charges_succeeded).sum();
        assert_eq!(
            (intents.len(), charges),
            (1, u32::from(end == "succeeded")),
            "{payment}: {intents:?}"
        );
        let received = async || scene.told(&payment).await;
        let told = wait::until(sluice.world.patience, received, |told| !told.is_empty())
            .await
            .unwrap();
        assert_eq!(
            told.last().map(|told| told.kind.as_str()),
            Some(format!("payment.{end}").as_str()),
            "{payment}"
        );
        assert!(told.iter().all(|told| told.verified), "{told:?}");
    }
    assert_eq!(
        sluice.count("select count(*) from payments").await,
        PAYMENTS as i64
    );
    assert_eq!(
        sluice
            .count("select count(*) from job_failures where disposition = 'dead_letter'")
            .await,
        0
    );
    sluice.stop().await;
}
