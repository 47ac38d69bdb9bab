//! RabbitMQ that answers and refuses: queues that are gone, full, or may not be written to. What cannot be kept is not
//! accepted, what was decided waits in the outbox, and all goes on by itself.

use broker::testing::Management;
use e2e::Answer;
use serde_json::{Value, json};

use crate::harness::{Sluice, until};

fn order() -> Value {
    json!({ "amount": 1999, "currency": "EUR" })
}

fn assert_refused(answer: &Answer) {
    assert_eq!(
        (answer.status, answer.problem()),
        (503, "/problems/broker-unavailable"),
        "{}",
        answer.body
    );
    assert!(!answer.header("retry-after").is_empty(), "no Retry-After");
}

/// Whether the user may put queues back that are gone, and whether it may publish.
async fn allow(sluice: &Sluice, configure: &str, write: &str) {
    let rights = json!({ "configure": configure, "write": write, "read": ".*" });
    let path = format!("permissions/{{vhost}}/{}", sluice.vhost.user());
    management(sluice).put(&path, rights).await;
}

fn management(sluice: &Sluice) -> &Management {
    sluice.vhost.management()
}

async fn workers_say(sluice: &Sluice) -> String {
    let url = format!("http://{}/readyz", sluice.workers_internal);
    sluice
        .world
        .http
        .get(url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap()
}

async fn waiting(sluice: &Sluice) -> i64 {
    sluice.count("select count(*) from outbox").await
}

#[tokio::test(flavor = "multi_thread")]
async fn while_queues_are_gone_nothing_is_accepted_and_the_outbox_keeps_what_was_decided() {
    let sluice = Sluice::start().await;
    let scene = sluice.scene("no-queues").await;
    let (payment, intent) = scene.payable(&order()).await.unwrap();
    allow(&sluice, "^$", ".*").await;
    for queue in ["jobs.create_intent", "jobs.notify_merchant"] {
        management(&sluice)
            .delete(&format!("queues/{{vhost}}/{queue}"))
            .await;
    }
    let not_consuming = async || {
        let lines = workers_say(&sluice).await;
        ["create_intent", "notify_merchant"]
            .iter()
            .all(|kind| lines.contains(&format!("\"{kind}\":\"not consuming\"")))
    };
    assert!(until(true, not_consuming).await, "{}", workers_say(&sluice).await);
    assert_refused(&scene.merchant.api.create("order-1", &order()).await.unwrap());
    // The queue of callbacks is there, so the payment is paid, but its notification has nowhere to go.
    assert_eq!(scene.pay(&intent, "pm_card_visa").await.unwrap(), "succeeded");
    let paid = scene.payment_until(&payment, "succeeded").await.unwrap();
    assert_eq!(paid.text("/status"), "succeeded", "{}", paid.body);
    assert_eq!(until(1, async || waiting(&sluice).await).await, 1);

    allow(&sluice, ".*", ".*").await;
    let told = scene.told_until(&payment, 1).await.unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(until(0, async || waiting(&sluice).await).await, 0);
    let accepted = async || {
        scene
            .merchant
            .api
            .create("order-1", &order())
            .await
            .unwrap()
            .status
    };
    assert_eq!(until(202, accepted).await, 202);
    sluice.stop().await;
}

/// The broker closes every channel that somebody publishes on.
#[tokio::test(flavor = "multi_thread")]
async fn while_nothing_may_be_published_jobs_stay_where_they_are() {
    let sluice = Sluice::start().await;
    let scene = sluice.scene("no-rights").await;
    let (payment, intent) = scene.payable(&order()).await.unwrap();
    allow(&sluice, ".*", "^$").await;
    // A channel remembers the rights that it has used.
    sluice.vhost.close_connections().await;
    sluice.until_ready(503).await;
    sluice.until_ready(200).await;
    assert_refused(&scene.merchant.api.create("order-1", &order()).await.unwrap());
    assert_refused(
        &scene
            .merchant
            .api
            .create_and_wait("order-1", &order(), 5)
            .await
            .unwrap(),
    );
    assert_eq!(scene.pay(&intent, "pm_card_visa").await.unwrap(), "succeeded");
    assert_eq!(scene.paid_callbacks(1).await.unwrap()[0].status, Some(503));

    allow(&sluice, ".*", ".*").await;
    let told = scene.told_in_the_end(&payment, 1).await.unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    let accepted = async || {
        scene
            .merchant
            .api
            .create("order-1", &order())
            .await
            .unwrap()
            .status
    };
    assert_eq!(until(202, accepted).await, 202);
    sluice.stop().await;
}

/// What was accepted until the queue was full is done; what was refused was not kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_takes_no_payment_and_loses_none() {
    let mut sluice = Sluice::start().await;
    let merchant = sluice.world.merchant("full").await.unwrap();
    sluice.stop_workers().await;
    let full = json!({ "max-length": 1, "overflow": "reject-publish" });
    let policy = json!({ "pattern": "^jobs\\.create_intent$", "definition": full, "apply-to": "queues" });
    management(&sluice).put("policies/{vhost}/full", policy).await;
    let mut accepted = Vec::new();
    let refused = loop {
        let answer = merchant
            .api
            .create(&format!("order-{}", accepted.len()), &order())
            .await
            .unwrap();
        if answer.status != 202 {
            break answer;
        }
        accepted.push(answer.text("/id").to_owned());
        assert!(accepted.len() < 1_000, "a queue without a bottom");
    };
    assert_refused(&refused);
    assert!(!accepted.is_empty(), "it was full from the beginning");

    sluice.start_workers().await;
    let again = async || {
        let key = format!("order-{}", accepted.len());
        merchant.api.create(&key, &order()).await.unwrap().status
    };
    assert_eq!(until(202, again).await, 202);
    let open = async || {
        sluice
            .count("select count(*) from payments where status = 'requires_action'")
            .await
    };
    let expected = accepted.len() as i64 + 1;
    assert_eq!(until(expected, open).await, expected);
    assert_eq!(sluice.count("select count(*) from payments").await, expected);
    sluice.stop().await;
}

/// Said honestly: who deletes a queue takes the jobs in it, and what was accepted and not begun is known to nobody else.
/// The merchant asks for the payment, is told that there is none, and repeats the request under the same key.
#[tokio::test(flavor = "multi_thread")]
async fn a_queue_deleted_with_jobs_in_it_takes_them_and_the_same_key_brings_them_back() {
    let mut sluice = Sluice::start().await;
    let merchant = sluice.world.merchant("deleted").await.unwrap();
    sluice.stop_workers().await;
    let accepted = merchant.api.create("order-1", &order()).await.unwrap();
    assert_eq!(accepted.status, 202);
    management(&sluice)
        .delete("queues/{vhost}/jobs.create_intent")
        .await;
    sluice.start_workers().await;
    let payment = accepted.text("/id");
    assert_eq!(merchant.api.payment(payment).await.unwrap().status, 404);
    let again = async || {
        merchant
            .api
            .create_and_wait("order-1", &order(), 20)
            .await
            .unwrap()
            .text("/id")
            .to_owned()
    };
    assert_eq!(until(payment.to_owned(), again).await, payment);
    let open = async || {
        merchant
            .api
            .payment(payment)
            .await
            .unwrap()
            .text("/status")
            .to_owned()
    };
    assert_eq!(until("requires_action".to_owned(), open).await, "requires_action");
    assert_eq!(
        sluice
            .world
            .sandbox
            .intents(&merchant.account)
            .await
            .unwrap()
            .len(),
        1
    );
    sluice.stop().await;
}
