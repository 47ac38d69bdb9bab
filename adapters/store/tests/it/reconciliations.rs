//! How the comparisons with the providers' statements stand.

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::{channel::Channel, secret::Secret};
use store::{Doing, Finding};

use crate::support::{World, at, world};

const FIRST: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 2).unwrap();
const LAST: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 4).unwrap();

fn end_of(day: NaiveDate) -> DateTime<Utc> {
    (day + Days::new(1)).and_hms_opt(0, 0, 0).unwrap().and_utc()
}

impl World {
    /// Compares a day at this moment; nothing is found.
    async fn compared(&self, day: NaiveDate, begun_at: DateTime<Utc>) {
        let begun = self
            .store
            .begin_reconciliation(self.merchant_id, Channel::Stripe, day, "test", begun_at);
        let job = begun.await.unwrap();
        let finding = Finding {
            job,
            entries: 0,
            matched: 0,
            differences: vec![],
            fees: vec![],
            at: begun_at,
        };
        assert!(self.store.finish_reconciliation(&finding).await.unwrap());
    }

    async fn waiting_since(&self) -> Option<DateTime<Utc>> {
        let overview = self
            .store
            .reconciliation_overview(&[Channel::Stripe], FIRST, LAST)
            .await
            .unwrap();
        overview[0].waiting_since
    }
}

#[tokio::test]
async fn a_day_stays_in_sight_until_it_was_compared_when_it_was_over() {
    let world = world().await;
    let credentials = Secret::new("{}");
    world
        .store
        .set_credentials(
            world.merchant_id,
            Channel::Stripe,
            &credentials,
            Doing::by("test", at(0)),
        )
        .await
        .unwrap();
    let second = FIRST + Days::new(1);
    assert_eq!(world.waiting_since().await, Some(end_of(FIRST)));

    // Later days do not stand for it, nor does a look at it before it was over.
    world.compared(second, end_of(second)).await;
    world.compared(FIRST, end_of(FIRST) - Days::new(1)).await;
    assert_eq!(world.waiting_since().await, Some(end_of(FIRST)));

    world.compared(FIRST, end_of(LAST)).await;
    assert_eq!(world.waiting_since().await, Some(end_of(LAST)));
    world.compared(LAST, end_of(LAST)).await;
    assert_eq!(world.waiting_since().await, None);
}

/// The others have no statements that could be compared.
#[tokio::test]
async fn only_the_channels_that_are_asked_for_are_due() {
    let world = world().await;
    let credentials = Secret::new("{}");
    for channel in [Channel::Stripe, Channel::Alipay] {
        let set =
            world
                .store
                .set_credentials(world.merchant_id, channel, &credentials, Doing::by("test", at(0)));
        set.await.unwrap();
    }
    let (stating, now) = ([Channel::Stripe], end_of(LAST));
    let begin = async || {
        let begun = world
            .store
            .begin_due_reconciliations(&stating, FIRST, LAST, 10, now);
        begun.await.unwrap()
    };
    assert_eq!((begin().await, begin().await), (3, 0));
    let overview = world
        .store
        .reconciliation_overview(&stating, FIRST, LAST)
        .await
        .unwrap();
    let seen: Vec<&str> = overview.iter().map(|about| &*about.channel).collect();
    assert_eq!(seen, ["stripe"]);
}
