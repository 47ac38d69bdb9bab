//! RabbitMQ short of disk: it stops reading from whoever publishes. Ingress says 503 at once, the workers go
//! on acknowledging what they have, and when there is room again all goes on by itself.

use std::time::{Duration, Instant};

use e2e::{Answer, Scene};
use serde_json::{Value, json};

use crate::{
    harness::{Sluice, until},
    own_servers::OwnServers,
};

const QUEUED: usize = 10;

/// A second, on a busy machine.
const PROMPTLY: Duration = Duration::from_secs(3);

/// The disk has less room than RabbitMQ wants to keep free. It does the same when its memory is full.
pub async fn disk(servers: &OwnServers, sluice: &mut Sluice) {
    let want_free = async |limit: &str| servers.rabbitmqctl(&["set_disk_free_limit", limit]).await;
    let scene = sluice.scene("disk").await;
    let (paid, intent) = scene.payable(&order()).await.unwrap();
    let merchant = scene.merchant;
    sluice.stop_workers().await;
    let scene = Scene {
        world: &sluice.world,
        merchant,
    };
    let mut queued = Vec::new();
    for number in 0..QUEUED {
        queued.push(create(&scene, number).await.text("/id").to_owned());
    }
    let acknowledged_before = acknowledged(sluice).await;

    want_free("1000000GB").await;
    // The broker hears of the alarm and lets the first ones that publish know.
    let mut accepted = Vec::new();
    let refused = async || {
        let answer = create(&scene, QUEUED + accepted.len()).await;
        if answer.status == 202 {
            accepted.push(answer.text("/id").to_owned());
        }
        answer.status
    };
    assert_eq!(until(503, refused).await, 503);
    assert_refused_promptly(&scene).await;
    sluice.until_ready(503).await;
    assert_eq!(scene.pay(&intent, "pm_card_visa").await.unwrap(), "succeeded");
    assert_eq!(scene.paid_callbacks(1).await.unwrap()[0].status, Some(503));

    // Workers can even start now.
    let merchant = scene.merchant;
    sluice.start_workers().await;
    let scene = Scene {
        world: &sluice.world,
        merchant,
    };
    for payment in &queued {
        assert_open_once(&scene, payment).await;
    }
    let heard = async || acknowledged(sluice).await >= acknowledged_before + QUEUED as u64;
    assert!(
        until(true, heard).await,
        "the workers' acknowledgements are not heard"
    );

    want_free("200MB").await;
    sluice.until_ready(200).await;
    let again = async || create(&scene, 1_000).await.status;
    assert_eq!(until(202, again).await, 202);
    for payment in &accepted {
        assert_open_once(&scene, payment).await;
    }
    let told = scene.told_in_the_end(&paid, 1).await.unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
}

async fn assert_refused_promptly(scene: &Scene<'_>) {
    let began = Instant::now();
    let answer = create(scene, 1_000).await;
    assert!(
        began.elapsed() < PROMPTLY,
        "the refusal took {:?}",
        began.elapsed()
    );
    assert_eq!(
        (answer.status, answer.problem()),
        (503, "/problems/broker-unavailable"),
        "{}",
        answer.body
    );
    assert!(!answer.header("retry-after").is_empty(), "no Retry-After");
}

fn order() -> Value {
    json!({ "amount": 1999, "currency": "EUR" })
}

async fn create(scene: &Scene<'_>, number: usize) -> Answer {
    scene
        .merchant
        .api
        .create(&format!("order-{number}"), &order())
        .await
        .unwrap()
}

async fn assert_open_once(scene: &Scene<'_>, payment: &str) {
    let open = scene.payment_until(payment, "requires_action").await.unwrap();
    assert_eq!(open.text("/status"), "requires_action", "{}", open.body);
    assert_eq!(
        scene.intents_of(payment).await.unwrap().len(),
        1,
        "intents of {payment}"
    );
}

/// How many jobs were ever acknowledged, by the broker's statistics.
async fn acknowledged(sluice: &Sluice) -> u64 {
    let queue = sluice
        .vhost
        .management()
        .get("queues/{vhost}/jobs.create_intent")
        .await
        .unwrap();
    queue["message_stats"]["ack"].as_u64().unwrap_or_default()
}
