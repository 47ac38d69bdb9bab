//! What people have paused: obeyed within seconds by every process, over restarts, and without burning tries.

use std::time::{Duration, Instant};

use domain::{
    channel::Channel,
    clock::SystemClock,
    id::MerchantId,
    job::{Kind, NotifyMerchant},
    notification::{Notification, NotificationType},
    payment::{PaymentRequest, PaymentStatus},
    switch::Switch,
};
use serde_json::json;
use store::{Doing, Record};

use crate::{
    process_callback::{intent, opened},
    support::{World, now, request, world, world_with},
};

/// Within this, every process has seen a switch.
const OBEYED: Duration = Duration::from_secs(2);
/// How long what is paused is watched.
const WATCHED: Duration = Duration::from_millis(800);

async fn pause(world: &World, switch: Switch) {
    assert!(
        world
            .store
            .pause(switch, Doing::because("test", "a test", now()))
            .await
            .unwrap()
    );
    tokio::time::sleep(OBEYED).await;
}

async fn resume(world: &World, switch: Switch) -> Instant {
    assert!(
        world
            .store
            .resume(switch, Doing::because("test", "a test", now()))
            .await
            .unwrap()
    );
    Instant::now()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_queue_waits_for_all_processes_and_over_a_restart() {
    let mut world = world().await;
    world.start_workers(SystemClock).await;
    let switch = Switch::Queue(Kind::CreateIntent);
    pause(&world, switch).await;
    let jobs: Vec<_> = (0..10)
        .map(|number| world.job(&format!("k{number}"), request(None)))
        .collect();
    for job in &jobs {
        world.publish(job).await;
    }
    tokio::time::sleep(WATCHED).await;
    assert_eq!(world.count("select count(*) from payments").await, 0);
    // Other queues go on.
    let told = tell(&world, world.merchant_id, "other").await;
    delivered(&world, 1).await;
    assert_eq!(
        world.deliveries().await[0]["id"],
        told.notification_id.to_string()
    );

    world.stop_workers().await;
    world.start_workers(SystemClock).await;
    world.start_workers(SystemClock).await;
    tokio::time::sleep(WATCHED).await;
    let pending = "select count(*) from payments where idempotency_key like 'k%'";
    assert_eq!(
        world.count(pending).await,
        0,
        "a new process knows before it takes anything"
    );

    let resumed = resume(&world, switch).await;
    for job in &jobs {
        world
            .wait_for(job.payment_id(), PaymentStatus::RequiresAction)
            .await;
    }
    assert!(resumed.elapsed() < OBEYED * 3, "{:?}", resumed.elapsed());
    assert_eq!(world.count("select count(*) from job_failures").await, 0);
    let tries = "select coalesce(max(attempt), 0)::bigint from payment_records";
    assert_eq!(world.count(tries).await, 1, "no try was used up");
    assert_eq!(world.intents().await.len(), jobs.len());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_whose_queues_are_paused_is_ready() {
    runtime::telemetry::install_recorder().unwrap();
    let world = world().await;
    pause(&world, Switch::Queue(Kind::CreateIntent)).await;
    let url = format!("http://{}/readyz", world.internal_addr());
    let answer = world.http.get(url).send().await.unwrap();
    let (status, body) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, 200, "{body}");
    let text = runtime::telemetry::metrics_text();
    let shown = |name: &str| {
        let line = format!("sluice_paused_seconds{{what=\"queue\",name=\"{name}\"}} ");
        let value = text.lines().find_map(|found| found.strip_prefix(&line));
        value
            .unwrap_or_else(|| panic!("no {line} in {text}"))
            .parse::<f64>()
            .unwrap()
    };
    assert!(shown("create_intent") > 0.0);
    assert!(shown("create_refund") == 0.0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_channel_is_not_called_and_its_jobs_go_on_later_with_the_same_try() {
    let mut world = world().await;
    world.start_workers(SystemClock).await;
    let open = opened(&world, "open").await;
    let switch = Switch::Channel(Channel::Stripe);
    pause(&world, switch).await;
    let by_name = PaymentRequest {
        channel: Some(Channel::Stripe),
        ..request(None)
    };
    let jobs = [world.job("any", request(None)), world.job("by-name", by_name)];
    for job in &jobs {
        world.publish(job).await;
    }
    for job in &jobs {
        world.wait_for(job.payment_id(), PaymentStatus::Pending).await;
    }
    world.stop_workers().await;
    world.start_workers(SystemClock).await;
    tokio::time::sleep(WATCHED).await;
    assert_eq!(world.intents().await.len(), 1, "nobody is called");
    for job in &jobs {
        let payment = world.store.payment(job.payment_id()).await.unwrap().unwrap();
        assert_eq!(payment.status, PaymentStatus::Pending);
    }
    // Its callbacks still count.
    let paid = intent(&open, "succeeded");
    world
        .publish(&world.callback("evt_1", "payment_intent.succeeded", &paid))
        .await;
    world.wait_for(open.id, PaymentStatus::Succeeded).await;

    let resumed = resume(&world, switch).await;
    for job in &jobs {
        world
            .wait_for(job.payment_id(), PaymentStatus::RequiresAction)
            .await;
    }
    assert!(resumed.elapsed() < OBEYED * 3, "{:?}", resumed.elapsed());
    assert_eq!(world.count("select count(*) from job_failures").await, 0);
    let tries = "select max(attempt)::bigint from payment_records";
    assert_eq!(world.count(tries).await, 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_takes_another_channel_than_the_paused_one() {
    let world = world().await;
    world.open_paypal().await;
    let for_both = PaymentRequest {
        return_url: Some("https://shop.example/back".into()),
        ..request(None)
    };
    let before = world.job("before", for_both.clone());
    world.publish(&before).await;
    let before = world
        .wait_for(before.payment_id(), PaymentStatus::RequiresAction)
        .await;
    pause(&world, Switch::Channel(Channel::Stripe)).await;
    let job = world.job("meanwhile", for_both);
    world.publish(&job).await;
    let meanwhile = world
        .wait_for(job.payment_id(), PaymentStatus::RequiresAction)
        .await;
    assert_eq!(
        (before.channel, meanwhile.channel),
        (Channel::Stripe, Channel::Paypal)
    );
    world.close().await;
}

/// A notification about a payment of its own, and its job under way.
async fn tell(world: &World, merchant: MerchantId, name: &str) -> NotifyMerchant {
    let payment = world.stored_for(merchant, name).await;
    let notification = Notification::about(&payment, NotificationType::PaymentSucceeded, now());
    let job = NotifyMerchant::from(&notification);
    let record = Record {
        notifications: vec![notification],
        ..Record::default()
    };
    world.recorder.write(record).await.unwrap();
    world.publish(&job).await;
    job
}

async fn delivered(world: &World, count: i64) {
    let delivered = "select count(*) from notifications where status = 'delivered'";
    world
        .wait_until(count, async || world.count(delivered).await)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_notifications_are_kept_and_sent_in_their_order_and_others_are_not_held_up() {
    // One after the other, so that the order of sending is that of arriving.
    let mut world = world_with(|config| config.concurrency = 1).await;
    world.sweep_nothing().await;
    let other = world.another_merchant().await;
    let switch = Switch::Notifications(world.merchant_id);
    pause(&world, switch).await;
    let mut kept = Vec::new();
    for number in 0..8 {
        kept.push(tell(&world, world.merchant_id, &format!("mine{number}")).await);
        tell(&world, other, &format!("theirs{number}")).await;
    }
    delivered(&world, 8).await;
    let held = "select count(*) from notifications where held_at is not null and held_attempt = 1";
    world.wait_until(8, async || world.count(held).await).await;
    assert!(world.deliveries().await.is_empty());

    world.stop_workers().await;
    world.start_workers(SystemClock).await;
    tokio::time::sleep(OBEYED).await;
    assert_eq!(world.count(held).await, 8, "a restart lets nothing go");
    assert!(world.deliveries().await.is_empty());

    resume(&world, switch).await;
    delivered(&world, 16).await;
    let ids: Vec<String> = world
        .deliveries()
        .await
        .iter()
        .map(|delivery| delivery["id"].as_str().unwrap().to_owned())
        .collect();
    let expected: Vec<String> = kept.iter().map(|job| job.notification_id.to_string()).collect();
    assert_eq!(ids, expected);
    assert_eq!(
        world
            .count("select max(attempt)::bigint from notification_attempts")
            .await,
        1
    );
    assert_eq!(world.count("select count(*) from job_failures").await, 0);
    assert_eq!(
        world
            .count("select count(*) from notifications where held_at is not null")
            .await,
        0
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_that_is_kept_in_the_middle_of_its_schedule_goes_on_there() {
    let world = world().await;
    world
        .behave(json!({ "mode": "fail", "status": 503, "times": 1 }))
        .await;
    // The second try comes after about 5 units of 20 ms: the pause is in time when it is there before the first.
    let job = tell(&world, world.merchant_id, "k").await;
    let failed = "select count(*) from notification_attempts";
    world.wait_until(1, async || world.count(failed).await).await;
    let second = domain::job::Envelope {
        attempt: 2,
        ..domain::job::Envelope::new(&job, domain::trace::TraceParent::root(), now())
    };
    delivered(&world, 1).await;
    // The same attempt again, of a notification that is not there yet as far as the merchant is concerned.
    let again = "with again as (update notifications set status = 'pending', finished_at = null returning 1)
                 select count(*) from again";
    world.count(again).await;
    let switch = Switch::Notifications(world.merchant_id);
    pause(&world, switch).await;
    world.publish_envelope(&second).await;
    let held = "select coalesce(max(held_attempt), 0)::bigint from notifications";
    world.wait_until(2, async || world.count(held).await).await;
    resume(&world, switch).await;
    delivered(&world, 1).await;
    assert_eq!(world.deliveries().await.len(), 3);
    assert_eq!(
        world
            .count("select count(*) from job_failures where attempt > 1")
            .await,
        0
    );
    world.close().await;
}
