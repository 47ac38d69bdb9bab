//! RabbitMQ's management API: what operations people see of the queues.
//!
//! The broker's statistics are some seconds old, those of a quorum queue up to five. Nothing here is fit for deciding
//! about money: it is for looking. It knows nothing of Sluice, so that what sees Sluice from outside may use it, too.

mod queues;

pub use queues::{Queue, QueueHistory, Sample};

use reqwest::{Client as Http, Method};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// How many messages are looked at in one queue at the most.
pub const PEEKED: u32 = 1_000;

/// How much of an answer that was not expected an error shows, in characters.
const SHOWN: usize = 200;

/// The management API did not do what it was asked for. Never shows the address, which holds the password.
#[derive(Debug, thiserror::Error)]
pub enum ManagementError {
    /// The AMQP address names no vhost.
    #[error("the AMQP address names no vhost")]
    NoVhost,
    /// It does not answer.
    #[error("RabbitMQ's management API does not answer: {0}")]
    Away(#[source] reqwest::Error),
    /// It answered with an error.
    #[error("RabbitMQ's management API answered {status}: {body}")]
    Refused {
        /// The status.
        status: u16,
        /// The beginning of what it said.
        body: String,
    },
    /// Its answer is not what its documentation says.
    #[error("the answer of RabbitMQ's management API cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
}

impl From<reqwest::Error> for ManagementError {
    fn from(error: reqwest::Error) -> Self {
        Self::Away(error.without_url())
    }
}

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
    pub fn new(http: Http, management_url: &str, amqp_url: &str) -> Result<Self, ManagementError> {
        let address = amqp_url.split(',').next().unwrap_or_default();
        let address = address.split_once("://").map_or(address, |(_, address)| address);
        let address = address.split_once('?').map_or(address, |(address, _)| address);
        let (_, vhost) = address.split_once('/').ok_or(ManagementError::NoVhost)?;
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
    pub async fn queues(&self) -> Result<Vec<String>, ManagementError> {
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        let queues: Vec<Named> = self.list("columns=name").await?;
        Ok(queues.into_iter().map(|queue| queue.name).collect())
    }

    /// How many messages a queue holds.
    ///
    /// # Errors
    /// The API refuses or does not answer, or there is no such queue.
    pub async fn depth(&self, queue: &str) -> Result<u64, ManagementError> {
        let depth: Depth = self.ask(Method::GET, &self.queue(queue), None).await?;
        Ok(depth.messages)
    }

    /// How many messages each queue of the vhost holds.
    ///
    /// # Errors
    /// The API refuses or does not answer.
    pub async fn depths(&self) -> Result<Vec<Depth>, ManagementError> {
        self.list("columns=name,messages").await
    }

    /// Looks at the messages in a queue and puts them back. The broker counts that as a delivery of each, so it is not a
    /// way to wait for something quickly.
    ///
    /// # Errors
    /// The API refuses or does not answer.
    pub async fn peek(&self, queue: &str) -> Result<Vec<Letter>, ManagementError> {
        let how =
            json!({ "count": PEEKED, "ackmode": "ack_requeue_true", "encoding": "auto", "truncate": 50_000 });
        let path = format!("{}/get", self.queue(queue));
        self.ask(Method::POST, &path, Some(&how)).await
    }

    /// Throws away all messages of a queue.
    ///
    /// # Errors
    /// The API refuses or does not answer.
    pub async fn purge(&self, queue: &str) -> Result<(), ManagementError> {
        let path = format!("{}/contents", self.queue(queue));
        self.send(Method::DELETE, &path, None).await.map(drop)
    }

    /// All queues of the vhost, told by `query` what of them.
    async fn list<T: DeserializeOwned>(&self, query: &str) -> Result<Vec<T>, ManagementError> {
        let path = format!("queues/{}?{query}", self.vhost);
        self.ask(Method::GET, &path, None).await
    }

    fn queue(&self, name: &str) -> String {
        format!("queues/{}/{name}", self.vhost)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, ManagementError> {
        Ok(serde_json::from_slice(&self.send(method, path, body).await?)?)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Vec<u8>, ManagementError> {
        let mut request = self.http.request(method, format!("{}/api/{path}", self.base));
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status();
        let body = response.bytes().await?;
        if status.is_success() {
            return Ok(body.to_vec());
        }
        let said = String::from_utf8_lossy(&body).chars().take(SHOWN).collect();
        Err(ManagementError::Refused {
            status: status.as_u16(),
            body: said,
        })
    }
}
