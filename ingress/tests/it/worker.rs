//! The worker at the other end of the queue, as far as ingress can tell: it takes the one job and answers it.

use std::time::Duration;

use broker::Publisher;
use chrono::DateTime;
use domain::{
    job::{Envelope, Job},
    trace::TraceParent,
};
use reqwest::RequestBuilder;
use serde::{Serialize, de::DeserializeOwned};

use crate::world::{Answer, World};

/// Takes the one job of its kind and checks that it is `job`, then answers it.
pub async fn work<J: Job>(world: &World, job: &J, reply: Vec<u8>) {
    let publisher = Publisher::connect(world.vhost.config(Duration::from_secs(1)));
    let kind = J::CONTRACT.kind.name();
    let message = loop {
        if let Some(message) = world.take_jobs(kind, 1).await.pop() {
            break message;
        }
    };
    let properties = &message["properties"];
    assert_eq!(properties["message_id"], job.id().to_string(), "{message}");
    let request = Envelope {
        reply_to: Some(properties["reply_to"].as_str().unwrap().to_owned()),
        ..Envelope::new(job, TraceParent::root(), DateTime::UNIX_EPOCH)
    };
    publisher.reply(&request, reply).await.unwrap();
}

/// Sends a request that waits, whose job is answered with this.
pub async fn ask<J: Job>(world: &World, request: RequestBuilder, job: &J, reply: &impl Serialize) -> Answer {
    let reply = serde_json::to_vec(reply).unwrap();
    let request = request.header("prefer", "wait=20");
    tokio::join!(world.send(request), work(world, job, reply)).0
}

/// The one job in a queue, as it was published.
pub async fn only_job<J: Job + DeserializeOwned>(world: &World) -> (J, serde_json::Value) {
    let mut jobs = world.take_jobs(J::CONTRACT.kind.name(), 10).await;
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    let message = jobs.remove(0);
    let job = serde_json::from_str(message["payload"].as_str().unwrap()).unwrap();
    (job, message["properties"].clone())
}
