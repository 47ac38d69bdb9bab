//! A deployment of Sluice of its own: a fresh database and vhost, ingress, workers and sandbox in this process.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use broker::{BrokerConfig, testing::TestVhost};
use channels::{CallbacksConfig, ChannelsConfig, ContainmentConfig};
use clap::Parser;
use domain::{clock::SystemClock, secret::Secret};
use e2e::{Scene, World, issuer, proxy::Proxy, rabbit::Rabbit, sandbox_client, world};
use futures::{FutureExt, future::LocalBoxFuture};
use ingress::{Ingress, JwtConfig, JwtKeys, Limits};
use sandbox::SandboxConfig;
use serde_json::Value;
use store::{
    StoreConfig, Vault,
    testing::{TEST_KEY, TestDatabase},
};
use workers::{Workers, WorkersConfig};

/// The unit of the retry ladder in tests.
pub const UNIT: Duration = Duration::from_millis(20);
pub const PATIENCE: Duration = Duration::from_secs(30);
const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

pub struct Sluice {
    pub world: World,
    pub database: TestDatabase,
    pub vhost: TestVhost,
    /// What lies between RabbitMQ and both ingress and workers.
    pub wire: Proxy,
    /// What lies between PostgreSQL and both.
    pub store_wire: Proxy,
    /// Where ingress shows its metrics.
    pub ingress_internal: SocketAddr,
    /// Where the workers show theirs.
    pub workers_internal: SocketAddr,
    sandbox: sandbox::Sandbox,
    ingress: ingress::Running,
    workers: Option<workers::Running>,
    workers_config: WorkersConfig,
}

/// Where the servers are.
pub struct Servers {
    pub database_url: String,
    pub amqp_url: String,
    pub management_url: String,
}

impl Servers {
    /// Those that all tests share.
    fn shared() -> Self {
        let setting = |name| std::env::var(name).unwrap();
        Self {
            database_url: setting("DATABASE_URL"),
            amqp_url: setting("AMQP_URL"),
            management_url: setting("RABBITMQ_MANAGEMENT_URL"),
        }
    }
}

impl Sluice {
    pub async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    pub async fn start_with(adjust: impl FnOnce(&mut WorkersConfig)) -> Self {
        Self::start_on(&Servers::shared(), adjust).await
    }

    pub async fn start_on(servers: &Servers, adjust: impl FnOnce(&mut WorkersConfig)) -> Self {
        runtime::install_crypto();
        let (database, vhost) = tokio::join!(
            TestDatabase::create_on(&servers.database_url),
            TestVhost::create_on(&servers.amqp_url, &servers.management_url),
        );
        let wire = Proxy::start(vhost.server().await).await.unwrap();
        let broker = BrokerConfig {
            url: vhost.url_through(&[wire.address()]),
            ..vhost.config(UNIT)
        };

        let sandbox = sandbox::start(SandboxConfig {
            webhook_retry_ms: 100,
            second_ms: UNIT.as_millis() as u64,
            webhook_attempts: 9,
            ..SandboxConfig::default()
        })
        .await
        .unwrap();
        let (store_wire, store_url) = wire_to_store(&database).await;
        let mut workers_config = workers_config(&broker, store_url, &sandbox.base_url());
        adjust(&mut workers_config);
        let ingress_config = ingress::Config {
            listen: ANY_PORT,
            internal_listen: ANY_PORT,
            broker: workers_config.broker.clone(),
            store: StoreConfig {
                read_only: true,
                ..workers_config.store.clone()
            },
            vault: workers_config.vault.clone(),
            callbacks: CallbacksConfig {
                paypal_certificate_base: Some(format!("{}/paypal", sandbox.base_url())),
                paypal_trust_roots: Some(sandbox::PAYPAL_ROOT_PEM.to_owned()),
                ..CallbacksConfig::default()
            },
            jwt: Some(JwtConfig {
                keys: JwtKeys::Secret(Secret::new(issuer::SECRET)),
                issuer: issuer::ISSUER.into(),
                audience: issuer::AUDIENCE.into(),
                admits_admins: true,
                keys_pause: Duration::from_secs(1),
            }),
            // Tests and measurements ask as often as they can.
            limits: Limits {
                requests: None,
                reads: None,
                ..Limits::default()
            },
            drain: Duration::ZERO,
        };
        let ingress = Ingress::start(ingress_config, Arc::new(SystemClock))
            .await
            .unwrap();
        workers_config.callback_base = format!("http://{}", ingress.addr());
        let workers = Workers::start(workers_config.clone(), SystemClock).await.unwrap();

        let http = world::http().unwrap();
        let console = InProcess(workers_config.store.clone(), workers_config.vault.clone());
        let world = World {
            ingress: format!("http://{}", ingress.addr()),
            sandbox: sandbox_client::Sandbox::new(http.clone(), &sandbox.base_url()),
            rabbit: Rabbit::new(http.clone(), &servers.management_url, vhost.url().expose()).unwrap(),
            console: Box::new(console),
            patience: PATIENCE,
            http,
        };
        let (ingress_internal, workers_internal) = (ingress.internal_addr(), workers.internal_addr());
        let sluice = Self {
            world,
            database,
            vhost,
            wire,
            store_wire,
            ingress_internal,
            workers_internal,
            sandbox,
            ingress,
            workers: Some(workers),
            workers_config,
        };
        sluice.until_ready(200).await;
        sluice
    }

