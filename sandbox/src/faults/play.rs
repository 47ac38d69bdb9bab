//! Playing a dial on a call, the same way for every provider: what happens before the work, and what the client
//! sees of it afterwards.
//!
//! The work itself is done in a task of its own, because at the provider it happens whether or not the caller is
//! still waiting for the answer.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, Response, StatusCode};

use super::{Dial, Fault, Subject};
use crate::calls::Call;
use crate::listener::Wire;
use crate::world::World;

/// What a `malformed` answer carries unless the provider says otherwise.
const JUNK: &[u8] = b"<html>this is not JSON";

/// How a provider's answers look where a dial decides them.
pub trait Stage: Sync {
    /// The answer of an `error` or `error_after`: its status, and the provider's code if the dial names one.
    fn error(&self, status: u16, code: Option<&str>) -> Response<Body>;

    /// The answer to a caller who calls too often.
    fn rate_limited(&self) -> Response<Body>;

    /// The answer of a `malformed`, made of the real one.
    fn malformed(&self, mut answer: Response<Body>) -> Response<Body> {
        *answer.status_mut() = StatusCode::OK;
        *answer.body_mut() = Body::from(JUNK);
        answer
    }

    /// Whether the work itself plays the delay and `error_after`: so do providers that claim an idempotency key
    /// before they work, and keep the answer under it.
    fn keeps_answers(&self) -> bool {
        false
    }
}

/// A call that was noted: the dial that strikes it, and its number in the log.
pub struct Admitted {
    /// The dial, already counted as having struck.
    pub dial: Option<Dial>,
    /// The call's number.
    pub number: u64,
}

/// Finds the dial that strikes a call, and notes the call with it.
pub fn admit(world: &World, mut call: Call, subject: Subject) -> Admitted {
    let dial = if world.faults.is_empty() {
        None
    } else {
        let path = format!("{} {}", call.method, call.path);
        world.faults.strike(&call.route, &path, &call.account, &subject)
    };
    call.metadata = subject.metadata;
    call.fault = dial.as_ref().map(|dial| dial.fault.name());
    let number = world.calls.note(call);
    Admitted { dial, number }
}

/// Plays what the dial says about the time before the work, or does the work and plays what comes after it.
pub async fn play(
    world: &Arc<World>,
    wire: &Wire,
    admitted: &Admitted,
    stage: &impl Stage,
    work: impl Future<Output = Response<Body>> + Send + 'static,
) -> Response<Body> {
    let dial = admitted.dial.as_ref();
    let delay = Duration::from_millis(dial.map_or(0, |dial| dial.delay_ms));
    let answer = match dial.map(|dial| (dial, dial.fault)) {
        Some((_, Fault::HangBefore)) => {
            world.hang(wire).await;
            return Response::new(Body::empty());
        }
        Some((_, Fault::ResetBefore)) => {
            tokio::time::sleep(delay).await;
            wire.break_off();
            return Response::new(Body::empty());
        }
        Some((dial, Fault::Error)) => stage.error(dial.status.unwrap_or(500), dial.code.as_deref()),
        Some((_, Fault::RateLimit)) => stage.rate_limited(),
        Some((
            _,
            Fault::ErrorAfter | Fault::Slow | Fault::HangAfter | Fault::ResetAfter | Fault::Malformed,
        ))
        | None => return carry_through(world, wire, admitted, stage, work).await,
    };
    tokio::time::sleep(delay).await;
    finish(world, admitted, answer)
}

/// Does the work, then plays what the dial says about the time after it.
async fn carry_through(
    world: &World,
    wire: &Wire,
    admitted: &Admitted,
    stage: &impl Stage,
    work: impl Future<Output = Response<Body>> + Send + 'static,
) -> Response<Body> {
    let dial = admitted.dial.as_ref();
    let delay_ms = dial
        .filter(|dial| dial.delay_ms > 0 && !stage.keeps_answers())
        .map(|dial| dial.delay_ms);
    let task = async move {
        // Even a sleep of nothing lasts until the timer's next tick: calls without a dial go without.
        if let Some(delay_ms) = delay_ms {
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        }
        work.await
    };
    let answer = tokio::spawn(task).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a call ended in a panic");
        stage.error(500, None)
    });
    let answer = match dial.map(|dial| (dial, dial.fault)) {
        Some((_, Fault::HangAfter)) => {
            world.hang(wire).await;
            return Response::new(Body::empty());
        }
        Some((_, Fault::ResetAfter)) => {
            wire.break_off();
            return Response::new(Body::empty());
        }
        Some((_, Fault::Malformed)) => stage.malformed(answer),
        Some((dial, Fault::ErrorAfter)) if !stage.keeps_answers() => {
            stage.error(dial.status.unwrap_or(500), dial.code.as_deref())
        }
        Some((
            _,
            Fault::Error
            | Fault::RateLimit
            | Fault::ErrorAfter
            | Fault::Slow
            | Fault::HangBefore
            | Fault::ResetBefore,
        ))
        | None => answer,
    };
    finish(world, admitted, answer)
}

/// Notes how the call was answered. Whoever keeps to the limits that providers publish cannot know that they are shorter here,
/// and is told so.
fn finish(world: &World, admitted: &Admitted, mut answer: Response<Body>) -> Response<Body> {
    let status = answer.status();
    if status == StatusCode::TOO_MANY_REQUESTS && world.seconds(1) < Duration::from_secs(1) {
        answer
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    let status = status.as_u16();
    world
        .calls
        .complete(admitted.number, |call| call.status = Some(status));
    answer
}
