//! What every test starts from: a merchant with a payment to store.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    channel::{
        Channel, ChannelDispute, ChannelDisputeStatus, ChannelRefund, ChannelRefundStatus, Intent,
        IntentStatus, NextAction,
    },
    currency::Currency,
    dispute::Dispute,
    id::{IdempotencyKey, MerchantId},
    ledger::Transfer,
    money::Money,
    payment::{Applied, Effect, Payment, PaymentEvent, PaymentRequest},
    refund::{Refund, RefundEvent, RefundRequest},
};
use sqlx::{Connection, PgConnection};
use store::{
    ApiKey, CallbackOutcome, CallbackRecord, Doing, NewMerchant, Record, Recorder, Store, TransferRecord,
    Verdict, testing::TestDatabase,
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
    store
        .create_merchant(&new, Doing::by("test", at(0)))
        .await
        .unwrap();
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

    /// The same for a name that was made up.
    pub async fn stored_owned(&self, key: String) -> Payment {
        self.stored(&key).await
    }

    /// A payment of 1999 that is stored as paid, with its transfer.
    pub async fn paid(&self, key: &str) -> Payment {
        self.pay(self.stored(key).await).await
    }

    /// The same of a payment that is stored.
    pub async fn pay(&self, stored: Payment) -> Payment {
        let applied = seen(stored, IntentStatus::Succeeded);
        let record = Record {
            payment: Some(applied.payment.clone()),
            transfers: transfers(&applied.effects),
            ..Record::default()
        };
        assert_eq!(self.write(record).await, Verdict::Written);
        self.store.payment(applied.payment.id).await.unwrap().unwrap()
    }

    /// A refund that is stored, its amount set aside; and the payment.
    pub async fn refunding(&self, payment: &Payment, key: &str, amount_minor: i64) -> (Refund, Payment) {
        let record = refund_record(payment, key, amount_minor);
        let refund = record.new_refund.clone().unwrap();
        assert_eq!(self.write(record).await, Verdict::Written);
        self.again(&refund).await
    }

    /// Stores what becomes of a refund, and gives it and its payment as they are then.
    pub async fn refund_seen(
        &self,
        refund: Refund,
        payment: Payment,
        status: ChannelRefundStatus,
    ) -> (Refund, Payment) {
        let record = refund_seen_record(refund, payment, status);
        let refund = record.refund.clone().unwrap();
        assert_eq!(self.write(record).await, Verdict::Written);
        self.again(&refund).await
    }

    async fn again(&self, refund: &Refund) -> (Refund, Payment) {
        let payment = self.store.payment(refund.payment_id).await.unwrap().unwrap();
        let refund = self.store.refund(refund.id).await.unwrap().unwrap();
        (refund, payment)
    }

    /// The record of what a bank says about a payment.
    pub fn dispute_record(
        &self,
        stored: Option<Dispute>,
        payment: &Payment,
        status: ChannelDisputeStatus,
    ) -> Record {
        let seen = ChannelDispute {
            id: "dp_1".into(),
            intent_id: payment.intent_id.clone().unwrap(),
            money: Money {
                amount_minor: 500,
                ..payment.money
            },
            reason: "fraudulent".into(),
            status,
        };
        let applied = Dispute::see(stored, payment.clone(), seen, at(30)).unwrap();
        Record {
            payment: Some(applied.payment),
            dispute: Some(applied.dispute),
            transfers: transfers(&applied.effects),
            ..Record::default()
        }
    }

    /// A connection of the owner's, beside the store.
    pub async fn owner(&self) -> PgConnection {
        PgConnection::connect(&self.database.url()).await.unwrap()
    }

    /// A connection with the rights of workers.
    pub async fn writer(&self) -> PgConnection {
        let mut connection = self.owner().await;
        sqlx::query("set role sluice_writer")
            .execute(&mut connection)
            .await
            .unwrap();
        connection
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
            description: Some("two coffees".into()),
            metadata: BTreeMap::from([("table".into(), "9".into())]),
            ..PaymentRequest::of(Money {
                amount_minor: 1999,
                currency: Currency::USD,
            })
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

/// The record that stores a new refund and sets its amount aside, whether or not that is still there.
pub fn refund_record(payment: &Payment, key: &str, amount_minor: i64) -> Record {
    let money = Money {
        amount_minor,
        ..payment.money
    };
    let key = IdempotencyKey::try_from(key.to_owned()).unwrap();
    let request = RefundRequest::all_of(payment.id);
    let refund = Refund::new(payment, key, request, money, at(20));
    Record {
        transfers: vec![TransferRecord {
            transfer: Transfer::refund_reserved(&refund, payment),
            at: at(20),
        }],
        new_refund: Some(refund),
        payment: Some(payment.clone().with_reserved(money)),
        ..Record::default()
    }
}

/// The record of a provider's word on a refund.
pub fn refund_seen_record(refund: Refund, payment: Payment, status: ChannelRefundStatus) -> Record {
    let seen = ChannelRefund {
        id: format!("re_{}", refund.idempotency_key.as_str()),
        refund_id: Some(refund.id),
        intent_id: payment.intent_id.clone(),
        money: refund.money,
        status,
    };
    let applied = refund.apply(payment, RefundEvent::Seen(seen)).unwrap();
    Record {
        payment: applied.payment_changed.then_some(applied.payment),
        refund: Some(applied.refund),
        transfers: transfers(&applied.effects),
        ..Record::default()
    }
}

/// The transfers among these effects.
pub fn transfers(effects: &[Effect]) -> Vec<TransferRecord> {
    let posted = effects.iter().filter_map(|effect| match effect {
        Effect::Post(transfer) => Some(transfer.clone()),
        Effect::Notify(_) | Effect::Capture | Effect::PaidLate => None,
    });
    posted
        .map(|transfer| TransferRecord { transfer, at: at(20) })
        .collect()
}

/// The payment after its intent was seen in this status.
pub fn seen(payment: Payment, change: IntentStatus) -> Applied {
    let intent = Intent {
        id: format!("pi_{}", payment.idempotency_key.as_str()),
        payment_id: Some(payment.id),
        money: payment.money,
        received_minor: payment.money.amount_minor,
        status: change.clone(),
        next_action: Some(NextAction::client_secret("pi_secret".into())),
        destination: None,
    };
    payment
        .apply(PaymentEvent::IntentSeen { intent, change })
        .unwrap()
}
