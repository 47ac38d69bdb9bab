//! Asking for something to be done: what every such request carries, how its job gets to a worker, and how the worker's
//! answer gets back.
//!
//! Payments, refunds and wishes differ in what they ask for and in what they answer; everything between is here, once.

use std::time::Duration;

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, request::Parts},
    response::{IntoResponse, Response},
};
use broker::Called;
use domain::{
    id::{IdempotencyKey, MerchantId},
    job::{Envelope, Job},
    trace::TraceParent,
};
use failpoints::{Point, reach};
use serde::de::DeserializeOwned;

use crate::{
    app::{App, Shared},
    auth::{self, Caller},
    idempotency, prefer,
    problem::Problem,
    publishing,
};

const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Who asks, under which key, and for how long it waits.
pub(crate) struct Submission {
    /// Who asks.
    pub caller: Caller,
    /// The merchant that it is asked for.
    pub merchant_id: MerchantId,
    /// The caller's name for what it asks for.
    pub idempotency_key: IdempotencyKey,
    wait: Option<Duration>,
    trace: TraceParent,
}

impl FromRequestParts<Shared> for Submission {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        let caller = auth::who_asks(parts, app).await?;
        app.requests_rate.admit(&caller)?;
        Ok(Self {
            merchant_id: caller.acts_for()?,
            idempotency_key: caller.own_key(idempotency::key(&parts.headers)?),
            caller,
            wait: prefer::wait(&parts.headers),
            trace: parts.extensions.get().copied().unwrap_or_else(TraceParent::root),
        })
    }
}

impl Submission {
    /// Whether the caller waits for the worker's answer.
    pub(crate) const fn waits(&self) -> bool {
        self.wait.is_some()
    }

    /// Publishes the job. `accepted` is the answer once it is confirmed; whoever waits gets instead what `answer` makes of
    /// the worker's reply, if there is one in time.
    ///
    /// # Errors
    /// The broker did not confirm.
    pub(crate) async fn submit<J: Job, R: DeserializeOwned>(
        &self,
        app: &App,
        route: &'static str,
        job: &J,
        accepted: Response,
        answer: impl FnOnce(R) -> Result<Response, Problem>,
    ) -> Result<Response, Problem> {
        reach(Point::IngressRequestRead);
        let envelope = Envelope::new(job, self.trace, app.clock.now());
        let Some(wait) = self.wait else {
            publishing::publish(app, route, envelope).await?;
            reach(Point::IngressConfirmed);
            return Ok(accepted);
        };
        let mut response = match publishing::call(app, route, envelope, wait).await? {
            Called::TimedOut => accepted,
            Called::Replied(reply) => match serde_json::from_slice(&reply) {
                // A problem, too, is an answer that was waited for.
                Ok(reply) => answer(reply).unwrap_or_else(IntoResponse::into_response),
                Err(error) => {
                    // The job is confirmed, so the request was accepted whatever the answer looks like.
                    tracing::error!(%error, "the worker's answer cannot be read");
                    accepted
                }
            },
        };
        let applied = HeaderValue::try_from(format!("wait={}", wait.as_secs()));
        response
            .headers_mut()
            .extend(applied.ok().map(|applied| (PREFERENCE_APPLIED, applied)));
        Ok(response)
    }
}
