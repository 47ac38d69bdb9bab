//! What happens at the provider's side of a test.

use domain::{
    channel::{Exchange, Operation},
    payment::{Payment, PaymentEvent},
};
use serde_json::Value;
use store::{ExchangeRecord, Record};

use crate::support::{World, list, now};

impl World {
    /// A stored payment whose provider was asked in vain.
    pub async fn in_review(&self, name: &str) -> Payment {
        let new = self.stored(name).await;
        let mut payment = new.apply(PaymentEvent::LostSight).unwrap().payment;
        payment.updated_at = now();
        self.change(&payment).await;
        payment.version += 1;
        payment
    }

    /// An intent for this payment that was opened by a run that died: Sluice knows of nothing but its beginning.
    pub async fn open_at_provider(&self, payment: &Payment, amount_minor: i64) {
        let begun = ExchangeRecord {
            payment_id: payment.id,
            channel: payment.channel,
            job_id: "job_that_died".into(),
            attempt: 1,
            exchange: Exchange {
                operation: Operation::CreateIntent,
                outcome: "started",
                intent_id: None,
                error: None,
                duration_ms: 0,
            },
            at: now(),
        };
        let record = Record {
            exchanges: vec![begun],
            ..Record::default()
        };
        self.recorder.write(record).await.unwrap();
        let url = format!("{}/v1/payment_intents", self.sandbox.base_url());
        let mark = format!("metadata[sluice_payment_id]={}", payment.id);
        let request = self
            .http
            .post(url)
            .bearer_auth(&self.account)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("amount={amount_minor}&currency=usd&{mark}"));
        request.send().await.unwrap().error_for_status().unwrap();
    }

    /// The calls that the provider received for this merchant, in their order.
    pub async fn calls(&self) -> Vec<String> {
        let calls = self
            .get(&format!("/sandbox/calls?account={}", self.account))
            .await;
        let calls = calls.as_array().unwrap().iter();
        calls
            .map(|call| call["route"].as_str().unwrap().to_owned())
            .collect()
    }

    /// What the provider really has for this merchant.
    pub async fn intents(&self) -> Vec<Value> {
        let answer = self
            .get(&format!("/sandbox/stripe/intents?account={}", self.account))
            .await;
        list(answer)
    }
}
