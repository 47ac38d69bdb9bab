//! Every handler is run twice, one run after the other and two at once, from every state it may meet. The second run
//! changes nothing.
//!
//! How many jobs were handled is read from the process's metrics, so each test needs a process of its own, which nextest
//! gives it. The unit of the retry ladder is so long that nothing comes again by itself: neither a retry nor a sweep.

mod asking;
mod callbacks;
mod capturing;
mod closing;
pub mod connect;
mod orders;
mod refunds;
mod telling;
mod wallet_payments;
mod wallets;

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use chrono::TimeDelta;
use domain::{
    channel::{Channel, Intent, IntentStatus},
    clock::SystemClock,
    id::{OrderId, PaymentId},
    job::{Envelope, Job, NotifyMerchant, QueryPayment},
    notification::{Notification, NotificationType},
    payment::{Failure, Payment, PaymentEvent},
    trace::TraceParent,
};
use futures::{FutureExt, future::LocalBoxFuture, future::join_all};
use serde_json::{Value, json};
use store::Record;

use crate::support::{World, key, list, now, request, world_with};

/// The call that opens an intent.
const OPENING: &str = "POST /v1/payment_intents";
/// Longer than a call may still be at work.
const LONG_AGO: TimeDelta = TimeDelta::hours(5);

/// How many jobs follow from what is stored: what tells merchants, and what pays and refunds for orders.
const FOLLOWS: &str = "
select (select count(*) from notifications)
  + (select count(*) from order_logs where step in ('pay', 'refund', 'payment_not_wanted'))";

/// Makes a starting state for the payment of this name, and gives the job to run.
type Setup = for<'a> fn(&'a Twice, &'a str) -> LocalBoxFuture<'a, Envelope>;

/// Two processes of workers, and what was handed to them.
struct Twice {
    world: World,
    published: AtomicI64,
}

impl Twice {
    async fn start() -> Self {
        runtime::telemetry::install_recorder().unwrap();
        let mut world = world_with(|config| {
            config.broker.retry_unit = Duration::from_secs(180);
            config.channels.timeout = Duration::from_secs(3);
        })
        .await;
        world.start_workers(SystemClock).await;
        let published = AtomicI64::new(0);
        Self { world, published }
    }

    async fn play(self, cases: &[(&str, Setup)]) {
        for (number, (name, setup)) in cases.iter().enumerate() {
            let (one, two) = (format!("{number}-one"), format!("{number}-two"));
            let job = setup(&self, &one).await;
            self.deliver(&job, 1).await;
            let once = self.dump().await;
            self.deliver(&job, 1).await;
            assert_eq!(
                self.dump().await,
                once,
                "{name}: the second run changed something"
            );

            // Nor does one that people sent again after it was parked, whatever came of it.
            self.deliver(&job.replayed(), 1).await;
            assert_money_unmoved(name, &once, &self.dump().await);

            let outcome = self.outcome(&one).await;
            self.world.mend_provider().await;
            let job = setup(&self, &two).await;
            self.deliver(&job, 2).await;
            assert_eq!(self.outcome(&two).await, outcome, "{name}: two at once");
            let both = self.dump().await;
            self.deliver(&job, 1).await;
            assert_same(name, &both, &self.dump().await);
            self.world.mend_provider().await;
        }
        self.world.close().await;
    }

    /// Publishes the job so many times at once, and waits until all that follows from it is done.
    async fn deliver(&self, job: &Envelope, copies: usize) {
        self.publish(job, copies).await;
        self.rest().await;
    }

    async fn publish(&self, job: &Envelope, copies: usize) {
        join_all((0..copies).map(|_| self.world.publish_envelope(job))).await;
        self.published.fetch_add(copies as i64, Ordering::Relaxed);
    }

    /// Waits until everything that was published, and all that follows from it, is done.
    async fn rest(&self) {
        let at_rest = async || {
            let follows = self.world.count(FOLLOWS).await;
            self.published.load(Ordering::Relaxed) + follows == handled()
        };
        self.world.wait_until(true, at_rest).await;
        self.world
            .wait_until(0, async || self.world.count("select count(*) from outbox").await)
            .await;
    }

