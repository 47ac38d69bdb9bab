//! `notify_merchant`: deliver one stored notification to its merchant's endpoint.

use std::time::Instant;

use domain::{
    job::NotifyMerchant,
    outcome::{ErrorClass, Outcome, Reason},
    secret::Secret,
};
use failpoints::{Point, reach};
use runtime::traces;
use store::{AttemptRecord, Delivery, DeliveryStatus, Endpoint, Held, Record, StoreError};
use tracing::{Instrument, Span};

use crate::{
    context::Context,
    execute::{Handler, Run},
    notifier::{Answer, Parcel, Undelivered},
};

/// The merchant says that this endpoint is gone for good.
const GONE: u16 = 410;

impl Handler for NotifyMerchant {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        let Some(delivery) = context.store.delivery(self.notification_id).await? else {
            let message = format!("there is no notification {}", self.notification_id);
            return Ok(Outcome::Fail(Reason::new(ErrorClass::Internal, message)));
        };
        if delivery.delivered || is_superseded(self, &delivery) {
            return Ok(Outcome::Done);
        }
        if context.paused_merchants.contains(self.merchant_id) {
            return keep(self, context, run).await;
        }
        let endpoint = context.store.endpoint(self.merchant_id).await?;
        let Some(endpoint) = endpoint.filter(|endpoint| endpoint.disabled_reason.is_none()) else {
            let undeliverable = attempt(self, context, run, DeliveryStatus::Undeliverable);
            let error = Some("the merchant has no endpoint, or it is switched off".into());
            return finish(
                context,
                AttemptRecord {
                    error,
                    ..undeliverable
                },
                Outcome::Done,
            )
            .await;
        };
        let Some(_place) = context.notifying.enter(self.merchant_id) else {
            let message = "this merchant's endpoint is being waited for often enough";
            let reason = Reason::new(ErrorClass::MerchantEndpoint, message);
            return Ok(Outcome::Snooze {
                reason,
                delay: context.nap(run.snoozes),
            });
        };
        let started = Instant::now();
        reach(Point::NotifyBeforeSend);
        let answer = shown(self, send(self, context, &endpoint, &delivery)).await;
        reach(Point::NotifySent);
        let duration_ms = i32::try_from(started.elapsed().as_millis()).unwrap_or(i32::MAX);
        let (attempt, outcome) = judge(self, context, run, &endpoint, answer);
        finish(
            context,
            AttemptRecord {
                duration_ms,
                ..attempt
            },
            outcome,
        )
        .await
    }

    async fn give_up(&self, context: &Context, run: &Run, reason: &Reason) -> Result<Record, StoreError> {
        // A try that was cut off left no account of itself. One that has an account keeps it.
        let error = Some(reason.message.clone());
        let attempt = AttemptRecord {
            error,
            ..attempt(self, context, run, DeliveryStatus::Exhausted)
        };
        let delivery = context.store.delivery(self.notification_id).await?;
        let counts = delivery.is_some_and(|delivery| !is_superseded(self, &delivery));
        Ok(Record {
            attempt: counts.then_some(attempt),
            ..Record::default()
        })
    }

    async fn is_done(&self, context: &Context) -> Result<bool, StoreError> {
        let delivery = context.store.delivery(self.notification_id).await?;
        Ok(delivery.is_none_or(|delivery| delivery.delivered || !is_superseded(self, &delivery)))
    }
}

/// Whether the notification was sent again since: then it has a schedule of its own, and this one ends.
const fn is_superseded(job: &NotifyMerchant, delivery: &Delivery) -> bool {
    job.attempts_before < delivery.attempts_before
}

/// Keeps the notification back: its job ends here, and goes on with this attempt when the merchant's are sent again. One that
/// people sent again begins a new schedule then.
async fn keep(job: &NotifyMerchant, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
    let held = Held {
        notification_id: job.notification_id,
        attempt: run.attempt,
        attempts_before: job.attempts_before,
        is_replayed: run.is_replayed,
        at: context.clock.now(),
    };
    let record = Record {
        held: Some(held),
        ..Record::default()
    };
    context.recorder.write(record).await?;
    Ok(Outcome::Done)
}

