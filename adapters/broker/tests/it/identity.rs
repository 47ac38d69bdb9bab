//! Who published a job is known by the broker's word alone.

use std::time::Duration;

use broker::{BrokerConfig, Publisher, Target};
use domain::{job::Envelope, outcome::Disposition};
use lapin::{
    BasicProperties, Connection, ConnectionProperties,
    types::{AMQPValue, FieldTable},
};

use crate::support::{House, Seen, UNIT, job, reason};

/// Lets a worker see each job twice, once after a retry, and gives who published it each time.
async fn publishers_seen(house: &House) -> Vec<Option<String>> {
    let seen = Seen::default();
    let notes = seen.clone();
    let worker = house.work(1, move |envelope: Envelope| {
        let first = envelope.attempt == 1;
        notes.note(envelope);
        async move {
            Ok(if first {
                Disposition::Retry {
                    reason: reason(),
                    delay: UNIT,
                    at_least: Duration::ZERO,
                }
            } else {
                Disposition::Complete
            })
        }
    });
    let publishers = seen
        .until(2)
        .await
        .into_iter()
        .map(|envelope| envelope.published_by)
        .collect();
    worker.stop().await;
    publishers
}

#[tokio::test]
async fn our_own_jobs_name_nobody() {
    let house = House::build().await;
    house
        .publisher()
        .publish(Target::Jobs, &job("job_1"))
        .await
        .unwrap();
    assert_eq!(publishers_seen(&house).await, [None, None]);
}

#[tokio::test]
async fn another_users_job_names_that_user_through_all_its_retries() {
    let house = House::build().await;
    let management = house.vhost.management();
    let (user, password) = management.create_user().await;
    let config = BrokerConfig {
        url: house.vhost.url_for(&user, &password),
        ..house.config.clone()
    };
    // With a forged header: to the broker it is one among many, and it must not count.
    let forged = Envelope {
        published_by: Some("somebody_else".to_owned()),
        ..job("job_1")
    };
    Publisher::connect(config)
        .publish(Target::Jobs, &forged)
        .await
        .unwrap();
    let publishers = publishers_seen(&house).await;
    management.remove_user(&user).await;
    assert_eq!(publishers, [Some(user.clone()), Some(user)]);
}

#[tokio::test]
async fn a_job_that_names_no_user_is_anonymous_whatever_its_header_says() {
    let house = House::build().await;
    let connection = Connection::connect(house.config.url.expose(), ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let mut headers = FieldTable::default();
    headers.insert(
        "published_by".into(),
        AMQPValue::LongString("somebody_else".into()),
    );
    let properties = BasicProperties::default().with_headers(headers);
    let key = "create_intent".into();
    channel
        .basic_publish("jobs".into(), key, Default::default(), b"{}", properties)
        .await
        .unwrap();
    let anonymous = Some("anonymous".to_owned());
    assert_eq!(publishers_seen(&house).await, [anonymous.clone(), anonymous]);
}

#[tokio::test]
async fn a_job_we_send_around_for_somebody_keeps_their_name() {
    let house = House::build().await;
    let theirs = Envelope {
        published_by: Some("upstream".to_owned()),
        ..job("job_1")
    };
    house
        .publisher()
        .publish(Target::Retry { delay: UNIT }, &theirs)
        .await
        .unwrap();
    let theirs = Some("upstream".to_owned());
    assert_eq!(publishers_seen(&house).await, [theirs.clone(), theirs]);
}
