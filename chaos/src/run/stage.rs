//! Everything that a run needs, started and ready: ground, provider, wires, processes, and one address for the ingresses.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context;
use e2e::{
    World,
    balancer::{Balancer, Target},
    console::Program,
    rabbit::Rabbit,
    sandbox_client, world,
};
use reqwest::Url;

use crate::{
    config::Config,
    faults::{Crew, Narrator, Wires},
    fleet::{Launch, Process, Role, Settings, program},
    ground::Ground,
    plan::{Arms, Member, Peer},
};

/// How long starting may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Enough for a busy machine. A call counts as over after three of these, which recovery has to wait for.
const CHANNEL_TIMEOUT_MS: &str = "600";

/// What an operator gives workers that share two cores with all their servers. With the usual 128 of each kind at once, a
/// backlog would wait for connections until it is put off, and be put off more often than done.
const WORKERS_CONCURRENCY: &str = "16";

/// A provider that soon repeats a callback without an answer: how long callbacks stay away is not what is measured.
const CALLBACK_TIMEOUT_MS: &str = "2000";

/// A Sluice of its own, at work.
pub(super) struct Stage {
    pub(super) ground: Ground,
    /// The provider. It is never killed: it is the truth.
    pub(super) sandbox: Process,
    pub(super) wires: Wires,
    pub(super) crew: Crew,
    pub(super) world: World,
    pub(super) narrator: Narrator,
    /// The address that clients and the provider know.
    _balancer: Balancer,
}

impl Stage {
    /// Starts everything, the processes with these arms.
    pub(super) async fn set(config: &Config, arms: Arms) -> anyhow::Result<Self> {
        let ground = Ground::prepare("chaos").await?;
        let settings = Settings::new(ground.environment(), &config.logs)
            .with("CHANNEL_TIMEOUT_MS", CHANNEL_TIMEOUT_MS)
            .with("WORKERS_CONCURRENCY", WORKERS_CONCURRENCY);
        let sandbox = settings.sandbox("sandbox")?;
        let sandbox = sandbox.with("SANDBOX_WEBHOOK_TIMEOUT_MS", CALLBACK_TIMEOUT_MS);
        let mut sandbox = Process::start(sandbox)?;
        sandbox.ready(PATIENCE).await?;
        let provider = sandbox.launch.url();

        let addresses = |peer| match peer {
            Peer::Postgres => ground.database_url.as_str(),
            Peer::RabbitMq => ground.amqp_url.as_str(),
            Peer::Provider => provider.as_str(),
        };
        let wires = Wires::lay(addresses).await?;
        let http = world::http()?;
        let doubles = sandbox_client::Sandbox::new(http.clone(), &provider);
        let ingress = settings.trusting(&doubles, &provider).await?;
        let mut launches = BTreeMap::new();
        for member in Member::ALL {
            let address = |peer| wires.addresses(member, peer, addresses(peer));
            let launch = match member.role() {
                Role::Workers => settings.workers(&member.to_string(), &address(Peer::Provider)?)?,
                Role::Ingress | Role::Sandbox => ingress.ingress(&member.to_string())?,
            };
            let launch = launch.with("DATABASE_URL", &address(Peer::Postgres)?);
            launches.insert(member, launch.with("AMQP_URL", &address(Peer::RabbitMq)?));
        }

        let balancer = Balancer::start(targets(launches.values())?).await?;
        let ingress = format!("http://{}", balancer.address());
        for launch in launches.values_mut() {
            *launch = launch.clone().with("CALLBACK_BASE_URL", &ingress);
        }
        let world = World {
            ingress,
            sandbox: doubles,
            rabbit: Rabbit::new(http.clone(), &ground.management_url, &ground.amqp_url)?,
            console: Box::new(Program::at(program("console")?).with(ground.environment())),
            patience: PATIENCE,
            http,
        };
        let narrator = Narrator::from_now();
        let crew = Crew::start(launches, arms, config.seed, narrator);
        crew.ready(&world.http, PATIENCE).await?;
        Ok(Self {
            ground,
            sandbox,
            wires,
            crew,
            world,
            narrator,
            _balancer: balancer,
        })
    }
}

fn targets<'a>(launches: impl Iterator<Item = &'a Launch>) -> anyhow::Result<Vec<Target>> {
    let target = |launch: &Launch| {
        let url: Url = launch.url().parse()?;
        let address = url.socket_addrs(|| None)?;
        anyhow::Ok(Target {
            address: *address.first().context("an ingress has an address")?,
            readiness: format!("{}/readyz", launch.url()),
        })
    };
    launches
        .filter(|launch| launch.role == Role::Ingress)
        .map(target)
        .collect()
}
