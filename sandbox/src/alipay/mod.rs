//! The Alipay double: the openapi v2 gateway with RSA2 both ways, the payer's pages, and notifications.
//!
//! One app is one account. A trade exists for the API only once a payer has opened it, as at Alipay: until then a
//! query finds nothing.

mod beijing;
mod book;
mod control;
mod errors;
mod fields;
mod keys;
mod method;
mod notice;
mod pages;
mod refunds;
mod request;
mod trade;
mod work;
mod yuan;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{Method as HttpMethod, Response, Uri};
use axum::routing::get;

pub use book::App;
pub use notice::sent_again;

use errors::ApiError;
use method::Method;
use notice::send_fresh;
use request::{Params, Request, refuse};
use work::{named, perform, sets_expiry};

use crate::calls::Call;
use crate::clock;
use crate::faults::{self, Subject};
use crate::listener::Wire;
use crate::locking::lock;
use crate::world::World;

const GATEWAY: &str = "/alipay/gateway.do";

/// The routes of the double and of its controls.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route(GATEWAY, get(gateway).post(gateway))
        .route("/alipay/qr/{app_id}/{out_trade_no}", get(pages::cashier))
        .merge(control::routes())
}

async fn gateway(
    State(world): State<Arc<World>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    http_method: HttpMethod,
    uri: Uri,
    body: Bytes,
) -> Response<Body> {
    let params = Params::read(&[uri.query().unwrap_or_default().as_bytes(), &body]);
    let request = match Request::check(&world, &params) {
        Ok(request) if request.method != Method::AppPay => Arc::new(request),
        Ok(_) => return refuse(&ApiError::of("isv.invalid-method", "不存在的方法名")),
        Err(error) => return refuse(&error),
    };
    let mut call = Call::received(
        http_method.as_str(),
        GATEWAY,
        format!("{http_method} {GATEWAY}#{}", request.method.name()),
        &request.app.app_id,
        &clock::object_id("alipay_"),
    );
    let subject = subject(&request);
    call.object = subject.metadata.get("out_trade_no").cloned();
    call.idempotency_key = subject.metadata.get("out_request_no").cloned();
    let admitted = faults::admit(&world, call, subject);
    let work = work(Arc::clone(&world), Arc::clone(&request), admitted.number);
    faults::play(&world, &wire, &admitted, request.as_ref(), work).await
}

/// Does the work and hands out the notices that follow from it.
async fn work(world: Arc<World>, request: Arc<Request>, call: u64) -> Response<Body> {
    let outcome = carry_out(&world, &request, Some(call)).await;
    if !request.method.is_page() {
        return request.respond(&outcome);
    }
    match outcome {
        Ok(content) => pages::entrance(content["qr_code"].as_str().unwrap_or_default()),
        Err(error) => pages::refusal(&error),
    }
}

/// Does what a request asks for; `call` is its number in the log, if it came over the gateway.
async fn carry_out(world: &Arc<World>, request: &Arc<Request>, call: Option<u64>) -> errors::Answered {
    let outcome = {
        let book = &mut *lock(&request.app.book);
        let before = book.changes();
        let outcome = perform(world, request, book);
        let effect = book.changes() != before;
        if let Some(call) = call {
            world.calls.complete(call, |call| call.effect = effect);
        }
        outcome
    };
    if outcome.is_ok() && sets_expiry(request) {
        start_expiry(world, request);
    }
    send_fresh(world, &request.app).await;
    outcome
}

/// Closes the offered trade when its payer's time is up, unless the state is reset before.
fn start_expiry(world: &Arc<World>, request: &Arc<Request>) {
    let number = request.fields.number("out_trade_no").ok().flatten();
    let Some(number) = number.map(str::to_owned) else {
        return;
    };
    let expires_at = lock(&request.app.book)
        .trade(&number)
        .map(|trade| trade.offer.expires_at);
    let Some(expires_at) = expires_at else {
        return;
    };
    let (world, app, epoch) = (Arc::clone(world), Arc::clone(&request.app), world.epoch());
    tokio::spawn(async move {
        let left = (expires_at - clock::now()).to_std().unwrap_or_default();
        let expire = async {
            tokio::time::sleep(left).await;
            lock(&app.book).expire(&number, clock::now());
            send_fresh(&world, &app).await;
        };
        epoch.run_until_cancelled(expire).await;
    });
}

/// What a call is about: the merchant's numbers stand for metadata, of which Alipay has none.
fn subject(request: &Request) -> Subject {
    let fields = &request.fields;
    let book = lock(&request.app.book);
    let number = named(request, &book).ok();
    let trade = number.as_deref().and_then(|number| book.trade(number));
    let refund = fields.text("out_request_no", fields::NUMBER_CHARS).ok().flatten();
    let named = [
        ("out_trade_no", number.as_deref()),
        ("out_request_no", refund),
        (
            "passback_params",
            trade.and_then(|trade| trade.offer.passback_params.as_deref()),
        ),
    ];
    let metadata: BTreeMap<_, _> = named
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    let asked = ["refund_amount", "total_amount"];
    let asked = asked.into_iter().find_map(|name| fields.sum(name).ok());
    Subject {
        metadata,
        amount: asked.or(trade.map(|trade| trade.offer.total)),
    }
}
