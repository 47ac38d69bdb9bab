//! What the cases do again and again: open, pay, refund, and read what arrives.

use std::time::Duration;

use channels::{
    CallbackRefused, Cancellation, Capture, LostIntent, Period, capabilities, translate_callback,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    callback::{CallbackEvent, CallbackHead},
    channel::{CallError, ChannelRefund, Intent, IntentRef, IntentStatus, NewIntent, NewRefund, RefundRef},
    clock::{Clock, SystemClock},
    id::{IdempotencyKey, JobId, MerchantId, RefundId},
    money::Money,
};
use serde_json::json;

use super::bench::{Bench, Operation, known};
use crate::listener::RawCallback;

/// A payment and its intent.
pub struct Opened {
    pub new: NewIntent,
    pub intent: Intent,
}

/// A callback that was verified and read.
pub struct Told {
    pub raw: RawCallback,
    pub head: CallbackHead,
    pub event: CallbackEvent,
}

impl Opened {
    pub fn known(&self) -> IntentRef {
        known(&self.new, &self.intent)
    }

    /// A refund of this much of it, that nobody has made yet.
    pub fn refund(&self, amount_minor: i64) -> NewRefund {
        NewRefund {
            refund_id: refund_id(),
            payment_id: self.new.payment_id,
            intent: self.known(),
            money: Money {
                amount_minor,
                ..self.new.money
            },
            reason: None,
            callback_url: self.new.callback_url.clone(),
            destination: None,
        }
    }

    pub fn cancellation(&self, job: u8) -> Cancellation {
        Cancellation {
            payment_id: self.new.payment_id,
            job_id: JobId::derive("conformance", &[&[job]]),
            intent: self.known(),
        }
    }

    /// The intent as it is looked for when the answer to opening it was lost.
    pub fn lost(&self) -> LostIntent {
        lost(&self.new)
    }
}

pub fn lost(new: &NewIntent) -> LostIntent {
    LostIntent {
        payment_id: new.payment_id,
        money: new.money,
        connected_account: new.connected_account.clone(),
        period: Period {
            from: SystemClock.now() - TimeDelta::minutes(1),
            to: None,
        },
    }
}

/// A refund nobody has heard of yet.
pub fn refund_id() -> RefundId {
    let key = IdempotencyKey::try_from("refund-1".to_owned()).unwrap();
    RefundId::derive(MerchantId::random(), &key)
}

pub fn refund_known(new: &NewRefund, refund: &ChannelRefund) -> RefundRef {
    RefundRef {
        refund_id: new.refund_id,
        id: refund.id.clone(),
        intent: new.intent.clone(),
        money: new.money,
    }
}

/// Whether nobody can tell from this what was done: neither an answer nor a decision.
pub const fn is_unknown<T>(result: &Result<T, CallError>) -> bool {
    matches!(result, Err(CallError::Unknown { .. }))
}

/// Whether it says that surely nothing was done, as the provider allows no more for the moment, and blames nobody.
pub const fn is_limited<T>(result: &Result<T, CallError>) -> bool {
    matches!(result, Err(CallError::Limited { .. }))
}

/// Whether it says what can be told of a call that met this fault, and no more.
pub fn is_honest<T>(fault: &str, result: &Result<T, CallError>) -> bool {
    match fault {
        "rate_limit" => is_limited(result),
        _ => is_unknown(result),
    }
}

/// What every case can do at every bench.
pub trait Acts: Bench {
    async fn create(&self, new: &NewIntent) -> Result<Intent, CallError> {
        let (result, exchange) = self.channels().create_intent(self.credentials(), new).await;
        assert_eq!(exchange.operation.name(), "create_intent");
        let id = result.as_ref().ok().map(|intent| &intent.id);
        assert_eq!(exchange.intent_id.as_ref(), id);
        result
    }

    /// A payment that is open for its payer.
    async fn opened(&self) -> Opened {
        let new = self.new_intent();
        let intent = self.create(&new).await.unwrap();
        Opened { new, intent }
    }

    /// A payment that was paid.
    async fn paid(&self) -> Opened {
        let opened = self.opened().await;
        assert!(self.payer_agrees(&opened.intent).await);
        self.money_moves(&opened).await;
        opened
    }

