//! `confirm_payment`: try to pay a payment from the merchant's server.
//!
//! Each wish is one attempt, under an idempotency key of its own: a repeat of the job is answered as the first time and
//! charges nothing again. So that a repeat is known as one, the attempt is written down before it is made; from then on
//! the job asks for the answer to it, however the payment stands by then. Once the provider may have forgotten the key,
//! the attempt is not sent any more: the provider is asked how the intent stands, and the wish ends with that.

use channels::{Confirmation, Credentials};
use domain::{
    channel::{CallError, Exchange, Operation},
    job::{ConfirmPayment, Job},
    outcome::{ErrorClass, Outcome, Reason},
    payment::{ActionKind, ActionOutcome, ActionRequest, Payment, PaymentStatus},
};
use failpoints::{Point, reach};
use store::{StoreError, Verdict};

use crate::{
    context::Context,
    execute::{Handler, MAX_LOOKS, Run},
    jobs::{
        closing::{self, Answer},
        inquiry::Inquiry,
        wish::{self, Judgement, Start, Wishing, refusal, refused},
    },
};

const OPERATION: Operation = Operation::ConfirmIntent;

impl Handler for ConfirmPayment {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        let wishing = Wishing {
            context,
            run,
            wish: &self.0,
        };
        for _ in 0..MAX_LOOKS {
            let payment = match wishing.start(ActionKind::Confirm).await? {
                Start::Payment(payment) => *payment,
                Start::Ended(outcome) => return Ok(outcome),
            };
            if let Some(outcome) = attempt(self, &wishing, payment).await? {
                return Ok(outcome);
            }
        }
        Err(StoreError::Contended(self.0.payment_id.to_string()))
    }

    async fn reply(&self, context: &Context) -> Result<Option<Vec<u8>>, StoreError> {
        wish::reply(context, &self.0).await
    }
}

/// What an attempt came to.
struct Attempt {
    answer: Answer,
    /// What came of the wish if the intent is still open after it; none when nobody can tell.
    when_open: Option<ActionOutcome>,
}

/// Makes the attempt, or asks for the answer to it; none when the payment has changed before it was begun.
async fn attempt(
    job: &ConfirmPayment,
    wishing: &Wishing<'_>,
    payment: Payment,
) -> Result<Option<Outcome>, StoreError> {
    let Wishing { context, run, .. } = wishing;
    let begun = context.store.begun(payment.id, &run.job_id, OPERATION).await?;
    if !channels::capabilities(payment.channel).confirms {
        let refusal = not_supported(&payment);
        return wishing.keep(payment.unchanged(), refusal).await;
    }
    if let Some(refusal) = refusal(&payment).filter(|_| begun.is_none()) {
        return wishing.keep(payment.unchanged(), refusal).await;
    }
    let Some(confirmation) = confirmation(job, &payment) else {
        return Ok(Some(wishing.wait_for_intent()));
    };
    let credentials = match wishing.credentials(&payment).await? {
        Ok(credentials) => credentials,
        Err(outcome) => return Ok(Some(outcome)),
    };
    let attempt = match begun {
        Some(begun)
            if context.may_be_forgotten(
                channels::capabilities(payment.channel).idempotency_retention,
                begun,
            ) =>
        {
            ask_instead(context, &credentials, &confirmation).await
        }
        Some(_) => send(context, run, &credentials, &confirmation).await,
        None if note_begun(context, run, payment).await? == Verdict::Written => {
            reach(Point::ConfirmPaymentCallNoted);
            send(context, run, &credentials, &confirmation).await
        }
        None => return Ok(None),
    };
    reach(Point::ConfirmPaymentAnswered);
    let Attempt { answer, when_open } = attempt;
    let was_shown = answer.seen.is_some();
    let is_at_work = closing::is_at_work(answer.seen.as_ref());
    let judge = |payment: &Payment| match (refusal(payment), &when_open) {
        _ if is_at_work || is_on_its_way(payment) => Judgement::Kept(ActionOutcome::Done),
        (Some(closed), _) => Judgement::Kept(closed),
        (None, Some(end)) if was_shown => Judgement::Kept(end.clone()),
        (None, _) => Judgement::Undecided,
    };
    wishing.conclude(answer, judge).await.map(Some)
}

