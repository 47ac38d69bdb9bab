//! Group commit: records share transactions without sharing each other's fate.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    channel::IntentStatus,
    notification::{Notification, NotificationType},
    secret::Secret,
};
use futures::future::join_all;
use sqlx::{Connection, PgConnection};
use store::{
    AttemptRecord, DeliveryStatus, Record, Recorder, Store, StoreConfig, Vault, Verdict, testing::TEST_KEY,
};
use tokio::sync::Notify;

use crate::support::{at, seen, world};

#[tokio::test]
async fn many_records_at_once_are_all_written() {
    let world = world().await;
    let payments: Vec<_> = (0..300)
        .map(|number| world.payment(&number.to_string()))
        .collect();
    let writes = payments.iter().map(|payment| {
        world.recorder.write(Record {
            new_payment: Some(payment.clone()),
            ..Record::default()
        })
    });
    let verdicts = join_all(writes).await;
    assert!(
        verdicts
            .into_iter()
            .all(|verdict| verdict.unwrap() == Verdict::Written)
    );
    for payment in &payments {
        assert!(world.store.payment(payment.id).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn of_two_at_once_on_the_same_payment_one_is_stale_and_leaves_nothing() {
    let world = world().await;
    let new = world.stored("k").await;
    let paid = seen(new, IntentStatus::Succeeded).payment;
    let record = |event: &str| Record {
        payment: Some(paid.clone()),
        callback: Some(world.callback(event)),
        ..Record::default()
    };
    let (one, two) = tokio::join!(
        world.recorder.write(record("evt_1")),
        world.recorder.write(record("evt_2"))
    );
    let mut verdicts = [one.unwrap(), two.unwrap()];
    verdicts.sort_by_key(|verdict| *verdict == Verdict::Stale);
    assert_eq!(verdicts, [Verdict::Written, Verdict::Stale]);
    // The loser's callback was not taken in: it can still be processed.
    let again = Record {
        callback: Some(world.callback("evt_2")),
        ..Record::default()
    };
    assert_eq!(world.write(again).await, Verdict::Written);
}

#[tokio::test]
async fn a_repeated_callback_is_taken_in_once() {
    let world = world().await;
    let record = || Record {
        callback: Some(world.callback("evt_1")),
        ..Record::default()
    };
    let verdicts = join_all((0..20).map(|_| world.recorder.write(record()))).await;
    let written = verdicts
        .into_iter()
        .filter(|verdict| *verdict.as_ref().unwrap() == Verdict::Written)
        .count();
    assert_eq!(written, 1);
}

#[tokio::test]
async fn a_bad_record_does_not_hurt_its_neighbours() {
    let world = world().await;
    let mut stranger = world.payment("bad");
    stranger.merchant_id = domain::id::MerchantId::random();
    let good = join_all((0..20).map(|number| {
        let new = world.payment(&number.to_string());
        world.recorder.write(Record {
            new_payment: Some(new),
            ..Record::default()
        })
    }));
    let bad = world.recorder.write(Record {
        new_payment: Some(stranger),
        ..Record::default()
    });
    let (good, bad) = tokio::join!(good, bad);
    assert!(
        good.into_iter()
            .all(|verdict| verdict.unwrap() == Verdict::Written)
    );
    assert!(!bad.unwrap_err().is_transient());
}

/// Somebody looks at a payment in a transaction of their own and goes to lunch.
#[tokio::test]
async fn a_row_locked_by_somebody_else_holds_up_its_own_record_only() {
    let world = world().await;
    let locked = world.stored("locked").await;
    let mut somebody = PgConnection::connect(&world.database.url()).await.unwrap();
    let mut lunch = somebody.begin().await.unwrap();
    sqlx::query("select from payments where id = $1 for update")
        .bind(locked.id.as_uuid())
        .execute(&mut *lunch)
        .await
        .unwrap();
    let changed = Record {
        payment: Some(seen(locked, IntentStatus::Processing).payment),
        ..Record::default()
    };
    let others = |from: usize| {
        let new = (from..from + 20).map(|number| world.payment(&number.to_string()));
        join_all(new.map(|new| {
            world.recorder.write(Record {
                new_payment: Some(new),
                ..Record::default()
            })
        }))
    };
    // The first ones keep the recorder busy, so that the rest meets in a batch.
    let (first, held_up, rest) = tokio::join!(others(0), world.recorder.write(changed.clone()), others(20));
    assert!(
        first
            .into_iter()
            .chain(rest)
            .all(|written| written.unwrap() == Verdict::Written)
    );
    assert!(held_up.unwrap_err().is_transient());
    lunch.rollback().await.unwrap();
    assert_eq!(world.write(changed).await, Verdict::Written);
}

/// Here it is no use to try the records one by one.
#[tokio::test]
async fn a_locked_table_is_found_out_about_once_for_all() {
    let world = world().await;
    let mut somebody = PgConnection::connect(&world.database.url()).await.unwrap();
    let mut lunch = somebody.begin().await.unwrap();
    sqlx::query("lock table payments")
        .execute(&mut *lunch)
        .await
        .unwrap();
    let writes = (0..60).map(|number| {
        world.recorder.write(Record {
            new_payment: Some(world.payment(&number.to_string())),
            ..Record::default()
        })
    });
    let began = Instant::now();
    let written = join_all(writes).await;
    assert!(
        written
            .into_iter()
            .all(|written| written.unwrap_err().is_transient())
    );
    // One record, one batch and three records, two seconds each; sixty would be two minutes.
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[tokio::test]
async fn postgresql_being_away_is_transient_and_passes() {
    let world = world().await;
    world.database.set_reachable(false).await;
    let record = Record {
        new_payment: Some(world.payment("k")),
        ..Record::default()
    };
    let error = world.recorder.write(record.clone()).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    world.database.set_reachable(true).await;
    assert_eq!(world.write(record).await, Verdict::Written);
}

/// Nothing listens on port 1. The whole batch hears so at once, not one record after the other.
#[tokio::test]
async fn a_server_that_is_not_there_delays_no_record_more_than_another() {
    let config = StoreConfig {
        url: Secret::new("postgres://nobody@127.0.0.1:1/none"),
        max_connections: 2,
        acquire_timeout: Duration::from_millis(500),
        read_only: false,
    };
    let store = Store::connect_lazily(&config, Vault::from_keys(&Secret::new(TEST_KEY)).unwrap()).unwrap();
    let recorder = Recorder::start(store, Arc::new(Notify::new()));
    let started = Instant::now();
    let results = join_all((0..100).map(|_| recorder.write(Record::default()))).await;
    assert!(
        results
            .into_iter()
            .all(|result| result.unwrap_err().is_transient())
    );
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}

/// A worker that dies after writing a failure down makes the same attempt once more.
#[tokio::test]
async fn an_attempt_made_again_leaves_a_second_account_only_when_it_arrived() {
    let world = world().await;
    let notification = Notification::about(
        &world.stored("k").await,
        NotificationType::PaymentSucceeded,
        at(10),
    );
    let notification_id = notification.id;
    let told = Record {
        notifications: vec![notification],
        ..Record::default()
    };
    world.write(told).await;
    let statuses = [
        (500, DeliveryStatus::Pending),
        (503, DeliveryStatus::Pending),
        (200, DeliveryStatus::Delivered),
        (200, DeliveryStatus::Delivered),
    ];
    for (http_status, status) in statuses {
        let attempt = AttemptRecord {
            attempts_before: 0,
            notification_id,
            attempt: 1,
            status,
            http_status: Some(http_status),
            error: None,
            response: None,
            duration_ms: 1,
            at: at(11),
            gone_url: None,
        };
        let attempt = Some(attempt);
        world
            .write(Record {
                attempt,
                ..Record::default()
            })
            .await;
    }
    let mut connection = PgConnection::connect(&world.database.url()).await.unwrap();
    let accounts = "select array_agg(http_status order by attempt) from notification_attempts";
    let accounts: Vec<i32> = sqlx::query_scalar(accounts)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(accounts, [500, 200]);
}