/// The span of one delivery. It does not say where to: an address may hold a merchant's secrets.
fn delivering(job: &NotifyMerchant) -> Span {
    tracing::info_span!(
        target: traces::TARGET,
        "deliver notification",
        otel.kind = "client",
        notification_id = %job.notification_id,
        merchant_id = %job.merchant_id,
    )
}

/// Shows in the trace how a delivery ends.
async fn shown(
    job: &NotifyMerchant,
    sending: impl Future<Output = Result<Answer, Undelivered>>,
) -> Result<Answer, Undelivered> {
    let span = delivering(job);
    let call = traces::Call::begin(span.clone());
    let answer = sending.instrument(span).await;
    if let Some(span) = call.end() {
        match &answer {
            Ok(answer) => traces::answered(&span, answer.status),
            Err(_) => traces::fail(&span, "no answer"),
        }
    }
    answer
}

async fn send(
    job: &NotifyMerchant,
    context: &Context,
    to: &Endpoint,
    what: &Delivery,
) -> Result<Answer, Undelivered> {
    let now = context.clock.now();
    let current = to
        .secrets
        .iter()
        .filter(|secret| secret.until.is_none_or(|until| now < until));
    let secrets: Vec<Secret> = current.map(|secret| secret.secret.clone()).collect();
    let id = job.notification_id.to_string();
    let parcel = Parcel {
        url: &to.url,
        id: &id,
        timestamp_s: now.timestamp(),
        payload: &what.payload,
        secrets: &secrets,
    };
    context.notifier.send(&parcel).await
}

fn attempt(job: &NotifyMerchant, context: &Context, run: &Run, status: DeliveryStatus) -> AttemptRecord {
    AttemptRecord {
        notification_id: job.notification_id,
        attempt: run.attempt,
        attempts_before: job.attempts_before,
        status,
        http_status: None,
        error: None,
        response: None,
        duration_ms: 0,
        at: context.clock.now(),
        gone_url: None,
    }
}

fn judge(
    job: &NotifyMerchant,
    context: &Context,
    run: &Run,
    endpoint: &Endpoint,
    answer: Result<Answer, Undelivered>,
) -> (AttemptRecord, Outcome) {
    let unfinished = if run.is_last {
        DeliveryStatus::Exhausted
    } else {
        DeliveryStatus::Pending
    };
    let reason = |message: String| Reason::new(ErrorClass::MerchantEndpoint, message);
    match answer {
        Ok(Answer {
            status,
            body,
            retry_after,
        }) => {
            let (reached, outcome) = match status {
                200..=299 => (DeliveryStatus::Delivered, Outcome::Done),
                GONE => (DeliveryStatus::Undeliverable, Outcome::Done),
                _other => {
                    let reason = reason(format!("the merchant's endpoint answered {status}"));
                    (
                        unfinished,
                        Outcome::Retry {
                            reason,
                            after: retry_after,
                        },
                    )
                }
            };
            let gone_url = (status == GONE).then(|| endpoint.url.clone());
            let attempt = attempt(job, context, run, reached);
            (
                AttemptRecord {
                    http_status: Some(status),
                    response: Some(body),
                    gone_url,
                    ..attempt
                },
                outcome,
            )
        }
        Err(undelivered) => {
            let error = Some(undelivered.to_string());
            let attempt = AttemptRecord {
                error,
                ..attempt(job, context, run, unfinished)
            };
            (attempt, Outcome::retry(reason(undelivered.to_string())))
        }
    }
}

async fn finish(context: &Context, attempt: AttemptRecord, then: Outcome) -> Result<Outcome, StoreError> {
    let outcome = match (attempt.status, attempt.http_status) {
        (DeliveryStatus::Delivered, _) => "delivered",
        (DeliveryStatus::Undeliverable, _) => "undeliverable",
        (DeliveryStatus::Pending | DeliveryStatus::Exhausted, Some(_)) => "refused",
        (DeliveryStatus::Pending | DeliveryStatus::Exhausted, None) => "unreachable",
    };
    metrics::counter!("sluice_notifications_total", "outcome" => outcome).increment(1);
    context
        .recorder
        .write(Record {
            attempt: Some(attempt),
            ..Record::default()
        })
        .await?;
    Ok(then)
}