    /// A merchant of its own.
    pub async fn scene(&self, name: &str) -> Scene<'_> {
        Scene::set(&self.world, name).await.unwrap()
    }

    /// Waits until ingress says that it is ready (200) or not (503).
    pub async fn until_ready(&self, status: u16) {
        let url = format!("{}/readyz", self.world.ingress);
        let seen = until(status, async || {
            self.world.http.get(&url).send().await.unwrap().status().as_u16()
        })
        .await;
        assert_eq!(seen, status, "readiness of ingress");
    }

    pub async fn stop_workers(&mut self) {
        self.workers.take().unwrap().stop().await;
    }

    pub async fn start_workers(&mut self) {
        let workers = Workers::start(self.workers_config.clone(), SystemClock)
            .await
            .unwrap();
        self.workers_internal = workers.internal_addr();
        self.workers = Some(workers);
    }

    /// Counts rows.
    pub async fn count(&self, sql: &'static str) -> i64 {
        let url = self.database.url();
        let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&url)
            .await
            .unwrap();
        sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
    }

    /// What ingress and the workers measure, as text.
    pub async fn metrics(&self) -> String {
        let mut text = String::new();
        for address in [self.ingress_internal, self.workers_internal] {
            let asking = self.world.http.get(format!("http://{address}/metrics"));
            text.push_str(&asking.send().await.unwrap().text().await.unwrap());
        }
        text
    }

    /// Every row of every table, as text.
    pub async fn dump(&self) -> String {
        let url = self.database.url();
        let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&url)
            .await
            .unwrap();
        let tables = "select relname::text from pg_class where relnamespace = 'public'::regnamespace
                      and relkind in ('r', 'p') and not relispartition";
        let tables: Vec<String> = sqlx::query_scalar(tables)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let mut dump = String::new();
        for table in tables {
            let rows = sqlx::AssertSqlSafe(format!("select t::text from {table} t"));
            let rows: Vec<String> = sqlx::query_scalar(rows).fetch_all(&mut connection).await.unwrap();
            dump.push_str(&format!("{table}:\n{}\n", rows.join("\n")));
        }
        dump
    }

    pub async fn stop(mut self) {
        if let Some(workers) = self.workers.take() {
            workers.stop().await;
        }
        self.ingress.stop().await;
        self.sandbox.stop().await;
    }
}

/// A wire to the server of `database`, and the URL of the database over it.
pub async fn wire_to_store(database: &TestDatabase) -> (Proxy, Secret) {
    let mut url: reqwest::Url = database.url().parse().unwrap();
    let server = (url.host_str().unwrap(), url.port().unwrap_or(5432));
    let server = tokio::net::lookup_host(server).await.unwrap().next().unwrap();
    let wire = Proxy::start(server).await.unwrap();
    url.set_host(Some(&wire.address().ip().to_string())).unwrap();
    url.set_port(Some(wire.address().port())).unwrap();
    (wire, Secret::new(url.to_string()))
}

fn workers_config(broker: &BrokerConfig, store_url: Secret, sandbox: &str) -> WorkersConfig {
    WorkersConfig {
        callback_base: "http://127.0.0.1:1".into(),
        broker: broker.clone(),
        store: StoreConfig {
            url: store_url,
            max_connections: 8,
            acquire_timeout: Duration::from_secs(2),
            read_only: false,
        },
        vault: Vault::from_keys(&Secret::new(TEST_KEY)).unwrap(),
        channels: ChannelsConfig {
            stripe_api_base: sandbox.to_owned(),
            alipay_gateway: format!("{sandbox}/alipay/gateway.do"),
            wechat_api_base: sandbox.to_owned(),
            paypal_api_base: format!("{sandbox}/paypal"),
            timeout: Duration::from_secs(2),
            containment: ContainmentConfig {
                open_for: UNIT * 5,
                ..ContainmentConfig::default()
            },
            ..ChannelsConfig::default()
        },
        internal_listen: ANY_PORT,
        concurrency: 64,
        notify_timeout: Duration::from_secs(2),
        notify_allow_private: true,
        ledger_check_every: Duration::from_secs(3600),
        retain_exchanges: None,
        stop_timeout: Duration::from_secs(10),
    }
}

/// Asks until the answer is the one that is waited for, and gives the last one.
pub async fn until<T: PartialEq>(expected: T, mut ask: impl AsyncFnMut() -> T) -> T {
    e2e::wait::until(PATIENCE, async || Ok(ask().await), |seen| *seen == expected)
        .await
        .unwrap()
}

/// The console's own code, without a process around it.
struct InProcess(StoreConfig, Vault);

impl InProcess {
    async fn answer(&self, arguments: &[&str], input: &str) -> anyhow::Result<Value> {
        let Self(store, vault) = self;
        let cli = console::Cli::try_parse_from(["console", "--json"].iter().chain(arguments))?;
        let config = console::Config {
            store: store.clone(),
            vault: vault.clone(),
            actor: "test".into(),
        };
        let console = console::Console::open(&config, &SystemClock)?;
        let answer = console.run(&cli.command, &mut input.as_bytes()).await;
        console.close().await;
        Ok(serde_json::from_str(&answer?.render(true)?)?)
    }
}

impl e2e::console::Console for InProcess {
    fn run<'a>(
        &'a self,
        arguments: &'a [&'a str],
        input: &'a str,
    ) -> LocalBoxFuture<'a, anyhow::Result<Value>> {
        self.answer(arguments, input).boxed_local()
    }
}