    /// Every row of every table, and the provider's books. Two things are left out, as a second run may tell them again
    /// and nothing follows from them: the exchanges with the provider, as it may be asked twice, and the moment at which
    /// a job failed last.
    async fn dump(&self) -> Value {
        let failures = "select coalesce(jsonb_agg(to_jsonb(f) - 'at' order by id), '[]') from job_failures f";
        let calls = "select count(*) from payment_records where operation = 'create_intent'";
        let refund_calls = "select count(*) from refund_records where operation = 'create_refund'";
        let told_again = [
            "payment_records",
            "refund_records",
            "connect_records",
            "job_failures",
        ];
        let mut dump = self.world.dump(&told_again).await;
        dump["job failures"] = self.world.query::<Value>(failures).await;
        dump["calls to open an intent"] = self.world.count(calls).await.into();
        dump["calls to make a refund"] = self.world.count(refund_calls).await.into();
        dump["the provider's books"] = self.world.intents().await.into();
        dump["the provider's refunds"] = self.world.refunds_at_provider().await.into();
        dump["captures"] = self.world.get("/sandbox/paypal/captures").await;
        dump["received by merchants"] = self.world.received().await.into();
        dump
    }

    /// What became of a payment, without what differs between two payments.
    async fn outcome(&self, name: &str) -> Value {
        let id = self.payment_id(name);
        let rows = without_passing_doubt(self.world.rows_about(id).await);
        let mark = json!(id);
        let intents = self.world.intents().await;
        let of_payment = intents
            .iter()
            .filter(|intent| intent["metadata"]["sluice_payment_id"] == mark);
        let books: Vec<Value> = of_payment
            .map(|intent| {
                json!([
                    intent["status"],
                    intent["charges_succeeded"],
                    intent["amount_refunded"]
                ])
            })
            .collect();
        let captures = format!("/sandbox/paypal/captures?custom_id={id}");
        let captures = list(self.world.get(&captures).await);
        let captures: Vec<&Value> = captures.iter().map(|capture| &capture["status"]).collect();
        let order = OrderId::derive(self.world.merchant_id, &key(name));
        let order = self.world.rows_about_order(order).await;
        let wallet = self
            .world
            .rows_about_wallet(self.world.wallet_job(name).wallet_id())
            .await;
        json!({ "rows": rows, "books": books, "captures": captures, "order": order, "wallet": wallet })
    }

    fn payment_id(&self, name: &str) -> PaymentId {
        PaymentId::derive(self.world.merchant_id, &key(name))
    }

    /// A payment as it is stored after these events.
    async fn after(&self, name: &str, events: Vec<PaymentEvent>) -> Payment {
        let created_at = now() - LONG_AGO;
        let new = Payment::new(
            self.world.merchant_id,
            key(name),
            request(None),
            Channel::Stripe,
            &domain::merchant::Terms::default(),
            created_at,
        );
        self.world.store_new(&new).await;
        let mut payment = new;
        for event in events {
            let version = payment.version;
            payment = payment.apply(event).unwrap().payment;
            self.world.change(&payment).await;
            payment.version = version + 1;
        }
        payment
    }
}

/// Of two runs at once, one may give up while the other's call has no known end yet. That doubt is told too, and what ends
/// it is told after it.
fn without_passing_doubt(mut rows: Value) -> Value {
    let is_in_doubt = rows.to_string().contains("\"needs_review\"");
    if !is_in_doubt && let Some(told) = rows["told"].as_array_mut() {
        told.retain(|told| !told[0].as_str().unwrap().ends_with(".needs_review"));
    }
    rows
}

/// Nothing was changed by running the job of this case once more.
fn assert_same(case: &str, before: &Value, after: &Value) {
    for (what, before) in before.as_object().unwrap() {
        assert_eq!(&after[what], before, "{case}: running it again changed {what}");
    }
}