/// What is sent; none while the payment has no intent.
fn confirmation(job: &ConfirmPayment, payment: &Payment) -> Option<Confirmation> {
    let (payment_method, return_url) = match &job.0.request {
        ActionRequest::Confirm {
            payment_method,
            return_url,
        } => (payment_method.clone(), return_url.clone()),
        ActionRequest::Cancel { .. } => (None, None),
    };
    Some(Confirmation {
        payment_id: payment.id,
        job_id: job.id(),
        intent: payment.intent()?,
        payment_method,
        return_url,
    })
}

/// Writes down that the attempt is about to be made, unless the payment has changed since it was read.
async fn note_begun(context: &Context, run: &Run, payment: Payment) -> Result<Verdict, StoreError> {
    let begun = Exchange {
        operation: OPERATION,
        outcome: "started",
        intent_id: payment.intent_id.clone(),
        error: None,
        duration_ms: 0,
    };
    let mut inquiry = Inquiry {
        context,
        run,
        subject: payment,
    };
    inquiry.record_unless_changed(begun).await
}

/// Sends the attempt. Under its key, a repeat gives the first answer.
async fn send(
    context: &Context,
    run: &Run,
    credentials: &Credentials,
    confirmation: &Confirmation,
) -> Attempt {
    let (result, exchange) = context.channels.confirm_intent(credentials, confirmation).await;
    let exchanges = vec![exchange];
    let error = match result {
        Ok(intent) => {
            let answer = Answer {
                seen: Some(intent),
                exchanges,
                otherwise: Outcome::Done,
            };
            let when_open = Some(ActionOutcome::Done);
            return Attempt { answer, when_open };
        }
        Err(error) => error,
    };
    let (when_open, is_final) = match &error {
        // The attempt was made; the payment tells what came of it.
        CallError::Declined(_) => (Some(ActionOutcome::Done), true),
        CallError::Refused { code, message } => {
            let message = format!("The provider refused it: {code}: {message}");
            (Some(refused("refused_by_provider", &message)), true)
        }
        CallError::Limited { .. } | CallError::NotDone { .. } | CallError::Unknown { .. } => {
            (None, run.is_last)
        }
    };
    let answer = Answer {
        seen: None,
        exchanges,
        otherwise: closing::failed(error),
    };
    let answer = if is_final {
        closing::asked(context, credentials, &confirmation.intent, answer).await
    } else {
        answer
    };
    Attempt { answer, when_open }
}

/// Asks how the intent stands, because the attempt cannot be sent again.
async fn ask_instead(context: &Context, credentials: &Credentials, confirmation: &Confirmation) -> Attempt {
    let message = "the attempt was begun too long ago to be sent again, and the provider did not say how the intent stands";
    let unasked = Answer {
        seen: None,
        exchanges: Vec::new(),
        otherwise: Outcome::retry(Reason::new(ErrorClass::OutcomeUnknown, message)),
    };
    let message = "The attempt was begun too long ago to be sent again. The payment can still be paid.";
    Attempt {
        answer: closing::asked(context, credentials, &confirmation.intent, unasked).await,
        when_open: Some(refused("confirmation_too_old", message)),
    }
}

/// Its channel's payers pay by themselves.
fn not_supported(payment: &Payment) -> ActionOutcome {
    let message = format!(
        "A payment through {} cannot be confirmed from a server.",
        payment.channel
    );
    refused("confirm_not_supported", &message)
}

/// Whether the payment is paid or about to be.
const fn is_on_its_way(payment: &Payment) -> bool {
    matches!(
        payment.status,
        PaymentStatus::Succeeded | PaymentStatus::Processing
    )
}
