//! A Sluice of several processes of each kind.

use std::{env, net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Context, ensure};
use chaos::{
    fleet::{Process, Settings},
    ground::Ground,
};
use e2e::{
    World,
    balancer::{Balancer, Target},
    rabbit::Rabbit,
    sandbox_client::Sandbox,
    wait, world,
};
use uuid::Uuid;

/// How long to wait for something before it counts as not happening.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The time after which orchestrators kill: nobody may take longer to stop.
pub const GRACE: Duration = Duration::from_secs(30);

/// A busy machine is not to look like a provider or merchant in trouble.
const SETTINGS: [(&str, &str); 3] = [
    ("RETRY_UNIT_MS", "50"),
    ("CHANNEL_TIMEOUT_MS", "4000"),
    ("NOTIFY_TIMEOUT_MS", "4000"),
];

/// How many processes there are, and what is special about them.
#[derive(Clone, Copy)]
pub struct Cast<'a> {
    pub ingresses: usize,
    pub workers: usize,
    pub settings: &'a [(&'a str, &'a str)],
}

/// All of them at work, and the world as they make it.
pub struct Stage {
    pub world: World,
    pub ground: Ground,
    pub ingresses: Vec<Process>,
    pub workers: Vec<Process>,
    pub balancer: Balancer,
    _sandbox: Process,
    logs: PathBuf,
}

impl Stage {
    pub async fn set(name: &str, cast: Cast<'_>) -> anyhow::Result<Self> {
        let ground = Ground::prepare(name).await?;
        let logs = env::temp_dir().join(format!("sluice-{name}-{}", Uuid::new_v4().simple()));
        let settings = SETTINGS.iter().chain(cast.settings).fold(
            Settings::new(ground.environment(), &logs),
            |settings, (name, value)| settings.with(name, value),
        );
        let mut sandbox = Process::start(settings.sandbox("sandbox")?)?;
        sandbox.ready(PATIENCE).await?;
        let base = sandbox.launch.url();
        let (mut ingresses, mut workers) = (Vec::new(), Vec::new());
        for number in 1..=cast.ingresses {
            ingresses.push(Process::start(settings.ingress(&format!("ingress-{number}"))?)?);
        }
        for number in 1..=cast.workers {
            workers.push(Process::start(
                settings.workers(&format!("workers-{number}"), &base)?,
            )?);
        }
        for process in ingresses.iter_mut().chain(&mut workers) {
            process.ready(PATIENCE).await?;
        }
        let targets = ingresses.iter().map(target).collect::<anyhow::Result<Vec<_>>>()?;
        let balancer = Balancer::start(targets).await?;
        let http = world::http()?;
        let world = World {
            ingress: format!("http://{}", balancer.address()),
            sandbox: Sandbox::new(http.clone(), &base),
            rabbit: Rabbit::new(http.clone(), &ground.management_url, &ground.amqp_url)?,
            console: Box::new(ground.console()?),
            patience: PATIENCE,
            http,
        };
        let stage = Self {
            world,
            ground,
            ingresses,
            workers,
            balancer,
            _sandbox: sandbox,
            logs,
        };
        stage.all_in_rotation().await?;
        Ok(stage)
    }

    /// Waits until the balancer uses every ingress.
    pub async fn all_in_rotation(&self) -> anyhow::Result<()> {
        let look = async || Ok(self.balancer.in_rotation());
        let seen = wait::until(PATIENCE, look, |seen| seen.iter().all(|ready| *ready)).await?;
        ensure!(seen.iter().all(|ready| *ready), "in rotation: {seen:?}");
        Ok(())
    }

    /// Ends everything and removes what it left.
    pub async fn strike(self) -> anyhow::Result<()> {
        let Self {
            ground,
            logs,
            ingresses,
            workers,
            _sandbox: sandbox,
            ..
        } = self;
        drop((ingresses, workers, sandbox));
        std::fs::remove_dir_all(logs)?;
        ground.clear().await
    }
}

/// Terminates a process, which has to end well and in time, and starts its successor.
pub async fn replace(process: &mut Process) -> anyhow::Result<()> {
    stop(process).await?;
    *process = Process::start(process.launch.clone())?;
    process.ready(PATIENCE).await
}

/// Terminates a process, which has to end well and in time.
pub async fn stop(process: &mut Process) -> anyhow::Result<()> {
    process.terminate().await?;
    let ended = process.wait(GRACE).await?;
    ensure!(
        ended.is_clean(),
        "{}: {ended}\n{}",
        process.launch.name,
        process.last_lines()
    );
    Ok(())
}

fn target(ingress: &Process) -> anyhow::Result<Target> {
    let address = ingress.launch.url().replace("http://", "");
    Ok(Target {
        address: address
            .parse::<SocketAddr>()
            .context("the address of an ingress")?,
        readiness: format!("{}/readyz", ingress.launch.url()),
    })
}
