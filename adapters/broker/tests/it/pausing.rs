//! A paused queue keeps its messages, untouched; jobs in hand are finished.

use std::{sync::Arc, time::Duration};

use broker::Target;
use domain::outcome::Disposition;
use tokio::sync::Semaphore;

use crate::support::{House, Seen, Worker, eventually, job, publish_all};

const QUEUE: &str = "jobs.create_intent";

/// A worker whose jobs last until `gate` lets them go.
fn held(house: &House, seen: &Seen, gate: &Arc<Semaphore>) -> Worker {
    let (seen, gate) = (seen.clone(), Arc::clone(gate));
    house.work(2, move |envelope| {
        let (seen, gate) = (seen.clone(), Arc::clone(&gate));
        async move {
            seen.note(envelope);
            gate.acquire().await.unwrap().forget();
            Ok(Disposition::Complete)
        }
    })
}

async fn publish(house: &House, numbers: std::ops::Range<u32>) {
    let batch = numbers.map(|number| (Target::Jobs, job(&format!("job_{number}"))));
    let sent = publish_all(&house.publisher(), batch).await;
    assert!(sent.iter().all(Result::is_ok));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_queue_keeps_what_nobody_began_and_goes_on_where_it_was() {
    let house = House::build().await;
    let (seen, gate) = (Seen::default(), Arc::new(Semaphore::new(0)));
    let worker = held(&house, &seen, &gate);
    publish(&house, 0..6).await;
    seen.until(2).await;

    worker.pause.set(true);
    // Two are in hand; what was delivered beyond them is ready again.
    house.until_depth(QUEUE, 4).await;
    eventually("no subscription", async || !worker.status.is_consuming()).await;
    assert!(worker.status.is_paused());
    gate.add_permits(100);
    publish(&house, 6..8).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(house.depth(QUEUE).await, 6);
    assert_eq!(
        seen.all().len(),
        2,
        "nothing is begun, and nothing that was in hand comes again"
    );

    worker.pause.set(false);
    let all = seen.until(8).await;
    house.until_depth(QUEUE, 0).await;
    assert!(
        all.iter()
            .all(|envelope| envelope.attempt == 1 && envelope.snoozes == 0)
    );
    worker.stop().await;
    assert_eq!(seen.all().len(), 8, "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_starts_in_a_pause_takes_nothing_and_one_that_is_paused_ends_at_once() {
    let house = House::build().await;
    let (seen, gate) = (Seen::default(), Arc::new(Semaphore::new(100)));
    let worker = held(&house, &seen, &gate);
    worker.pause.set(true);
    eventually("no subscription", async || !worker.status.is_consuming()).await;
    publish(&house, 0..3).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(seen.all().is_empty());
    // It is not waited for a broker that has nothing more to say.
    tokio::time::timeout(Duration::from_secs(3), worker.stop())
        .await
        .unwrap();
    assert_eq!(house.depth(QUEUE).await, 3);
    let next = held(&house, &seen, &gate);
    seen.until(3).await;
    next.stop().await;
}
