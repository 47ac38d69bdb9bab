//! The outbox: every message leaves at least once, and two relays do not take the same one.

use domain::{
    job::{Envelope, NotifyMerchant},
    notification::{Notification, NotificationType},
    trace::TraceParent,
};
use store::Record;

use crate::support::{World, at, world};

async fn with_messages(count: usize) -> World {
    let world = world().await;
    let payment = world.stored("k").await;
    let notification = Notification::about(&payment, NotificationType::PaymentSucceeded, at(5));
    let job = Envelope::new(&NotifyMerchant::from(&notification), TraceParent::root(), at(5));
    let record = Record {
        jobs: vec![job; count],
        notifications: vec![notification],
        ..Record::default()
    };
    world.write(record).await;
    world
}

#[tokio::test]
async fn what_is_confirmed_goes_and_what_is_not_stays() {
    let world = with_messages(3).await;
    let batch = world.store.claim_outbox(0, 10).await.unwrap();
    assert_eq!(batch.messages.len(), 3);
    assert!(batch.messages[0].decode::<NotifyMerchant>().is_ok());
    batch.finish(&[true, false, true]).await.unwrap();
    assert_eq!(world.store.outbox_backlog().await.unwrap(), (1, Some(at(5))));
}

#[tokio::test]
async fn two_relays_share_the_messages_and_a_dead_one_gives_them_back() {
    let world = with_messages(4).await;
    let first = world.store.claim_outbox(0, 2).await.unwrap();
    let second = world.store.claim_outbox(0, 10).await.unwrap();
    assert_eq!((first.messages.len(), second.messages.len()), (2, 2));
    drop(first);
    second.finish(&[true, true]).await.unwrap();
    let left = loop {
        let batch = world.store.claim_outbox(0, 10).await.unwrap();
        if batch.messages.len() == 2 {
            break batch;
        }
    };
    left.finish(&[true, true]).await.unwrap();
    assert_eq!(world.store.outbox_backlog().await.unwrap(), (0, None));
}
