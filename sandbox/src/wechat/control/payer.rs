//! What a payer does: scans the code, opens the page, or confirms what the merchant's page or app hands to WeChat.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::change;
use super::super::payments::Payment;
use super::super::shop::Shop;
use super::super::trades::Trade;
use super::{Whose, owner, shop};
use crate::control::{Refused, Shown};
use crate::locking::lock;
use crate::world::World;

/// The payer's routes.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/sandbox/wechat/trades/{out_trade_no}/pay", post(pay))
        .route("/sandbox/wechat/scan", post(scan))
        .route("/sandbox/wechat/jsapi-pay", post(pay_in_page))
        .route("/sandbox/wechat/app-pay", post(pay_in_app))
        .route("/sandbox/wechat/checkmweb", get(page).post(pay_on_page))
}

/// Lets the payer act on a trade, and shows the trade as it is then.
async fn act(
    world: &Arc<World>,
    shop: &Arc<Shop>,
    number: &str,
    payment: &Payment,
) -> Result<Value, Refused> {
    let acted = change(world, shop, |book, _| book.pay(number, payment)).await;
    acted.map_err(Refused::bad)?;
    let book = lock(&shop.book);
    Ok(book
        .trades
        .get(number)
        .map(|trade| book.show(trade))
        .unwrap_or_default())
}

/// The trade this is the code, the prepay id or the page of.
fn find(world: &World, is: impl Fn(&Trade) -> bool) -> Option<(Arc<Shop>, String)> {
    world.wechat.shops.all().into_iter().find_map(|shop| {
        let number = {
            let book = lock(&shop.book);
            let trade = book.trades.values().find(|trade| is(trade))?;
            trade.order.out_trade_no.clone()
        };
        Some((shop, number))
    })
}

async fn pay(
    State(world): State<Arc<World>>,
    Path(number): Path<String>,
    Query(whose): Query<Whose>,
    body: Result<Json<Payment>, JsonRejection>,
) -> Shown {
    let Json(payment) = body?;
    let shop = owner(&world, whose.mchid.as_deref(), |book| {
        book.trades.contains_key(&number)
    })?;
    Ok(Json(act(&world, &shop, &number, &payment).await?))
}

/// A code, and what the payer does with it.
#[derive(Debug, Deserialize)]
struct Scan {
    code_url: String,
    #[serde(flatten)]
    payment: Payment,
}

async fn scan(State(world): State<Arc<World>>, body: Result<Json<Scan>, JsonRejection>) -> Shown {
    let Json(scan) = body?;
    let (shop, number) = find(&world, |trade| trade.code_url() == scan.code_url)
        .ok_or_else(|| Refused::unknown("code", &scan.code_url))?;
    Ok(Json(act(&world, &shop, &number, &scan.payment).await?))
}

/// What a page hands to WeChat's bridge.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PageWish {
    app_id: String,
    time_stamp: String,
    nonce_str: String,
    package: String,
    sign_type: String,
    pay_sign: String,
}

async fn pay_in_page(State(world): State<Arc<World>>, body: Result<Json<PageWish>, JsonRejection>) -> Shown {
    let Json(wish) = body?;
    if wish.sign_type != "RSA" {
        return Err(Refused::bad("signType must be RSA"));
    }
    let prepay_id = wish.package.strip_prefix("prepay_id=");
    let prepay_id = prepay_id.ok_or_else(|| Refused::bad("package must be prepay_id=…"))?;
    let text = format!(
        "{}\n{}\n{}\n{}\n",
        wish.app_id, wish.time_stamp, wish.nonce_str, wish.package
    );
    let (shop, number) = prepaid(&world, prepay_id, &wish.app_id)?;
    if !shop.settings().is_signed(text.as_bytes(), &wish.pay_sign) {
        return Err(Refused::bad("paySign is not the merchant's signature"));
    }
    let trade = act(&world, &shop, &number, &Payment::default()).await?;
    Ok(Json(
        json!({ "err_msg": "get_brand_wcpay_request:ok", "trade": trade }),
    ))
}

/// What an app hands to WeChat's SDK.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AppWish {
    appid: String,
    partnerid: String,
    prepayid: String,
    package: String,
    noncestr: String,
    timestamp: String,
    sign: String,
}

async fn pay_in_app(State(world): State<Arc<World>>, body: Result<Json<AppWish>, JsonRejection>) -> Shown {
    let Json(wish) = body?;
    if wish.package != "Sign=WXPay" {
        return Err(Refused::bad("package must be Sign=WXPay"));
    }
    let (owner, number) = prepaid(&world, &wish.prepayid, &wish.appid)?;
    if shop(&world, &wish.partnerid)?.mchid != owner.mchid {
        return Err(Refused::bad("partnerid is not the trade's merchant"));
    }
    let text = format!(
        "{}\n{}\n{}\n{}\n",
        wish.appid, wish.timestamp, wish.noncestr, wish.prepayid
    );
    if !owner.settings().is_signed(text.as_bytes(), &wish.sign) {
        return Err(Refused::bad("sign is not the merchant's signature"));
    }
    let trade = act(&world, &owner, &number, &Payment::default()).await?;
    Ok(Json(json!({ "err_code": 0, "trade": trade })))
}

fn prepaid(world: &World, prepay_id: &str, appid: &str) -> Result<(Arc<Shop>, String), Refused> {
    find(world, |trade| {
        trade.prepay_id() == prepay_id && trade.order.appid == appid
    })
    .ok_or_else(|| Refused::unknown("prepay_id of this app", prepay_id))
}

/// Which trade a page is about, and where the payer goes afterwards.
#[derive(Debug, Deserialize)]
struct Page {
    prepay_id: String,
    redirect_url: Option<String>,
}

async fn page(State(world): State<Arc<World>>, Query(page): Query<Page>) -> Result<Html<String>, Refused> {
    page_of(&world, &page)?;
    Ok(Html(
        "<!doctype html><title>WeChat Pay test page</title><h1>Pay?</h1>\
         <form method=post><button>Pay</button></form>"
            .to_owned(),
    ))
}

/// Pays on the page; the form posts to the address that was opened, so what the client added to it is still there.
async fn pay_on_page(State(world): State<Arc<World>>, Query(page): Query<Page>) -> Result<Response, Refused> {
    let (shop, number) = page_of(&world, &page)?;
    let trade = act(&world, &shop, &number, &Payment::default()).await?;
    Ok(match page.redirect_url {
        Some(url) => (StatusCode::SEE_OTHER, [(header::LOCATION, url)]).into_response(),
        None => Json(trade).into_response(),
    })
}

fn page_of(world: &World, page: &Page) -> Result<(Arc<Shop>, String), Refused> {
    find(world, |trade| trade.prepay_id() == page.prepay_id)
        .ok_or_else(|| Refused::unknown("page", &page.prepay_id))
}
