//! Handing jobs to RabbitMQ: the moment in which a request becomes accepted, or not.

use std::time::Duration;

use broker::{Called, PublishError, Target};
use domain::job::Envelope;
use tokio::time::timeout;

use crate::{
    app::App,
    problem::{Problem, ProblemKind},
};

/// Publishes a job. When this returns `Ok`, the broker has confirmed it.
pub(crate) async fn publish(app: &App, route: &'static str, envelope: &Envelope) -> Result<(), Problem> {
    let published = app.publisher.publish(Target::Jobs, envelope).await;
    count_accepted(route, published)
}

/// Publishes a job and waits for its worker's answer, for as long as the client wants to and this process may run.
/// Fails only when the broker did not confirm.
pub(crate) async fn call(
    app: &App,
    route: &'static str,
    envelope: &Envelope,
    wait: Duration,
) -> Result<Called, Problem> {
    // Either way the wait is over.
    let give_up = async { drop(timeout(wait, app.stopping.cancelled()).await) };
    let called = app.caller.call_until(envelope, give_up).await;
    count_accepted(route, called)
}

fn count_accepted<T>(route: &'static str, published: Result<T, PublishError>) -> Result<T, Problem> {
    match published {
        Ok(published) => {
            metrics::counter!("sluice_requests_accepted_total", "route" => route).increment(1);
            Ok(published)
        }
        Err(error) => Err(refused(&error)),
    }
}

fn refused(error: &PublishError) -> Problem {
    match error {
        PublishError::Unavailable(_) | PublishError::Unroutable(_) => {
            tracing::warn!(%error, "not accepted");
            let detail = "The request could not be queued and counts as not accepted. Send it again under the same \
                          Idempotency-Key: repeating it is safe and never pays twice.";
            Problem::new(ProblemKind::BrokerUnavailable, detail)
        }
        PublishError::Malformed(_) => {
            tracing::error!(%error, "a job cannot be written as a message");
            Problem::internal()
        }
    }
}
