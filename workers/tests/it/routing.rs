//! Where payments go: the merchant's routes, and the next channel when one has surely done nothing.

use std::time::Duration;

use domain::{
    channel::{Channel, Method, Operation},
    id::{MerchantId, RouteId},
    payment::{NextStep, Payment, PaymentRequest, PaymentStatus},
    routing::{Choice, Decision, Route, Routing, Verdict},
};
use serde_json::json;

use crate::{
    paypal::ORDERING,
    support::{World, now, request, world, world_with},
};

const OPENING: &str = "POST /v1/payment_intents";

/// A route of this merchant to a channel.
fn route(merchant_id: MerchantId, channel: Channel) -> Route {
    Route {
        id: RouteId::random(),
        merchant_id,
        channel,
        method: None,
        flow: None,
        currency: None,
        min_amount_minor: None,
        max_amount_minor: None,
        country: None,
        priority: 1,
        weight: 1,
        enabled: true,
    }
}

/// What Stripe charges at once, and PayPal takes as well.
fn for_both() -> PaymentRequest {
    PaymentRequest {
        return_url: Some("https://shop.example/back".into()),
        ..request(Some("pm_card_visa"))
    }
}

/// A payment that was stored with this order, as if its job had died just then.
async fn ordered(world: &World, name: &str, order: &[Channel]) -> Payment {
    let choices = order.iter().map(|channel| Choice {
        channel: *channel,
        method: None,
        flow: None,
        route: None,
    });
    let decision = Decision {
        order: choices.collect(),
        considered: Vec::new(),
    };
    let job = world.job(name, for_both());
    let first = order.first().copied().unwrap_or(Channel::Stripe);
    let terms = domain::merchant::Terms::default();
    let payment = Payment {
        routing: Some(Routing::from(decision)),
        ..Payment::new(
            job.merchant_id,
            job.idempotency_key,
            job.request,
            first,
            &terms,
            now(),
        )
    };
    world.store_new(&payment).await;
    payment
}

