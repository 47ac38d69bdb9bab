//! A provider that does not answer is left alone, and its jobs wait without using up tries.

use std::time::Duration;

use channels::{ContainmentConfig, Credentials};
use domain::{
    channel::{Channel, Flow},
    currency::Currency,
    money::Money,
    payment::{PaymentRequest, PaymentStatus},
    secret::Secret,
};
use serde_json::{Value, json};

use crate::support::{World, now, request, world_with};

const OPENING: &str = "POST /v1/payment_intents";

#[tokio::test(flavor = "multi_thread")]
async fn an_open_circuit_puts_jobs_off_and_they_go_on_when_it_closes() {
    let world = world_with(|config| {
        config.channels.containment.open_for = Duration::from_millis(300);
    })
    .await;
    // Enough to open the circuit, and then some for the calls that find out.
    world.fault(OPENING, "reset_before", json!({ "times": 14 })).await;
    let jobs: Vec<_> = (0..12)
        .map(|number| world.job(&format!("k{number}"), request(None)))
        .collect();
    for job in &jobs {
        world.publish(job).await;
    }
    for job in &jobs {
        world
            .wait_for(job.payment_id(), PaymentStatus::RequiresAction)
            .await;
    }
    assert_eq!(world.intents().await.len(), jobs.len());
    let parked = "select count(*) from job_failures where disposition = 'dead_letter'";
    assert_eq!(world.count(parked).await, 0, "no job has used up its tries");
    let kept_back = "select count(*) from payment_records where outcome = 'not_done'
                     and error like '%the circuit is open%'";
    assert!(
        world.count(kept_back).await > 0,
        "some calls were not made while the circuit was open"
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_circuit_is_told_to_everybody_until_it_closes() {
    let world = world_with(|config| {
        config.channels.containment.open_for = Duration::from_secs(5);
    })
    .await;
    world.fault(OPENING, "reset_before", json!({ "times": 10 })).await;
    for number in 0..12 {
        world
            .publish(&world.job(&format!("k{number}"), request(None)))
            .await;
    }
    let shut = async || {
        let shut = world.store.shut_circuits(now()).await.unwrap();
        shut.into_iter()
            .map(|circuit| (circuit.channel, circuit.calls, circuit.processes))
            .collect::<Vec<_>>()
    };
    let stripe = ("stripe".to_owned(), "changes".to_owned(), 1);
    world.wait_until(vec![stripe], shut).await;
    world.wait_until(vec![], shut).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_beyond_the_limit_are_not_made_and_cost_no_try() {
    let world = world_with(|config| {
        // A call that waits for its place has less time left.
        config.channels.timeout = Duration::from_secs(2);
        config.channels.containment = ContainmentConfig {
            calls_at_once: 1,
            open_for: Duration::from_secs(5),
        };
    })
    .await;
    world
        .fault(OPENING, "slow", json!({ "delay_ms": 300, "times": 3 }))
        .await;
    let jobs: Vec<_> = (0..6)
        .map(|number| world.job(&format!("k{number}"), request(None)))
        .collect();
    for job in &jobs {
        world.publish(job).await;
    }
    for job in &jobs {
        world
            .wait_for(job.payment_id(), PaymentStatus::RequiresAction)
            .await;
    }
    assert_eq!(world.intents().await.len(), jobs.len());
    assert_eq!(world.count("select count(*) from job_failures").await, 0);
    let kept_back = "select count(*) from payment_records where outcome = 'not_done'
                     and error like '%as many calls%'";
    assert!(world.count(kept_back).await > 0, "some calls had to wait");
    world.close().await;
}

/// Sets the merchant up for Alipay, with the throw-away keys of the official libraries' cases.
async fn open_account(world: &World) {
    let keys: Value = serde_json::from_str(include_str!(
        "../../../adapters/channels/tests/fixtures/alipay.json"
    ))
    .unwrap();
    let fields = json!({
        "app_id": "2021000000000001",
        "seller_id": "2088000000000001",
        "private_key": keys["merchant_key"]["pkcs1"],
        "alipay_public_keys": [keys["alipay_key"]["spki"]],
    });
    let alipay = Credentials::read(Channel::Alipay, &Secret::new(fields.to_string())).unwrap();
    let json = alipay.to_json().unwrap();
    let set = world.store.set_credentials(
        world.merchant_id,
        Channel::Alipay,
        &json,
        store::Doing::by("test", now()),
    );
    set.await.unwrap();
}

fn through_alipay(flow: Flow) -> PaymentRequest {
    PaymentRequest {
        channel: Some(Channel::Alipay),
        flow: Some(flow),
        ..PaymentRequest::of(Money {
            amount_minor: 8_888,
            currency: Currency::CNY,
        })
    }
}

/// Nobody has to ask Alipay for a page: it is signed here.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_opened_without_a_request_does_not_wait_for_a_circuit() {
    let world = world_with(|config| {
        config.channels.alipay_gateway = "http://127.0.0.1:9/gateway.do".into();
        config.channels.containment.open_for = Duration::from_secs(60);
    })
    .await;
    open_account(&world).await;
    for number in 0..12 {
        let code = world.job(&format!("code{number}"), through_alipay(Flow::QrCode));
        world.publish(&code).await;
    }
    let is_kept_back = "select count(distinct true) from payment_records
                        where error like '%the circuit is open%'";
    world
        .wait_until(1, async || world.count(is_kept_back).await)
        .await;
    let page = world.job("page", through_alipay(Flow::Web));
    world.publish(&page).await;
    world
        .wait_for(page.payment_id(), PaymentStatus::RequiresAction)
        .await;
    world.close().await;
}
