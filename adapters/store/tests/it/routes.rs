//! Merchants' routes, and payments that move on.

use domain::{
    channel::{Channel, Exchange, Method, Operation},
    currency::Currency,
    id::{MerchantId, RouteId},
    merchant::Terms,
    payment::Payment,
    routing::{Choice, Decision, Route, Routing},
    secret::Secret,
};
use store::{Doing, ExchangeRecord, MerchantSetup, Record, StoreError, Verdict};

use crate::support::{World, at, seen, world};

fn route(merchant_id: MerchantId, channel: Channel) -> Route {
    Route {
        id: RouteId::random(),
        merchant_id,
        channel,
        method: Some(Method::Card),
        flow: None,
        currency: Some(Currency::EUR),
        min_amount_minor: Some(100),
        max_amount_minor: Some(50_000),
        country: Some("DE".into()),
        priority: 2,
        weight: 30,
        enabled: true,
    }
}

/// A payment that goes to Stripe, and to PayPal when that does nothing.
fn ordered(world: &World, key: &str) -> Payment {
    let order = [Channel::Stripe, Channel::Paypal].map(|channel| Choice {
        channel,
        method: None,
        flow: None,
        route: None,
    });
    let decision = Decision {
        order: order.to_vec(),
        considered: Vec::new(),
    };
    Payment {
        routing: Some(Routing::from(decision)),
        ..world.payment(key)
    }
}

fn said(payment: &Payment, operation: Operation, outcome: &'static str) -> ExchangeRecord {
    ExchangeRecord {
        payment_id: payment.id,
        channel: payment.channel,
        job_id: "job".into(),
        attempt: 1,
        exchange: Exchange {
            operation,
            outcome,
            intent_id: None,
            error: None,
            duration_ms: 1,
        },
        at: at(10),
    }
}

#[tokio::test]
async fn a_route_is_added_changed_listed_and_removed_and_it_is_written_down() {
    let world = world().await;
    let (store, merchant) = (&world.store, world.merchant_id);
    let route = route(merchant, Channel::Stripe);
    store.add_route(&route, Doing::by("ada", at(1))).await.unwrap();
    assert_eq!(store.route(route.id).await.unwrap(), Some(route.clone()));
    let changed = Route {
        channel: Channel::Paypal,
        method: None,
        enabled: false,
        ..route.clone()
    };
    let change = |read: Route| {
        assert_eq!(read, route);
        Ok::<_, StoreError>(changed.clone())
    };
    let set = store
        .change_route(route.id, change, Doing::by("ada", at(2)))
        .await;
    assert_eq!(set.unwrap().as_ref(), Some(&changed));
    assert_eq!(
        store.routes(merchant).await.unwrap(),
        std::slice::from_ref(&changed)
    );
    assert!(
        !store.add_route(&changed, Doing::by("ada", at(3))).await.unwrap(),
        "there is one of this id"
    );
    assert!(
        store
            .remove_route(route.id, Doing::by("ada", at(4)))
            .await
            .unwrap()
    );
    let again = store
        .change_route(route.id, Ok::<_, StoreError>, Doing::by("ada", at(5)))
        .await;
    assert_eq!(again.unwrap(), None, "what was removed does not come back");
    assert!(
        !store
            .remove_route(route.id, Doing::by("ada", at(5)))
            .await
            .unwrap()
    );
    let select = "select action || ' ' || (subject like '%rte_%') from audit_log where action like 'route.%' order by id";
    let audit: Vec<String> = sqlx::query_scalar(select)
        .fetch_all(&mut world.owner().await)
        .await
        .unwrap();
    assert_eq!(audit, ["route.set true", "route.set true", "route.remove true"]);
}

