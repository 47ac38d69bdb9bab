//! Schedules by the thousand, each about one payment: it is paid or not, refunded under several keys, canceled, confirmed,
//! every job perhaps more than once, while the provider's callbacks come twice, late and in any order, and some of its
//! answers are lost. Whatever happens, no more is given back than was paid, the provider did exactly what was accepted,
//! and the ledger says the same.
//!
//! Schedules are played in waves. All of a wave are under way at once, on two processes of workers; a wave has a
//! merchant of its own, so that its evidence is its own too. A seed is one schedule; the order in which things meet is
//! up to the machine.

mod courier;
mod draw;
mod judge;

use std::time::Duration;

use channels::{Credentials, StripeCredentials};
use domain::{
    channel::Channel,
    clock::SystemClock,
    id::{MerchantId, PaymentId},
    job::{CancelPayment, ConfirmPayment, CreateIntent, CreateRefund, Wish},
    payment::ActionRequest,
    refund::RefundRequest,
    secret::Secret,
};
use futures::{StreamExt, future::join_all, stream};
use serde_json::json;
use tokio::time::Instant;

use crate::support::{World, key, now, request, world_with};
use courier::Courier;
use draw::{Schedule, Step};

/// How many schedules are played, unless `SLUICE_SCHEDULES` says otherwise; `make schedules` plays ten thousand.
const SCHEDULES: u64 = 1_000;
/// How many schedules are under way at once.
const WAVE: u64 = 500;
/// How many of them are acted upon at the same moment; what was asked for before is still under way then.
const AT_ONCE: usize = 16;
/// How many calls of a wave go wrong in each way.
const FAULTS: u64 = WAVE / 25;
/// Longer than the sandbox takes to end a refund that it has accepted, or to let one fail.
const PROVIDER_SETTLES: Duration = Duration::from_millis(1_500);
/// How long a wave may take to settle once everything was asked for.
const PATIENCE: Duration = Duration::from_secs(120);

/// The schedules of one merchant.
pub struct Wave {
    pub merchant_id: MerchantId,
    /// The merchant's account at the provider.
    pub account: String,
    pub schedules: Vec<Schedule>,
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_meets_no_more_is_given_back_than_was_paid() {
    let mut world = world_with(|config| {
        config.channels.timeout = Duration::from_secs(2);
        // The faults come one after the other: a breaker that stays open would meet one at each probe, for minutes.
        config.channels.containment.open_for = Duration::from_millis(10);
        config.concurrency = 64;
    })
    .await;
    world.start_workers(SystemClock).await;
    let mut seen = judge::Seen::default();
    let schedules = std::env::var("SLUICE_SCHEDULES").map_or(SCHEDULES, |count| count.parse().unwrap());
    for first in (0..schedules).step_by(WAVE as usize) {
        let wave = Wave::begin(&world, first).await;
        wave.play(&world).await;
        seen.add(wave.judge(&world).await);
        println!("{} schedules", first + WAVE);
    }
    seen.has_everything();
    assert!(world.store.ledger_check().await.unwrap().disagreements.is_empty());
    world.close().await;
}

impl Wave {
    async fn begin(world: &World, first: u64) -> Self {
        let merchant_id = world.merchant_without_credentials().await;
        let account = format!("sk_test_{}", merchant_id.as_uuid().simple());
        let stripe =
            StripeCredentials::new(Secret::new(&*account), vec![Secret::new("whsec_callbacks")]).unwrap();
        let credentials = Credentials::Stripe(stripe).to_json().unwrap();
        let stored = world.store.set_credentials(
            merchant_id,
            Channel::Stripe,
            &credentials,
            store::Doing::by("test", now()),
        );
        stored.await.unwrap();
        Self {
            merchant_id,
            account,
            schedules: (first..first + WAVE).map(Schedule::draw).collect(),
        }
    }

    async fn play(&self, world: &World) {
        self.break_the_provider(world).await;
        let mut courier = Courier::of(self);
        join_all(
            self.schedules
                .iter()
                .map(|schedule| self.ask_for(world, schedule)),
        )
        .await;
        let deadline = Instant::now() + PATIENCE;
        while self.count(world, judge::NOT_OPENED).await > 0 {
            self.wait(world, deadline, &courier).await;
        }
        let steps = async {
            let walks = stream::iter(&self.schedules);
            walks
                .for_each_concurrent(AT_ONCE, |schedule| self.walk(world, schedule))
                .await;
        };
        courier.deliver_while(world, steps).await;
        self.settle(world, &mut courier).await;
        // What the provider lets fail, it lets fail a while after it had succeeded.
        tokio::time::sleep(PROVIDER_SETTLES).await;
        self.settle(world, &mut courier).await;
    }

