//! A Sluice of processes, of which one is armed at a time.

use std::{collections::BTreeSet, env, path::PathBuf, time::Duration};

use anyhow::{Context, ensure};
use chaos::{
    fleet::{Launch, Process, Settings},
    ground::Ground,
};
use e2e::{Scene, World, rabbit::Rabbit, sandbox_client::Sandbox, world};
use futures::future::try_join_all;
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use crate::table::Case;

/// How long to wait for something before it counts as not happening.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// The one callback of a payment that these tests are about.
pub const PAID: &str = "payment_intent.succeeded";

/// How the names of queues begin that jobs are parked in.
const DEAD: &str = "dead.";

/// Slow answers are part of the play here, and time-outs are not; what hangs is cut off when its process is stopped.
const SETTINGS: [(&str, &str); 3] = [
    ("CHANNEL_TIMEOUT_MS", "4000"),
    ("NOTIFY_TIMEOUT_MS", "20000"),
    ("STOP_TIMEOUT_MS", "300"),
];

/// Servers, the sandbox, and where ingress and workers are found when they run.
pub struct Stage {
    /// All of it, seen from outside.
    pub world: World,
    /// The database, from below.
    pub database: PgPool,
    /// What all of them have said.
    pub logs: PathBuf,
    ground: Ground,
    _sandbox: Process,
    ingress: Launch,
    workers: Launch,
}

/// A program that runs armed and clean in turns.
pub struct Actor {
    launch: Launch,
    process: Option<Process>,
}

impl Stage {
    /// Prepares the ground and starts the sandbox.
    pub async fn set(name: &str) -> anyhow::Result<Self> {
        let ground = Ground::prepare(name).await?;
        let logs = env::temp_dir().join(format!("sluice-{name}-{}", Uuid::new_v4().simple()));
        let settings = SETTINGS.iter().fold(
            Settings::new(ground.environment(), &logs),
            |settings, (name, value)| settings.with(name, value),
        );
        let mut sandbox = Process::start(settings.sandbox("sandbox")?)?;
        sandbox.ready(PATIENCE).await?;
        let (http, base) = (world::http()?, sandbox.launch.url());
        let doubles = Sandbox::new(http.clone(), &base);
        let ingress = settings.trusting(&doubles, &base).await?.ingress("ingress")?;
        let world = World {
            ingress: ingress.url(),
            sandbox: doubles,
            rabbit: Rabbit::new(http.clone(), &ground.management_url, &ground.amqp_url)?,
            console: Box::new(ground.console()?),
            patience: PATIENCE,
            http,
        };
        let workers = settings.workers("workers", &base)?;
        Ok(Self {
            world,
            database: PgPool::connect_lazy(&ground.database_url)?,
            logs,
            ground,
            _sandbox: sandbox,
            ingress,
            workers,
        })
    }

