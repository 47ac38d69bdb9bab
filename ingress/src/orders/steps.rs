//! `POST /api/v1/orders/{id}/pay`, `…/cancel`, `…/refund`, `…/ship` and `…/complete`: what a merchant wants done with an order
//! that exists.
//!
//! The worker takes each step once under its key. The door looks first, because nearly every refusal can be told at once;
//! when PostgreSQL does not answer quickly, the job is published all the same.

use axum::{extract::State, http::StatusCode, response::Response};
use domain::{
    id::{MerchantId, OrderId, PaymentId},
    job::{ChangeOrder, ChangeOrderReply},
    order::{Order, OrderAction, OrderRefused, OrderStep, OrderView, PayOrder, StepKind},
    payment::{ActionOutcome, Payer, PayerDetails},
    routing::Wish,
};
use serde::Serialize;
use store::Vault;

use super::{
    body::{CancelBody, CompleteBody, PayBody, RefundBody, Said, ShipBody, StepBody},
    location,
};
use crate::{
    answers::{conflict, located, no_such_order, refused, replayed},
    app::{App, Shared},
    auth::Caller,
    fields::{self, invalid},
    json_body::JsonBody,
    path_id::PathId,
    problem::Problem,
    routes::{ORDER_CANCEL, ORDER_COMPLETE, ORDER_PAY, ORDER_REFUND, ORDER_SHIP},
    submission::Submission,
};

