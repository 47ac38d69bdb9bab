//! Notifications that are sent again: the same id, a fresh schedule, and once however many ask at once.

use std::time::Duration;

use domain::{
    id::NotificationId,
    job::{Envelope, NotifyMerchant},
    notification::{Notification, NotificationType},
    trace::TraceParent,
};
use futures::future::join_all;
use serde_json::json;
use store::{Doing, Record, Resend, Resent};

use crate::support::{World, now, world};

/// The last try of the first schedule.
const LAST: u32 = 9;

/// A notification that was given up and its job, parked.
async fn given_up(world: &World, name: &str) -> Envelope {
    world
        .behave(json!({ "mode": "fail", "status": 500, "times": 1 }))
        .await;
    let payment = world.stored(name).await;
    let notification = Notification::about(&payment, NotificationType::PaymentSucceeded, now());
    let job = NotifyMerchant::from(&notification);
    let record = Record {
        notifications: vec![notification],
        ..Record::default()
    };
    world.recorder.write(record).await.unwrap();
    let last = Envelope {
        attempt: LAST,
        ..Envelope::new(&job, TraceParent::root(), now())
    };
    world.publish_envelope(&last).await;
    wait_for_status(world, "exhausted").await;
    world.parked("notify_merchant").await;
    last
}

async fn wait_for_status(world: &World, status: &str) {
    let ask = async || world.query::<String>("select status from notifications").await;
    world.wait_until(status.to_owned(), ask).await;
}

async fn id(world: &World) -> NotificationId {
    NotificationId::from_uuid(world.query("select id from notifications").await)
}

async fn resend(world: &World, what: Resend) -> Resent {
    world
        .store
        .resend(&what, Doing::because("test", "their server is back", now()))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_sent_again_under_its_id_and_its_parked_job_has_nothing_left_to_do() {
    let world = world().await;
    let letter = given_up(&world, "k").await;
    let id = id(&world).await;
    // Several at once: one of them has it sent.
    let asked = (0..5).map(|_| resend(&world, Resend::These(vec![id])));
    let answers = join_all(asked).await;
    let resent = answers.iter().filter(|answer| answer.resent == [id]).count();
    let under_way = answers.iter().filter(|answer| answer.under_way == [id]).count();
    // One that asks after it was delivered has it sent once more: that is a wish of its own.
    assert!(resent >= 1 && resent + under_way == 5, "{answers:?}");
    wait_for_status(&world, "delivered").await;
    let audited = "select count(*) from audit_log where action = 'notification.resend' and actor = 'test'
                   and subject like 'ntf_%' and reason = 'their server is back'";
    assert_eq!(world.count(audited).await, resent as i64);
    // A replay of what was parked belongs to a schedule that is over.
    let replayed = Envelope { attempt: 1, ..letter };
    world.publish_envelope(&replayed).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let deliveries = world.deliveries().await;
    assert!(deliveries.len() >= 2 && deliveries.iter().all(|delivery| delivery["id"] == id.to_string()));
    assert_eq!(deliveries.len(), 1 + resent);
    let numbers: Vec<i32> = world
        .query("select array_agg(attempt order by attempt) from notification_attempts")
        .await;
    assert_eq!(numbers[..2], [9, 10], "the tries are counted on");
    let (summary, attempts) = world.store.notification(id).await.unwrap().unwrap();
    assert_eq!(summary.status, "delivered");
    assert_eq!(
        (
            attempts[0].http_status,
            attempts[1].http_status.map(|status| status / 100)
        ),
        (Some(500), Some(2))
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_is_being_sent_it_is_not_sent_again_and_its_schedule_is_a_whole_one() {
    let world = world().await;
    given_up(&world, "k").await;
    let id = id(&world).await;
    world
        .behave(json!({ "mode": "fail", "status": 503, "times": 1 }))
        .await;
    assert_eq!(resend(&world, Resend::These(vec![id])).await.resent, [id]);
    assert_eq!(resend(&world, Resend::These(vec![id])).await.under_way, [id]);
    // The second try of the new schedule comes, and the story of the first one's failure is not that of an earlier job.
    wait_for_status(&world, "delivered").await;
    let stories = "select count(distinct job_id) from job_failures";
    assert_eq!(world.count(stories).await, 2);
    let ended = resend(&world, Resend::These(vec![id])).await;
    assert_eq!(ended.resent, [id], "what was delivered can be sent again, too");
    let again = "select count(*) from notification_attempts where attempt > 11";
    world.wait_until(1, async || world.count(again).await).await;
    wait_for_status(&world, "delivered").await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_was_given_up_is_sent_again_and_nothing_to_an_endpoint_that_is_not_there() {
    let world = world().await;
    given_up(&world, "k").await;
    let id = id(&world).await;
    let given_up = |since| Resend::GivenUp {
        merchant_id: world.merchant_id,
        since,
        limit: 10,
    };
    let off = "with off as (update merchants set endpoint_disabled_at = now(), endpoint_disabled_reason = 'gone' returning 1)
               select count(*) from off";
    world.count(off).await;
    let refused = resend(&world, given_up(None)).await;
    assert_eq!(
        (refused.no_endpoint, refused.resent.len()),
        (Some(world.merchant_id), 0)
    );
    wait_for_status(&world, "exhausted").await;
    let on = "with back as (update merchants set endpoint_disabled_at = null, endpoint_disabled_reason = null returning 1)
              select count(*) from back";
    world.count(on).await;
    assert!(resend(&world, given_up(Some(now()))).await.resent.is_empty());
    assert_eq!(resend(&world, given_up(None)).await.resent, [id]);
    wait_for_status(&world, "delivered").await;
    assert!(resend(&world, given_up(None)).await.resent.is_empty());
    let nobody = NotificationId::from_uuid(uuid::Uuid::nil());
    assert_eq!(
        resend(&world, Resend::These(vec![nobody])).await.unknown,
        [nobody]
    );

    let health = world
        .store
        .endpoint_health(Some(world.merchant_id), now())
        .await
        .unwrap();
    let [health] = &health[..] else {
        panic!("{health:?}")
    };
    assert_eq!((health.last_hour, health.last_day), ((1, 2), (1, 2)));
    assert_eq!((health.waiting, health.held, health.given_up), (0, 0, 0));
    assert!(health.last_success_at > health.last_failure_at && health.last_failure_at.is_some());
    assert_eq!(health.last_failure.as_deref(), Some("it answered 500"));
    world.close().await;
}
