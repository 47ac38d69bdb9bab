//! A Sluice of the drill's own, at work, with Prometheus watching it.

use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use chaos::{
    faults::{Servers, lay_one},
    fleet::{Launch, Process, Settings, program},
    ground::Ground,
};
use e2e::{World, console::Program, proxy::Proxy, rabbit::Rabbit, sandbox_client, world};
use sqlx::{AssertSqlSafe, PgPool, postgres::PgPoolOptions};
use tokio::sync::Mutex;

use crate::prometheus::Prometheus;

/// How long starting may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Enough for a busy machine.
const CHANNEL_TIMEOUT_MS: &str = "600";
/// Instead of an hour.
pub const LEDGER_CHECK_MS: &str = "2000";

/// Everything that is started for a drill.
pub struct Stage {
    /// Sluice as merchants, payers, providers and operations people see it.
    pub world: World,
    /// What watches it.
    pub prometheus: Prometheus,
    /// The database, as its owner.
    pub database: PgPool,
    /// PostgreSQL and RabbitMQ.
    pub servers: Servers,
    /// The ingress that can be cut off from both.
    pub lonely: Lonely,
    ingresses: [Process; 2],
    workers: Mutex<Vec<Process>>,
    sandbox: Process,
    ground: Ground,
}

/// An ingress with wires of its own.
pub struct Lonely {
    /// Its address for clients.
    pub url: String,
    wires: [Proxy; 2],
}

impl Lonely {
    /// Cuts it off from PostgreSQL and RabbitMQ.
    pub fn cut_off(&self) {
        self.wires.iter().for_each(Proxy::cut);
    }

    /// Puts that right.
    pub fn restore(&self) {
        self.wires.iter().for_each(Proxy::restore);
    }
}

impl Stage {
    /// Starts everything and waits until it is ready.
    ///
    /// # Errors
    /// Something does not start.
    pub async fn set() -> anyhow::Result<Self> {
        let logs = path("CHAOS_LOGS")?;
        let ground = Ground::prepare("drill").await?;
        let settings = Settings::new(ground.environment(), &logs)
            .with("CHANNEL_TIMEOUT_MS", CHANNEL_TIMEOUT_MS)
            .with("LEDGER_CHECK_MS", LEDGER_CHECK_MS);
        let http = world::http()?;
        let sandbox = started(settings.sandbox("sandbox")?).await?;
        let provider = sandbox.launch.url();
        let doubles = sandbox_client::Sandbox::new(http.clone(), &provider);

        let trusting = settings.trusting(&doubles, &provider).await?;
        let (postgres, database_url) = lay_one(&ground.database_url).await?;
        let (rabbitmq, amqp_url) = lay_one(&ground.amqp_url).await?;
        let lonely = trusting.ingress("ingress-2")?;
        let lonely = lonely
            .with("DATABASE_URL", &database_url)
            .with("AMQP_URL", &amqp_url);
        let ingresses = [
            started(trusting.ingress("ingress-1")?).await?,
            started(lonely).await?,
        ];
        let [front, lonely] = ingresses.each_ref().map(|ingress| ingress.launch.url());

        let settings = settings.with("CALLBACK_BASE_URL", &front);
        let mut workers = Vec::new();
        for name in ["workers-1", "workers-2", "workers-3"] {
            workers.push(started(settings.workers(name, &provider)?).await?);
        }

        let rabbit = Rabbit::new(http.clone(), &ground.management_url, &ground.amqp_url)?;
        let database = PgPoolOptions::new().max_connections(4);
        let database = database
            .connect(&ground.database_url)
            .await
            .context("the drill's database")?;
        let stage = Self {
            prometheus: Prometheus::start(
                Path::new("ops/prometheus"),
                &logs.join("prometheus"),
                last_part(&ground.amqp_url),
                &http,
            )
            .await?,
            database,
            servers: Servers::of(&path("CHAOS_SERVERS")?, &logs),
            lonely: Lonely {
                url: lonely,
                wires: [postgres, rabbitmq],
            },
            world: World {
                ingress: front,
                sandbox: doubles,
                rabbit,
                console: Box::new(Program::at(program("console")?).with(ground.environment())),
                patience: PATIENCE,
                http,
            },
            ingresses,
            workers: Mutex::new(workers),
            sandbox,
            ground,
        };
        let ingresses: Vec<String> = stage
            .ingresses
            .iter()
            .map(|process| process.launch.internal_url())
            .collect();
        stage.prometheus.set_targets("ingress", &ingresses)?;
        stage.show_workers().await?;
        Ok(stage)
    }

