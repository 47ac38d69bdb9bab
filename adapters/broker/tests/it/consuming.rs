//! What becomes of a job by its handler's answer, and of what is no job at all.

use std::time::Duration;

use broker::{Target, topology::DELIVERY_LIMIT};
use domain::{
    job::Envelope,
    outcome::{Disposition, ErrorClass, Reason},
    trace::TraceParent,
};
use futures::StreamExt;
use lapin::{
    BasicProperties,
    options::{BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions},
    types::{AMQPValue, FieldTable},
};

use crate::support::{House, Seen, UNIT, job, nothing_else, reason};

#[tokio::test]
async fn a_finished_job_is_gone() {
    let house = House::build().await;
    let seen = Seen::default();
    let sent = job("job_1");
    house.publisher().publish(Target::Jobs, &sent).await.unwrap();
    let notes = seen.clone();
    let worker = house.work(4, move |envelope| {
        notes.note(envelope);
        async { nothing_else() }
    });
    let [got] = &seen.until(1).await[..] else {
        panic!("one job")
    };
    // The wire carries whole seconds.
    assert_eq!(got.published_at.timestamp(), sent.published_at.timestamp());
    assert_eq!(
        *got,
        Envelope {
            published_at: got.published_at,
            ..sent
        }
    );
    worker.stop().await;
    assert_eq!(house.depth("jobs.create_intent").await, 0);
    assert_eq!(house.depth("dead.create_intent").await, 0);
}

#[tokio::test]
async fn a_retried_job_comes_back_as_the_next_attempt_and_a_snoozed_one_as_the_same() {
    let house = House::build().await;
    let seen = Seen::default();
    house
        .publisher()
        .publish(Target::Jobs, &job("job_1"))
        .await
        .unwrap();
    let notes = seen.clone();
    let worker = house.work(4, move |envelope| {
        let count = notes.note(envelope);
        async move {
            Ok(match count {
                1 => Disposition::Retry {
                    reason: reason(),
                    delay: UNIT,
                    at_least: Duration::ZERO,
                },
                2 => Disposition::Snooze {
                    reason: reason(),
                    delay: 2 * UNIT,
                },
                _ => Disposition::Complete,
            })
        }
    });
    let started = std::time::Instant::now();
    let seen = seen.until(3).await;
    assert!(
        started.elapsed() >= 3 * UNIT,
        "the delays were waited for: {:?}",
        started.elapsed()
    );
    let steps: Vec<(u32, u32)> = seen
        .iter()
        .map(|envelope| (envelope.attempt, envelope.snoozes))
        .collect();
    assert_eq!(steps, [(1, 0), (2, 0), (2, 1)]);
    for envelope in &seen {
        let same = Envelope {
            attempt: 1,
            snoozes: 0,
            ..envelope.clone()
        };
        assert_eq!(
            same,
            Envelope {
                published_at: same.published_at,
                ..job("job_1")
            }
        );
    }
    worker.stop().await;
    assert_eq!(house.depth("jobs.create_intent").await, 0);
}