    async fn settle(&self, world: &World, courier: &mut Courier<'_>) {
        let deadline = Instant::now() + PATIENCE;
        while !self.is_settled(world, courier).await {
            self.wait(world, deadline, courier).await;
            courier.deliver_the_rest(world).await;
        }
    }

    async fn wait(&self, world: &World, deadline: Instant, courier: &Courier<'_>) {
        let is_late = Instant::now() > deadline;
        assert!(!is_late, "not settled: {}", self.unsettled(world, courier).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    /// Answers are lost before and after the work is done.
    async fn break_the_provider(&self, world: &World) {
        let routes = [
            "POST /v1/payment_intents",
            "POST /v1/payment_intents/{id}/cancel",
            "POST /v1/payment_intents/{id}/confirm",
            "POST /v1/refunds",
        ];
        for route in routes {
            for fault in [
                "reset_before",
                "reset_after",
                "error",
                "error_after",
                "rate_limit",
            ] {
                let dial =
                    json!({ "route": route, "fault": fault, "times": FAULTS, "account": self.account });
                world.post("/sandbox/faults", dial).await;
            }
        }
    }

    async fn ask_for(&self, world: &World, schedule: &Schedule) {
        let job = self.creation(schedule);
        for _ in 0..schedule.askings {
            world.publish(&job).await;
        }
    }

    async fn walk(&self, world: &World, schedule: &Schedule) {
        for step in &schedule.steps {
            self.take(world, schedule, step).await;
        }
    }

    async fn take(&self, world: &World, schedule: &Schedule, step: &Step) {
        match step {
            Step::Pay => self.pay(world, schedule).await,
            Step::Refund {
                key: name,
                amount_minor,
            } => {
                let job = CreateRefund {
                    merchant_id: self.merchant_id,
                    idempotency_key: key(&schedule.key(name)),
                    request: RefundRequest {
                        amount_minor: *amount_minor,
                        ..RefundRequest::all_of(self.payment_id(schedule))
                    },
                };
                world.publish(&job).await;
            }
            Step::Cancel { key: name } => {
                let cancel = ActionRequest::Cancel {
                    reason: None,
                    operator: None,
                };
                world
                    .publish(&CancelPayment(self.wish(schedule, name, cancel)))
                    .await;
            }
            Step::Confirm { key: name } => {
                let confirm = ActionRequest::Confirm {
                    payment_method: Some("pm_card_visa".into()),
                    return_url: None,
                };
                world
                    .publish(&ConfirmPayment(self.wish(schedule, name, confirm)))
                    .await;
            }
        }
    }

    /// The payer pays at the provider, if there is still something to pay.
    async fn pay(&self, world: &World, schedule: &Schedule) {
        let payment = world.store.payment(self.payment_id(schedule)).await.unwrap();
        let Some(intent) = payment.and_then(|payment| payment.intent_id) else {
            return;
        };
        let url = format!("{}/sandbox/stripe/intents/{intent}/pay", world.sandbox.base_url());
        let card = json!({ "payment_method": schedule.card });
        // A closed intent refuses, and that is right.
        drop(world.http.post(url).json(&card).send().await.unwrap());
    }

    fn wish(&self, schedule: &Schedule, name: &str, request: ActionRequest) -> Wish {
        Wish {
            merchant_id: self.merchant_id,
            idempotency_key: key(&schedule.key(name)),
            payment_id: self.payment_id(schedule),
            request,
        }
    }

    fn creation(&self, schedule: &Schedule) -> CreateIntent {
        let mut request = request(schedule.is_paid_at_once.then_some(schedule.card));
        request.money.amount_minor = schedule.amount_minor;
        CreateIntent {
            merchant_id: self.merchant_id,
            idempotency_key: key(&schedule.key("payment")),
            request,
        }
    }

    fn payment_id(&self, schedule: &Schedule) -> PaymentId {
        self.creation(schedule).payment_id()
    }
}