    /// The sandbox's address.
    pub fn provider(&self) -> String {
        self.sandbox.launch.url()
    }

    /// RabbitMQ's management API, as the user of the servers.
    pub fn management_url(&self) -> &str {
        self.ground.management_url.trim_end_matches('/')
    }

    /// The vhost.
    pub fn vhost(&self) -> &str {
        last_part(&self.ground.amqp_url)
    }

    /// Has PostgreSQL do something as the database's owner.
    ///
    /// # Errors
    /// It refuses.
    pub async fn sql(&self, statements: &str) -> anyhow::Result<()> {
        let done = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&self.database);
        done.await.with_context(|| format!("SQL: {statements}"))?;
        Ok(())
    }

    /// Looks until a question is answered with true.
    ///
    /// # Errors
    /// PostgreSQL refuses, or patience runs out.
    pub async fn until(&self, question: &'static str) -> anyhow::Result<()> {
        let ask = async || Ok(sqlx::query_scalar(question).fetch_one(&self.database).await?);
        let is_so: bool = e2e::wait::until(PATIENCE, ask, |is_so| *is_so).await?;
        anyhow::ensure!(is_so, "it does not become so: {question}");
        Ok(())
    }

    /// Stops all workers as an orchestrator does that scales them to none.
    ///
    /// # Errors
    /// One of them does not stop.
    pub async fn stop_workers(&self) -> anyhow::Result<()> {
        let mut workers = self.workers.lock().await;
        for process in workers.iter() {
            process.terminate().await?;
        }
        self.prometheus.set_targets("workers", &[])?;
        for process in workers.iter_mut() {
            process.wait(PATIENCE).await?;
        }
        Ok(())
    }

    /// Ends one worker process as `kill -9` does. Whoever looks for workers still counts on it.
    ///
    /// # Errors
    /// The operating system refuses.
    pub async fn kill_worker(&self) -> anyhow::Result<()> {
        match self.workers.lock().await.last_mut() {
            Some(process) => process.kill().await,
            None => Ok(()),
        }
    }

    /// Starts again what workers have ended.
    ///
    /// # Errors
    /// One of them does not start.
    pub async fn start_workers(&self) -> anyhow::Result<()> {
        for process in self.workers.lock().await.iter_mut() {
            if process.has_ended()?.is_some() {
                *process = started(process.launch.clone()).await?;
            }
        }
        self.show_workers().await
    }

    /// Ends everything, and removes what was on the servers.
    ///
    /// # Errors
    /// A server refuses.
    pub async fn clear(self) -> anyhow::Result<()> {
        drop((self.ingresses, self.workers, self.sandbox, self.prometheus));
        self.database.close().await;
        self.ground.clear().await
    }

    async fn show_workers(&self) -> anyhow::Result<()> {
        let workers = self.workers.lock().await;
        let workers: Vec<String> = workers
            .iter()
            .map(|process| process.launch.internal_url())
            .collect();
        self.prometheus.set_targets("workers", &workers)
    }
}

async fn started(launch: Launch) -> anyhow::Result<Process> {
    let mut process = Process::start(launch)?;
    process.ready(PATIENCE).await?;
    Ok(process)
}

fn path(name: &str) -> anyhow::Result<PathBuf> {
    let path = env::var(name).with_context(|| format!("{name} is not set: use make alerts"))?;
    Ok(path.into())
}

fn last_part(url: &str) -> &str {
    url.rsplit_once('/').map_or(url, |(_, last)| last)
}
