//! Telling merchants: signed, retried, guarded.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use domain::{
    job::NotifyMerchant,
    notification::{Notification, NotificationType},
    payment::Payment,
    secret::Secret,
};
use serde_json::json;
use store::{Doing, EndpointSecret, Record};

use crate::support::{ENDPOINT_SECRET, World, now, world, world_with};

async fn tell(world: &World) -> NotifyMerchant {
    tell_about(world, world.stored("k").await).await
}

async fn tell_about(world: &World, payment: Payment) -> NotifyMerchant {
    let notification = Notification::about(&payment, NotificationType::PaymentSucceeded, now());
    let job = NotifyMerchant::from(&notification);
    let notifications = vec![notification];
    world
        .recorder
        .write(Record {
            notifications,
            ..Record::default()
        })
        .await
        .unwrap();
    world.publish(&job).await;
    job
}

async fn wait_for_status(world: &World, status: &str) {
    let ask = async || world.query::<String>("select status from notifications").await;
    world.wait_until(status.to_owned(), ask).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_signed_and_sent_once_however_often_the_job_comes() {
    let world = world().await;
    let job = tell(&world).await;
    wait_for_status(&world, "delivered").await;
    for _ in 0..5 {
        world.publish(&job).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let deliveries = world.deliveries().await;
    assert_eq!(deliveries.len(), 1, "{deliveries:?}");
    assert_eq!(deliveries[0]["verified"], true);
    assert_eq!(deliveries[0]["id"], job.notification_id.to_string());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_endpoint_gets_the_same_id_again() {
    let world = world().await;
    world
        .behave(json!({ "mode": "fail", "status": 503, "times": 2, "body": "x".repeat(5_000) }))
        .await;
    tell(&world).await;
    // Units of 20 ms: after about 5 and 300 of them.
    wait_for_status(&world, "delivered").await;
    let deliveries = world.deliveries().await;
    assert_eq!(deliveries.len(), 3);
    assert!(
        deliveries
            .iter()
            .all(|delivery| delivery["id"] == deliveries[0]["id"] && delivery["verified"] == true)
    );
    let kept = "select max(octet_length(response))::bigint from notification_attempts";
    assert_eq!(world.count(kept).await, 1_024);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_is_honoured() {
    let world = world().await;
    world
        .behave(json!({ "mode": "retry_after", "retry_after_s": 2, "times": 1 }))
        .await;
    let started = Instant::now();
    tell(&world).await;
    wait_for_status(&world, "delivered").await;
    assert!(
        started.elapsed() >= Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gone_switches_the_endpoint_off() {
    let world = world().await;
    world.behave(json!({ "mode": "gone" })).await;
    tell(&world).await;
    wait_for_status(&world, "undeliverable").await;
    let endpoint = world.store.endpoint(world.merchant_id).await.unwrap().unwrap();
    assert_eq!(
        endpoint.disabled_reason.as_deref(),
        Some("the endpoint answered 410 Gone")
    );
    assert_eq!(world.deliveries().await.len(), 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed_and_silence_is_a_failure() {
    let world = world().await;
    world.behave(json!({ "mode": "redirect", "times": 1 })).await;
    tell(&world).await;
    let first = "select coalesce(max(http_status), 0)::bigint from notification_attempts where attempt = 1";
    let redirected = async || (300..400).contains(&world.count(first).await);
    world.wait_until(true, redirected).await;
    let elsewhere = world
        .get(&format!(
            "/sandbox/merchants/{}-redirected/deliveries",
            world.merchant_id
        ))
        .await;
    assert!(!elsewhere.to_string().contains("ntf_"), "{elsewhere}");
    world.behave(json!({ "mode": "hang", "times": 1 })).await;
    let silent = "select count(*) from notification_attempts where error = 'no answer within the time limit'";
    world.wait_until(1, async || world.count(silent).await).await;
    world.close().await;
}

/// Eight times as many notifications as the process has places, all to an endpoint that never answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_merchant_does_not_hold_up_another() {
    let world = world_with(|config| config.notify_timeout = Duration::from_secs(30)).await;
    world.behave(json!({ "mode": "hang" })).await;
    for number in 0..256 {
        tell_about(&world, world.stored(&number.to_string()).await).await;
    }
    let other = world.another_merchant().await;
    let started = Instant::now();
    tell_about(&world, world.stored_for(other, "k").await).await;
    let delivered = "select count(*) from notifications where status = 'delivered'";
    world.wait_until(1, async || world.count(delivered).await).await;
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_secrets_sign_during_a_rotation() {
    let world = world().await;
    let new = Secret::new("whsec_bmV3LXNlY3JldC1vZi0zMi1ieXRlcy1sZW5ndGghISE=");
    let old = |until| EndpointSecret {
        secret: Secret::new(ENDPOINT_SECRET),
        until: Some(until),
    };
    let current = EndpointSecret {
        secret: new,
        until: None,
    };
    world
        .set_secrets(&[current.clone(), old(now() + TimeDelta::hours(1))])
        .await;
    tell(&world).await;
    wait_for_status(&world, "delivered").await;
    // The merchant still knows only the old secret.
    assert_eq!(world.deliveries().await[0]["verified"], true);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_network_is_out_of_reach_unless_allowed() {
    let world = world_with(|config| config.notify_allow_private = false).await;
    tell(&world).await;
    let refused = "select count(*) from notification_attempts where attempt = 1 and error like '%private%'";
    world.wait_until(1, async || world.count(refused).await).await;
    assert!(world.deliveries().await.is_empty());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_secret_no_longer_signs() {
    let world = world().await;
    let new = Secret::new("whsec_bmV3LXNlY3JldC1vZi0zMi1ieXRlcy1sZW5ndGghISE=");
    let expired = EndpointSecret {
        secret: Secret::new(ENDPOINT_SECRET),
        until: Some(now() - TimeDelta::seconds(1)),
    };
    let current = EndpointSecret {
        secret: new,
        until: None,
    };
    world.set_secrets(&[current, expired]).await;
    tell(&world).await;
    world
        .wait_until(true, async || !world.deliveries().await.is_empty())
        .await;
    // The merchant knows only the secret that has expired.
    assert_eq!(world.deliveries().await[0]["verified"], false);
    world.close().await;
}

/// A name is looked at when it is resolved, for the connection that is then made.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_into_our_own_network_is_out_of_reach() {
    let world = world_with(|config| config.notify_allow_private = false).await;
    let port = world.sandbox.address().port();
    let url = format!("http://localhost:{port}/merchant/{}", world.merchant_id);
    let secrets = [EndpointSecret {
        secret: Secret::new(ENDPOINT_SECRET),
        until: None,
    }];
    let set = world
        .store
        .set_endpoint(world.merchant_id, &url, &secrets, Doing::by("test", now()));
    assert!(set.await.unwrap().is_some());
    tell(&world).await;
    let refused =
        "select count(*) from notification_attempts where attempt = 1 and error like '%no public address%'";
    world.wait_until(1, async || world.count(refused).await).await;
    assert!(world.deliveries().await.is_empty());
    world.close().await;
}