    /// Moves the money that the payer has agreed to, where the provider leaves that to us.
    async fn money_moves(&self, opened: &Opened) {
        if self.captures() {
            let captured = self.capture(opened).await.unwrap();
            assert_eq!(captured.status, IntentStatus::Succeeded);
        }
    }

    async fn capture(&self, opened: &Opened) -> Result<Intent, CallError> {
        let capture = Capture {
            payment_id: opened.new.payment_id,
            job_id: JobId::derive("capture_payment", &[opened.new.payment_id.as_uuid().as_bytes()]),
            intent: opened.known(),
        };
        let called = self.channels().capture_intent(self.credentials(), &capture);
        called.await.0
    }

    async fn show(&self, opened: &Opened) -> Result<Intent, CallError> {
        self.show_known(&opened.known()).await
    }

    async fn show_known(&self, known: &IntentRef) -> Result<Intent, CallError> {
        let called = self.channels().retrieve_intent(self.credentials(), known);
        called.await.0
    }

    async fn find(&self, lost: &LostIntent) -> Result<Option<Intent>, CallError> {
        self.channels().find_intent(self.credentials(), lost).await.0
    }

    async fn close(&self, cancellation: &Cancellation) -> Result<Intent, CallError> {
        let called = self.channels().cancel_intent(self.credentials(), cancellation);
        called.await.0
    }

    async fn give_back(&self, new: &NewRefund) -> Result<ChannelRefund, CallError> {
        self.channels().create_refund(self.credentials(), new).await.0
    }

    async fn show_refund(&self, known: &RefundRef) -> Result<ChannelRefund, CallError> {
        let called = self.channels().retrieve_refund(self.credentials(), known);
        called.await.0
    }

    async fn find_refund(&self, new: &NewRefund) -> Result<Option<ChannelRefund>, CallError> {
        let (channels, credentials) = (self.channels(), self.credentials());
        channels
            .find_refund(credentials, &new.intent, new.refund_id)
            .await
            .0
    }

    /// Lets the next call of an operation go wrong.
    async fn fault_once(&self, operation: Operation, fault: &str) {
        self.stand().fault(&self.dial(operation, fault, 1)).await;
    }

    /// Has every callback from now on sent so many times.
    async fn callbacks_repeat(&self, times: u32) {
        let turned = json!({ "duplicate": times });
        self.stand().order("callbacks", &turned).await;
    }

    async fn verify(&self, raw: &RawCallback, now: DateTime<Utc>) -> Result<CallbackHead, CallbackRefused> {
        let keys = self.credentials().callback_keys();
        self.verifier().verify(&keys, &raw.headers, &raw.body, now).await
    }

    /// Verifies a callback of the provider's and reads it.
    async fn read(&self, raw: RawCallback) -> Told {
        let head = self.verify(&raw, SystemClock.now()).await.unwrap();
        let news = translate_callback(Self::CHANNEL, Some(self.credentials()), &raw.body).unwrap();
        let event = news.event;
        Told { raw, head, event }
    }

    /// The first callback that says this, among all that came and come.
    async fn told(&self, says: impl Fn(&CallbackEvent) -> bool) -> Told {
        let mut place = 0;
        loop {
            let told = self.read(self.listener().at(place).await).await;
            if says(&told.event) {
                return told;
            }
            place += 1;
        }
    }

    /// The callback that tells that this payment was paid or, where we capture, agreed to.
    async fn told_of_agreement(&self, opened: &Opened) -> Told {
        let payment_id = Some(opened.new.payment_id);
        self.told(|event| {
            matches!(event, CallbackEvent::Intent { intent, change: IntentStatus::Succeeded | IntentStatus::Approved }
                if intent.payment_id == payment_id)
        })
        .await
    }

    /// The callback that tells that this payment was paid.
    async fn told_of_payment(&self, opened: &Opened) -> Told {
        let payment_id = Some(opened.new.payment_id);
        self.told(|event| {
            matches!(event, CallbackEvent::Intent { intent, change: IntentStatus::Succeeded }
                if intent.payment_id == payment_id)
        })
        .await
    }

    /// For how long the provider wants rest between two refunds of a payment; the bench sees to it.
    async fn rest(&self) {
        if capabilities(Self::CHANNEL).refunds.spacing > Duration::ZERO {
            self.refunds_rest().await;
        }
    }
}

impl<B: Bench> Acts for B {}
