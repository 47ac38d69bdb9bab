//! What goes wrong with jobs and their queues.

use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::scene::key;
use futures::{FutureExt, StreamExt, stream};
use reqwest::Url;
use serde_json::{Value, json};

use super::{Alert, Fault, Play};

/// Two thirds more than is tolerated within ten minutes.
const UNREADABLE_JOBS: usize = 20;
/// More than a queue may hold.
const MANY_WALLETS: usize = 1_200;
/// How many requests are under way at once.
const AT_ONCE: usize = 32;
/// For how long old jobs have lain in their queue.
const AGE_S: u64 = 120;

/// Jobs that nobody can read are given up at once.
pub const UNREADABLE: Fault = Fault {
    what: "an upstream publishes jobs that cannot be read",
    raises: &[
        Alert::of("JobsParked", &[("queue", "dead.change_order")]),
        Alert::of("DeadLettersGrow", &[("kind", "change_order")]),
    ],
    inject: |play| {
        async {
            for _ in 0..UNREADABLE_JOBS {
                publish(play, "change_order", super::now_s()).await?;
            }
            Ok(())
        }
        .boxed_local()
    },
    mend: |play| play.discard_parked().boxed_local(),
};

/// As after hours without a worker, for a kind of its own.
pub const OLD: Fault = Fault {
    what: "jobs come to a worker two minutes after they were published",
    raises: &[Alert::of("JobsWaitLong", &[("kind", "create_order")]).hurried("jobs dated back by 2 min")],
    inject: |play| {
        async {
            let (http, url) = (play.stage.world.http.clone(), exchange(play)?);
            play.keep(Duration::from_millis(250), move || {
                let (http, url) = (http.clone(), url.clone());
                async move {
                    let published_at = super::now_s().saturating_sub(AGE_S);
                    let sent = http.post(url).json(&message("create_order", published_at));
                    let _whatever_comes_of_it = sent.send().await;
                }
            })
            .await;
            Ok(())
        }
        .boxed_local()
    },
    mend: |play| play.discard_parked().boxed_local(),
};

/// A pause and a crowd.
pub const QUEUE_PAUSED: Fault = Fault {
    what: "a queue is paused while a merchant asks for 1200 wallets",
    raises: &[Alert::of("QueueGrows", &[("queue", "jobs.create_wallet")])],
    inject: |play| {
        async {
            play.console(&["pause", "queue", "create_wallet", "--reason", "drill"])
                .await?;
            let api = &play.usual.merchant.api;
            let asked = stream::iter(0..MANY_WALLETS).map(|number| async move {
                let wallet = json!({ "user_id": format!("user-of-many-{number}"), "currency": "USD" });
                let asked = api.of_wallets("wallets", &key(), &wallet, None).await?;
                ensure!(asked.status == 202, "a wallet: {}", asked.status);
                Ok(())
            });
            let asked: Vec<anyhow::Result<()>> = asked.buffer_unordered(AT_ONCE).collect().await;
            asked.into_iter().collect()
        }
        .boxed_local()
    },
    mend: |play| {
        async {
            play.console(&["resume", "queue", "create_wallet", "--reason", "drill"])
                .await
        }
        .boxed_local()
    },
};

/// A pause that nobody has thought of since.
pub const CHANNEL_PAUSED: Fault = Fault {
    what: "a channel is paused for over an hour",
    raises: &[
        Alert::of("PausedForLong", &[("what", "channel"), ("name", "wechat")])
            .hurried("dated back by 61 min"),
    ],
    inject: |play| {
        async {
            play.console(&["pause", "channel", "wechat", "--reason", "drill"])
                .await?;
            play.stage
                .sql("update switches set since = since - interval '61 min' where name = 'wechat'")
                .await
        }
        .boxed_local()
    },
    mend: |play| {
        async {
            play.console(&["resume", "channel", "wechat", "--reason", "drill"])
                .await
        }
        .boxed_local()
    },
};

/// It is never sent, and everything is recorded all the same.
pub const UNROUTABLE: Fault = Fault {
    what: "a version that was rolled back left a job of a kind without a queue in the outbox",
    raises: &[
        Alert::of("OutboxLags", &[]),
        Alert::of("PublishingFails", &[("outcome", "unroutable")]),
    ],
    inject: |play| {
        play.stage
            .sql(
                "insert into outbox (job_id, kind, correlation_id, schema, body, created_at)
                 values ('drill', 'of_next_version', 'drill', 1, '{}', now())",
            )
            .boxed_local()
    },
    mend: |play| {
        play.stage
            .sql("delete from outbox where kind = 'of_next_version'")
            .boxed_local()
    },
};

async fn publish(play: &Play<'_>, kind: &str, published_at: u64) -> anyhow::Result<()> {
    let sent = play
        .stage
        .world
        .http
        .post(exchange(play)?)
        .json(&message(kind, published_at));
    let answer = sent.send().await.map_err(reqwest::Error::without_url)?;
    let answer: Value = serde_json::from_slice(&answer.bytes().await?)?;
    ensure!(answer["routed"] == true, "a job cannot be published: {answer}");
    Ok(())
}

/// Where the management API takes messages for the exchange of jobs.
fn exchange(play: &Play<'_>) -> anyhow::Result<Url> {
    let url = format!(
        "{}/api/exchanges/{}/jobs/publish",
        play.stage.management_url(),
        play.stage.vhost()
    );
    url.parse().context("RabbitMQ's management API")
}

/// A job that says nothing.
fn message(kind: &str, published_at: u64) -> Value {
    json!({
        "routing_key": kind, "payload": "nonsense", "payload_encoding": "string",
        "properties": {
            "message_id": key(), "type": kind, "correlation_id": "drill", "timestamp": published_at, "delivery_mode": 2,
        },
    })
}