/// Writes down that the call which storing the payment had begun did nothing.
pub async fn nothing_was_sent(world: &World, payment: &Payment) {
    world
        .note(
            payment,
            "job_that_died",
            Operation::CreateIntent,
            "not_done",
            chrono::TimeDelta::zero(),
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_without_routes_is_paid_as_before_and_the_decision_is_recorded() {
    let world = world().await;
    let job = world.job("k", request(Some("pm_card_visa")));
    world.publish(&job).await;
    let payment = world.wait_for(job.payment_id(), PaymentStatus::Succeeded).await;
    let routing = payment.routing.unwrap();
    assert_eq!(routing.decision.order.len(), 1);
    assert_eq!(routing.decision.order[0].channel, Channel::Stripe);
    assert_eq!(routing.decision.considered[0].verdict, Verdict::Chosen);
    assert_eq!(routing.failovers, []);
    let spoken: Vec<String> = world
        .query("select array_agg(distinct channel) from payment_records")
        .await;
    assert_eq!(spoken, ["stripe"]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_says_how_it_is_paid_and_one_that_does_not_match_says_why() {
    let world = world().await;
    let by_card = Route {
        method: Some(Method::Card),
        ..route(world.merchant_id, Channel::Stripe)
    };
    world
        .store
        .add_route(&by_card, store::Doing::by("test", now()))
        .await
        .unwrap();
    let job = world.job("card", request(None));
    world.publish(&job).await;
    let payment = world
        .wait_for(job.payment_id(), PaymentStatus::RequiresAction)
        .await;
    assert_eq!(payment.method(), Some(Method::Card));
    assert_eq!(payment.choice().unwrap().route, Some(by_card.id));

    let disable = |route| {
        Ok::<_, store::StoreError>(Route {
            enabled: false,
            ..route
        })
    };
    let disabled = world
        .store
        .change_route(by_card.id, disable, store::Doing::by("test", now()));
    assert!(disabled.await.unwrap().is_some());
    let job = world.job("nowhere", request(None));
    world.publish(&job).await;
    let payment = world.wait_for(job.payment_id(), PaymentStatus::Failed).await;
    assert_eq!(payment.failure.unwrap().next_step, NextStep::ContactMerchant);
    let parked = world.parked("create_intent").await;
    assert!(parked.to_string().contains("is disabled"), "{parked}");
    assert_eq!(world.intents().await.len(), 1, "nothing was sent for the second");
    world.close().await;
}

/// The merchant has no credentials for the first, so nothing can have been charged there.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_moves_on_from_a_dead_channel_and_is_charged_once() {
    runtime::telemetry::install_recorder().unwrap();
    let world = world().await;
    let stored = ordered(&world, "k", &[Channel::Paypal, Channel::Stripe]).await;
    nothing_was_sent(&world, &stored).await;
    let job = world.job("k", for_both());
    world.publish(&job).await;
    let payment = world.wait_for(stored.id, PaymentStatus::Succeeded).await;
    assert_eq!(payment.channel, Channel::Stripe);
    let failovers = payment.routing.unwrap().failovers;
    assert_eq!(failovers.len(), 1);
    assert_eq!(
        (failovers[0].from, failovers[0].to),
        (Channel::Paypal, Channel::Stripe)
    );
    assert!(
        failovers[0].why.contains("no credentials for paypal"),
        "{failovers:?}"
    );
    assert_eq!(world.intents().await.len(), 1);
    world.publish(&job).await;
    world.publish(&job).await;
    world
        .wait_until(3, async || world.ended("create_intent", "done"))
        .await;
    assert_eq!(world.intents().await.len(), 1, "a repeat finds it paid");
    assert_eq!(world.count("select count(*) from job_failures").await, 0);
    world.close().await;
}

/// The provider of the first refuses everything: its credentials are there, the channel can do nothing with them.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_moves_a_payment_on_and_a_decline_does_not() {
    let world = world().await;
    world.fault(OPENING, "error", json!({ "status": 400 })).await;
    let stored = ordered(&world, "refused", &[Channel::Stripe, Channel::Paypal]).await;
    nothing_was_sent(&world, &stored).await;
    world.publish(&world.job("refused", for_both())).await;
    let payment = world.wait_for(stored.id, PaymentStatus::Failed).await;
    assert_eq!(
        payment.channel,
        Channel::Paypal,
        "and there it has no credentials"
    );
    assert_eq!(payment.routing.unwrap().failovers.len(), 1);
    world.mend_provider().await;

    let declined = "pm_card_chargeDeclinedInsufficientFunds";
    let job = world.job("declined", request(Some(declined)));
    let mut stored = ordered(&world, "unused", &[Channel::Stripe, Channel::Paypal]).await;
    stored.id = job.payment_id();
    stored.idempotency_key = job.idempotency_key.clone();
    stored.fingerprint = job.request.fingerprint();
    stored.request = job.request.clone();
    world.store_new(&stored).await;
    world.publish(&job).await;
    let payment = world.wait_for(stored.id, PaymentStatus::Failed).await;
    assert_eq!(payment.channel, Channel::Stripe);
    assert_eq!(payment.failure.unwrap().code, "insufficient_funds");
    assert_eq!(payment.routing.unwrap().failovers, []);
    world.close().await;
}

/// The answer of the first call is lost, and the channel refuses the second: the payment stays, as the first may have
/// charged it. So it has, and is found.
#[tokio::test(flavor = "multi_thread")]
async fn while_a_call_has_no_known_end_a_payment_stays() {
    let world = world().await;
    let stored = ordered(&world, "k", &[Channel::Stripe, Channel::Paypal]).await;
    nothing_was_sent(&world, &stored).await;
    world.fault(OPENING, "hang_after", json!({ "times": 1 })).await;
    world.publish(&world.job("k", for_both())).await;
    let payment = world.wait_for(stored.id, PaymentStatus::Succeeded).await;
    assert_eq!(payment.channel, Channel::Stripe);
    assert_eq!(payment.routing.unwrap().failovers, []);
    assert_eq!(world.intents().await.len(), 1);
    world.close().await;
}

/// A payment that is on its channel because a run died there, its call without a known end, is never moved.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_a_dead_run_has_begun_forbids_the_next_channel() {
    let world = world().await;
    let stored = ordered(&world, "k", &[Channel::Paypal, Channel::Stripe]).await;
    world.publish(&world.job("k", for_both())).await;
    let payment = world.wait_for(stored.id, PaymentStatus::NeedsReview).await;
    assert_eq!(payment.channel, Channel::Paypal);
    assert_eq!(world.intents().await.len(), 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_job_says_of_the_payer_is_stored_sealed() {
    let world = world().await;
    let mut job = world.job("k", request(None));
    let payer = json!({"ip": "192.0.2.77", "openid": "oUpF8"});
    job.request.payer = Some(serde_json::from_value(payer).unwrap());
    world.publish(&job).await;
    world
        .wait_for(job.payment_id(), PaymentStatus::RequiresAction)
        .await;
    let stored: serde_json::Value = world.query("select request from payments").await;
    let sealed = stored["payer"].as_str().unwrap();
    assert!(!stored.to_string().contains("192.0.2.77"), "{stored}");
    let place = domain::payment::Payer::place(job.payment_id());
    let opened = world.store.vault().open_text(&place, sealed).unwrap();
    assert!(String::from_utf8(opened).unwrap().contains("192.0.2.77"));
    world.close().await;
}

/// A payment that PayPal cannot do anything about and that Stripe charges, though the merchant is set up for both: `end` is
/// what came of the call to PayPal.
async fn leaves_paypal(world: World, end: &str) {
    let stored = ordered(&world, "k", &[Channel::Paypal, Channel::Stripe]).await;
    nothing_was_sent(&world, &stored).await;
    world.publish(&world.job("k", for_both())).await;
    let payment = world.wait_for(stored.id, PaymentStatus::Succeeded).await;
    assert_eq!(payment.channel, Channel::Stripe);
    let calls = "select array_agg(channel || ':' || outcome order by id) from payment_records";
    let calls: Vec<String> = world.query(calls).await;
    let expected = [
        "paypal:not_done",
        "paypal:started",
        end,
        "stripe:started",
        "stripe:ok",
    ];
    assert_eq!(calls, expected);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_refuses_its_credentials_is_left() {
    let world = world().await;
    world.open_paypal().await;
    world.set_paypal_secret("another").await;
    leaves_paypal(world, "paypal:refused").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_limits_its_calls_is_left() {
    let world = world().await;
    world.open_paypal().await;
    world.fault(ORDERING, "rate_limit", json!({})).await;
    leaves_paypal(world, "paypal:not_done").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_cannot_be_reached_is_left() {
    let nobody = "http://127.0.0.1:1".to_owned();
    let world = world_with(|config| config.channels.paypal_api_base = nobody).await;
    world.open_paypal().await;
    leaves_paypal(world, "paypal:not_done").await;
}

/// The first channel is well; it is we who do not ask it for more at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_our_own_moves_no_payment_on() {
    let world = world_with(|config| {
        config.channels.timeout = Duration::from_secs(5);
        config.channels.containment.calls_at_once = 1;
    })
    .await;
    world.open_paypal().await;
    let slow = json!({ "delay_ms": 700, "times": 2 });
    world.fault(OPENING, "slow", slow).await;
    let names = ["a", "b", "c"];
    for name in names {
        let stored = ordered(&world, name, &[Channel::Stripe, Channel::Paypal]).await;
        nothing_was_sent(&world, &stored).await;
        world.publish(&world.job(name, for_both())).await;
    }
    for name in names {
        let id = world.job(name, for_both()).payment_id();
        let payment = world.wait_for(id, PaymentStatus::Succeeded).await;
        assert_eq!(payment.channel, Channel::Stripe, "{name}");
    }
    let waited =
        "select count(*) from payment_records where outcome = 'not_done' and error like '%as many calls%'";
    assert!(world.count(waited).await > 0, "some had to wait");
    world.close().await;
}

/// Another run has concluded that nothing is to be expected of the first channel; then its answer comes. The payer may find
/// two things to pay, so people have to look.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_a_channel_that_was_left_is_for_people() {
    let world = world_with(|config| config.channels.timeout = Duration::from_secs(5)).await;
    let stored = ordered(&world, "k", &[Channel::Stripe, Channel::Paypal]).await;
    nothing_was_sent(&world, &stored).await;
    let slow = json!({ "delay_ms": 2_000, "times": 1 });
    world.fault(OPENING, "slow", slow).await;
    world.publish(&world.job("k", for_both())).await;
    world.wait_until(1, async || world.called(OPENING).await).await;
    let left = world.now_is(&stored).await.on_next_channel("it is silent", now());
    world.change(&left.unwrap()).await;
    let parked = world.parked("create_intent").await;
    assert_eq!(parked["properties"]["headers"]["error_class"], "mismatch");
    let payment = world.now_is(&stored).await;
    assert_eq!((payment.channel, payment.intent_id), (Channel::Paypal, None));
    let late = "select count(*) from payment_records where outcome = 'late' and channel = 'stripe'";
    assert_eq!(world.count(late).await, 1);
    world.close().await;
}

/// The worker that stored it died before it could say that nothing was sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_can_go_nowhere_fails_whoever_stored_it() {
    let world = world().await;
    let stored = ordered(&world, "k", &[]).await;
    world.publish(&world.job("k", for_both())).await;
    let payment = world.wait_for(stored.id, PaymentStatus::Failed).await;
    assert_eq!(payment.failure.unwrap().code, "not_configured");
    assert_eq!(world.calls().await, Vec::<String>::new());
    world.close().await;
}
