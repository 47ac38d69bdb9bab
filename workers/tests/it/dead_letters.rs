//! Parked messages: written down whoever parked them, found, sent again and thrown away.

mod load;

use std::time::Duration;

use broker::Target;
use domain::{
    channel::Channel,
    dead_letter::{ActionKind, LetterState, ParkedBy},
    id::{DeadLetterActionId, DeadLetterId},
    job::{CreateIntent, Envelope, NotifyMerchant},
    notification::{Notification, NotificationType},
    outcome::{ErrorClass, Reason},
    payment::PaymentStatus,
    switch::Switch,
    trace::TraceParent,
};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use store::{
    ActionProgress, AskedFor, Doing, LetterFilter, LetterPage, LetterStory, NewAction, Record, RecordedLetter,
};

use crate::{
    process_callback::{intent, opened},
    support::{World, now, request, world},
};

const FIRST_PAGE: LetterPage = LetterPage {
    after: None,
    limit: 100,
};

impl World {
    async fn letters(&self, filter: &LetterFilter) -> Vec<RecordedLetter> {
        self.store.letters(filter, FIRST_PAGE).await.unwrap()
    }

    /// The letters that the filter means, once there are so many.
    async fn letters_until(&self, count: usize, filter: &LetterFilter) -> Vec<RecordedLetter> {
        self.wait_until(count, async || self.letters(filter).await.len())
            .await;
        self.letters(filter).await
    }

    async fn letter(&self, id: DeadLetterId) -> LetterStory {
        self.store.letter(id).await.unwrap().unwrap()
    }

    async fn want(
        &self,
        kind: ActionKind,
        asked_for: AskedFor,
        rate_per_s: Option<u32>,
    ) -> DeadLetterActionId {
        let new = NewAction {
            id: DeadLetterActionId::random(),
            kind,
            actor: "test:ada".into(),
            reason: "the cause is mended".into(),
            asked_for,
            selection: "a test's".into(),
            rate_per_s,
        };
        assert!(self.store.ask_for_letters(&new, now()).await.unwrap() > 0);
        new.id
    }

    async fn progress(&self, id: DeadLetterActionId) -> ActionProgress {
        self.store
            .letter_actions(Some(id), 1)
            .await
            .unwrap()
            .pop()
            .unwrap()
    }

    async fn finished(&self, id: DeadLetterActionId) -> ActionProgress {
        self.wait_until(true, async || self.progress(id).await.finished_at.is_some())
            .await;
        self.progress(id).await
    }

    /// How many messages the queue of a kind of dead letters holds.
    async fn parked_in(&self, queue: &str) -> usize {
        let how = json!({ "count": 1_000, "ackmode": "ack_requeue_true", "encoding": "auto" });
        let path = format!("queues/{{vhost}}/{queue}/get");
        let messages = self.management().post(&path, how).await;
        messages.as_array().unwrap().len()
    }

    async fn execute(&self, sql: &'static str) {
        let mut owner = PgConnection::connect(&self.database.url()).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut owner).await.unwrap();
    }

    /// Parks a job that nobody has begun.
    async fn park(&self, job: &CreateIntent, why: &str) {
        let envelope = Envelope::new(job, TraceParent::root(), now());
        let reason = Reason::new(ErrorClass::Misconfigured, why);
        self.publisher
            .publish(Target::Dead { reason }, &envelope)
            .await
            .unwrap();
    }
}

fn one(letter: &RecordedLetter) -> AskedFor {
    AskedFor::Letters(vec![letter.id])
}

