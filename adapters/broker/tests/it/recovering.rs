//! Workers outlive whatever happens to their connection and their queue.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use broker::{Target, topology};
use domain::outcome::Disposition;
use lapin::{
    options::{QueueDeclareOptions, QueueDeleteOptions},
    types::FieldTable,
};

use crate::{
    raw,
    support::{House, KIND, Seen, UNIT, eventually, job, nothing_else, publish_all, reason},
};

#[tokio::test]
async fn a_queue_deleted_under_a_worker_is_put_back() {
    let house = House::build().await;
    let seen = Seen::default();
    let notes = seen.clone();
    let worker = house.work(2, move |envelope| {
        notes.note(envelope);
        async { nothing_else() }
    });
    eventually("consuming", async || worker.status.is_consuming()).await;
    let (_connection, channel) = house.channel().await;
    channel
        .queue_delete(topology::jobs_queue(KIND).into(), QueueDeleteOptions::default())
        .await
        .unwrap();
    let publisher = house.publisher();
    eventually("published", async || {
        publisher.publish(Target::Jobs, &job("job_1")).await.is_ok()
    })
    .await;
    seen.until(1).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_retry_tier_deleted_under_a_worker_is_put_back() {
    let house = House::build().await;
    let (_connection, channel) = house.channel().await;
    let seen = Seen::default();
    let notes = seen.clone();
    let worker = house.work(2, move |envelope| {
        let count = notes.note(envelope);
        async move {
            Ok(if count == 1 {
                Disposition::Snooze {
                    reason: reason(),
                    delay: UNIT,
                }
            } else {
                Disposition::Complete
            })
        }
    });
    channel
        .queue_delete("retry.100ms".into(), QueueDeleteOptions::default())
        .await
        .unwrap();
    house
        .publisher()
        .publish(Target::Jobs, &job("job_1"))
        .await
        .unwrap();
    let seen = seen.until(2).await;
    assert_eq!(seen[1].snoozes, 1);
    worker.stop().await;
}

#[tokio::test]
async fn a_queue_of_others_in_trouble_keeps_no_worker_from_its_own() {
    let house = House::build().await;
    let seen = Seen::default();
    let notes = seen.clone();
    let worker = house.work(2, move |envelope| {
        notes.note(envelope);
        async { nothing_else() }
    });
    eventually("consuming", async || worker.status.is_consuming()).await;
    let (connection, channel) = house.channel().await;
    let tier = "retry.100ms";
    channel
        .queue_delete(tier.into(), QueueDeleteOptions::default())
        .await
        .unwrap();
    // Declaring it as it should be is refused from now on.
    channel
        .queue_declare(tier.into(), QueueDeclareOptions::durable(), FieldTable::default())
        .await
        .unwrap();
    connection.close(200, "done".into()).await.unwrap();
    house.vhost.close_connections().await;
    eventually("cut off", async || !worker.status.is_consuming()).await;
    eventually("consuming again", async || worker.status.is_consuming()).await;
    house
        .publisher()
        .publish(Target::Jobs, &job("job_1"))
        .await
        .unwrap();
    seen.until(1).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_closed_by_force_while_working_lose_no_job() {
    let house = House::build().await;
    let done = Arc::new(Mutex::new(HashSet::new()));
    let notes = Arc::clone(&done);
    let worker = house.work(8, move |envelope| {
        let notes = Arc::clone(&notes);
        async move {
            tokio::time::sleep(Duration::from_millis(2)).await;
            if envelope.attempt == 1 && envelope.job_id.ends_with('7') {
                return Ok(Disposition::Retry {
                    reason: reason(),
                    delay: UNIT,
                    at_least: Duration::ZERO,
                });
            }
            notes.lock().unwrap().insert(envelope.job_id);
            Ok(Disposition::Complete)
        }
    });
    let publisher = house.publisher();
    let publishing = tokio::spawn(async move {
        let mut confirmed = HashSet::new();
        for n in 0..400 {
            let id = format!("job_{n}");
            if publisher.publish(Target::Jobs, &job(&id)).await.is_ok() {
                confirmed.insert(id);
            }
        }
        confirmed
    });
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        house.vhost.close_connections().await;
    }
    let confirmed = publishing.await.unwrap();
    assert!(confirmed.len() > 100, "only {} were confirmed", confirmed.len());
    eventually("all done", async || confirmed.is_subset(&done.lock().unwrap())).await;
    worker.stop().await;
    assert_eq!(house.depth("jobs.create_intent").await, 0);
    assert_eq!(house.depth("dead.create_intent").await, 0);
}

/// The AMQP library gives up the connection over such a message, and every job that is out is counted against.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_breaks_the_connection_is_parked_alone() {
    let house = House::build().await;
    let publisher = house.publisher();
    let publish = async |from: usize, to: usize| {
        let batch = (from..to).map(|n| (Target::Jobs, job(&format!("job_{n}"))));
        assert!(publish_all(&publisher, batch).await.iter().all(Result::is_ok));
    };
    publish(0, 40).await;
    let url = house.config.url.expose().to_owned();
    tokio::task::spawn_blocking(move || raw::publish_without_text(&url, KIND.name()))
        .await
        .unwrap();
    publish(40, 80).await;
    let done = Arc::new(Mutex::new(HashSet::new()));
    let (running, at_once) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (notes, most) = (Arc::clone(&done), Arc::clone(&at_once));
    let worker = house.work(16, move |envelope| {
        let (notes, running, most) = (Arc::clone(&notes), Arc::clone(&running), Arc::clone(&most));
        async move {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(10)).await;
            running.fetch_sub(1, Ordering::SeqCst);
            notes.lock().unwrap().insert(envelope.job_id);
            nothing_else()
        }
    });
    eventually("all the others are done", async || {
        done.lock().unwrap().len() == 80
    })
    .await;
    house.until_depth("dead.create_intent", 1).await;
    // Once all is quiet, it takes many jobs at a time again.
    tokio::time::sleep(Duration::from_secs(6)).await;
    at_once.store(0, Ordering::SeqCst);
    publish(80, 120).await;
    eventually("the later ones too", async || done.lock().unwrap().len() == 120).await;
    assert!(
        at_once.load(Ordering::SeqCst) > 1,
        "one job at a time, long after the trouble"
    );
    worker.stop().await;
    assert_eq!(house.depth("jobs.create_intent").await, 0);
    assert_eq!(house.depth("dead.create_intent").await, 1);
}
