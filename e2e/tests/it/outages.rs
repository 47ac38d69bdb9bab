//! Servers that are away: what was accepted is kept, and what cannot be kept is not accepted.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use e2e::{Answer, Scene};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::harness::Sluice;

/// A broker that is known to be away is reported within about a second, here on a busy machine.
const PROMPTLY: Duration = Duration::from_secs(3);

fn order(amount_minor: usize) -> Value {
    json!({ "amount": amount_minor, "currency": "EUR" })
}

fn key(number: usize) -> String {
    format!("order-{number}")
}

async fn assert_payable_once(scene: &Scene<'_>, payment: &str) {
    assert_eq!(
        scene
            .payment_until(payment, "requires_action")
            .await
            .unwrap()
            .text("/status"),
        "requires_action"
    );
    assert_eq!(
        scene.intents_of(payment).await.unwrap().len(),
        1,
        "intents of {payment}"
    );
}

fn assert_refused(answer: &Answer, took: Duration) {
    assert_eq!(
        (answer.status, answer.problem()),
        (503, "/problems/broker-unavailable"),
        "{}",
        answer.body
    );
    assert!(!answer.header("retry-after").is_empty(), "no Retry-After");
    assert!(took < PROMPTLY, "the refusal took {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_postgresql_payments_and_callbacks_are_still_accepted() {
    let sluice = Sluice::start().await;
    let scene = sluice.scene("no-postgresql").await;
    let (earlier, intent) = scene.payable(&order(1000)).await.unwrap();
    // Its first callback makes ingress remember the signing secret.
    let ask = async || {
        sluice
            .world
            .sandbox
            .callbacks(&scene.merchant.account, "payment_intent.created")
            .await
    };
    let first = e2e::wait::until(sluice.world.patience, ask, |sent| !sent.is_empty())
        .await
        .unwrap();
    assert_eq!(first.first().and_then(|sent| sent.status), Some(200));

    sluice.database.set_reachable(false).await;
    let mut accepted = Vec::new();
    for number in 0..5 {
        let answer = scene
            .merchant
            .api
            .create(&key(number), &order(500 + number))
            .await
            .unwrap();
        assert_eq!(
            (answer.status, answer.text("/status")),
            (202, "pending"),
            "{}",
            answer.body
        );
        accepted.push(answer.text("/id").to_owned());
    }
    let unread = scene.merchant.api.payment(&earlier).await.unwrap();
    assert_eq!(
        (unread.status, unread.problem()),
        (503, "/problems/store-unavailable")
    );
    assert_eq!(scene.pay(&intent, "pm_card_visa").await.unwrap(), "succeeded");
    let called_back = scene.paid_callbacks(1).await.unwrap();
    assert_eq!(called_back.first().and_then(|sent| sent.status), Some(200));

    sluice.database.set_reachable(true).await;
    assert_eq!(
        scene
            .payment_until(&earlier, "succeeded")
            .await
            .unwrap()
            .text("/status"),
        "succeeded"
    );
    for payment in &accepted {
        assert_payable_once(&scene, payment).await;
    }
    let told = scene.told_in_the_end(&earlier, 1).await.unwrap();
    assert_eq!(
        told.iter().map(|told| told.kind.as_str()).collect::<Vec<_>>(),
        ["payment.succeeded"]
    );
    sluice.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_rabbitmq_nothing_is_accepted_and_nothing_accepted_is_lost() {
    let sluice = Sluice::start().await;
    let scene = sluice.scene("no-rabbitmq").await;
    let (paid, intent) = scene.payable(&order(1000)).await.unwrap();
    let create = async |number: usize| {
        scene
            .merchant
            .api
            .create(&key(number), &order(500 + number))
            .await
            .unwrap()
    };
    let accepted = join_all((0..20).map(create)).await;
    sluice.wire.cut();
    assert!(accepted.iter().all(|answer| answer.status == 202), "{accepted:?}");
    sluice.until_ready(503).await;

    let began = Instant::now();
    assert_refused(&create(20).await, began.elapsed());
    let waited = Instant::now();
    let waiting = scene
        .merchant
        .api
        .create_and_wait(&key(21), &order(521), 5)
        .await
        .unwrap();
    assert_refused(&waiting, waited.elapsed());
    // The provider's callback is refused too, so the provider sends it again.
    assert_eq!(scene.pay(&intent, "pm_card_visa").await.unwrap(), "succeeded");
    assert_eq!(scene.paid_callbacks(1).await.unwrap()[0].status, Some(503));

    sluice.wire.restore();
    sluice.until_ready(200).await;
    let again = join_all([20, 21].map(create)).await;
    assert!(again.iter().all(|answer| answer.status == 202), "{again:?}");
    for answer in accepted.iter().chain(&again) {
        assert_payable_once(&scene, answer.text("/id")).await;
    }
    assert_eq!(
        scene
            .payment_until(&paid, "succeeded")
            .await
            .unwrap()
            .text("/status"),
        "succeeded"
    );
    let told = scene.told_in_the_end(&paid, 1).await.unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    sluice.stop().await;
}

/// The connection stays up and nothing comes back: neither confirmed nor refused, so it must not count as accepted.
#[tokio::test(flavor = "multi_thread")]
async fn a_rabbitmq_that_hangs_is_not_waited_for_and_a_repeat_is_the_same_payment() {
    let sluice = Sluice::start().await;
    let scene = sluice.scene("rabbitmq-hangs").await;
    scene.payable(&order(1000)).await.unwrap();
    sluice.wire.stall();
    let began = Instant::now();
    let refused = scene.merchant.api.create(&key(0), &order(500)).await.unwrap();
    assert_eq!(
        (refused.status, refused.problem()),
        (503, "/problems/broker-unavailable"),
        "{}",
        refused.body
    );
    assert!(
        began.elapsed() < Duration::from_secs(9),
        "the refusal took {:?}",
        began.elapsed()
    );

    sluice.wire.restore();
    sluice.until_ready(200).await;
    let again = async || scene.merchant.api.create_and_wait(&key(0), &order(500), 20).await;
    let answer = e2e::wait::until(sluice.world.patience, again, |answer| answer.status < 300)
        .await
        .unwrap();
    assert_payable_once(&scene, answer.text("/id")).await;
    sluice.stop().await;
}

/// Whoever pulls the plug in the middle of many payments changes when they are done, not whether.
#[tokio::test(flavor = "multi_thread")]
async fn a_wire_that_breaks_again_and_again_loses_nothing() {
    const LANES: usize = 8;
    const BREAKS: u32 = 3;
    let sluice = Sluice::start().await;
    let scene = sluice.scene("broken-wire").await;
    scene.payable(&order(1000)).await.unwrap();
    let create = async |number: usize| {
        let ask = async || {
            scene
                .merchant
                .api
                .create(&key(number), &order(500 + number))
                .await
        };
        let answer = e2e::wait::until(sluice.world.patience, ask, |answer| answer.status < 300)
            .await
            .unwrap();
        assert!(answer.status < 300, "{} {}", answer.status, answer.body);
        answer.text("/id").to_owned()
    };
    let breaks = Cell::new(0);
    // One payment after the other, until the wire has broken often enough.
    let lane = async |lane: usize| {
        let mut payments = Vec::new();
        while breaks.get() < BREAKS {
            payments.push(create(payments.len() * LANES + lane).await);
        }
        payments
    };
    let breaking = async {
        // Not waits for anything: how often the wire breaks, and for how long, is what is played here.
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            sluice.wire.cut();
            breaks.set(breaks.get() + 1);
            tokio::time::sleep(Duration::from_millis(20)).await;
            sluice.wire.restore();
            sluice.until_ready(200).await;
        }
    };
    let accepted = tokio::select! {
        accepted = join_all((0..LANES).map(lane)) => accepted.concat(),
        never = breaking => never,
    };
    sluice.wire.restore();
    assert!(
        accepted.len() >= LANES,
        "only {} payments were accepted",
        accepted.len()
    );
    for payment in accepted {
        assert_payable_once(&scene, &payment).await;
    }
    sluice.stop().await;
}
