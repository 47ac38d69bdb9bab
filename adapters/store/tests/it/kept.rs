//! Connections that are kept for the moment until they are used again.

use std::time::{Duration, Instant};

use domain::secret::Secret;
use sqlx::{Connection, PgConnection};
use store::{Store, StoreConfig};

use crate::support::{World, world};

/// A store with a single connection.
fn narrow(world: &World) -> Store {
    let config = StoreConfig {
        url: Secret::new(world.database.url()),
        max_connections: 1,
        acquire_timeout: Duration::from_secs(5),
        read_only: false,
    };
    Store::connect_lazily(&config, world.store.vault().clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_broke_costs_one_question() {
    let world = world().await;
    let payment = world.stored("k").await;
    let store = narrow(&world);
    assert!(store.payment(payment.id).await.unwrap().is_some());
    let mut other = PgConnection::connect(&world.database.url()).await.unwrap();
    let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()";
    let killed: i64 = sqlx::query_scalar(kill).fetch_one(&mut other).await.unwrap();
    assert!(killed >= 1);
    // It may have been kept, or have gone back to the pool.
    let _may_have_met_it = store.payment(payment.id).await;
    assert!(store.payment(payment.id).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_again_and_again_does_not_keep_others_out() {
    let world = world().await;
    let store = narrow(&world);
    let nobody = world.payment("nobody").id;
    let mut waits = Vec::new();
    let asking = async {
        loop {
            store.payment(nobody).await.unwrap();
        }
    };
    let others = async {
        for _ in 0..3 {
            let asked = Instant::now();
            store.routes(world.merchant_id).await.unwrap();
            waits.push(asked.elapsed());
        }
    };
    tokio::select! {
        never = asking => never,
        () = others => {}
    }
    // A second that it may be kept, and as much again for a slow machine.
    assert!(
        waits.iter().all(|waited| *waited < Duration::from_secs(2)),
        "{waits:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_uses_any_more_goes_back() {
    let world = world().await;
    let store = narrow(&world);
    for _ in 0..3 {
        store.payment(world.payment("nobody").id).await.unwrap();
        let asked = Instant::now();
        store.routes(world.merchant_id).await.unwrap();
        assert!(
            asked.elapsed() < Duration::from_millis(900),
            "{:?}",
            asked.elapsed()
        );
    }
    store.close().await;
}
