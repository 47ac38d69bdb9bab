//! The double's part of the control API: merchants, the truth about trades and refunds, and what the provider does
//! of its own accord. Its table is in the crate's README.

mod payer;

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::{Forgery, Seal};
use super::change;
use super::events::{Event, parcel};
use super::numbers;
use super::refunds::Ending;
use super::settings::{Registration, Settings};
use super::shop::{Book, RefundDial, Shop};
use super::trades::Stand;
use crate::clock;
use crate::control::{Filters, Refused, Shown, agrees};
use crate::locking::lock;
use crate::world::World;

/// The double's routes of the control API.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route(
            "/sandbox/wechat/merchants/{mchid}",
            put(register).get(show_merchant),
        )
        .route("/sandbox/wechat/merchants/{mchid}/refunds", post(dial_refunds))
        .route("/sandbox/wechat/merchants/{mchid}/answers", post(dial_answers))
        .route("/sandbox/wechat/merchants/{mchid}/probe", post(probe))
        .route("/sandbox/wechat/trades", get(show_trades))
        .route("/sandbox/wechat/trades/{out_trade_no}/expire", post(expire))
        .route("/sandbox/wechat/trades/{out_trade_no}/backdate", post(backdate))
        .route("/sandbox/wechat/refunds", get(show_refunds))
        .route("/sandbox/wechat/refunds/{out_refund_no}/settle", post(settle))
        .merge(payer::routes())
}

fn shop(world: &World, mchid: &str) -> Result<Arc<Shop>, Refused> {
    let known = world.wechat.shops.get(mchid);
    known.ok_or_else(|| Refused::unknown("WeChat Pay merchant", mchid))
}

/// The merchant whose book this is about; among several, the one the caller names.
fn owner(world: &World, mchid: Option<&str>, has: impl Fn(&Book) -> bool) -> Result<Arc<Shop>, Refused> {
    let mut owners = world
        .wechat
        .shops
        .all()
        .into_iter()
        .filter(|shop| mchid.is_none_or(|mchid| mchid == shop.mchid) && has(&lock(&shop.book)));
    let owner = owners
        .next()
        .ok_or_else(|| Refused::bad("no merchant has such a trade or refund"))?;
    if owners.next().is_some() {
        return Err(Refused::bad(
            "several merchants use this number: name one with mchid",
        ));
    }
    Ok(owner)
}

async fn register(
    State(world): State<Arc<World>>,
    Path(mchid): Path<String>,
    body: Result<Json<Registration>, JsonRejection>,
) -> Shown {
    let Json(told) = body?;
    let settings = Settings::try_from(told).map_err(Refused::bad)?;
    let shop = world
        .wechat
        .shops
        .get_or_open(&mchid, || Shop::open(&mchid, settings.clone()));
    shop.agree(settings);
    Ok(Json(merchant(&world, &shop)))
}

async fn show_merchant(State(world): State<Arc<World>>, Path(mchid): Path<String>) -> Shown {
    let shop = shop(&world, &mchid)?;
    Ok(Json(merchant(&world, &shop)))
}

/// A merchant in short, with what it verifies the provider's signatures with.
fn merchant(world: &World, shop: &Shop) -> Value {
    let mut shown = shop.settings().shown();
    shown["mchid"] = shop.mchid.as_str().into();
    shown["wechat"] = world.wechat.keys.shown();
    shown
}

async fn dial_refunds(
    State(world): State<Arc<World>>,
    Path(mchid): Path<String>,
    body: Result<Json<RefundDial>, JsonRejection>,
) -> Shown {
    let Json(dial) = body?;
    lock(&shop(&world, &mchid)?.book).refund_dial = dial;
    Ok(Json(json!(dial)))
}

