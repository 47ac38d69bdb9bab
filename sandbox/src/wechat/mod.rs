//! The WeChat Pay v3 double: reads a call, finds which merchant signed it, plays the faults that are dialled, does the
//! work, signs the answer, and hands the events to delivery.
//!
//! It is served at the root, as `/v3/…`, because that is what clients sign; and under `/wechat`, where both what was
//! called and what is left of it without the prefix are taken for what was signed.

mod answers;
mod control;
mod der;
mod errors;
mod events;
mod fields;
mod keys;
mod numbers;
mod orders;
mod payments;
mod refund_requests;
mod refunds;
mod request;
mod route;
mod seal;
mod settings;
mod shop;
mod trades;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, Response, Uri};
use axum::routing::any;
use serde_json::Value;

pub use control::routes as control_routes;
pub use events::sent_again;

use answers::Signatory;
use errors::ApiError;
use events::send;
use keys::{KeyMode, Keys};
use request::{Caller, Request};
use route::{Operation, perform};
use shop::{Book, Shop, Terms, Timer};

use crate::accounts::Accounts;
use crate::calls::Call;
use crate::faults::{self, Admitted, Subject};
use crate::listener::Wire;
use crate::locking::lock;
use crate::world::World;

/// Everything the double holds.
#[derive(Debug)]
pub struct Wechat {
    /// Merchants by their numbers.
    shops: Accounts<Shop>,
    /// The provider's own keys.
    keys: Arc<Keys>,
}

impl Wechat {
    /// A provider without merchants.
    ///
    /// # Errors
    /// When the keys that were built in cannot be read.
    pub fn open() -> io::Result<Self> {
        Ok(Self {
            shops: Accounts::default(),
            keys: Arc::new(Keys::load()?),
        })
    }

    /// Forgets all merchants.
    pub fn clear(&self) {
        self.shops.clear();
    }
}

/// The routes of the double.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/v3/{*path}", any(serve))
        .route("/wechat/v3/{*path}", any(serve))
}

async fn serve(
    State(world): State<Arc<World>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let request = Request::read(method, &uri, headers, body);
    let mut signatory = Signatory {
        keys: Arc::clone(&world.wechat.keys),
        mode: KeyMode::PublicKey,
        forgery: None,
        request_id: numbers::nonce(),
    };
    let caller = match request.authenticate(&world.wechat) {
        Ok(caller) => caller,
        Err(error) => return signatory.answer(Err(error)),
    };
    // A merchant that changes from certificates to the public key says in each request which of them it knows.
    let asked = request
        .header("wechatpay-serial")
        .and_then(|serial| signatory.keys.mode_of(serial));
    signatory.mode = asked.unwrap_or(caller.settings.key_mode);
    signatory.forgery = caller.shop.next_seal().signature;
    let admitted = admit(&world, &request, &caller, &signatory.request_id);
    let work = {
        let (world, signatory, number) = (Arc::clone(&world), signatory.clone(), admitted.number);
        async move { signatory.answer(work(&world, &request, &caller, number).await) }
    };
    faults::play(&world, &wire, &admitted, &signatory, work).await
}

/// Finds the dial that strikes, and notes the call.
fn admit(world: &World, request: &Request, caller: &Caller, request_id: &str) -> Admitted {
    let method = request.method.as_str();
    let resolved = Operation::resolve(method, &request.path);
    let route = match &resolved {
        Some((_, template)) => (*template).to_owned(),
        None => format!("{method} {}", request.path),
    };
    let named = resolved.as_ref().and_then(|(operation, _)| operation.number());
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let said = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    let mut call = Call::received(method, &request.path, route, &caller.shop.mchid, request_id);
    call.idempotency_key = said("/out_refund_no")
        .or(said("/out_trade_no"))
        .map(str::to_owned);
    call.object = named.map(str::to_owned).or(call.idempotency_key.clone());
    let subject = subject(&lock(&caller.shop.book), named, &body);
    faults::admit(world, call, subject)
}

/// What a call is about: the numbers and the sum in it, else those of the trade or refund it names.
fn subject(book: &Book, named: Option<&str>, body: &Value) -> Subject {
    let mut metadata = BTreeMap::new();
    for name in ["out_trade_no", "out_refund_no", "attach"] {
        if let Some(text) = body.get(name).and_then(Value::as_str) {
            metadata.insert(name.to_owned(), text.to_owned());
        }
    }
    let refund = named.and_then(|number| book.refunds.get(number));
    let trade = named.and_then(|number| book.trades.get(number).or_else(|| book.trade_of(number)));
    if let Some(refund) = refund {
        metadata.insert("out_refund_no".to_owned(), refund.wish.out_refund_no.clone());
        metadata.insert("out_trade_no".to_owned(), refund.out_trade_no.clone());
    } else if let Some(trade) = trade {
        metadata.insert("out_trade_no".to_owned(), trade.order.out_trade_no.clone());
    }
    let told = body.pointer("/amount/refund").or(body.pointer("/amount/total"));
    let known = refund
        .map(|refund| refund.wish.refund)
        .or(trade.map(|trade| trade.order.total));
    Subject {
        metadata,
        amount: told.and_then(Value::as_i64).or(known),
    }
}

/// Does the work of a call, and sends its events out.
async fn work(
    world: &Arc<World>,
    request: &Request,
    caller: &Caller,
    number: u64,
) -> Result<Value, ApiError> {
    change(world, &caller.shop, |book, terms| {
        let before = book.changes();
        let answer = perform(request, caller, &world.wechat.keys, book, terms);
        let effect = book.changes() != before;
        world.calls.complete(number, |call| call.effect = effect);
        answer
    })
    .await
}

/// Changes a merchant's book and hands out the events that follow.
async fn change<T>(world: &Arc<World>, shop: &Arc<Shop>, change: impl FnOnce(&mut Book, &Terms) -> T) -> T {
    let terms = Terms {
        base_url: world.base_url.clone(),
        minute: world.seconds(60),
    };
    let (outcome, events, timers) = {
        let book = &mut *lock(&shop.book);
        let outcome = change(book, &terms);
        (outcome, book.take_fresh(), book.take_timers())
    };
    start_timers(world, shop, timers);
    send(world, shop, events).await;
    outcome
}

/// Lets refunds end after the settling time, unless the state is reset before.
fn start_timers(world: &Arc<World>, shop: &Arc<Shop>, timers: Vec<Timer>) {
    for timer in timers {
        let (world, shop, epoch) = (Arc::clone(world), Arc::clone(shop), world.epoch());
        tokio::spawn(async move {
            let settle = Duration::from_millis(world.config.settle_ms);
            let waited = epoch.run_until_cancelled(tokio::time::sleep(settle)).await;
            if waited.is_none() {
                return;
            }
            let events = {
                let book = &mut *lock(&shop.book);
                book.end_by_itself(&timer);
                book.take_fresh()
            };
            send(&world, &shop, events).await;
        });
    }
}