#[tokio::test]
async fn one_question_gives_all_that_a_decision_needs() {
    let world = world().await;
    let (store, merchant) = (&world.store, world.merchant_id);
    let nothing = store.setup(MerchantId::random()).await.unwrap();
    assert_eq!(nothing, MerchantSetup::default());
    assert_eq!(store.setup(merchant).await.unwrap(), nothing);
    let route = route(merchant, Channel::Stripe);
    store.add_route(&route, Doing::by("ada", at(1))).await.unwrap();
    let credentials = Secret::new("{}");
    let set = store.set_credentials(merchant, Channel::Wechat, &credentials, Doing::by("ada", at(7)));
    set.await.unwrap();
    let expected = MerchantSetup {
        terms: Terms::default(),
        configured: vec![Channel::Wechat],
        routes: vec![route],
    };
    assert_eq!(store.setup(merchant).await.unwrap(), expected);
    let channels = store.configured_channels(merchant).await.unwrap();
    assert_eq!(
        (channels[0].channel, channels[0].updated_at),
        (Channel::Wechat, at(7))
    );
}

#[tokio::test]
async fn the_schema_refuses_what_no_route_can_say() {
    let world = world().await;
    let good = route(world.merchant_id, Channel::Stripe);
    let bad: [fn(&mut Route); 5] = [
        |r| r.priority = 0,
        |r| r.weight = 1001,
        |r| r.max_amount_minor = Some(99),
        |r| r.currency = None,
        |r| r.country = Some("de".into()),
    ];
    for change in bad {
        let mut changed = good.clone();
        change(&mut changed);
        assert!(changed.validate().is_err(), "{changed:?}");
        assert!(
            world
                .store
                .add_route(&changed, Doing::by("ada", at(1)))
                .await
                .is_err(),
            "{changed:?}"
        );
    }
    world
        .store
        .add_route(&good, Doing::by("ada", at(1)))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_payment_moves_on_once_with_its_reason_and_keeps_its_channel_once_it_has_an_intent() {
    let world = world().await;
    let new = ordered(&world, "k");
    let record = Record {
        new_payment: Some(new.clone()),
        ..Record::default()
    };
    assert_eq!(world.write(record).await, Verdict::Written);
    let stored = world.store.payment(new.id).await.unwrap().unwrap();
    assert_eq!(stored.routing, new.routing);

    let moved = stored.on_next_channel("not done", at(10)).unwrap();
    assert_eq!(world.change(&moved).await, Verdict::Written);
    assert_eq!(
        world.change(&moved).await,
        Verdict::Stale,
        "two that move it move it once"
    );
    let after = world.store.payment(new.id).await.unwrap().unwrap();
    assert_eq!((after.channel, &after.routing), (Channel::Paypal, &moved.routing));
    assert_eq!(after.on_next_channel("not done", at(11)), None);

    let opened = seen(after, domain::channel::IntentStatus::RequiresAction).payment;
    assert_eq!(world.change(&opened).await, Verdict::Written);
    let opened = world.store.payment(new.id).await.unwrap().unwrap();
    assert_eq!(opened.routing, moved.routing, "changes of another kind leave it");
    let back = Payment {
        channel: Channel::Stripe,
        ..opened
    };
    let record = Record {
        payment: Some(back),
        ..Record::default()
    };
    assert!(world.recorder.write(record).await.is_err());
}

#[tokio::test]
async fn calls_of_every_channel_count_as_open_and_only_those_of_the_present_one_as_made() {
    let world = world().await;
    let new = ordered(&world, "k");
    let record = Record {
        new_payment: Some(new.clone()),
        exchanges: vec![said(&new, Operation::CreateIntent, "not_done")],
        ..Record::default()
    };
    assert_eq!(world.write(record).await, Verdict::Written);
    assert_eq!(world.store.open_call(&new).await.unwrap(), None);
    let record = Record {
        exchanges: vec![said(&new, Operation::CreateIntent, "started")],
        ..Record::default()
    };
    assert_eq!(world.write(record).await, Verdict::Written);
    let moved = new.on_next_channel("not done", at(10)).unwrap();
    assert_eq!(world.store.open_call(&moved).await.unwrap(), Some(at(10)));
    assert!(world.store.has_called(&new, "job", 1).await.unwrap());
    assert!(!world.store.has_called(&moved, "job", 1).await.unwrap());
}
