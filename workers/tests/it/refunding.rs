//! Refunds and disputes in a test: how they come about, and where to look at them.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    channel::{Channel, Intent, IntentStatus},
    currency::Currency,
    id::RefundId,
    job::CreateRefund,
    ledger::Transfer,
    merchant::Terms,
    money::Money,
    payment::{Payment, PaymentEvent, PaymentRequest, PaymentStatus},
    refund::{Refund, RefundRequest, RefundStatus},
    scope::Scope,
};
use serde_json::{Value, json};
use store::{Record, RefundPage, StoreError, TransferRecord, Verdict};

use crate::support::{World, key, list, now, request};

/// The call that makes a refund.
pub const REFUNDING: &str = "POST /v1/refunds";

impl World {
    /// A payment that was paid with this card; 19.99 dollars.
    pub async fn paid_with(&self, name: &str, card: &str) -> Payment {
        let job = self.job(name, request(Some(card)));
        self.publish(&job).await;
        self.wait_for(job.payment_id(), PaymentStatus::Succeeded).await
    }

    pub async fn paid(&self, name: &str) -> Payment {
        self.paid_with(name, "pm_card_visa").await
    }

    /// A payment of 19.99 yuan that is stored as asked for so long ago and paid since.
    pub async fn stored_as_paid(&self, name: &str, channel: Channel, age: TimeDelta) -> Payment {
        let money = Money {
            amount_minor: 1_999,
            currency: Currency::CNY,
        };
        let (request, terms) = (PaymentRequest::of(money), Terms::default());
        let new = Payment::new(self.merchant_id, key(name), request, channel, &terms, now() - age);
        self.store_new(&new).await;
        let intent = Intent {
            id: new.id.as_uuid().simple().to_string(),
            payment_id: Some(new.id),
            money,
            received_minor: money.amount_minor,
            status: IntentStatus::Succeeded,
            next_action: None,
            destination: None,
        };
        let change = IntentStatus::Succeeded;
        let paid = new.apply(PaymentEvent::IntentSeen { intent, change }).unwrap();
        self.change(&paid.payment).await;
        self.now_is(&paid.payment).await
    }

    /// The job that gives so much back, or all that is left.
    pub fn refund_job(&self, name: &str, payment: &Payment, amount_minor: Option<i64>) -> CreateRefund {
        CreateRefund {
            merchant_id: self.merchant_id,
            idempotency_key: key(name),
            request: RefundRequest {
                amount_minor,
                ..RefundRequest::all_of(payment.id)
            },
        }
    }

    pub async fn refund(&self, name: &str, payment: &Payment, amount_minor: Option<i64>) -> RefundId {
        let job = self.refund_job(name, payment, amount_minor);
        self.publish(&job).await;
        job.refund_id()
    }

    /// A refund that is stored, its amount set aside, by a run that died before it had called anybody.
    pub async fn reserved(
        &self,
        name: &str,
        payment: &Payment,
        amount_minor: i64,
        at: DateTime<Utc>,
    ) -> Refund {
        let request = self.refund_job(name, payment, Some(amount_minor)).request;
        let money = payment.check_refund(None, &request).unwrap();
        let refund = Refund::new(payment, key(name), request, money, at);
        let transfer = Transfer::refund_reserved(&refund, payment);
        let record = Record {
            new_refund: Some(refund.clone()),
            payment: Some(payment.clone().with_reserved(money)),
            transfers: vec![TransferRecord { transfer, at }],
            ..Record::default()
        };
        assert_eq!(self.recorder.write(record).await.unwrap(), Verdict::Written);
        refund
    }

    /// Stores a refund as it is after a change that moves no money.
    pub async fn change_refund(&self, refund: &Refund) {
        let record = Record {
            refund: Some(refund.clone()),
            ..Record::default()
        };
        assert_eq!(self.recorder.write(record).await.unwrap(), Verdict::Written);
    }

