//! One run from start to verdict.
//!
//! The order matters: everything works before anything breaks; everything that breaks is over before the clock of the
//! recovery starts; and the verdict is read from evidence only after everything has come to rest.

mod recovery;
mod stage;
mod verdict;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use sqlx::postgres::PgPoolOptions;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until};

use crate::{
    config::Config,
    faults::{Breaker, Narrator, Servers, Tally},
    ground::Ground,
    journal::Journal,
    plan::{Arms, Plan},
    traffic::{Shape, Traffic},
    verifier::Evidence,
};
use stage::Stage;
use verdict::MAX_RECOVERY;
pub use verdict::Verdict;

/// Enough to keep every part busy on a small machine, and little enough not to measure its speed.
const ORDERS_PER_S: f64 = 4.0;
/// How long clients go on asking after the last fault: what is settled late must not be the old alone.
const AFTERWARDS: Duration = Duration::from_secs(2);
/// How often it is looked whether an order was taken since.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How often the terminal is told how far the clients have come.
const NEWS_EVERY: Duration = Duration::from_secs(15);

/// Starts a Sluice, breaks it as planned, and judges what came of it.
///
/// # Errors
/// The run itself failed: something could not be started, broken or put right, or the evidence could not be read.
pub async fn run(config: &Config) -> anyhow::Result<Verdict> {
    let plan = Plan::new(config.seed, config.time, config.merchants);
    println!(
        "chaos: seed {}, {} faults planned (the same plan again: {} make chaos)",
        config.seed,
        plan.faults.len(),
        config.repetition()
    );
    let follow = async |breaker: &Arc<Breaker>, _: &Ground| breaker.follow(&plan).await;
    play(config, Arms::new(config.seed), follow).await
}

/// What all runs have in common: everything is started, the processes with these arms; clients are at work while
/// `breaking` breaks things; and when that is over, the evidence is judged.
pub(crate) async fn play(
    config: &Config,
    arms: Arms,
    breaking: impl AsyncFnOnce(&Arc<Breaker>, &Ground) -> anyhow::Result<Tally>,
) -> anyhow::Result<Verdict> {
    let stage = Stage::set(config, arms).await?;
    let shape = Shape {
        merchants: config.merchants,
        accounts: config.accounts,
        orders_per_s: ORDERS_PER_S,
        limit: None,
    };
    let traffic = Traffic::start(&stage.world, config.seed, shape).await?;
    let merchants = traffic.journal().entries().merchants;

    let breaker = Arc::new(Breaker {
        crew: stage.crew,
        wires: stage.wires,
        servers: Servers::of(&config.servers, &config.logs),
        sandbox: stage.world.sandbox.clone(),
        merchants: merchants.into_iter().map(|merchant| merchant.name).collect(),
        narrator: stage.narrator,
    });
    let breaking = breaking(&breaker, &stage.ground);
    let tally = with_news(breaking, &breaker.narrator, traffic.journal()).await?;
    let over = Instant::now();
    breaker.narrator.say(
        "over",
        "nothing breaks any more; waiting until everything is settled",
    );

    let works_again = works_again(traffic.journal(), over).await;
    let journal = traffic.finish().await?;
    let database = PgPoolOptions::new()
        .max_connections(4)
        .connect(&stage.ground.database_url);
    let database = database.await.context("the database of the run")?;
    let evidence = Evidence {
        journal: &journal,
        sandbox: &stage.world.sandbox,
        rabbit: &stage.world.rabbit,
        database: &database,
    };
    let (findings, recovered) = recovery::watch(&evidence, over, &breaker.narrator).await?;
    database.close().await;
    let verdict = Verdict {
        seed: config.seed,
        orders: journal.progress(),
        works_again,
        tally,
        deaths: breaker.crew.deaths(),
        findings,
        recovered,
    };
    drop(breaker);
    drop(stage.sandbox);
    if verdict.is_good() {
        stage.ground.clear().await?;
    } else {
        println!("\nkept for looking into it: {}", stage.ground.keep());
    }
    Ok(verdict)
}

/// Lets clients go on for a while, and longer when nobody takes their orders, but not beyond the time that everything has to
/// be settled in. Gives whether one was taken.
async fn works_again(journal: &Journal, over: Instant) -> bool {
    let accepted = || journal.progress().accepted;
    let before = accepted();
    sleep_until(over + AFTERWARDS).await;
    while accepted() == before && over.elapsed() < MAX_RECOVERY {
        sleep(LOOK_EVERY).await;
    }
    accepted() > before
}

/// Tells now and then how far the clients have come while things break.
async fn with_news(
    breaking: impl Future<Output = anyhow::Result<Tally>>,
    narrator: &Narrator,
    journal: &Journal,
) -> anyhow::Result<Tally> {
    let mut news = interval_at(Instant::now() + NEWS_EVERY, NEWS_EVERY);
    news.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut breaking = Box::pin(breaking);
    loop {
        tokio::select! {
            tally = &mut breaking => return tally,
            _ = news.tick() => tell_progress(narrator, journal),
        }
    }
}

fn tell_progress(narrator: &Narrator, journal: &Journal) {
    let progress = journal.progress();
    narrator.say(
        "orders",
        &format!("{} begun, {} accepted", progress.begun, progress.accepted),
    );
}
