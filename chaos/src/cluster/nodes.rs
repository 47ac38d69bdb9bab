//! The nodes of the cluster, as their management API and the script that starts them see them.

use std::{collections::BTreeMap, fmt, time::Duration};

use anyhow::{Context, ensure};
use reqwest::{Client as Http, Response, StatusCode, Url};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

/// A node that takes longer to answer is asked again, or another one is.
const ANSWER: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(300);

/// A node of the cluster, by the number that the script knows it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node(usize);

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {}", self.0)
    }
}

impl Node {
    /// What the script calls it.
    pub fn number(self) -> String {
        self.0.to_string()
    }
}

/// Which node leads which queue. A queue that is choosing its leader is missing.
pub type Leaders = BTreeMap<String, Node>;

/// All nodes of the cluster.
pub struct Nodes {
    http: Http,
    /// The addresses of their management APIs, which hold user and password.
    managements: Vec<String>,
    /// Their names within the cluster, in the same order.
    names: Vec<String>,
    vhost: String,
}

#[derive(Deserialize)]
struct Overview {
    node: String,
}

#[derive(Deserialize)]
struct Queue {
    name: String,
    leader: Option<String>,
}

/// What a node says when its loss would stop queues.
#[derive(Deserialize)]
struct Critical {
    queues: Vec<CriticalQueue>,
}

#[derive(Deserialize)]
struct CriticalQueue {
    name: String,
    virtual_host: String,
}

impl Nodes {
    /// The nodes whose management APIs have these addresses, separated by commas; all of them must answer. Of the queues
    /// only those of the vhost of `amqp_url` are looked at.
    ///
    /// # Errors
    /// A node does not answer, or the address names no vhost.
    pub async fn of(managements: &str, amqp_url: &str) -> anyhow::Result<Self> {
        let address = amqp_url.split(',').next().unwrap_or_default();
        let vhost = Url::parse(address)?.path().trim_start_matches('/').to_owned();
        ensure!(!vhost.is_empty(), "the AMQP address names no vhost");
        let mut nodes = Self {
            http: e2e::world::http()?,
            managements: managements.split(',').map(str::to_owned).collect(),
            names: Vec::new(),
            vhost,
        };
        for number in 0..nodes.managements.len() {
            let overview: Overview = nodes.ask(number, "overview").await?;
            nodes.names.push(overview.node);
        }
        Ok(nodes)
    }

    /// Who leads which queue at this moment, by the word of any node that answers.
    ///
    /// # Errors
    /// None answers.
    pub async fn leaders(&self) -> anyhow::Result<Leaders> {
        let queues = self.queues().await?;
        let led = |queue: Queue| Some((queue.name, self.node(&queue.leader?)?));
        Ok(queues.into_iter().filter_map(led).collect())
    }

    /// The names of all queues.
    ///
    /// # Errors
    /// No node answers.
    pub async fn queue_names(&self) -> anyhow::Result<Vec<String>> {
        Ok(self.queues().await?.into_iter().map(|queue| queue.name).collect())
    }

    /// Waits until every node answers and every queue has a leader and more members at work than it needs: of three all
    /// three.
    ///
    /// # Errors
    /// They do not within `patience`.
    pub async fn until_whole(&self, patience: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + patience;
        while let Err(error) = self.check_whole().await {
            if Instant::now() > deadline {
                return Err(error.context("the cluster does not become whole"));
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn check_whole(&self) -> anyhow::Result<()> {
        for number in 0..self.managements.len() {
            let critical = self.critical(number).await?;
            ensure!(
                critical.is_empty(),
                "members are missing of {}",
                critical.join(", ")
            );
        }
        let (queues, leaders) = (self.queues().await?, self.leaders().await?);
        ensure!(
            queues.len() == leaders.len(),
            "{} of {} queues have a leader",
            leaders.len(),
            queues.len()
        );
        Ok(())
    }

    fn node(&self, name: &str) -> Option<Node> {
        let place = self.names.iter().position(|known| known == name)?;
        Some(Node(place + 1))
    }

    async fn queues(&self) -> anyhow::Result<Vec<Queue>> {
        let path = format!("queues/{}?columns=name,leader", self.vhost);
        let mut last = None;
        for number in 0..self.managements.len() {
            match self.ask(number, &path).await {
                Ok(queues) => return Ok(queues),
                Err(error) => last = Some(error),
            }
        }
        Err(last.context("a cluster has nodes")?)
    }

    /// The queues that the loss of this node would stop: those of which another member is not at work. What an earlier
    /// run that was broken off left in other vhosts does not matter.
    async fn critical(&self, number: usize) -> anyhow::Result<Vec<String>> {
        let answer = self.send(number, "health/checks/node-is-quorum-critical").await?;
        if answer.status().is_success() {
            return Ok(Vec::new());
        }
        ensure!(
            answer.status() == StatusCode::SERVICE_UNAVAILABLE,
            "node {} cannot tell: {}",
            number + 1,
            answer.status()
        );
        let critical: Critical = answer.json().await.map_err(reqwest::Error::without_url)?;
        let ours = critical
            .queues
            .into_iter()
            .filter(|queue| queue.virtual_host == self.vhost);
        Ok(ours.map(|queue| queue.name).collect())
    }

    async fn ask<T: serde::de::DeserializeOwned>(&self, number: usize, path: &str) -> anyhow::Result<T> {
        let answer = self.send(number, path).await?;
        let status = answer.status();
        ensure!(status.is_success(), "node {}, {path}: {status}", number + 1);
        Ok(answer.json().await.map_err(reqwest::Error::without_url)?)
    }

    async fn send(&self, number: usize, path: &str) -> anyhow::Result<Response> {
        let management = self.managements[number].trim_end_matches('/');
        let asking = self.http.get(format!("{management}/api/{path}")).timeout(ANSWER);
        // The address holds a password.
        let answer = asking.send().await.map_err(reqwest::Error::without_url);
        answer.with_context(|| format!("node {}, {path}", number + 1))
    }
}