    /// Makes a refund at the provider that carries the mark of this one, as a run did that died.
    pub async fn make_at_provider(&self, refund: &Refund, payment: &Payment) {
        let url = format!("{}/v1/refunds", self.sandbox.base_url());
        let (intent_id, amount) = (payment.intent_id.as_deref().unwrap(), refund.money.amount_minor);
        let mark = format!("metadata[sluice_refund_id]={}", refund.id);
        let request = self
            .http
            .post(url)
            .bearer_auth(&self.account)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("payment_intent={intent_id}&amount={amount}&{mark}"));
        request.send().await.unwrap().error_for_status().unwrap();
    }

    /// Waits until the refund stands so.
    pub async fn wait_for_refund(&self, id: RefundId, status: RefundStatus) -> Refund {
        let status_of = |refund: &Option<Refund>| refund.as_ref().map(|refund| refund.status);
        self.wait_until(Some(status), async || {
            status_of(&self.store.refund(id).await.unwrap())
        })
        .await;
        self.store.refund(id).await.unwrap().unwrap()
    }

    /// The refunds of a payment as they are stored.
    pub async fn stored_refunds(&self, payment: &Payment) -> Result<Vec<Refund>, StoreError> {
        let page = RefundPage {
            payment_id: Some(payment.id),
            limit: 100,
            ..RefundPage::default()
        };
        let scope = Scope::Merchant(self.merchant_id);
        self.store.within(&scope).refunds(&page).await
    }

    /// How much of a payment was given back, and how much is set aside for that.
    pub async fn figures(&self, payment: &Payment) -> (i64, i64) {
        let now = self.store.payment(payment.id).await.unwrap().unwrap();
        (now.refunded_minor, now.refund_reserved_minor)
    }

    /// The refunds that the provider really has for this merchant.
    pub async fn refunds_at_provider(&self) -> Vec<Value> {
        let path = format!("/sandbox/stripe/refunds?account={}", self.account);
        list(self.get(&path).await)
    }

    /// How often the provider was called to make a refund.
    pub async fn refund_calls(&self) -> usize {
        let calls = self.calls().await;
        calls.iter().filter(|route| *route == REFUNDING).count()
    }

    /// An object of the provider's, as its callbacks show it.
    pub async fn provider_object(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.sandbox.base_url());
        let answer = self
            .http
            .get(url)
            .bearer_auth(&self.account)
            .send()
            .await
            .unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    }

    /// The types of all notifications, sorted.
    pub async fn told_in_all(&self) -> Vec<String> {
        self.query("select coalesce(array_agg(event_type order by event_type), '{}') from notifications")
            .await
    }

    /// How many jobs of this kind were parked for this class of reason.
    pub async fn parked_for(&self, kind: &'static str, class: &'static str) -> i64 {
        let parked = "select coalesce(jsonb_object_agg(kind || ' ' || error_class, count), '{}') from (
                        select kind, error_class, count(*) from job_failures where disposition = 'dead_letter'
                        group by 1, 2) parked";
        let parked: Value = self.query(parked).await;
        parked[format!("{kind} {class}")].as_i64().unwrap_or(0)
    }

    /// The books agree with themselves and with all payments, refunds and disputes.
    pub async fn assert_books_agree(&self) {
        let report = self.store.ledger_check().await.unwrap();
        assert!(report.agrees(), "{:#?}", report.disagreements);
    }

    /// A dispute about a payment, opened by the payer's bank; the provider's id of it.
    pub async fn dispute(&self, payment: &Payment, amount_minor: i64) -> String {
        let intent_id = payment.intent_id.as_deref().unwrap();
        let path = format!("/sandbox/stripe/intents/{intent_id}/dispute");
        self.post(&path, json!({ "amount": amount_minor })).await;
        let path = format!(
            "/sandbox/stripe/disputes?account={}&payment_intent={intent_id}",
            self.account
        );
        let disputes = list(self.get(&path).await);
        disputes.last().unwrap()["id"].as_str().unwrap().to_owned()
    }
}
