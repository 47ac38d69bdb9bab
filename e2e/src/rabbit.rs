//! RabbitMQ's management API: what operations people see of the queues.

use anyhow::Context;
use reqwest::Client as Http;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Answer;

/// How many messages are looked at in one queue: more than any story parks.
pub const PEEKED: u32 = 1_000;

/// A client of the management API, for one vhost.
#[derive(Clone)]
pub struct Rabbit {
    http: Http,
    base: String,
    vhost: String,
}

/// A message as the management pages show it.
#[derive(Debug, Clone, Deserialize)]
pub struct Letter {
    /// The body, or its beginning when it is long.
    pub payload: String,
    /// The properties.
    pub properties: Value,
}

/// A queue and what it holds.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub struct Depth {
    /// The queue's name.
    #[serde(rename = "name")]
    pub queue: String,
    /// Messages that wait or are being worked on. A queue without statistics yet is new and empty.
    #[serde(default)]
    pub messages: u64,
}

impl Letter {
    /// A property that is a text; empty when there is none.
    pub fn property(&self, name: &str) -> &str {
        self.properties[name].as_str().unwrap_or_default()
    }

    /// A header as text; empty when there is none.
    pub fn header(&self, name: &str) -> String {
        match &self.properties["headers"][name] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                other.to_string()
            }
        }
    }
}

impl Rabbit {
    /// A client of the API at `management_url`, which holds user and password, for the vhost of `amqp_url`: one address,
    /// or those of a cluster, separated by commas.
    ///
    /// # Errors
    /// The second address names no vhost.
    pub fn new(http: Http, management_url: &str, amqp_url: &str) -> anyhow::Result<Self> {
        let address = amqp_url.split(',').next().unwrap_or_default();
        let address = address.split_once("://").map_or(address, |(_, address)| address);
        let address = address.split_once('?').map_or(address, |(address, _)| address);
        let (_, vhost) = address
            .split_once('/')
            .context("the AMQP address names no vhost")?;
        Ok(Self {
            http,
            base: management_url.trim_end_matches('/').to_owned(),
            vhost: vhost.to_owned(),
        })
    }

    /// The names of all queues.
    ///
    /// # Errors
    /// The API refuses or does not answer.
    pub async fn queues(&self) -> anyhow::Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Queue {
            name: String,
        }
        let url = format!("{}/api/queues/{}?columns=name", self.base, self.vhost);
        let response = self.http.get(url).send().await;
        let answer = Answer::read(response.map_err(reqwest::Error::without_url)?).await?;
        let queues: Vec<Queue> = serde_json::from_value(answer.success()?.body)?;
        Ok(queues.into_iter().map(|queue| queue.name).collect())
    }

    /// How many messages a queue holds, by the broker's statistics, which are some seconds old.
    ///
    /// # Errors
    /// The API refuses or does not answer.
    pub async fn depth(&self, queue: &str) -> anyhow::Result<u64> {
        let url = format!("{}/api/queues/{}/{queue}", self.base, self.vhost);
        let answer = Answer::read(
            self.http
                .get(url)
                .send()
                .await
                .map_err(reqwest::Error::without_url)?,
        )
        .await?;
        Ok(answer.success()?.body["messages"].as_u64().unwrap_or_default())
    }

    /// How many messages each queue of the vhost holds, by the broker's statistics, which are some seconds old.
    ///
    /// # Errors
    /// The API refuses or does not answer.
    pub async fn depths(&self) -> anyhow::Result<Vec<Depth>> {
        let url = format!("{}/api/queues/{}", self.base, self.vhost);
        let response = self.http.get(url).send().await;
        let answer = Answer::read(response.map_err(reqwest::Error::without_url)?)
            .await?
            .success()?;
        serde_json::from_value(answer.body).context("queues as the management API lists them")
    }

    /// Looks at the messages in a queue and puts them back. The broker counts that as a delivery of each, so it is not a
    /// way to wait for something quickly.
    ///
    /// # Errors
    /// The API refuses or does not answer.
    pub async fn peek(&self, queue: &str) -> anyhow::Result<Vec<Letter>> {
        let url = format!("{}/api/queues/{}/{queue}/get", self.base, self.vhost);
        let how =
            json!({ "count": PEEKED, "ackmode": "ack_requeue_true", "encoding": "auto", "truncate": 50_000 });
        let response = self
            .http
            .post(url)
            .json(&how)
            .send()
            .await
            .map_err(reqwest::Error::without_url)?;
        let answer = Answer::read(response).await?.success()?;
        serde_json::from_value(answer.body).context("messages as the management API shows them")
    }

    /// Throws away all messages of a queue.
    ///
    /// # Errors
    /// The API refuses or does not answer.
    pub async fn purge(&self, queue: &str) -> anyhow::Result<()> {
        let url = format!("{}/api/queues/{}/{queue}/contents", self.base, self.vhost);
        let response = self.http.delete(url).send().await;
        let answer = Answer::read(response.map_err(reqwest::Error::without_url)?).await?;
        answer.success().map(drop)
    }
}
