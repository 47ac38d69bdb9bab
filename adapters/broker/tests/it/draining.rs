//! Stopping a worker loses nothing, and repeats nothing that was acknowledged.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use broker::{Target, topology::DELIVERY_LIMIT};
use domain::outcome::Disposition;
use tokio::sync::Semaphore;

use crate::support::{House, Seen, eventually, job, nothing_else, publish_all};

type Counts = Arc<Mutex<HashMap<String, u32>>>;

fn counting(house: &House, counts: &Counts) -> crate::support::Worker {
    let counts = Arc::clone(counts);
    house.work(8, move |envelope| {
        let counts = Arc::clone(&counts);
        async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            *counts.lock().unwrap().entry(envelope.job_id).or_default() += 1;
            Ok(Disposition::Complete)
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_stopped_and_followed_by_another_handles_each_job_once() {
    let house = House::build().await;
    let total = 600;
    let batch = (0..total).map(|n| (Target::Jobs, job(&format!("job_{n}"))));
    assert!(
        publish_all(&house.publisher(), batch)
            .await
            .iter()
            .all(Result::is_ok)
    );
    let counts = Counts::default();
    let done = |counts: &Counts| counts.lock().unwrap().len();
    for share in [150, 300, 450] {
        let worker = counting(&house, &counts);
        eventually("a share of the jobs", async || done(&counts) >= share).await;
        worker.stop().await;
        let left = house.depth("jobs.create_intent").await as usize;
        assert_eq!(
            left,
            total - done(&counts),
            "all that was not done is back in the queue when the worker ends"
        );
    }
    let worker = counting(&house, &counts);
    eventually("all jobs", async || done(&counts) == total).await;
    worker.stop().await;
    assert_eq!(house.depth("jobs.create_intent").await, 0);
    let repeated: Vec<_> = counts
        .lock()
        .unwrap()
        .iter()
        .filter(|(_, count)| **count != 1)
        .map(|(id, _)| id.clone())
        .collect();
    assert!(repeated.is_empty(), "handled more than once: {repeated:?}");
}

#[tokio::test]
async fn a_job_in_the_middle_is_finished_and_acknowledged_and_no_other_begun() {
    let house = House::build().await;
    let publisher = house.publisher();
    for n in 0..3 {
        publisher
            .publish(Target::Jobs, &job(&format!("job_{n}")))
            .await
            .unwrap();
    }
    let (begun, ended) = (Seen::default(), Seen::default());
    let (beginnings, endings) = (begun.clone(), ended.clone());
    let worker = house.work(1, move |envelope| {
        beginnings.note(envelope.clone());
        let endings = endings.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(700)).await;
            endings.note(envelope);
            nothing_else()
        }
    });
    begun.until(1).await;
    worker.stop().await;
    assert_eq!((begun.all().len(), ended.all().len()), (1, 1));
    assert_eq!(house.depth("jobs.create_intent").await, 2);
}

#[tokio::test]
async fn what_nobody_began_goes_back_while_a_job_in_hand_goes_on() {
    let house = House::build().await;
    let publisher = house.publisher();
    for n in 0..3 {
        publisher
            .publish(Target::Jobs, &job(&format!("job_{n}")))
            .await
            .unwrap();
    }
    let (begun, gate) = (Seen::default(), Arc::new(Semaphore::new(0)));
    let (beginnings, way) = (begun.clone(), Arc::clone(&gate));
    let worker = house.work(1, move |envelope| {
        beginnings.note(envelope);
        let way = Arc::clone(&way);
        async move {
            way.acquire().await.unwrap().forget();
            nothing_else()
        }
    });
    begun.until(1).await;
    house.until_depth("jobs.create_intent", 0).await;
    worker.stop.cancel();
    house.until_depth("jobs.create_intent", 2).await;
    assert!(!worker.status.is_consuming(), "others get what comes from now on");
    assert!(!worker.task.is_finished(), "the job in hand goes on");
    gate.add_permits(3);
    worker.stop().await;
    assert_eq!(begun.all().len(), 1);
    assert_eq!(
        house.depth("jobs.create_intent").await,
        2,
        "the job in hand was acknowledged"
    );
}

/// As when each of many restarts finds it waiting behind jobs that take long.
#[tokio::test]
async fn a_job_that_is_given_back_untouched_never_reaches_its_limit() {
    let house = House::build().await;
    house
        .publisher()
        .publish(Target::Jobs, &job("job_1"))
        .await
        .unwrap();
    for _ in 0..DELIVERY_LIMIT + 2 {
        // Without a place for a single job it takes jobs and begins none.
        let worker = house.work(0, |_| async { nothing_else() });
        house.until_depth("jobs.create_intent", 0).await;
        eventually("taken", async || worker.status.is_consuming()).await;
        worker.stop.cancel();
        house.until_depth("jobs.create_intent", 1).await;
        worker.task.abort();
    }
    let seen = Seen::default();
    let notes = seen.clone();
    let worker = house.work(1, move |envelope| {
        notes.note(envelope);
        async { nothing_else() }
    });
    let [handled] = &seen.until(1).await[..] else {
        panic!("one job")
    };
    assert_eq!((handled.job_id.as_str(), handled.attempt), ("job_1", 1));
    assert!(
        handled.snoozes > 0,
        "a job that was sent around tells that it was handed out before"
    );
    worker.stop().await;
    assert_eq!(house.depth("dead.create_intent").await, 0);
}

#[tokio::test]
async fn a_worker_that_is_cut_off_gives_its_jobs_back() {
    let house = House::build().await;
    house
        .publisher()
        .publish(Target::Jobs, &job("job_1"))
        .await
        .unwrap();
    let begun = Seen::default();
    let beginnings = begun.clone();
    let worker = house.work(1, move |envelope| {
        beginnings.note(envelope);
        std::future::pending()
    });
    begun.until(1).await;
    worker.task.abort();
    house.until_depth("jobs.create_intent", 1).await;
}

#[tokio::test]
async fn a_worker_can_be_stopped_while_there_is_no_broker() {
    let house = House::build().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = domain::secret::Secret::new(format!("amqp://guest:guest@{free}/%2f"));
    let config = broker::BrokerConfig {
        url,
        ..house.config.clone()
    };
    let house = House { config, ..house };
    let worker = house.work(1, |_| async { nothing_else() });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!worker.status.is_consuming());
    worker.stop().await;
}
