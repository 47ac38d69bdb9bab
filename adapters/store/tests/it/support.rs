//! What every test starts from: a merchant with a payment to store.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    channel::{Channel, Intent, IntentStatus},
    currency::Currency,
    id::{IdempotencyKey, MerchantId},
    money::Money,
    payment::{Applied, Payment, PaymentEvent, PaymentRequest},
    secret::Secret,
};
use store::{
    ApiKey, CallbackOutcome, CallbackRecord, NewMerchant, Record, Recorder, Store, Verdict,
    testing::TestDatabase,
};
use tokio::sync::Notify;

pub struct World {
    pub database: TestDatabase,
    pub store: Store,
    pub recorder: Recorder,
    pub merchant_id: MerchantId,
}

pub fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
}

pub async fn world() -> World {
    let database = TestDatabase::create().await;
    let store = database.store(false);
    let merchant_id = MerchantId::random();
    let key = ApiKey {
        id: "key".into(),
        merchant_id,
        secret_hash: [7; 32],
        revoked: false,
    };
    let new = NewMerchant {
        id: merchant_id,
        name: "Shop".into(),
        amqp_user: None,
        endpoint: None,
        key,
    };
    store.create_merchant(&new, "test", at(0)).await.unwrap();
    let recorder = Recorder::start(store.clone(), Arc::new(Notify::new()));
    World {
        database,
        store,
        recorder,
        merchant_id,
    }
}

impl World {
    /// Writes a record, which is to say something, whatever it is.
    pub async fn write(&self, record: Record) -> Verdict {
        self.recorder.write(record).await.unwrap()
    }

    /// A payment that is stored.
    pub async fn stored(&self, key: &str) -> Payment {
        let new = self.payment(key);
        let record = Record {
            new_payment: Some(new.clone()),
            ..Record::default()
        };
        assert_eq!(self.write(record).await, Verdict::Written);
        new
    }

    /// Stores a payment as it is after a change.
    pub async fn change(&self, payment: &Payment) -> Verdict {
        self.write(Record {
            payment: Some(payment.clone()),
            ..Record::default()
        })
        .await
    }

    pub fn payment(&self, key: &str) -> Payment {
        let request = PaymentRequest {
            money: Money {
                amount_minor: 1999,
                currency: Currency::USD,
            },
            description: Some("two coffees".into()),
            reference: None,
            metadata: BTreeMap::from([("table".into(), "9".into())]),
            payment_method: None,
            return_url: None,
            expires_in_s: None,
        };
        let key = IdempotencyKey::try_from(key.to_owned()).unwrap();
        Payment::new(
            self.merchant_id,
            key,
            request,
            Channel::Stripe,
            &domain::merchant::Terms::default(),
            at(1),
        )
    }

    pub fn callback(&self, event_id: &str) -> CallbackRecord {
        CallbackRecord {
            channel: Channel::Stripe,
            merchant_id: self.merchant_id,
            event_id: event_id.into(),
            event_type: "payment_intent.succeeded".into(),
            payment_id: None,
            outcome: CallbackOutcome::Applied,
            sealed_body: "sealed".into(),
            received_at: at(2),
            processed_at: at(3),
        }
    }
}

/// The payment after its intent was seen in this status.
pub fn seen(payment: Payment, change: IntentStatus) -> Applied {
    let intent = Intent {
        id: format!("pi_{}", payment.idempotency_key.as_str()),
        payment_id: Some(payment.id),
        money: payment.money,
        received_minor: payment.money.amount_minor,
        status: change.clone(),
        client_secret: Some(Secret::new("pi_secret")),
    };
    payment
        .apply(PaymentEvent::IntentSeen { intent, change })
        .unwrap()
}