/// Declares the handler of a step.
macro_rules! step {
    ($(#[$doc:meta])+ $name:ident, $route:ident, $body:ident) => {
        $(#[$doc])+
        pub(crate) async fn $name(
            State(app): State<Shared>,
            submission: Submission,
            PathId(order_id): PathId<OrderId>,
            JsonBody(body): JsonBody<$body>,
        ) -> Result<Response, Problem> {
            take(&app, $route, &submission, order_id, body.said()?).await
        }
    };
}

step! {
    /// Takes a wish to begin a payment of an order.
    pay, ORDER_PAY, PayBody
}
step! {
    /// Takes a wish to call an order off.
    cancel, ORDER_CANCEL, CancelBody
}
step! {
    /// Takes a wish to give money of an order back.
    refund, ORDER_REFUND, RefundBody
}
step! {
    /// Takes the word that an order was sent.
    ship, ORDER_SHIP, ShipBody
}
step! {
    /// Takes the word that the customer has an order.
    complete, ORDER_COMPLETE, CompleteBody
}

async fn take(
    app: &App,
    route: &'static str,
    submission: &Submission,
    order_id: OrderId,
    said: Said,
) -> Result<Response, Problem> {
    let job = ChangeOrder {
        merchant_id: submission.merchant_id,
        idempotency_key: submission.idempotency_key.clone(),
        order_id,
        request: said.step,
        operator: said.operator,
        reason: said.reason,
    };
    job.validate().map_err(|refused| invalid(vec![refused.into()]))?;
    check_caller(&submission.caller, &job)?;
    if let Some(known) = known(app, submission, &job).await?
        && let Some(answer) = known.answer(&job)?
    {
        return Ok(answer);
    }
    let job = sealed(job, &app.vault);
    let answer = |reply| match reply {
        ChangeOrderReply::Order(view) => Ok(done(&job, *view)),
        ChangeOrderReply::Refused { code, message } => Err(refused(code, message)),
        ChangeOrderReply::NoSuchOrder => Err(no_such_order()),
        ChangeOrderReply::Conflict => Err(conflict()),
    };
    submission.submit(app, route, &job, accepted(&job), answer).await
}

/// Users pay their orders and call them off; the rest is their merchant's.
fn check_caller(caller: &Caller, job: &ChangeOrder) -> Result<(), Problem> {
    if job.operator.is_some() {
        caller.may_name_operator()?;
    }
    match &job.request {
        OrderStep::Pay(pay) if pay.connected_account.is_some() => caller.may_choose_account(),
        OrderStep::Pay(_) | OrderStep::Cancel {} => Ok(()),
        OrderStep::Refund { .. } => caller.may_refund(),
        OrderStep::Ship { .. } | OrderStep::Complete {} => caller.may_deliver(),
    }
}

/// What is said of the payer is sealed from here on.
fn sealed(mut job: ChangeOrder, vault: &Vault) -> ChangeOrder {
    let place = Payer::place(job.payment_id());
    if let OrderStep::Pay(pay) = &mut job.request
        && let Some(PayerDetails::Plain(payer)) = &pay.payer
    {
        let json = serde_json::to_vec(payer).unwrap_or_default();
        pay.payer = Some(PayerDetails::Sealed(vault.seal_text(&place, &json)));
    }
    job
}

/// What PostgreSQL knows about a wish.
struct Known {
    action: Option<OrderAction>,
    order: Option<Order>,
}

/// What is known, if PostgreSQL says so quickly; for whoever has to own the order, it has to say so. The wish is read last:
/// when nothing came of it by then, the order was read before it was changed by it, so that a wish is never refused for what
/// it has done itself.
async fn known(app: &App, submission: &Submission, job: &ChangeOrder) -> Result<Option<Known>, Problem> {
    let store = app.reads.seen_by(&submission.caller);
    let question = async {
        let (merchant_id, kind) = (job.merchant_id, job.request.kind());
        let order = store.order(job.order_id).await?;
        let action = store
            .order_action(merchant_id, kind, &job.idempotency_key)
            .await?;
        let order = match (order, &action) {
            // What came of it is shown by the order as it is after that.
            (Some(_), Some(_)) => store.order(job.order_id).await?,
            (order, _) => order,
        };
        Ok(Known { action, order })
    };
    if submission.caller.has_to_own() {
        Ok(Some(app.reads.patiently(question).await?))
    } else {
        Ok(app.reads.briefly(question).await.ok())
    }
}

impl Known {
    /// The answer that needs no worker.
    fn answer(self, job: &ChangeOrder) -> Result<Option<Response>, Problem> {
        let fingerprint = job.fingerprint();
        if self
            .action
            .as_ref()
            .is_some_and(|action| action.fingerprint != fingerprint)
        {
            return Err(conflict());
        }
        let order = self.order.ok_or_else(no_such_order)?;
        let Some(action) = self.action else {
            return check(&order, job).map(|()| None);
        };
        Ok(Some(match action.outcome {
            ActionOutcome::Done => replayed(done(job, OrderView::from(&order))),
            ActionOutcome::Refused { code, message } => replayed(refused(code, message)),
        }))
    }
}

/// Whether the order allows it as it stands, and some channel takes its payment.
fn check(order: &Order, job: &ChangeOrder) -> Result<(), Problem> {
    let allowed = order.clone().take(&job.request, job.payment_id());
    allowed.map_err(|refusal: OrderRefused| refused(refusal.code().to_owned(), refusal.to_string()))?;
    match &job.request {
        OrderStep::Pay(pay) => check_payment(order, pay),
        OrderStep::Cancel {} | OrderStep::Refund { .. } | OrderStep::Ship { .. } | OrderStep::Complete {} => {
            Ok(())
        }
    }
}

fn check_payment(order: &Order, pay: &PayOrder) -> Result<(), Problem> {
    let request = pay.request_for(order);
    let payer = match &pay.payer {
        Some(PayerDetails::Plain(payer)) => Some(payer),
        Some(PayerDetails::Sealed(_)) | None => None,
    };
    let taken = channels::check_taken(&Wish::of(&request, payer));
    taken.map_err(|refused| {
        let errors = refused
            .iter()
            .map(|why| fields::error(why.field(), why.to_string()));
        invalid(errors.collect())
    })
}

/// A wish that nobody has worked on yet.
#[derive(Serialize)]
struct Accepted {
    /// The order's.
    id: OrderId,
    merchant_id: MerchantId,
    action: &'static str,
    /// The payment that it begins.
    payment_id: Option<PaymentId>,
}

fn accepted(job: &ChangeOrder) -> Response {
    let accepted = Accepted {
        id: job.order_id,
        merchant_id: job.merchant_id,
        action: job.request.kind().name(),
        payment_id: begun(job),
    };
    located(StatusCode::ACCEPTED, location(accepted.id), &accepted)
}

/// The order afterwards. Whoever wanted to pay is told of the payment of this very wish.
fn done(job: &ChangeOrder, view: OrderView) -> Response {
    let view = OrderView {
        payment_id: begun(job).or(view.payment_id),
        ..view
    };
    located(StatusCode::OK, location(view.id), &view)
}

fn begun(job: &ChangeOrder) -> Option<PaymentId> {
    (job.request.kind() == StepKind::Pay).then(|| job.payment_id())
}
