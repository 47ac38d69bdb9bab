//! `POST /api/v1/payments/{id}/cancel` and `…/confirm`: what a merchant wants done with a payment that exists.
//!
//! Each wish is carried out once under its key. Whether the payment allows it is for the worker to find out, who holds
//! the payment while it asks the provider; PostgreSQL is only asked whether there is such a payment, and whether it is
//! known already what came of the wish.

use axum::{extract::State, http::StatusCode, response::Response};
use domain::{
    id::{MerchantId, PaymentId},
    job::{CancelPayment, ConfirmPayment, Job, PaymentActionReply, Wish},
    payment::{ActionOutcome, ActionRequest, Payment, PaymentAction, PaymentView},
};
use serde::Serialize;

use super::{
    body::{CancelBody, ConfirmBody},
    location,
    shown::shown,
};
use crate::{
    answers::{conflict, located, no_such_payment, refused, replayed},
    app::{App, Shared},
    auth::Caller,
    fields::invalid,
    json_body::JsonBody,
    path_id::PathId,
    problem::Problem,
    routes::{PAYMENT_CANCEL, PAYMENT_CONFIRM},
    submission::Submission,
};

/// Takes a wish to close a payment.
pub(crate) async fn cancel(
    State(app): State<Shared>,
    submission: Submission,
    PathId(payment_id): PathId<PaymentId>,
    JsonBody(body): JsonBody<CancelBody>,
) -> Result<Response, Problem> {
    let wish = wish(&submission, payment_id, body.into())?;
    take(&app, PAYMENT_CANCEL, &submission, wish, CancelPayment).await
}

/// Takes a wish to try to pay a payment.
pub(crate) async fn confirm(
    State(app): State<Shared>,
    submission: Submission,
    PathId(payment_id): PathId<PaymentId>,
    JsonBody(body): JsonBody<ConfirmBody>,
) -> Result<Response, Problem> {
    let wish = wish(&submission, payment_id, body.into())?;
    take(&app, PAYMENT_CONFIRM, &submission, wish, ConfirmPayment).await
}

fn wish(submission: &Submission, payment_id: PaymentId, request: ActionRequest) -> Result<Wish, Problem> {
    request
        .validate()
        .map_err(|refused| invalid(vec![refused.into()]))?;
    Ok(Wish {
        merchant_id: submission.merchant_id,
        idempotency_key: submission.idempotency_key.clone(),
        payment_id,
        request,
    })
}

async fn take<J: Job>(
    app: &App,
    route: &'static str,
    submission: &Submission,
    wish: Wish,
    job: fn(Wish) -> J,
) -> Result<Response, Problem> {
    if let Some(known) = known(app, submission, &wish).await?
        && let Some(answer) = known.answer(&submission.caller, &wish)?
    {
        return Ok(answer);
    }
    let accepted = accepted(&wish);
    submission
        .submit(app, route, &job(wish), accepted, |reply| {
            answer(&submission.caller, reply)
        })
        .await
}

fn answer(caller: &Caller, reply: PaymentActionReply) -> Result<Response, Problem> {
    match reply {
        PaymentActionReply::Payment(view) => Ok(done(&shown(caller, *view))),
        PaymentActionReply::Refused { code, message } => Err(refused(code, message)),
        PaymentActionReply::NoSuchPayment => Err(no_such_payment()),
        PaymentActionReply::Conflict => Err(conflict()),
    }
}

/// What PostgreSQL knows about a wish.
struct Known {
    action: Option<PaymentAction>,
    payment: Option<Payment>,
}

/// What is known, if PostgreSQL says so quickly; for whoever has to own the payment, it has to say so. The payment is read
/// last, so that it shows what came of the wish.
async fn known(app: &App, submission: &Submission, wish: &Wish) -> Result<Option<Known>, Problem> {
    let store = app.reads.seen_by(&submission.caller);
    let question = async {
        let (merchant_id, kind) = (wish.merchant_id, wish.request.kind());
        let action = store.action(merchant_id, kind, &wish.idempotency_key).await?;
        let payment = store.payment(wish.payment_id).await?;
        Ok(Known { action, payment })
    };
    if submission.caller.has_to_own() {
        Ok(Some(app.reads.patiently(question).await?))
    } else {
        Ok(app.reads.briefly(question).await.ok())
    }
}

impl Known {
    /// The answer that needs no worker.
    fn answer(self, caller: &Caller, wish: &Wish) -> Result<Option<Response>, Problem> {
        let fingerprint = wish.request.fingerprint(wish.payment_id);
        if self
            .action
            .as_ref()
            .is_some_and(|action| action.fingerprint != fingerprint)
        {
            return Err(conflict());
        }
        let payment = self.payment.ok_or_else(no_such_payment)?;
        Ok(self.action.map(|action| match action.outcome {
            ActionOutcome::Done => replayed(done(&shown(caller, PaymentView::for_merchant(&payment)))),
            ActionOutcome::Refused { code, message } => replayed(refused(code, message)),
        }))
    }
}

/// A wish that nobody has worked on yet.
#[derive(Serialize)]
struct Accepted {
    /// The payment's.
    id: PaymentId,
    merchant_id: MerchantId,
    action: &'static str,
}

fn accepted(wish: &Wish) -> Response {
    let accepted = Accepted {
        id: wish.payment_id,
        merchant_id: wish.merchant_id,
        action: wish.request.kind().name(),
    };
    located(StatusCode::ACCEPTED, location(accepted.id), &accepted)
}

fn done(view: &PaymentView) -> Response {
    located(StatusCode::OK, location(view.id), view)
}
