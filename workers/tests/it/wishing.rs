//! Wishes about payments, and what a test does at the provider meanwhile.

use std::time::Duration;

use broker::Called;
use chrono::TimeDelta;
use domain::{
    channel::{Exchange, IntentStatus, Operation},
    job::{CancelPayment, ConfirmPayment, Envelope, Job, PaymentActionReply, Wish},
    payment::{ActionRequest, Payment, PaymentEvent, PaymentStatus},
    trace::TraceParent,
};
use serde_json::{Value, json};
use store::{ExchangeRecord, Record};

use crate::support::{Ahead, World, key, now, request};

/// The call that closes an intent, and the one that tries to pay it.
pub const CANCELING: &str = "POST /v1/payment_intents/{id}/cancel";
pub const CONFIRMING: &str = "POST /v1/payment_intents/{id}/confirm";
/// Every call there is.
pub const EVERYTHING: &str = "*";
/// How long somebody waits for the end of a wish.
const WAIT: Duration = Duration::from_secs(30);

pub fn cancel(payment: &Payment, name: &str) -> CancelPayment {
    CancelPayment(wish(
        payment,
        name,
        ActionRequest::Cancel {
            reason: None,
            operator: Some("till 4".into()),
        },
    ))
}

pub fn confirm(payment: &Payment, name: &str, payment_method: &str) -> ConfirmPayment {
    ConfirmPayment(wish(
        payment,
        name,
        ActionRequest::Confirm {
            payment_method: Some(payment_method.into()),
            return_url: Some("https://shop.example/thanks".into()),
        },
    ))
}

fn wish(payment: &Payment, name: &str, request: ActionRequest) -> Wish {
    Wish {
        merchant_id: payment.merchant_id,
        idempotency_key: key(name),
        payment_id: payment.id,
        request,
    }
}

/// The code that a wish was refused with.
pub fn refused(reply: Option<PaymentActionReply>) -> String {
    match reply {
        Some(PaymentActionReply::Refused { code, .. }) => code,
        other => panic!("not refused but {other:?}"),
    }
}

/// The status that a wish has left its payment in.
pub fn done(reply: Option<PaymentActionReply>) -> PaymentStatus {
    match reply {
        Some(PaymentActionReply::Payment(view)) => view.status,
        other => panic!("not done but {other:?}"),
    }
}

impl World {
    /// A payment whose intent waits for its payer.
    pub async fn open(&self, name: &str) -> Payment {
        let job = self.job(name, request(None));
        self.publish(&job).await;
        self.wait_for(job.payment_id(), PaymentStatus::RequiresAction)
            .await
    }

    /// A payment as it stands after these events; the provider knows nothing of it.
    pub async fn stored_after(&self, name: &str, events: Vec<PaymentEvent>) -> Payment {
        let mut payment = self.stored(name).await;
        for event in events {
            let version = payment.version;
            payment = payment.apply(event).unwrap().payment;
            self.change(&payment).await;
            payment.version = version + 1;
        }
        payment
    }

    /// A stored payment whose first call is known to have had no effect.
    pub async fn never_opened(&self, name: &str) -> Payment {
        let payment = self.stored(name).await;
        self.note(
            &payment,
            "job_that_could_not",
            Operation::CreateIntent,
            "not_done",
            TimeDelta::zero(),
        )
        .await;
        payment
    }

    /// Writes down an exchange that somebody had so long ago.
    pub async fn note(
        &self,
        payment: &Payment,
        job_id: &str,
        operation: Operation,
        outcome: &'static str,
        ago: TimeDelta,
    ) {
        let exchange = ExchangeRecord {
            payment_id: payment.id,
            channel: payment.channel,
            job_id: job_id.into(),
            attempt: 1,
            exchange: Exchange {
                operation,
                outcome,
                intent_id: None,
                error: None,
                duration_ms: 0,
            },
            at: now() - ago,
        };
        let record = Record {
            exchanges: vec![exchange],
            ..Record::default()
        };
        self.recorder.write(record).await.unwrap();
    }

    /// Publishes a wish and waits for its end; none when nobody answered.
    pub async fn wish(&self, job: &impl Job) -> Option<PaymentActionReply> {
        let envelope = Envelope::new(job, TraceParent::root(), now());
        match self.caller().call(&envelope, WAIT).await.unwrap() {
            Called::Replied(body) => Some(serde_json::from_slice(&body).unwrap()),
            Called::TimedOut => None,
        }
    }

    /// The payer pays as the browser does; false when the provider does not take it.
    pub async fn pay(&self, payment: &Payment, more: Value) -> bool {
        let intent = payment.intent_id.as_deref().unwrap();
        let url = format!("{}/sandbox/stripe/intents/{intent}/pay", self.sandbox.base_url());
        let mut body = json!({ "payment_method": "pm_card_visa" });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        answer.status().is_success()
    }

    /// What the provider has of this payment: status, and how often it was charged.
    pub async fn at_provider(&self, payment: &Payment) -> (String, u64) {
        let intents = self.intents().await;
        let mut of_payment = intents
            .iter()
            .filter(|intent| intent["metadata"]["sluice_payment_id"] == json!(payment.id));
        let intent = of_payment.next().unwrap();
        assert!(of_payment.next().is_none(), "a second intent for {}", payment.id);
        (
            intent["status"].as_str().unwrap().to_owned(),
            intent["charges_succeeded"].as_u64().unwrap(),
        )
    }

    /// How often the provider was called like this.
    pub async fn called(&self, route: &str) -> usize {
        let calls = self.calls().await;
        calls.iter().filter(|call| *call == route).count()
    }

    /// What the merchant is told about a payment, each thing as often as it is told.
    pub async fn told(&self, payment: &Payment) -> Vec<String> {
        let rows = self.rows_about(payment.id).await;
        let told = rows["told"].as_array().cloned().unwrap_or_default();
        told.iter()
            .map(|told| told[0].as_str().unwrap().to_owned())
            .collect()
    }

    pub async fn now_is(&self, payment: &Payment) -> Payment {
        self.store.payment(payment.id).await.unwrap().unwrap()
    }

    /// The provider's word that a payment was paid.
    pub async fn paid_callback(&self, payment: &Payment, event_id: &str) {
        let object = crate::process_callback::intent(payment, "succeeded");
        self.publish(&self.callback(event_id, "payment_intent.succeeded", &object))
            .await;
    }

    /// Nobody works until it is so much later.
    pub async fn let_time_pass(&mut self, time: TimeDelta) {
        self.stop_workers().await;
        self.start_workers(Ahead(time)).await;
    }
}

/// The news that the provider has an intent that stands like this.
pub fn seen(name: &str, change: IntentStatus) -> PaymentEvent {
    let money = request(None).money;
    PaymentEvent::IntentSeen {
        intent: domain::channel::Intent {
            id: format!("pi_{name}"),
            payment_id: None,
            money,
            received_minor: money.amount_minor,
            status: change.clone(),
            next_action: None,
            destination: None,
        },
        change,
    }
}
