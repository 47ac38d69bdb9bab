//! A Prometheus of the drill's own: started on a port of its own, told whom to ask, and asked what fires.

use std::{
    collections::BTreeMap,
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, ensure};
use chaos::fleet::{Leash, Port};
use reqwest::Client;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;
use tokio::process::{Child, Command};

use crate::rules::{self, Places, Rules};

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running Prometheus. It ends when this is dropped, and with its owner, however that one ends.
pub struct Prometheus {
    /// The rules that it has loaded.
    pub rules: Rules,
    folder: PathBuf,
    port: Port,
    http: Client,
    _child: Child,
    _leash: Leash,
}

/// An alert that is pending or firing.
#[derive(Debug, Clone, Deserialize)]
pub struct Raised {
    /// Its labels, its name among them.
    pub labels: BTreeMap<String, String>,
    state: String,
}

impl Raised {
    /// The rule's name.
    pub fn name(&self) -> &str {
        self.labels.get("alertname").map_or("", String::as_str)
    }

    /// Whether somebody is called, or would be if it lasted.
    pub fn is_firing(&self) -> bool {
        self.state == "firing"
    }

    /// Whether it has all of these labels.
    pub fn has(&self, labels: &[(&str, &str)]) -> bool {
        let has = |(name, value): &(&str, &str)| self.labels.get(*name).is_some_and(|is| is == value);
        labels.iter().all(has)
    }
}

/// A rule that Prometheus has loaded.
#[derive(Debug, Clone, Deserialize)]
pub struct Rule {
    /// The alert's name.
    pub name: String,
    /// Its expression.
    pub query: String,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

impl Prometheus {
    /// Starts one with the files of `ops/prometheus`; its own go to `folder`. It asks nobody but RabbitMQ yet.
    ///
    /// # Errors
    /// There is no program, it does not start, or the files cannot be used.
    pub async fn start(ops: &Path, folder: &Path, vhost: &str, http: &Client) -> anyhow::Result<Self> {
        let program = env::var("DRILL_PROMETHEUS").context("DRILL_PROMETHEUS is not set: use make alerts")?;
        let rabbitmq = env::var("RABBITMQ_PROMETHEUS_URL").context("RABBITMQ_PROMETHEUS_URL is not set")?;
        let rabbitmq = rabbitmq
            .trim_start_matches("http://")
            .trim_end_matches("/metrics");
        let _nothing_of_before = fs::remove_dir_all(folder);
        fs::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        let places = Places {
            targets: &folder.to_string_lossy(),
            rabbitmq,
            vhost,
        };
        let settings = rules::moved(&fs::read_to_string(ops.join("prometheus.yml"))?, &places)?;
        fs::write(folder.join("prometheus.yml"), settings)?;
        let rules = rules::shortened(&fs::read_to_string(ops.join("rules.yml"))?)?;
        fs::write(folder.join("rules.yml"), &rules.text)?;

        let port = Port::reserve()?;
        let log = File::create(folder.join("prometheus.log"))?;
        let child = Command::new(&program)
            .arg(format!(
                "--config.file={}",
                folder.join("prometheus.yml").display()
            ))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address={}", port.address()))
            .env_clear()
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{program} cannot be run"))?;
        let leash = Leash::tie(child.id().context("a process that was just started has an id")?)?;
        let prometheus = Self {
            rules,
            folder,
            port,
            http: http.clone(),
            _child: child,
            _leash: leash,
        };
        prometheus.ready().await?;
        Ok(prometheus)
    }

    /// Says which processes of a job there are, as the names of production do.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn set_targets(&self, job: &str, urls: &[String]) -> anyhow::Result<()> {
        let targets: Vec<&str> = urls.iter().map(|url| url.trim_start_matches("http://")).collect();
        // In one step, so that no half of it is ever read.
        let (file, new) = (
            self.folder.join(format!("{job}.json")),
            self.folder.join(format!("{job}.new")),
        );
        fs::write(&new, json!([{ "targets": targets }]).to_string())?;
        Ok(fs::rename(new, file)?)
    }

    /// What is pending or firing.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn alerts(&self) -> anyhow::Result<Vec<Raised>> {
        #[derive(Deserialize)]
        struct Alerts {
            alerts: Vec<Raised>,
        }
        Ok(self.ask::<Alerts>("alerts").await?.alerts)
    }

    /// The rules that it evaluates.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn loaded(&self) -> anyhow::Result<Vec<Rule>> {
        #[derive(Deserialize)]
        struct Group {
            rules: Vec<Rule>,
        }
        #[derive(Deserialize)]
        struct Groups {
            groups: Vec<Group>,
        }
        let loaded: Groups = self.ask("rules?type=alert").await?;
        Ok(loaded.groups.into_iter().flat_map(|group| group.rules).collect())
    }

    /// How many targets answer, and how many do not.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn up(&self) -> anyhow::Result<(usize, usize)> {
        #[derive(Deserialize)]
        struct Target {
            health: String,
        }
        #[derive(Deserialize)]
        struct Targets {
            #[serde(rename = "activeTargets")]
            active: Vec<Target>,
        }
        let targets: Targets = self.ask("targets?state=active").await?;
        let up = targets
            .active
            .iter()
            .filter(|target| target.health == "up")
            .count();
        Ok((up, targets.active.len() - up))
    }

    async fn ask<T: DeserializeOwned>(&self, what: &str) -> anyhow::Result<T> {
        let url = format!("http://{}/api/v1/{what}", self.port.address());
        let answer = self
            .http
            .get(url)
            .timeout(PATIENCE)
            .send()
            .await
            .context("Prometheus")?;
        let answer: Answer<T> = serde_json::from_slice(&answer.error_for_status()?.bytes().await?)?;
        Ok(answer.data)
    }

    async fn ready(&self) -> anyhow::Result<()> {
        let url = format!("http://{}/-/ready", self.port.address());
        let ask = async || {
            let answer = self.http.get(&url).timeout(PATIENCE).send().await;
            Ok(answer.is_ok_and(|answer| answer.status().is_success()))
        };
        let is_ready = e2e::wait::until(PATIENCE, ask, |is_ready| *is_ready).await?;
        ensure!(
            is_ready,
            "Prometheus does not start: see {}",
            self.folder.join("prometheus.log").display()
        );
        Ok(())
    }
}
