//! Handing jobs to RabbitMQ: the moment in which a request becomes accepted, or in which nobody knows whether it was.
//!
//! A job that was not confirmed may be in its queue all the same: only the confirm got lost then. So the client is told to
//! repeat under the same key, which is safe either way, and never that nothing will happen.

use std::time::Duration;

use broker::{Called, PublishError, Target};
use domain::job::Envelope;
use runtime::traces;
use tokio::time::timeout;
use tracing::Instrument;

use crate::{
    app::App,
    problem::{Problem, ProblemKind},
};

/// Publishes a job. When this returns `Ok`, the broker has confirmed it.
pub(crate) async fn publish(app: &App, route: &'static str, envelope: Envelope) -> Result<(), Problem> {
    let (span, envelope) = traces::publishing(envelope);
    let published = app
        .publisher
        .publish(Target::Jobs, &envelope)
        .instrument(span)
        .await;
    count_accepted(route, published)
}

/// Publishes a job and waits for its worker's answer, for as long as the client wants to and this process may run.
/// Fails only when the broker did not confirm.
pub(crate) async fn call(
    app: &App,
    route: &'static str,
    envelope: Envelope,
    wait: Duration,
) -> Result<Called, Problem> {
    // Either way the wait is over.
    let give_up = async { drop(timeout(wait, app.stopping.cancelled()).await) };
    let (span, envelope) = traces::publishing(envelope);
    let called = app.caller.call_until(&envelope, give_up).instrument(span).await;
    count_accepted(route, called)
}

fn count_accepted<T>(route: &'static str, published: Result<T, PublishError>) -> Result<T, Problem> {
    match published {
        Ok(published) => {
            metrics::counter!("sluice_requests_accepted_total", "route" => route).increment(1);
            Ok(published)
        }
        Err(error) => Err(unconfirmed(&error)),
    }
}

fn unconfirmed(error: &PublishError) -> Problem {
    match error {
        PublishError::Unavailable(_) | PublishError::Unroutable(_) => {
            tracing::warn!(%error, "not confirmed");
            let detail = "The queue did not confirm the request, which may be carried out all the same. Send it again \
                          under the same Idempotency-Key: that is safe and never moves money twice. Under a new key, or \
                          done elsewhere, it may happen twice.";
            Problem::new(ProblemKind::BrokerUnavailable, detail)
        }
        PublishError::Malformed(_) => {
            tracing::error!(%error, "a job cannot be written as a message");
            Problem::internal()
        }
    }
}