#[tokio::test]
async fn a_job_given_up_is_parked_where_people_see_why() {
    let house = House::build().await;
    house
        .publisher()
        .publish(
            Target::Jobs,
            &Envelope {
                attempt: 4,
                ..job("job_1")
            },
        )
        .await
        .unwrap();
    let worker = house.work(4, |_| async {
        // Two bytes a letter: the cut must not fall into one.
        Ok(Disposition::DeadLetter(Reason::new(
            ErrorClass::OutcomeUnknown,
            "ü".repeat(600),
        )))
    });
    house.until_depth("dead.create_intent", 1).await;
    worker.stop().await;
    let [parked] = &house.vhost.management().take("dead.create_intent", 5).await[..] else {
        panic!("one message")
    };
    let headers = &parked["properties"]["headers"];
    assert_eq!(headers["reason"], "ü".repeat(512));
    assert_eq!(headers["error_class"], "outcome_unknown");
    assert_eq!(headers["attempt"], 4);
    assert!(headers["failed_at"].as_str().unwrap().ends_with('Z'), "{headers}");
    assert_eq!(parked["properties"]["message_id"], "job_1");
    assert_eq!(parked["payload"], r#"{"note":"a job"}"#);
}

#[tokio::test]
async fn the_reason_of_a_retry_travels_with_it() {
    let house = House::build().await;
    house
        .publisher()
        .publish(Target::Jobs, &job("job_1"))
        .await
        .unwrap();
    let delay = Duration::from_secs(7_200);
    let worker = house.work(1, move |_| async move {
        Ok(Disposition::Retry {
            reason: reason(),
            delay,
            at_least: Duration::ZERO,
        })
    });
    house.until_depth("jobs.create_intent", 0).await;
    worker.stop().await;
    let waiting = house.vhost.management().take("retry.72m", 1).await;
    let [waiting] = &waiting[..] else {
        panic!("one message waits in the longest tier")
    };
    assert_eq!(
        waiting["properties"]["headers"]["last_error"],
        "provider_unavailable: the provider is down"
    );
    assert_eq!(waiting["routing_key"], "create_intent");
}

#[tokio::test]
async fn what_is_no_job_reaches_the_handler_all_the_same() {
    let house = House::build().await;
    let (_connection, channel) = house.channel().await;
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await
        .unwrap();
    let mut odd = FieldTable::default();
    odd.insert("attempt".into(), AMQPValue::LongString("many".into()));
    odd.insert("snoozes".into(), AMQPValue::LongLongInt(-7));
    odd.insert("schema".into(), AMQPValue::Boolean(true));
    odd.insert(
        "traceparent".into(),
        AMQPValue::LongString(vec![0xff, 0xfe].into()),
    );
    let odd = BasicProperties::default()
        .with_headers(odd)
        .with_type("".into())
        .with_timestamp(u64::MAX);
    let bodies = [
        (vec![], BasicProperties::default()),
        (vec![0xff; 3], odd),
        (vec![b'x'; 1 << 20], Default::default()),
    ];
    for (body, properties) in &bodies {
        let options = BasicPublishOptions::default();
        let key = "create_intent".into();
        channel
            .basic_publish("jobs".into(), key, options, body, properties.clone())
            .await
            .unwrap()
            .await
            .unwrap();
    }
    let seen = Seen::default();
    let notes = seen.clone();
    let worker = house.work(1, move |envelope| {
        notes.note(envelope);
        async {
            Ok(Disposition::DeadLetter(Reason::new(
                ErrorClass::Unreadable,
                "no job",
            )))
        }
    });
    let got = seen.until(3).await;
    let lengths: Vec<usize> = got.iter().map(|envelope| envelope.body.len()).collect();
    assert_eq!(lengths, [0, 3, 1 << 20]);
    for envelope in &got {
        assert_eq!((envelope.attempt, envelope.snoozes, envelope.schema), (1, 0, 1));
        assert_eq!(
            (envelope.kind.as_str(), envelope.job_id.as_str()),
            ("create_intent", "")
        );
        let begun = envelope.traceparent.as_deref().map(str::parse::<TraceParent>);
        assert!(matches!(begun, Some(Ok(_))), "{:?}", envelope.traceparent);
        assert_eq!(envelope.reply_to, None);
    }
    house.until_depth("dead.create_intent", 3).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_job_of_another_kind_is_parked_with_the_queue_it_was_found_in() {
    let house = House::build().await;
    let (_connection, channel) = house.channel().await;
    let properties = BasicProperties::default().with_type("make_coffee".into());
    channel
        .basic_publish(
            "jobs".into(),
            "create_intent".into(),
            Default::default(),
            b"{}",
            properties,
        )
        .await
        .unwrap();
    let worker = house.work(1, |envelope| async move {
        assert_eq!(envelope.kind, "make_coffee");
        Ok(Disposition::DeadLetter(Reason::new(
            ErrorClass::Unreadable,
            "another kind",
        )))
    });
    house.until_depth("dead.create_intent", 1).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_handler_that_always_panics_gets_its_job_parked() {
    let house = House::build().await;
    house
        .publisher()
        .publish(Target::Jobs, &job("job_1"))
        .await
        .unwrap();
    let seen = Seen::default();
    let notes = seen.clone();
    let worker = house.work(1, move |envelope| {
        notes.note(envelope);
        async { panic!("always") }
    });
    house.until_depth("dead.create_intent", 1).await;
    worker.stop().await;
    let seen = seen.all();
    assert_eq!(seen.len(), 1 + DELIVERY_LIMIT as usize);
    assert!(!seen[0].redelivered && seen[1].redelivered);
    let [parked] = &house.vhost.management().take("dead.create_intent", 5).await[..] else {
        panic!("one message")
    };
    assert_eq!(
        parked["properties"]["headers"]["error_class"], "internal",
        "{parked}"
    );
}

/// Here nobody lives long enough to say anything: only the broker can end it.
#[tokio::test]
async fn a_job_that_takes_its_worker_down_is_parked_by_the_broker() {
    let house = House::build().await;
    house
        .publisher()
        .publish(Target::Jobs, &job("job_1"))
        .await
        .unwrap();
    for _ in 0..=DELIVERY_LIMIT {
        let (connection, channel) = house.channel().await;
        channel.basic_qos(1, BasicQosOptions::default()).await.unwrap();
        let (queue, options) = ("jobs.create_intent".into(), BasicConsumeOptions::default());
        let mut consumer = channel
            .basic_consume(queue, "x".into(), options, FieldTable::default())
            .await
            .unwrap();
        let delivery = tokio::time::timeout(Duration::from_secs(5), consumer.next()).await;
        assert!(delivery.is_ok(), "the job was given up too early");
        connection.close(200, "crash".into()).await.unwrap();
    }
    house.until_depth("dead.create_intent", 1).await;
    assert_eq!(house.depth("jobs.create_intent").await, 0);
    let [parked] = &house.vhost.management().take("dead.create_intent", 5).await[..] else {
        panic!("one message")
    };
    let why = &parked["properties"]["headers"]["x-death"][0];
    assert_eq!(
        (&why["reason"], &why["queue"]),
        (&"delivery_limit".into(), &"jobs.create_intent".into()),
        "{parked}"
    );
}
