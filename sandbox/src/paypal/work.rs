//! The work of a call: done once per `PayPal-Request-Id`, under the app's lock, with its events sent out afterwards.
//!
//! Nothing here waits while the lock is held, and nothing here is undone when the caller goes away.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::book::{App, Book};
use super::errors::ApiError;
use super::exchange::{Answer, Request};
use super::request_ids::{Purpose, fingerprint};
use super::route::Operation;
use super::signing::{CERTIFICATE, CHAIN_PEM};
use super::verification::verify;
use super::webhooks::send;
use super::{auth, requests};
use crate::clock;
use crate::locking::lock;
use crate::world::World;

/// Answers a call.
pub async fn work(
    world: Arc<World>,
    request: Arc<Request>,
    caller: Result<Arc<App>, ApiError>,
    call: u64,
) -> Answer {
    let outcome = match Operation::resolve(request.method.as_str(), &request.path) {
        None => Err(ApiError::not_found()),
        Some((Operation::IssueToken, _)) => {
            auth::issue(&world, &request, clock::now()).map(|token| Answer::of(200, &token))
        }
        Some((Operation::ShowCertificate(id), _)) => certificate(id),
        Some((operation, _)) => match caller {
            Ok(app) => on_book(&world, &request, &app, operation, call).await,
            Err(error) => Err(error),
        },
    };
    let answer = outcome.unwrap_or_else(|error| request.refuse(&error));
    world.calls.complete(call, |call| {
        call.replayed = answer.replayed;
        call.object = answer.object.clone().or(call.object.take());
    });
    answer
}

fn certificate(id: &str) -> Result<Answer, ApiError> {
    if id != CERTIFICATE {
        return Err(ApiError::not_found());
    }
    Ok(Answer {
        status: 200,
        body: CHAIN_PEM.into(),
        content_type: "application/x-x509-ca-cert",
        replayed: false,
        object: None,
    })
}

/// Works on the app's book and sends out the events that follow.
async fn on_book(
    world: &Arc<World>,
    request: &Request,
    app: &App,
    operation: Operation<'_>,
    call: u64,
) -> Result<Answer, ApiError> {
    let lifetime = i64::try_from(world.config.paypal_order_lifetime_ms).unwrap_or(i64::MAX);
    let task = Task {
        request,
        now: clock::now(),
        lifetime: TimeDelta::try_milliseconds(lifetime).unwrap_or(TimeDelta::MAX),
    };
    let (outcome, events) = {
        let book = &mut *lock(&app.book);
        let before = book.changes();
        let outcome = match operation {
            Operation::VerifySignature => {
                verify(book, &world.paypal.signer, &request.body).map(|verdict| Answer::of(200, &verdict))
            }
            operation => task.perform(book, operation),
        };
        let effect = book.changes() != before;
        world.calls.complete(call, |call| call.effect = effect);
        (outcome, book.take_fresh())
    };
    send(world, app, events).await;
    outcome
}

/// A call that is being worked on.
struct Task<'a> {
    request: &'a Request,
    now: DateTime<Utc>,
    lifetime: TimeDelta,
}

impl Task<'_> {
    fn perform(&self, book: &mut Book, operation: Operation<'_>) -> Result<Answer, ApiError> {
        let shown = match operation {
            Operation::CreateOrder => return self.create(book),
            Operation::CaptureOrder(id) => return self.capture(book, id),
            Operation::RefundCapture(id) => return self.refund(book, id),
            Operation::ShowOrder(id) => book.render_order(book.order(id, self.now)?),
            Operation::ShowCapture(id) => {
                book.render_capture(book.captures.get(id).ok_or_else(ApiError::not_found)?)
            }
            Operation::ShowRefund(id) => {
                book.render_refund(book.refunds.get(id).ok_or_else(ApiError::not_found)?)
            }
            Operation::ShowDispute(id) => {
                book.render_dispute(book.disputes.get(id).ok_or_else(ApiError::not_found)?)
            }
            Operation::ShowEvent(id) => {
                let event = book.event(id).ok_or_else(ApiError::not_found)?;
                serde_json::from_slice(&event.body).unwrap_or_default()
            }
            Operation::IssueToken | Operation::VerifySignature | Operation::ShowCertificate(_) => {
                return Err(ApiError::not_found());
            }
        };
        Ok(Answer::of(200, &shown))
    }

    fn create(&self, book: &mut Book) -> Result<Answer, ApiError> {
        self.once(book, Purpose::Order, |book, body| {
            let order = requests::order(body, self.lifetime, self.now)?;
            if order.by_wallet && self.request.key().is_none() {
                let told =
                    "A PayPal-Request-Id is required if you are trying to process payment for an Order.";
                return Err(ApiError::invalid(
                    "PayPal-Request-Id",
                    "PAYPAL_REQUEST_ID_REQUIRED",
                    told,
                ));
            }
            Ok(book.open_order(order))
        })
    }

    fn capture(&self, book: &mut Book, id: &str) -> Result<Answer, ApiError> {
        self.once(book, Purpose::Capture, |book, _| {
            book.capture_order(id, self.now)?;
            Ok(id.to_owned())
        })
    }

    fn refund(&self, book: &mut Book, capture: &str) -> Result<Answer, ApiError> {
        self.once(book, Purpose::Refund, |book, body| {
            book.refund(capture, requests::refund(body)?, self.now)
        })
    }

    /// Does something unless the same request did it before, and answers the object it led to as it is now.
    fn once(
        &self,
        book: &mut Book,
        purpose: Purpose,
        work: impl FnOnce(&mut Book, &Value) -> Result<String, ApiError>,
    ) -> Result<Answer, ApiError> {
        let request = self.request;
        if !request.says_json() {
            return Err(ApiError::media_type());
        }
        let body = match &request.json {
            Some(body) => body,
            None if request.body.is_empty() => &Value::Null,
            None => return Err(requests::malformed("/")),
        };
        let print = fingerprint(&request.path, body);
        if let Some(key) = request.key()
            && let Some(object) = book.request_ids.find(purpose, key, &print, self.now)?
        {
            return self.show(book, purpose, &object, true);
        }
        let object = work(book, body)?;
        if let Some(key) = request.key() {
            book.request_ids.keep(purpose, key, print, &object, self.now);
        }
        self.show(book, purpose, &object, false)
    }

    fn show(&self, book: &Book, purpose: Purpose, id: &str, replayed: bool) -> Result<Answer, ApiError> {
        let all = self.request.prefers_all();
        let (shown, waits_for_payer) = match purpose {
            Purpose::Order | Purpose::Capture => {
                let order = book.orders.get(id).ok_or_else(ApiError::not_found)?;
                let shown = if all {
                    book.render_order(order)
                } else {
                    book.render_order_briefly(order)
                };
                // PayPal says 200 and not 201 when the payer still has to act.
                (shown, order.by_wallet && purpose == Purpose::Order)
            }
            Purpose::Refund => {
                let refund = book.refunds.get(id).ok_or_else(ApiError::not_found)?;
                let shown = if all {
                    book.render_refund(refund)
                } else {
                    book.render_refund_briefly(refund)
                };
                (shown, false)
            }
        };
        let status = if replayed || waits_for_payer { 200 } else { 201 };
        Ok(Answer {
            replayed,
            ..Answer::of(status, &shown)
        })
    }
}