fn all() -> AskedFor {
    AskedFor::Matching(Box::default(), 100_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_callback_is_found_by_its_payment_and_pays_it_when_it_is_sent_again() {
    let world = world().await;
    let payment = opened(&world, "k").await;
    world
        .execute("alter table payments add constraint no_end check (status <> 'succeeded') not valid")
        .await;
    let paid = intent(&payment, "succeeded");
    let callback = world.callback("evt_1", "payment_intent.succeeded", &paid);
    world.publish(&callback).await;
    let of_payment = LetterFilter {
        payment_id: Some(payment.id),
        ..LetterFilter::default()
    };
    let letter = world.letters_until(1, &of_payment).await.remove(0);
    let searches = [
        LetterFilter {
            provider_id: payment.intent_id.clone(),
            ..LetterFilter::default()
        },
        LetterFilter {
            provider_id: Some("evt_1".into()),
            ..LetterFilter::default()
        },
        LetterFilter {
            merchant_id: Some(world.merchant_id),
            kind: Some("process_callback".into()),
            state: Some(LetterState::Parked),
            ..LetterFilter::default()
        },
        LetterFilter {
            text: Some("VIOLATES CHECK".into()),
            ..LetterFilter::default()
        },
        LetterFilter {
            group_id: Some(letter.group_id),
            ..LetterFilter::default()
        },
    ];
    for search in searches {
        assert_eq!(
            world.letters(&search).await,
            std::slice::from_ref(&letter),
            "{search:?}"
        );
    }
    let nothing = LetterFilter {
        text: Some("no such trouble 7".into()),
        ..LetterFilter::default()
    };
    assert!(world.letters(&nothing).await.is_empty());
    let story = world.letter(letter.id).await;
    assert_eq!((letter.parked_by, letter.attempt), (ParkedBy::Worker, 4));
    assert_eq!(story.tries.len(), 4);
    assert!(
        story
            .standing
            .contains(&(payment.id.to_string(), "requires_action".into()))
    );

    world.execute("alter table payments drop constraint no_end").await;
    let action = world.want(ActionKind::Replay, one(&letter), None).await;
    world.wait_for(payment.id, PaymentStatus::Succeeded).await;
    let ended = world.finished(action).await;
    assert_eq!((ended.done, ended.missing, ended.left_parked()), (1, 0, 0));
    world
        .wait_until(1, async || world.progress(action).await.jobs_done)
        .await;
    assert_eq!(world.parked_in("dead.process_callback").await, 0);
    assert_eq!(world.count("select count(*) from notifications").await, 1);
    assert_eq!(
        world
            .count(
                "select count(*) from audit_log where actor = 'test:ada' and action = 'dead_letters.replay'"
            )
            .await,
        1
    );
    let groups = world.store.letter_groups(None, false, 10).await.unwrap();
    assert_eq!((groups[0].letters, groups[0].parked), (1, 0));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_was_told_as_failed_stays_so_and_the_letter_says_it() {
    let world = world().await;
    let merchant_id = world.merchant_without_credentials().await;
    let job = CreateIntent {
        merchant_id,
        ..world.job("k", request(None))
    };
    world.publish(&job).await;
    world.wait_for(job.payment_id(), PaymentStatus::Failed).await;
    let letter = world.letters_until(1, &LetterFilter::default()).await.remove(0);
    let action = world.want(ActionKind::Replay, one(&letter), None).await;
    world.finished(action).await;
    world
        .wait_until(Some("done".to_owned()), async || {
            world.letter(letter.id).await.letter.outcome
        })
        .await;
    let story = world.letter(letter.id).await;
    assert_eq!(
        story.standing,
        [(job.payment_id().to_string(), "failed".to_owned())]
    );
    assert_eq!(world.intents().await.len(), 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_job_has_all_its_tries_again_and_its_next_letter_is_another() {
    let world = world().await;
    world
        .fault("POST /v1/payment_intents", "error", json!({ "status": 503 }))
        .await;
    let job = world.job("k", request(None));
    // Parked before anybody tried: the payment was never told as failed.
    world.park(&job, "no credentials then").await;
    let letter = world.letters_until(1, &LetterFilter::default()).await.remove(0);
    world.want(ActionKind::Replay, one(&letter), None).await;
    let letters = world.letters_until(2, &LetterFilter::default()).await;
    let again = letters.iter().find(|again| again.id != letter.id).unwrap();
    assert_eq!((again.attempt, &again.job_id), (5, &letter.job_id));
    let story = world.letter(letter.id).await;
    let tries: Vec<i32> = story.tries.iter().map(|tried| tried.attempt).collect();
    assert_eq!(tries, [2, 3, 4, 5]);
    assert_eq!(story.letter.outcome.as_deref(), Some("parked_again"));
    assert_eq!(story.others, std::slice::from_ref(again));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_has_a_queue_for_is_written_down_and_can_only_be_thrown_away() {
    let world = world().await;
    let odd = || {
        json!({ "properties": { "message_id": "a\u{0}b", "type": "make_coffee" }, "routing_key": "make_coffee",
        "payload": "{}", "payload_encoding": "string" })
    };
    world
        .management()
        .post("exchanges/{vhost}/jobs/publish", odd())
        .await;
    let letter = world.letters_until(1, &LetterFilter::default()).await.remove(0);
    assert_eq!(
        (letter.kind.as_str(), letter.parked_by),
        ("unroutable", ParkedBy::Broker)
    );
    assert!(letter.reason.contains("make_coffee"));

    let replay = world.want(ActionKind::Replay, one(&letter), None).await;
    let ended = world.finished(replay).await;
    assert_eq!((ended.done, ended.left_parked()), (0, 1));
    let discard = world.want(ActionKind::Discard, one(&letter), None).await;
    assert_eq!(world.finished(discard).await.done, 1);
    assert_eq!(world.parked_in("dead.unroutable").await, 0);
    assert_eq!(world.letter(letter.id).await.letter.state, LetterState::Discarded);

    // The same message once more is another one, and waits for people again.
    world
        .management()
        .post("exchanges/{vhost}/jobs/publish", odd())
        .await;
    world
        .wait_until(LetterState::Parked, async || {
            world.letter(letter.id).await.letter.state
        })
        .await;
    // The round that found it holds it until it ends.
    world
        .wait_until(1, async || world.parked_in("dead.unroutable").await)
        .await;
    let discard = world.want(ActionKind::Discard, one(&letter), None).await;
    assert_eq!(world.finished(discard).await.done, 1);
    assert_eq!(world.parked_in("dead.unroutable").await, 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_took_out_by_other_means_is_missing() {
    let world = world().await;
    let job = world.job("k", request(None));
    world.park(&job, "why").await;
    let letter = world.letters_until(1, &LetterFilter::default()).await.remove(0);
    world.parked("create_intent").await;
    let action = world.want(ActionKind::Replay, one(&letter), None).await;
    assert_eq!(world.finished(action).await.missing, 1);
    assert_eq!(world.letter(letter.id).await.letter.state, LetterState::Missing);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_parked_before_anybody_wrote_it_down_is_found_at_the_start() {
    let mut world = world().await;
    world.stop_workers().await;
    let job = world.job("k", request(None));
    world.park(&job, "why").await;
    // As if it had been parked by a version that knows of no log.
    world
        .management()
        .delete("queues/{vhost}/parked.log/contents")
        .await;
    world.execute("delete from dead_letter_surveys").await;
    assert_eq!(world.letters(&LetterFilter::default()).await.len(), 0);
    world.start_workers(domain::clock::SystemClock).await;
    world.letters_until(1, &LetterFilter::default()).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parking_queue_that_was_deleted_is_put_back_with_what_is_parked_meanwhile() {
    let world = world().await;
    world
        .management()
        .delete("queues/{vhost}/dead.create_intent")
        .await;
    let job = world.job("k", request(None));
    world.park(&job, "why").await;
    world.letters_until(1, &LetterFilter::default()).await;
    assert_eq!(world.parked_in("dead.create_intent").await, 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_is_kept_and_others_do_not_wait_for_it() {
    let world = world().await;
    for number in 0..6 {
        world
            .park(&world.job(&format!("slow-{number}"), request(None)), "slow")
            .await;
    }
    world.letters_until(6, &LetterFilter::default()).await;
    let began = tokio::time::Instant::now();
    let slow = world.want(ActionKind::Replay, all(), Some(2)).await;
    world
        .wait_until(2, async || world.progress(slow).await.done)
        .await;
    let other = world.job("other", request(None));
    world.park(&other, "quick").await;
    let quick = LetterFilter {
        payment_id: Some(other.payment_id()),
        ..LetterFilter::default()
    };
    let letter = world.letters_until(1, &quick).await.remove(0);
    let action = world.want(ActionKind::Replay, one(&letter), None).await;
    assert_eq!(world.finished(action).await.done, 1);
    assert_eq!(world.finished(slow).await.done, 6);
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    world.wait_until(7, async || world.intents().await.len()).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_cannot_be_read_hold_up_neither_the_log_nor_a_replay() {
    let world = world().await;
    world
        .execute(
            "insert into channel_configs select merchant_id, 'wechat', 'spoilt', now() from channel_configs",
        )
        .await;
    let callback = world.verified(Channel::Wechat, "evt_1", "TRANSACTION.SUCCESS", b"{}");
    let envelope = Envelope::new(&callback, TraceParent::root(), now());
    let reason = Reason::new(ErrorClass::Internal, "the credentials cannot be read");
    world
        .publisher
        .publish(Target::Dead { reason }, &envelope)
        .await
        .unwrap();
    world.park(&world.job("k", request(None)), "behind it").await;
    let letters = world.letters_until(2, &LetterFilter::default()).await;
    let callbacks = letters.iter().find(|letter| letter.kind == "process_callback");
    let action = world
        .want(ActionKind::Discard, one(callbacks.unwrap()), None)
        .await;
    assert_eq!(world.finished(action).await.done, 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_that_is_replayed_while_its_merchant_is_paused_is_sent_when_it_is_resumed() {
    let world = world().await;
    world
        .behave(json!({ "mode": "fail", "status": 500, "times": 1 }))
        .await;
    let payment = world.stored("k").await;
    let notification = Notification::about(&payment, NotificationType::PaymentSucceeded, now());
    let job = NotifyMerchant::from(&notification);
    let record = Record {
        notifications: vec![notification],
        ..Record::default()
    };
    world.recorder.write(record).await.unwrap();
    let last = Envelope {
        attempt: 9,
        ..Envelope::new(&job, TraceParent::root(), now())
    };
    world.publish_envelope(&last).await;
    let letter = world.letters_until(1, &LetterFilter::default()).await.remove(0);
    let given_up = "select count(*) from notifications where status = 'exhausted'";
    assert_eq!(world.count(given_up).await, 1);

    let switch = Switch::Notifications(world.merchant_id);
    assert!(
        world
            .store
            .pause(switch, Doing::because("test", "a test", now()))
            .await
            .unwrap()
    );
    tokio::time::sleep(Duration::from_secs(2)).await;
    let action = world.want(ActionKind::Replay, one(&letter), None).await;
    assert_eq!(world.finished(action).await.done, 1);
    let kept = "select count(*) from notifications where held_at is not null and held_attempt = 1
                and attempts_before = 9 and status = 'pending' and finished_at is null";
    world.wait_until(1, async || world.count(kept).await).await;
    // Its message once more finds that it is kept.
    world.publish_envelope(&last.replayed()).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(world.count(kept).await, 1);
    assert_eq!(
        world.letter(letter.id).await.letter.outcome,
        None,
        "nothing was sent yet"
    );
    assert_eq!(world.deliveries().await.len(), 1);

    assert!(
        world
            .store
            .resume(switch, Doing::because("test", "a test", now()))
            .await
            .unwrap()
    );
    let delivered = "select count(*) from notifications where status = 'delivered'";
    world.wait_until(1, async || world.count(delivered).await).await;
    assert_eq!(world.deliveries().await.len(), 2);
    let numbers: Vec<i32> = world
        .query("select array_agg(attempt order by attempt) from notification_attempts")
        .await;
    assert_eq!(numbers, [9, 10]);
    world.close().await;
}