    /// A merchant on it, who is called back about paid payments only.
    pub async fn scene(&self) -> anyhow::Result<Scene<'_>> {
        let merchant = self.world.merchant_called_of("points", &[PAID]).await?;
        Ok(Scene {
            world: &self.world,
            merchant,
        })
    }

    /// Ingress, not running yet.
    pub fn ingress(&self) -> Actor {
        Actor {
            launch: self.ingress.clone(),
            process: None,
        }
    }

    /// The workers, not running yet.
    pub fn workers(&self) -> Actor {
        Actor {
            launch: self.workers.clone(),
            process: None,
        }
    }

    /// What waits in queues, as `queue: payment`, oldest first. Nobody may be consuming.
    pub async fn waiting(&self) -> anyhow::Result<Vec<String>> {
        let queues = self.world.rabbit.queues().await?;
        let look = async |queue: &String| {
            let letters = self.world.rabbit.peek(queue).await?;
            let shown = letters
                .iter()
                .map(|letter| format!("{queue}: {}", letter.property("correlation_id")));
            anyhow::Ok(shown.collect::<Vec<_>>())
        };
        let busy = queues.iter().filter(|queue| !queue.starts_with(DEAD));
        Ok(try_join_all(busy.map(look)).await?.concat())
    }

    /// The dead-letter queues of the jobs that are parked, each job once.
    pub async fn parked(&self) -> anyhow::Result<Vec<String>> {
        let dead = self.dead_queues().await?;
        let look = async |queue: &String| {
            let letters = self.world.rabbit.peek(queue).await?;
            let jobs = letters
                .iter()
                .map(|letter| (queue.clone(), letter.property("message_id").to_owned()));
            anyhow::Ok(jobs.collect::<Vec<_>>())
        };
        let parked: BTreeSet<_> = try_join_all(dead.iter().map(look))
            .await?
            .into_iter()
            .flatten()
            .collect();
        Ok(parked.into_iter().map(|(queue, _)| queue).collect())
    }

    /// Forgets what is parked.
    pub async fn forget_parked(&self) -> anyhow::Result<()> {
        let dead = self.dead_queues().await?;
        let purges = dead.iter().map(|queue| self.world.rabbit.purge(queue));
        try_join_all(purges).await?;
        Ok(())
    }

    /// The queues that jobs are parked in, as the broker has them.
    async fn dead_queues(&self) -> anyhow::Result<Vec<String>> {
        let mut queues = self.world.rabbit.queues().await?;
        queues.retain(|queue| queue.starts_with(DEAD));
        Ok(queues)
    }

    /// The provider and the merchant behave.
    pub async fn calm(&self, scene: &Scene<'_>) -> anyhow::Result<()> {
        self.world.sandbox.clear_faults().await?;
        self.world.sandbox.clear_callbacks().await?;
        let merchant = &scene.merchant.name;
        self.world
            .sandbox
            .set_behaviour(merchant, json!({ "mode": "ok" }))
            .await
    }

    /// Checks that the ledger agrees with itself and with all that it is about.
    pub async fn ensure_books_agree(&self) -> anyhow::Result<()> {
        let checked = self.world.console.run(&["ledger", "check"], "").await?;
        ensure!(checked["agrees"] == true, "the books disagree: {checked}");
        Ok(())
    }

    /// Clears everything away.
    pub async fn strike(self) -> anyhow::Result<()> {
        std::fs::remove_dir_all(&self.logs)?;
        self.database.close().await;
        self.ground.clear().await
    }
}

impl Actor {
    /// Starts it, unless it runs.
    pub fn start(&mut self) -> anyhow::Result<&mut Process> {
        match self.process {
            Some(ref mut process) => Ok(process),
            None => Ok(self.process.insert(Process::start(self.launch.clone())?)),
        }
    }

    /// Starts it and waits until it is ready.
    pub async fn start_and_wait(&mut self) -> anyhow::Result<()> {
        self.start()?.ready(PATIENCE).await
    }

    /// Asks it to stop, if it runs, and waits until it has. A process that has only just begun cannot hear yet, so it
    /// gets the time to.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        if let Some(mut process) = self.process.take() {
            process.ready(PATIENCE).await?;
            process.terminate().await?;
            let ended = process.wait(PATIENCE).await?;
            ensure!(
                ended.is_clean(),
                "asked to stop: {ended}\n{}",
                process.last_lines()
            );
        }
        Ok(())
    }

    /// Starts it armed. It may be dead before this returns.
    pub fn start_armed(&mut self, case: &Case) -> anyhow::Result<()> {
        ensure!(self.process.is_none(), "{} still runs", self.launch.name);
        self.process = Some(Process::start(self.launch.clone().armed(&case.arming()))?);
        Ok(())
    }

    /// Waits for the end of an armed process, which must come where it was told to die.
    pub async fn die(&mut self, case: &Case) -> anyhow::Result<()> {
        let mut process = self.process.take().context("nobody was armed")?;
        let ended = process.wait(PATIENCE).await?;
        let died_at = process.died_at();
        ensure!(
            died_at.as_deref() == Some(case.point.name()) && ended.signal().is_some(),
            "died at {died_at:?} ({ended}):\n{}",
            process.last_lines()
        );
        Ok(())
    }
}
