//! Every process is replaced in turn, twice around, under constant load: no request fails.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
};

use anyhow::ensure;
use e2e::sandbox_client::Delivery;
use futures::future::try_join_all;

use crate::{
    crowd::{Seen, all_is_settled, keep_paying},
    stage::{Cast, Stage, replace},
};

const CUSTOMERS: usize = 4;
const ROUNDS: usize = 2;

const CAST: Cast<'_> = Cast {
    ingresses: 2,
    workers: 2,
    // Much longer than the balancer needs to notice.
    settings: &[("INGRESS_DRAIN_MS", "1000")],
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_every_process_is_replaced() -> anyhow::Result<()> {
    let mut stage = Stage::set("rolling", CAST).await?;
    let merchant = stage.world.merchant("rolling").await?;
    let (mut ingresses, mut workers) = (
        std::mem::take(&mut stage.ingresses),
        std::mem::take(&mut stage.workers),
    );
    let enough = AtomicBool::new(false);
    let paying = try_join_all((0..CUSTOMERS).map(|_| keep_paying(&stage, &merchant, &enough)));
    let replacing = async {
        let replaced = async {
            for _ in 0..ROUNDS {
                for ingress in &mut ingresses {
                    replace(ingress).await?;
                    stage.all_in_rotation().await?;
                }
                for worker in &mut workers {
                    replace(worker).await?;
                }
            }
            anyhow::Ok(())
        };
        let replaced = replaced.await;
        enough.store(true, Ordering::Relaxed);
        replaced
    };
    let (seen, replaced) = tokio::join!(paying, replacing);
    replaced?;
    let seen = Seen::of_all(seen?);
    println!(
        "{} requests answered, {} payments",
        seen.answered,
        seen.payments.len()
    );
    ensure!(seen.failures.is_empty(), "failed requests: {:#?}", seen.failures);
    ensure!(
        seen.payments.len() > CUSTOMERS * ROUNDS,
        "there was hardly any load"
    );

    all_is_settled(&stage, &merchant, &seen.payments).await?;
    let callbacks = stage
        .world
        .sandbox
        .callbacks(&merchant.account, "payment_intent.succeeded")
        .await?;
    // The provider calls over connections that rest for long, and one may be closed just when it is used again. It calls
    // again then, as providers do.
    let failed = callbacks.iter().filter(|delivery| !was_taken(delivery)).count();
    println!(
        "{} callbacks, of which {failed} had to be repeated",
        callbacks.len()
    );
    let events: BTreeSet<_> = callbacks.iter().map(|delivery| &delivery.event).collect();
    let taken = callbacks.iter().filter(|delivery| was_taken(delivery));
    let taken: BTreeSet<_> = taken.map(|delivery| &delivery.event).collect();
    ensure!(taken == events, "callbacks that were never taken");
    drop((ingresses, workers));
    stage.strike().await
}

fn was_taken(delivery: &Delivery) -> bool {
    delivery.status.is_some_and(|status| (200..300).contains(&status))
}
