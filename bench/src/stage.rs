//! A Sluice of its own: ground, processes as in production, and merchants.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use chaos::{
    fleet::{Environment, Launch, Process, Role},
    ground::Ground,
};
use e2e::{console::Console, rabbit::Rabbit, world};
use reqwest::Url;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::{
    meter::{self, Meter},
    outside::Outside,
};

/// How long starting may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What a stage is set for.
#[derive(Debug, Clone)]
pub struct Setting {
    /// How many processes of workers there are.
    pub workers: usize,
    /// How many merchants there are.
    pub merchants: usize,
    /// How long a payer takes from the intent to the payment; none where nobody pays.
    pub payer_takes: Option<Duration>,
}

impl Setting {
    /// Twenty merchants whose payers take half a second: long enough for the pipeline to know the intent by then.
    pub const fn ordinary(workers: usize) -> Self {
        Self {
            workers,
            merchants: 20,
            payer_takes: Some(Duration::from_millis(500)),
        }
    }
}

/// A merchant, as far as the outside has to know it.
#[derive(Debug, Clone)]
pub struct Merchant {
    /// What it signs in with.
    pub api_key: String,
    /// Its secret key at the provider.
    pub account: String,
    /// What the provider signs with.
    pub callback_secret: String,
    /// Where the provider calls back.
    pub callback_path: String,
}

/// All that a scenario needs.
pub struct Stage {
    /// The database and the vhost.
    pub ground: Ground,
    /// The world around.
    pub outside: Arc<Outside>,
    /// The merchants.
    pub merchants: Vec<Merchant>,
    /// Where ingress listens.
    pub ingress: SocketAddr,
    /// What the processes use.
    pub meter: Meter,
    /// Its processes: ingress first.
    pub processes: Vec<Process>,
}

impl Stage {
    /// Starts everything.
    ///
    /// # Errors
    /// A server is not there, or a program is not built.
    pub async fn set(setting: &Setting, logs: &Path) -> anyhow::Result<Self> {
        let ground = Ground::prepare("bench").await?;
        let (outside, address) = Outside::start(setting.payer_takes).await?;
        let environment = environment(&ground, &format!("http://{address}"));
        let ingress = Launch::new(Role::Ingress, "ingress", environment.clone(), logs)?;
        let ingress_address = address_of(&ingress.url())?;
        let mut launches = vec![ingress.clone()];
        for number in 1..=setting.workers {
            let workers = Launch::new(
                Role::Workers,
                &format!("workers-{number}"),
                environment.clone(),
                logs,
            )?;
            launches.push(workers.with("CALLBACK_BASE_URL", &ingress.url()));
        }
        let mut meter = meter_of(&ground).await?;
        let merchants = register(&ground, setting, address).await?;
        let mut processes = Vec::new();
        for launch in launches {
            let name = launch.name.clone();
            let mut process = Process::start(launch)?;
            process.ready(PATIENCE).await?;
            meter.watch(&name, process.id().context("a process has an id")?);
            processes.push(process);
        }
        outside.know(ingress_address, &merchants)?;
        Ok(Self {
            ground,
            outside,
            merchants,
            ingress: ingress_address,
            meter,
            processes,
        })
    }

    /// Waits until a queue holds so many messages.
    ///
    /// # Errors
    /// RabbitMQ does not tell, or it takes too long.
    pub async fn waiting(&self, queue: &str, messages: u64) -> anyhow::Result<()> {
        let rabbit = Rabbit::new(world::http()?, &self.ground.management_url, &self.ground.amqp_url)?;
        let until = Instant::now() + PATIENCE;
        loop {
            let depth = rabbit.depth(queue).await?;
            if depth >= messages {
                return Ok(());
            }
            ensure!(
                Instant::now() < until,
                "{queue} holds {depth} of {messages} messages"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Stops the processes and clears the ground.
    ///
    /// # Errors
    /// A process does not end, or a server refuses.
    pub async fn clear(mut self) -> anyhow::Result<()> {
        self.processes.clear();
        self.ground.clear().await
    }
}

/// As in production, but for the addresses, and without a limit for merchants; warnings only, as a log costs what its receiver
/// costs.
fn environment(ground: &Ground, outside: &str) -> Environment {
    let settings = [
        ("NOTIFY_ALLOW_PRIVATE", "true"),
        ("STRIPE_API_BASE", outside),
        ("RUST_LOG", "warn"),
        ("INGRESS_DRAIN_MS", "0"),
        ("INGRESS_MERCHANT_REQUESTS_PER_S", "0"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    ground.environment().into_iter().chain(settings).collect()
}

fn address_of(url: &str) -> anyhow::Result<SocketAddr> {
    let url: Url = url.parse()?;
    let addresses = url.socket_addrs(|| None)?;
    addresses.first().copied().context("an address")
}

/// A meter of this process and of the servers.
///
/// # Errors
/// A server does not tell its process.
pub async fn meter_of(ground: &Ground) -> anyhow::Result<Meter> {
    let mut meter = Meter::default();
    meter.watch("bench", std::process::id());
    let mut connection = PgConnection::connect(&ground.database_url).await?;
    let own: i32 = sqlx::query_scalar("select pg_backend_pid()")
        .fetch_one(&mut connection)
        .await?;
    meter.watch("postgresql", meter::parent(own.unsigned_abs())?);
    connection.close().await?;
    meter.watch("rabbitmq", broker_process(ground).await?);
    Ok(meter)
}

/// RabbitMQ's process. It tells some seconds after it has started.
async fn broker_process(ground: &Ground) -> anyhow::Result<u32> {
    let nodes = format!("{}/api/nodes", ground.management_url.trim_end_matches('/'));
    let (http, until) = (world::http()?, Instant::now() + PATIENCE);
    loop {
        let nodes: Vec<Value> = http.get(&nodes).send().await?.error_for_status()?.json().await?;
        let node = nodes
            .first()
            .and_then(|node| node["os_pid"].as_str()?.parse().ok());
        if let Some(process) = node {
            return Ok(process);
        }
        ensure!(Instant::now() < until, "RabbitMQ does not tell its process");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn register(ground: &Ground, setting: &Setting, outside: SocketAddr) -> anyhow::Result<Vec<Merchant>> {
    let console = ground.console()?;
    let mut merchants = Vec::new();
    for number in 0..setting.merchants {
        let endpoint = format!("http://{outside}/told/{number}");
        let name = format!("bench-{number}");
        let created = console
            .run(
                &["merchants", "create", "--name", &name, "--endpoint", &endpoint],
                "",
            )
            .await?;
        let fact = |name: &str| created[name].as_str().unwrap_or_default().to_owned();
        let unique = Uuid::new_v4().simple();
        let merchant = Merchant {
            api_key: fact("api_key"),
            account: format!("sk_test_{unique}"),
            callback_secret: format!("whsec_{unique}"),
            callback_path: fact("stripe_callback_path"),
        };
        let credentials =
            json!({ "secret_key": merchant.account, "webhook_secrets": [merchant.callback_secret] });
        let id = fact("merchant_id");
        console
            .run(
                &["channels", "set-stripe", "--merchant", &id, "--from", "stdin"],
                &credentials.to_string(),
            )
            .await?;
        merchants.push(merchant);
    }
    Ok(merchants)
}

/// Where logs and results go.
pub fn folder() -> PathBuf {
    std::env::var_os("BENCH_OUT").map_or_else(|| PathBuf::from(".run/bench"), PathBuf::from)
}
