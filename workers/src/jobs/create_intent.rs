//! `create_intent`: open the provider's intent for a payment that a merchant asked for.
//!
//! The provider is always asked under the same idempotency key, so a repeat gives the same intent. When its answer does
//! not come, the payment is not failed for that. Every call is known to have begun before it is made, so that one
//! without a known end is never forgotten, whoever dies. While there is one, only the provider's word ends the payment:
//! the intent it shows, or, long enough after the last call, that it has none. Otherwise people look at it.

mod opening;

use domain::{
    channel::Channel,
    job::{CreateIntent, CreateIntentReply},
    outcome::{ErrorClass, Outcome, Reason},
    payment::{Failure, Payment, PaymentEvent, PaymentRequest, PaymentStatus, PaymentView},
};
use failpoints::{Point, Protection, is_missing, reach};
use store::{Record, StoreError, Verdict};

use crate::{
    context::Context,
    execute::{Handler, Run},
    jobs::{change::record_of, inquiry::Inquiry},
};
use opening::{FirstStep, Opening};

/// The channel that every payment takes.
const CHANNEL: Channel = Channel::Stripe;

impl Handler for CreateIntent {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        if let Err(reason) = check(&self.request) {
            return Ok(Outcome::Fail(reason));
        }
        let (payment, is_new) = match prepare(self, context).await? {
            Prepared::Stored(payment) => (*payment, true),
            Prepared::ToOpen(payment) => (*payment, false),
            Prepared::Settled => return Ok(Outcome::Done),
            Prepared::GivenUp => return after_giving_up(context, run).await,
            Prepared::Conflict => {
                let message = "the idempotency key was used before for another request; nothing was done";
                return Ok(Outcome::Fail(Reason::new(ErrorClass::Conflict, message)));
            }
        };
        let credentials = context.credentials(payment.merchant_id, payment.channel).await?;
        let inquiry = Inquiry {
            context,
            run,
            payment,
        };
        let mut opening = Opening { inquiry, is_new };
        let credentials = match credentials {
            Ok(credentials) => credentials,
            Err(reason) => {
                opening.note_not_sent(&reason).await?;
                return Ok(Outcome::Fail(reason));
            }
        };
        if let FirstStep::Ask { had_its_call } = opening.first_step().await? {
            match opening.ask(&credentials).await? {
                Some(outcome) => return Ok(outcome),
                None if had_its_call => return Ok(Outcome::retry(absent())),
                None => {}
            }
        }
        opening.create(&credentials).await
    }

    async fn give_up(&self, context: &Context, run: &Run, reason: &Reason) -> Result<Record, StoreError> {
        let Some(payment) = context.store.payment(self.payment_id()).await? else {
            return Ok(Record::default());
        };
        let failure = match reason.class {
            ErrorClass::OutcomeUnknown if is_missing(Protection::AskFirst) => {
                Some(Failure::provider_unavailable())
            }
            // The job itself is at fault; the payment under this id belongs to another job.
            ErrorClass::Unreadable
            | ErrorClass::Invalid
            | ErrorClass::Forbidden
            | ErrorClass::Conflict
            | ErrorClass::TooEarly
            | ErrorClass::MerchantEndpoint => return Ok(Record::default()),
            ErrorClass::Refused => Some(Failure::refused("refused_by_provider", &reason.message)),
            ErrorClass::Misconfigured => Some(Failure::not_configured()),
            ErrorClass::ProviderUnavailable => Some(Failure::provider_unavailable()),
            ErrorClass::OutcomeUnknown
            | ErrorClass::Mismatch
            | ErrorClass::StoreUnavailable
            | ErrorClass::TimedOut
            | ErrorClass::Interrupted
            | ErrorClass::Internal => None,
        };
        // However this try ended: while a call has no known end, the payment is not failed.
        let event = match failure {
            Some(failure)
                if is_missing(Protection::AskFirst) || context.store.open_call(&payment).await?.is_none() =>
            {
                PaymentEvent::GaveUp(failure)
            }
            Some(_) | None => PaymentEvent::LostSight,
        };
        // Neither event can be refused: both are about the payment alone.
        match payment.apply(event) {
            Ok(applied) => record_of(context, run, applied).await,
            Err(_) => Ok(Record::default()),
        }
    }

    async fn reply(&self, context: &Context) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(payment) = context.store.payment(self.payment_id()).await? else {
            return Ok(None);
        };
        let reply = if payment.fingerprint == self.request.fingerprint() {
            CreateIntentReply::Payment(Box::new(PaymentView::for_merchant(&payment)))
        } else {
            CreateIntentReply::Conflict
        };
        Ok(serde_json::to_vec(&reply).ok())
    }
}

/// Ingress checks this at the door; upstream systems that publish jobs themselves do not pass it.
fn check(request: &PaymentRequest) -> Result<(), Reason> {
    let invalid = |problem: String| Reason::new(ErrorClass::Invalid, problem);
    request.validate().map_err(|error| invalid(error.to_string()))?;
    let channel = channels::capabilities(CHANNEL);
    channel
        .check_amount(request.money)
        .map_err(|error| invalid(format!("amount: {error}")))
}

enum Prepared {
    /// Stored just now.
    Stored(Box<Payment>),
    /// Stored before, and without an intent.
    ToOpen(Box<Payment>),
    /// There is nothing left to open: the payment has its intent.
    Settled,
    /// The payment was given up and its merchant told so.
    GivenUp,
    /// Another request was stored under the same key.
    Conflict,
}

/// Stores the payment, unless it is there.
async fn prepare(job: &CreateIntent, context: &Context) -> Result<Prepared, StoreError> {
    let (key, request) = (job.idempotency_key.clone(), job.request.clone());
    let terms = context.store.terms(job.merchant_id).await?;
    let new = Payment::new(
        job.merchant_id,
        key,
        request,
        CHANNEL,
        &terms,
        context.clock.now(),
    );
    let record = Record {
        new_payment: Some(new.clone()),
        ..Record::default()
    };
    match context.recorder.write(record).await? {
        Verdict::Written => {
            reach(Point::CreateIntentStored);
            return Ok(Prepared::Stored(Box::new(new)));
        }
        Verdict::Duplicate | Verdict::Stale => {}
    }
    let Some(stored) = context.store.payment(new.id).await? else {
        return Err(StoreError::Contended(new.id.to_string()));
    };
    Ok(if stored.fingerprint != new.fingerprint {
        Prepared::Conflict
    } else if !is_settled(&stored) {
        Prepared::ToOpen(Box::new(stored))
    } else if stored.intent_id.is_some() {
        Prepared::Settled
    } else {
        Prepared::GivenUp
    })
}

/// There is nothing left to open: the payment has its intent, or was given up and its merchant told so.
fn is_settled(payment: &Payment) -> bool {
    payment.intent_id.is_some() || payment.status > PaymentStatus::NeedsReview
}

/// A payment that was given up stays so. If this very try gave it up, it died before its message was parked, and people
/// still have to find it there. Whoever merely asks for the same again has begun another message, and is only answered.
async fn after_giving_up(context: &Context, run: &Run) -> Result<Outcome, StoreError> {
    let given_up = if run.is_repeat {
        context.store.given_up(&run.job_id, run.attempt).await?
    } else {
        None
    };
    Ok(given_up.map_or(Outcome::Done, Outcome::Fail))
}

/// Why a payment is given up that surely has no intent.
fn absent() -> Reason {
    let message = "no try succeeded, and asked for it, the provider has no such intent";
    Reason::new(ErrorClass::ProviderUnavailable, message)
}
