//! A payment and the only ways it can change.
//!
//! The machine is pure: [`Payment::apply`] takes a payment and an event and gives the payment afterwards and what has
//! to follow. It never goes backwards. Statuses are ranked, an event that would lower the rank changes nothing, and
//! success outranks everything: whatever order a provider's news arrives in, and however often, the same payment comes
//! out. A decline is not the end: the payer may pay the same intent with another card, so `failed` yields to
//! `succeeded` and to nothing else.

mod action;
mod failure;
mod payer;
mod request;
mod status;
mod transition;
mod view;

pub use action::{ActionKind, ActionOutcome, ActionRequest, PaymentAction};
pub use failure::{Failure, NextStep};
pub use payer::{Payer, PayerDetails};
pub use request::{InvalidRequest, PaymentRequest};
pub use status::{PaymentStatus, UnknownStatus};
pub use transition::{Applied, Closing, Effect, PaymentEvent, TransitionError};
pub use view::PaymentView;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    channel::{Channel, Flow, IntentRef, Method, NextAction},
    id::{IdempotencyKey, MerchantId, PaymentId},
    merchant::Terms,
    money::Money,
    routing::{Choice, Failover, Routing},
    trace::TraceParent,
    user::UserId,
};

/// A payment as PostgreSQL holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Its id, derived from the merchant and the idempotency key.
    pub id: PaymentId,
    /// Whose payment it is.
    pub merchant_id: MerchantId,
    /// The key it was created under.
    pub idempotency_key: IdempotencyKey,
    /// SHA-256 of what was asked for; the same key with another fingerprint is a conflict.
    pub fingerprint: [u8; 32],
    /// Where it stands.
    pub status: PaymentStatus,
    /// What is to be paid.
    pub money: Money,
    /// The provider it goes through.
    pub channel: Channel,
    /// Why it goes there, and where else it could; none for a payment from before that was recorded, which stays where it is.
    pub routing: Option<Routing>,
    /// The provider's object, once known.
    pub intent_id: Option<String>,
    /// What the payer needs to pay, once known.
    pub next_action: Option<NextAction>,
    /// Why it does not go on, when it does not.
    pub failure: Option<Failure>,
    /// After this it is closed, unless it was paid.
    pub expires_at: DateTime<Utc>,
    /// Why it is being closed, once somebody has begun to close it.
    pub closing: Option<Closing>,
    /// Whether it was paid after it had been closed here.
    pub is_late: bool,
    /// Whose wallet has got its money; none unless it was paid into one. It is then that wallet's to give back.
    pub paid_into: Option<UserId>,
    /// How much was given back, in minor units.
    pub refunded_minor: i64,
    /// How much is set aside for refunds under way, in minor units.
    pub refund_reserved_minor: i64,
    /// How much is, or was lost to be, disputed, in minor units.
    pub disputed_minor: i64,
    /// What the merchant said when asking.
    pub request: PaymentRequest,
    /// Counts the changes; a writer that saw an older version has to look again.
    pub version: i32,
    /// When the worker first stored it.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Where it began, in the trace of whoever asked for it; none for a payment from before that was stored.
    pub trace: Option<TraceParent>,
}

impl Payment {
    /// The payment that a request asks for, before anything was done about it.
    pub fn new(
        merchant_id: MerchantId,
        idempotency_key: IdempotencyKey,
        request: PaymentRequest,
        channel: Channel,
        terms: &Terms,
        now: DateTime<Utc>,
    ) -> Self {
        let expiry = request.expires_in_s.unwrap_or(terms.payment_expiry_s);
        Self {
            id: PaymentId::derive(merchant_id, &idempotency_key),
            merchant_id,
            idempotency_key,
            fingerprint: request.fingerprint(),
            status: PaymentStatus::Pending,
            money: request.money,
            channel,
            routing: None,
            intent_id: None,
            next_action: None,
            failure: None,
            expires_at: now + TimeDelta::seconds(expiry.into()),
            closing: None,
            is_late: false,
            paid_into: None,
            refunded_minor: 0,
            refund_reserved_minor: 0,
            disputed_minor: 0,
            request,
            version: 0,
            created_at: now,
            updated_at: now,
            trace: None,
        }
    }

    /// Its intent, as its provider is asked about it; none while it has no intent.
    pub fn intent(&self) -> Option<IntentRef> {
        Some(IntentRef {
            id: self.intent_id.clone()?,
            money: Some(self.money),
            connected_account: self.request.connected_account.clone(),
        })
    }

    /// How it goes through its channel, where that was decided.
    pub fn choice(&self) -> Option<&Choice> {
        self.routing.as_ref()?.choice(self.channel)
    }

    /// With what the payer pays, where the merchant or a route said so.
    pub fn method(&self) -> Option<Method> {
        self.request.method.or_else(|| self.choice()?.method)
    }

    /// How the payer gets there, where the merchant or a route said so, or the channel knows one way only.
    pub fn flow(&self) -> Option<Flow> {
        self.request.flow.or_else(|| self.choice()?.flow)
    }

    /// The same on the next channel of its order; none when there is no next one, or when it has an intent where it is.
    /// It is the caller's to know that its present channel has done nothing and will do nothing.
    #[must_use]
    pub fn on_next_channel(&self, why: &str, now: DateTime<Utc>) -> Option<Self> {
        let next = self.routing.as_ref()?.after(self.channel)?.channel;
        if self.intent_id.is_some() || self.status != PaymentStatus::Pending {
            return None;
        }
        let mut moved = Self {
            channel: next,
            updated_at: now,
            ..self.clone()
        };
        moved.routing.as_mut()?.failovers.push(Failover {
            from: self.channel,
            to: next,
            why: why.to_owned(),
            at: now,
        });
        Some(moved)
    }
}
