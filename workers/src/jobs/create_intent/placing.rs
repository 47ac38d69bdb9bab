//! Where a new payment goes: what is asked of the channels and of the merchant's routes before it is stored.

use channels::{check_taken, facts};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    channel::Channel,
    id::PaymentId,
    job::CreateIntent,
    outcome::{ErrorClass, Outcome, Reason},
    payment::{Payer, PayerDetails, Payment, PaymentRequest},
    routing::{Routing, Wish, decide},
};
use store::{MerchantSetup, StoreError};

use crate::{
    context::Context,
    execute::Run,
    jobs::{patience::wait_for_key, subject::payer},
};

/// Ingress checks this at the door; upstream systems that publish jobs themselves do not pass it. Gives what is known of the
/// payer, or what becomes of a job that cannot be carried out.
pub fn check(job: &CreateIntent, context: &Context, run: &Run) -> Result<Payer, Outcome> {
    let invalid = |problem: String| Outcome::Fail(Reason::new(ErrorClass::Invalid, problem));
    let request = &job.request;
    request.validate().map_err(|error| invalid(error.to_string()))?;
    let payer = openable(context, run, job.payment_id(), request)?;
    check_taken(&Wish::of(request, Some(&payer))).map_err(|refused| {
        let each = refused.iter().map(|why| format!("{}: {why}", why.field()));
        invalid(each.collect::<Vec<_>>().join("; "))
    })?;
    Ok(payer)
}

/// What a request says of the payer, or what becomes of the job when that does not open.
pub fn openable(
    context: &Context,
    run: &Run,
    payment_id: PaymentId,
    request: &PaymentRequest,
) -> Result<Payer, Outcome> {
    let opened = payer(context, payment_id, request.payer.as_ref());
    opened.map_err(|error| wait_for_key(context, run, "what is told of the payer", error))
}

/// The payment that is asked for, as it is to be stored. Its time to be paid runs from when it was asked for, however long
/// the job lay in a queue.
///
/// # Errors
/// PostgreSQL is away.
pub async fn new_payment(
    job: &CreateIntent,
    payer: &Payer,
    context: &Context,
    run: &Run,
) -> Result<Payment, StoreError> {
    let setup = context.store.setup(job.merchant_id).await?;
    let now = context.clock.now();
    let mut new = place(job, payer, context, &setup, now);
    new.expires_at -= run.asked_at.map_or(TimeDelta::zero(), |asked_at| {
        (now - asked_at).max(TimeDelta::zero())
    });
    new.trace = Some(run.trace);
    Ok(new)
}

/// The payment with the decision about where it goes. One that can go nowhere is stored as well, so that its merchant can see
/// it fail and why.
fn place(
    job: &CreateIntent,
    payer: &Payer,
    context: &Context,
    setup: &MerchantSetup,
    now: DateTime<Utc>,
) -> Payment {
    let wish = Wish::of(&job.request, Some(payer));
    let facts = facts(&wish, &setup.configured, |channel| {
        context.channels.is_healthy(channel)
    });
    let decision = decide(job.payment_id(), &wish, &setup.routes, &facts);
    let chosen = decision.order.first().map(|choice| choice.channel);
    let able = || {
        facts
            .iter()
            .find(|about| about.takes.is_ok())
            .map(|about| about.channel)
    };
    let channel = chosen
        .or(job.request.channel)
        .or_else(able)
        .unwrap_or(Channel::Stripe);
    let request = PaymentRequest {
        payer: sealed(job, context),
        ..job.request.clone()
    };
    let (merchant, key) = (job.merchant_id, job.idempotency_key.clone());
    Payment {
        routing: Some(Routing::from(decision)),
        ..Payment::new(merchant, key, request, channel, &setup.terms, now)
    }
}

/// Why a payment can go nowhere, if that is what was decided about it.
pub fn nowhere(payment: &Payment) -> Option<Reason> {
    let decision = &payment.routing.as_ref()?.decision;
    let is_nowhere = decision.order.is_empty();
    is_nowhere.then(|| Reason::new(ErrorClass::Misconfigured, decision.refusal()))
}

/// What is known of the payer, as it may be stored.
fn sealed(job: &CreateIntent, context: &Context) -> Option<PayerDetails> {
    match &job.request.payer {
        Some(PayerDetails::Plain(payer)) => {
            let json = serde_json::to_vec(payer).unwrap_or_default();
            let place = Payer::place(job.payment_id());
            Some(PayerDetails::Sealed(
                context.store.vault().seal_text(&place, &json),
            ))
        }
        sealed @ (Some(PayerDetails::Sealed(_)) | None) => sealed.clone(),
    }
}
