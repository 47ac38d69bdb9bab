//! Servers that die in the middle of payments and come back with what they had written down.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::clock::{Clock, SystemClock};
use e2e::{
    Answer,
    client::Client,
    scene::{OPENING, body_with},
    wait,
};
use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::{
    harness::{Sluice, until},
    own_servers::OwnServers,
};

const PAYMENTS: usize = 10;

/// Ingress accepts meanwhile; the workers put their jobs off and use up no try.
pub async fn postgresql(servers: &OwnServers, sluice: &Sluice) {
    let began = SystemClock.now();
    play(servers, sluice, "postgres", 202).await;
    assert_eq!(used_up_since(sluice, began).await, "", "tries were used up");
}

/// What is paused stays paused: while it is away, and when it is back.
pub async fn postgresql_in_a_pause(servers: &OwnServers, sluice: &Sluice) {
    let switch = async |verb: &str| {
        let arguments = [verb, "queue", "create_intent", "--reason", "a test"];
        sluice.world.console.run(&arguments, "").await.unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
    };
    let scene = sluice.scene("paused").await;
    switch("pause").await;
    let accepted = scene
        .merchant
        .api
        .create("k", &body_with("pm_card_visa"))
        .await
        .unwrap();
    assert_eq!(accepted.status, 202, "{}", accepted.body);
    servers.kill("postgres").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    servers.up("postgres").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(
        scene.openings().await.unwrap().is_empty(),
        "it was begun in the pause"
    );
    switch("resume").await;
    let paid = scene
        .payment_until(accepted.text("/id"), "succeeded")
        .await
        .unwrap();
    assert_eq!(paid.text("/status"), "succeeded", "{}", paid.body);
}

/// Nothing is accepted meanwhile; what was accepted before is in the queues when it is back.
pub async fn rabbitmq(servers: &OwnServers, sluice: &Sluice) {
    play(servers, sluice, "rabbitmq", 503).await;
}

/// The payment that `answer` is about, or that the same request gets once it is accepted. What was accepted is not asked
/// for again: two jobs of one payment would get in each other's way at the provider.
async fn accepted_by_now(sluice: &Sluice, api: &Client, answer: Answer, body: &Value) -> String {
    if answer.status < 300 {
        return answer.text("/id").to_owned();
    }
    let again = async || api.create("meanwhile", body).await;
    let accepted = wait::until(sluice.world.patience, again, |answer| answer.status < 300)
        .await
        .unwrap();
    assert!(accepted.status < 300, "not accepted any more: {}", accepted.body);
    accepted.text("/id").to_owned()
}

/// The stories of tries that failed since then.
async fn used_up_since(sluice: &Sluice, then: DateTime<Utc>) -> String {
    let mut connection = PgConnection::connect(&sluice.database.url()).await.unwrap();
    let stories =
        "select coalesce(string_agg(kind || ': ' || reason, '; '), '') from job_failures where at >= $1";
    sqlx::query_scalar(stories)
        .bind(then)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

async fn play(servers: &OwnServers, sluice: &Sluice, server: &str, answer_meanwhile: u16) {
    let scene = sluice.scene(server).await;
    let api = &scene.merchant.api;
    let body = body_with("pm_card_visa");
    // The first request makes ingress remember the key.
    assert_eq!(api.create("first", &body).await.unwrap().status, 202);
    let slow = json!({ "fault": "slow", "delay_ms": 500 });
    scene.set_fault(OPENING, slow).await.unwrap();
    let keys: Vec<String> = (0..PAYMENTS).map(|number| format!("order-{number}")).collect();
    let accepted = join_all(keys.iter().map(|key| api.create(key, &body))).await;
    let mut payments: Vec<String> = accepted
        .into_iter()
        .map(|answer| answer.unwrap().text("/id").to_owned())
        .collect();
    let calls = async || !scene.openings().await.unwrap().is_empty();
    assert!(until(true, calls).await, "no job was begun");

    servers.kill(server).await;
    let meanwhile = api.create("meanwhile", &body).await.unwrap();
    assert_eq!(meanwhile.status, answer_meanwhile, "{}", meanwhile.body);
    servers.up(server).await;
    payments.push(accepted_by_now(sluice, api, meanwhile, &body).await);
    for payment in &payments {
        let paid = scene.payment_until(payment, "succeeded").await.unwrap();
        assert_eq!(paid.text("/status"), "succeeded", "{}", paid.body);
        let intents = scene.intents_of(payment).await.unwrap();
        let charges: Vec<u32> = intents.iter().map(|intent| intent.charges_succeeded).collect();
        assert_eq!(charges, [1], "charges of {payment}");
        let told = scene.told_until(payment, 1).await.unwrap();
        assert!(
            told.iter().all(|one| one.id == told[0].id) && !told.is_empty(),
            "{told:?}"
        );
    }
}
