//! A short run on ground of its own: workers that die, a provider that hides what it did, callbacks that come twice.

use std::{env, path::PathBuf, time::Duration};

use anyhow::ensure;
use chaos::{
    fleet::{Launch, Process, Settings},
    ground::Ground,
    journal::Journal,
    traffic::{Shape, Traffic},
    verifier::{Evidence, Finding, verify},
};
use e2e::{World, rabbit::Rabbit, sandbox_client::Sandbox, scene::OPENING, wait, world};
use serde_json::json;
use sqlx::PgPool;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(60);
/// What was lost for so long will not be found any more: no delay that is left in such a run is longer.
const QUIET: Duration = Duration::from_secs(6);
/// How long clients have to play their orders to the end. Without a protection, some never come to theirs.
const TO_THE_END: Duration = Duration::from_secs(25);
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

const SEED: u64 = 4_251;
const SHAPE: Shape = Shape {
    merchants: 3,
    accounts: &[],
    orders_per_s: 10.0,
    limit: Some(ORDERS),
};
/// As many as it takes to meet every death and every story, and no more: a slow machine must not drown in them.
const ORDERS: usize = 40;
/// Where the workers die, one after the other.
const DEATHS: [(&str, &str); 3] = [
    ("create_intent.stored", "2*off->kill"),
    ("record.begin", "10*off->kill"),
    // Nobody asks for a notification again.
    ("notify.before_send", "2*off->kill"),
];
/// How many jobs of a kind workers have in hand. Those that acknowledge early lose them when they die, and the next death
/// needs jobs that are left.
const IN_HAND: &str = "8";
/// How often the provider does what it was asked for and does not say so.
const UNANSWERED: u32 = 8;

/// Everything a run needs; the workers are not running yet.
pub struct Trial {
    world: World,
    ground: Ground,
    logs: PathBuf,
    _sandbox: Process,
    _ingress: Process,
    workers: Launch,
    is_honest: bool,
}

impl Trial {
    /// Prepares a run whose workers have to do without one protection.
    pub async fn prepare(sabotage: Option<&str>) -> anyhow::Result<Self> {
        let ground = Ground::prepare("verdict").await?;
        let logs = env::temp_dir().join(format!("sluice-verdict-{}", Uuid::new_v4().simple()));
        let settings = Settings::new(ground.environment(), &logs);
        let mut sandbox = Process::start(settings.sandbox("sandbox")?)?;
        let mut ingress = Process::start(settings.ingress("ingress")?)?;
        sandbox.ready(PATIENCE).await?;
        ingress.ready(PATIENCE).await?;
        let mut workers = settings
            .workers("workers", &sandbox.launch.url())?
            .with("WORKERS_CONCURRENCY", IN_HAND);
        if let Some(sabotage) = sabotage {
            workers = workers.with("SLUICE_SABOTAGE", sabotage);
        }
        let http = world::http()?;
        let world = World {
            ingress: ingress.launch.url(),
            sandbox: Sandbox::new(http.clone(), &sandbox.launch.url()),
            rabbit: Rabbit::new(http.clone(), &ground.management_url, &ground.amqp_url)?,
            console: Box::new(ground.console()?),
            patience: PATIENCE,
            http,
        };
        Ok(Self {
            world,
            ground,
            logs,
            _sandbox: sandbox,
            _ingress: ingress,
            workers,
            is_honest: sabotage.is_none(),
        })
    }

    /// Plays the run and gives the verdict.
    pub async fn run(self) -> anyhow::Result<Vec<Finding>> {
        let traffic = Traffic::start(&self.world, SEED, SHAPE).await?;
        let sandbox = &self.world.sandbox;
        sandbox.set_callbacks(json!({ "duplicate": 2 })).await?;
        for (point, action) in DEATHS {
            let mut workers = Process::start(self.workers.clone().armed(&format!("{point}={action}")))?;
            workers.wait(PATIENCE).await?;
            let died_at = workers.died_at();
            ensure!(
                died_at.as_deref() == Some(point),
                "{died_at:?}: {}",
                workers.last_lines()
            );
        }
        sandbox
            .set_fault(json!({ "route": OPENING, "fault": "hang_after", "times": UNANSWERED }))
            .await?;
        let mut workers = Process::start(self.workers.clone())?;
        workers.ready(PATIENCE).await?;
        wait::until(TO_THE_END, async || Ok(traffic.is_over()), |over| *over).await?;
        let journal = traffic.finish().await?;
        let findings = self.verdict(&journal).await?;
        workers.kill().await?;
        std::fs::remove_dir_all(&self.logs)?;
        self.ground.clear().await?;
        Ok(findings)
    }

    /// What is found in the end: when everything holds, or when it is too late for that.
    async fn verdict(&self, journal: &Journal) -> anyhow::Result<Vec<Finding>> {
        let database = PgPool::connect(&self.ground.database_url).await?;
        let evidence = Evidence {
            journal,
            sandbox: &self.world.sandbox,
            rabbit: &self.world.rabbit,
            database: &database,
        };
        let patience = if self.is_honest { PATIENCE } else { QUIET };
        let mut findings = verify(&evidence).await?;
        let mut broken_since = Instant::now();
        while !findings.iter().all(Finding::holds) && broken_since.elapsed() < patience {
            sleep(BETWEEN_LOOKS).await;
            let seen = verify(&evidence).await?;
            if broken(&seen) != broken(&findings) {
                broken_since = Instant::now();
            }
            findings = seen;
        }
        database.close().await;
        Ok(findings)
    }
}

/// The invariants that do not hold, with what is lost and doubled. Whatever is left may be on its way for ever.
fn broken(findings: &[Finding]) -> Vec<(&str, u64, u64)> {
    let broken = findings.iter().filter(|finding| !finding.holds());
    broken
        .map(|finding| (finding.invariant, finding.counts.lost, finding.counts.doubled))
        .collect()
}
