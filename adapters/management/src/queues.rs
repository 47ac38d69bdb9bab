//! What each queue holds, how fast it moves, and how both were lately.

use serde::Deserialize;

use crate::{ManagementError, Rabbit};

/// What is asked of each queue: a list of everything is ten times as long.
const COLUMNS: &str = "columns=name,messages,messages_ready,messages_unacknowledged,consumers,head_message_timestamp,\
                       message_stats.publish_details.rate,message_stats.ack_details.rate";

/// A queue as it stands.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Messages that wait or are being worked on.
    #[serde(default)]
    pub messages: u64,
    /// Messages that wait.
    #[serde(default)]
    pub messages_ready: u64,
    /// Messages that are being worked on.
    #[serde(default)]
    pub messages_unacknowledged: u64,
    /// Who takes messages from it.
    #[serde(default)]
    pub consumers: u64,
    /// When the oldest message was published, in seconds since 1970. Some versions of RabbitMQ tell it, and not of all
    /// types of queues.
    #[serde(default)]
    pub head_message_timestamp: Option<i64>,
    #[serde(default)]
    message_stats: Moves,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
struct Moves {
    #[serde(default)]
    publish_details: Rate,
    #[serde(default)]
    ack_details: Rate,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
struct Rate {
    #[serde(default)]
    rate: f64,
}

impl Queue {
    /// Messages that are published to it, each second.
    pub const fn in_per_s(&self) -> f64 {
        self.message_stats.publish_details.rate
    }

    /// Messages that are acknowledged, each second.
    pub const fn out_per_s(&self) -> f64 {
        self.message_stats.ack_details.rate
    }
}

/// How many messages a queue held at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Sample {
    /// How many.
    #[serde(rename = "sample")]
    pub messages: i64,
    /// When, in milliseconds since 1970.
    #[serde(rename = "timestamp")]
    pub at_ms: i64,
}

/// How a queue was lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueHistory {
    /// Its name.
    pub name: String,
    /// What it held, oldest first; empty for a queue that the broker has not looked at yet.
    pub samples: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sampled {
    name: String,
    #[serde(default)]
    messages_details: Samples,
}

#[derive(Default, Deserialize)]
struct Samples {
    #[serde(default)]
    samples: Vec<Sample>,
}

impl Rabbit {
    /// How every queue of the vhost stands.
    ///
    /// # Errors
    /// The API refuses or does not answer.
    pub async fn standing(&self) -> Result<Vec<Queue>, ManagementError> {
        self.list(COLUMNS).await
    }

    /// How full every queue of the vhost was over the last `age_s` seconds, a sample each `step_s` seconds. The broker keeps
    /// an hour by the minute and ten minutes by five seconds.
    ///
    /// # Errors
    /// The API refuses or does not answer.
    pub async fn history(&self, age_s: u32, step_s: u32) -> Result<Vec<QueueHistory>, ManagementError> {
        let query = format!(
            "columns=name,messages_details.samples&lengths_age={age_s}&lengths_incr={step_s}&msg_rates_age={age_s}&msg_rates_incr={step_s}"
        );
        let sampled: Vec<Sampled> = self.list(&query).await?;
        let history = sampled.into_iter().map(|queue| {
            let mut samples = queue.messages_details.samples;
            samples.sort_by_key(|sample| sample.at_ms);
            QueueHistory {
                name: queue.name,
                samples,
            }
        });
        Ok(history.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_queue_without_statistics_is_empty() {
        let queue: Queue = serde_json::from_str(r#"{"name":"jobs.create_intent"}"#).unwrap();
        assert_eq!((queue.messages, queue.consumers), (0, 0));
        assert!(queue.in_per_s() == 0.0 && queue.head_message_timestamp.is_none());
    }
}