/// A job was sent again: it may have come further, but no money has moved, and nobody was told anything twice.
fn assert_money_unmoved(case: &str, before: &Value, after: &Value) {
    for what in [
        "ledger_transfers",
        "ledger_postings",
        "the provider's books",
        "the provider's refunds",
        "captures",
    ] {
        assert_eq!(
            after[what], before[what],
            "{case}: sending it again changed {what}"
        );
    }
    let told = |dump: &Value| dump["notifications"].as_array().map_or(0, Vec::len);
    assert_eq!(
        told(after),
        told(before),
        "{case}: sending it again told something"
    );
}

/// How many runs of jobs have ended in this process.
fn handled() -> i64 {
    let text = runtime::telemetry::metrics_text();
    let runs = text
        .lines()
        .filter(|line| line.starts_with("sluice_jobs_handled_total{"));
    runs.map(|line| line.rsplit_once(' ').unwrap().1.parse::<i64>().unwrap())
        .sum()
}

fn envelope(job: &impl Job) -> Envelope {
    Envelope::new(job, TraceParent::root(), now())
}

fn seen(name: &str, change: IntentStatus) -> PaymentEvent {
    let money = request(None).money;
    let intent = Intent {
        id: format!("pi_{name}"),
        payment_id: None,
        money,
        received_minor: money.amount_minor,
        status: change.clone(),
        next_action: None,
        destination: None,
    };
    PaymentEvent::IntentSeen { intent, change }
}

fn gave_up() -> PaymentEvent {
    PaymentEvent::GaveUp(Failure::provider_unavailable())
}

/// What a callback shows, unchanged.
fn as_it_is(_: &mut Value) {}

async fn opening(twice: &Twice, name: &str, card: Option<&str>) -> Envelope {
    envelope(&twice.world.job(name, request(card)))
}

async fn stored_and_opening(twice: &Twice, name: &str, events: Vec<PaymentEvent>) -> Envelope {
    twice.after(name, events).await;
    opening(twice, name, None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn create_intent() {
    let cases: &[(&str, Setup)] = &[
        ("new", |t, n| opening(t, n, None).boxed_local()),
        ("new, paid at once", |t, n| {
            opening(t, n, Some("pm_card_visa")).boxed_local()
        }),
        ("new, declined", |t, n| {
            opening(t, n, Some("pm_card_chargeDeclined")).boxed_local()
        }),
        ("stored by a run that died", |t, n| {
            stored_and_opening(t, n, vec![]).boxed_local()
        }),
        ("called, and the answer was lost", |t, n| {
            async move {
                t.world.fault(OPENING, "hang_after", json!({ "times": 1 })).await;
                let job = opening(t, n, Some("pm_card_visa")).await;
                t.deliver(&job, 1).await;
                job
            }
            .boxed_local()
        }),
        ("in review, opened at the provider", |t, n| {
            async move {
                let payment = t.after(n, vec![PaymentEvent::LostSight]).await;
                t.world.open_at_provider(&payment, 1999).await;
                opening(t, n, None).await
            }
            .boxed_local()
        }),
        ("in review, never opened", |t, n| {
            stored_and_opening(t, n, vec![PaymentEvent::LostSight]).boxed_local()
        }),
        ("paid", |t, n| {
            stored_and_opening(t, n, vec![seen(n, IntentStatus::Succeeded)]).boxed_local()
        }),
        ("given up", |t, n| {
            stored_and_opening(t, n, vec![gave_up()]).boxed_local()
        }),
        ("an amount too small", |t, n| {
            async move {
                let mut job = t.world.job(n, request(None));
                job.request.money.amount_minor = 1;
                envelope(&job)
            }
            .boxed_local()
        }),
        ("the key of another request", |t, n| {
            async move {
                t.after(n, vec![seen(n, IntentStatus::RequiresAction)]).await;
                let mut job = t.world.job(n, request(None));
                job.request.money.amount_minor = 2_999;
                envelope(&job)
            }
            .boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}