async fn dial_answers(
    State(world): State<Arc<World>>,
    Path(mchid): Path<String>,
    body: Result<Json<Seal>, JsonRejection>,
) -> Shown {
    let Json(seal) = body?;
    shop(&world, &mchid)?.seal_with(seal);
    Ok(Json(json!(seal)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Probe {
    url: String,
    signature: Option<Forgery>,
}

/// Sends a notification whose signature is wrong on purpose; answers how it was taken. It is not repeated.
async fn probe(
    State(world): State<Arc<World>>,
    Path(mchid): Path<String>,
    body: Result<Json<Probe>, JsonRejection>,
) -> Shown {
    let Json(probe) = body?;
    let shop = shop(&world, &mchid)?;
    let resource = json!({
        "mchid": mchid, "out_trade_no": numbers::serial("SIGNTEST", 28), "trade_state": "SUCCESS",
        "transaction_id": numbers::serial("42000000", 28), "amount": { "total": 1, "currency": "CNY" },
    });
    let event = Arc::new(Event::build("TRANSACTION.SUCCESS", &probe.url, &resource));
    let forgery = probe.signature.unwrap_or(Forgery::Probe);
    let parcels = vec![parcel(&world, &shop, &event, Some(forgery))];
    Ok(Json(json!(world.callbacks.resend(parcels).await)))
}

async fn show_trades(State(world): State<Arc<World>>, Query(filters): Filters) -> Json<Value> {
    Json(lines(&world, &filters, |book| {
        let mut trades: Vec<_> = book.trades.values().collect();
        trades.sort_by_key(|trade| trade.place);
        let shown = trades.into_iter().map(|trade| {
            let mut line = book.show(trade);
            line["trade_type"] = trade.order.way.trade_type().into();
            line["refunded"] = book.refunded(trade).into();
            line["refunds"] = json!(trade.refunds);
            line["notify_url"] = trade.order.notify_url.as_str().into();
            line["created"] = numbers::time(trade.created).into();
            line
        });
        shown.collect()
    }))
}

async fn show_refunds(State(world): State<Arc<World>>, Query(filters): Filters) -> Json<Value> {
    Json(lines(&world, &filters, |book| {
        let mut refunds: Vec<_> = book.refunds.values().collect();
        refunds.sort_by_key(|refund| refund.place);
        let shown = refunds.into_iter().map(|refund| {
            let mut line = refund.show();
            line["notify_url"] = json!(refund.wish.notify_url);
            line["reason"] = json!(refund.wish.reason);
            line
        });
        shown.collect()
    }))
}

/// The lines of all merchants that agree with the filters, each of which names a field of them.
fn lines(world: &World, filters: &HashMap<String, String>, of_book: impl Fn(&Book) -> Vec<Value>) -> Value {
    let mut shown = Vec::new();
    for shop in world.wechat.shops.all() {
        let lines = of_book(&lock(&shop.book));
        shown.extend(lines.into_iter().map(|mut line| {
            line["mchid"] = shop.mchid.as_str().into();
            line
        }));
    }
    let wanted = |line: &Value| {
        filters
            .keys()
            .all(|name| agrees(filters, name, line.get(name).and_then(Value::as_str)))
    };
    shown.retain(wanted);
    shown.into()
}

/// Which merchant is meant, where a number alone does not tell.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Whose {
    mchid: Option<String>,
}

/// Lets the time of a trade that is not paid run out.
async fn expire(
    State(world): State<Arc<World>>,
    Path(number): Path<String>,
    Query(whose): Query<Whose>,
) -> Shown {
    let shop = owner(&world, whose.mchid.as_deref(), |book| {
        book.trades.contains_key(&number)
    })?;
    let shown = change(&world, &shop, |book, _| {
        book.trades.get_mut(&number)?.order.time_expire = Some(clock::now());
        book.touch();
        book.trades.get(&number).map(|trade| book.show(trade))
    });
    Ok(Json(json!(shown.await)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Backdate {
    mchid: Option<String>,
    paid_at: DateTime<Utc>,
}

/// Makes a payment look as if it had been made at another time.
async fn backdate(
    State(world): State<Arc<World>>,
    Path(number): Path<String>,
    body: Result<Json<Backdate>, JsonRejection>,
) -> Shown {
    let Json(wanted) = body?;
    let shop = owner(&world, wanted.mchid.as_deref(), |book| {
        book.trades.contains_key(&number)
    })?;
    let shown = change(&world, &shop, |book, _| {
        if let Stand::Paid(receipt) = &mut book.trades.get_mut(&number)?.stand {
            receipt.paid_at = wanted.paid_at;
        }
        book.trades.get(&number).map(|trade| book.show(trade))
    });
    Ok(Json(json!(shown.await)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settlement {
    mchid: Option<String>,
    status: Ending,
}

/// Ends a refund that is in processing, or one that went wrong.
async fn settle(
    State(world): State<Arc<World>>,
    Path(number): Path<String>,
    body: Result<Json<Settlement>, JsonRejection>,
) -> Shown {
    let Json(wanted) = body?;
    let shop = owner(&world, wanted.mchid.as_deref(), |book| {
        book.refunds.contains_key(&number)
    })?;
    let ended = change(&world, &shop, |book, _| book.end_refund(&number, wanted.status)).await;
    if !ended {
        return Err(Refused::bad("the refund has ended already"));
    }
    let shown = lock(&shop.book).refunds.get(&number).map(|refund| refund.show());
    Ok(Json(json!(shown)))
}
