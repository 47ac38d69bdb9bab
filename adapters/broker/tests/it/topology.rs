//! The topology is declared once, again without harm, and never over something else.

use broker::{
    BrokerConfig, RetryLadder,
    testing::TestVhost,
    topology::{self, TopologyError},
};
use domain::{job::Kind, secret::Secret};
use lapin::{options::QueueDeclareOptions, types::FieldTable};

use crate::support::{House, UNIT};

#[tokio::test]
async fn declaring_twice_changes_nothing() {
    let house = House::build().await;
    topology::ensure(&house.config).await.unwrap();
    let queues = house
        .vhost
        .management()
        .get("queues/{vhost}?columns=name,type,durable")
        .await
        .unwrap();
    let queues = queues.as_array().unwrap();
    let expected = 2 * Kind::ALL.len() + 2 + RetryLadder::new(UNIT).tiers().len();
    assert_eq!(queues.len(), expected, "{queues:?}");
    assert!(
        queues
            .iter()
            .all(|queue| queue["type"] == "quorum" && queue["durable"] == true),
        "{queues:?}"
    );
}

#[tokio::test]
async fn a_mismatch_is_named() {
    let house = House::build().await;
    let (_connection, channel) = house.channel().await;
    let queue = "jobs.create_intent";
    channel
        .queue_delete(queue.into(), Default::default())
        .await
        .unwrap();
    channel
        .queue_declare(
            queue.into(),
            QueueDeclareOptions::durable(),
            FieldTable::default(),
        )
        .await
        .unwrap();
    let error = topology::ensure(&house.config).await.unwrap_err();
    assert!(
        matches!(&error, TopologyError::Mismatch { what, .. } if what == "queue jobs.create_intent"),
        "{error:?}"
    );
    assert!(error.to_string().contains("inequivalent arg 'x-"), "{error}");
}

#[tokio::test]
async fn wrong_credentials_stop_the_process_instead_of_waiting_forever() {
    let vhost = TestVhost::create().await;
    let config = BrokerConfig {
        url: vhost.url_for("nobody", "wrong"),
        ..vhost.config(UNIT)
    };
    let error = topology::ensure(&config).await.unwrap_err();
    assert!(matches!(error, TopologyError::Refused(_)), "{error:?}");
    assert!(!error.to_string().contains("wrong"), "{error}");
}

#[tokio::test]
async fn a_vhost_that_does_not_exist_is_a_refusal() {
    let vhost = TestVhost::create().await;
    let url = format!("{}-absent", vhost.url().expose());
    let config = BrokerConfig {
        url: Secret::new(url),
        ..vhost.config(UNIT)
    };
    let error = topology::ensure(&config).await.unwrap_err();
    assert!(matches!(error, TopologyError::Refused(_)), "{error:?}");
}

#[tokio::test]
async fn an_upstream_job_of_an_unknown_kind_is_parked_even_when_upstream_does_not_ask() {
    let house = House::build().await;
    let (_connection, channel) = house.channel().await;
    for (exchange, key) in [("jobs", "make_coffee"), ("dead", "make_tea")] {
        channel
            .basic_publish(
                exchange.into(),
                key.into(),
                Default::default(),
                b"{}",
                Default::default(),
            )
            .await
            .unwrap();
    }
    house.until_depth(topology::UNROUTABLE_QUEUE, 2).await;
}
