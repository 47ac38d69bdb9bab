//! The control API of the Alipay double, under `/sandbox/alipay`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::book::{App, Registration};
use super::errors::ApiError;
use super::keys::{PUBLIC_KEY, PublicKey};
use super::method::Method;
use super::notice::{Notice, parcel, send_fresh};
use super::request::{Params, Request};
use super::{carry_out, yuan};
use crate::control::{Filters, Refused, Shown, agrees};
use crate::locking::lock;
use crate::world::World;

/// The merchant of apps that name none.
const SELLER: &str = "2088000000000001";

/// The routes that register apps, pay, and show the truth.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/sandbox/alipay/apps/{app_id}", put(register))
        .route("/sandbox/alipay/app-pay", post(app_pay))
        .route("/sandbox/alipay/trades", get(show_trades))
        .route("/sandbox/alipay/refunds", get(show_refunds))
        .route("/sandbox/alipay/trades/{out_trade_no}/pay", post(pay))
        .route("/sandbox/alipay/trades/{out_trade_no}/notify", post(notify))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Details {
    public_key: String,
    seller_id: Option<String>,
    notify_url: Option<String>,
    notify_refunds: Option<bool>,
}

async fn register(
    State(world): State<Arc<World>>,
    Path(app_id): Path<String>,
    body: Result<Json<Details>, JsonRejection>,
) -> Shown {
    let Json(details) = body?;
    let public_key =
        PublicKey::read(&details.public_key).ok_or_else(|| Refused::bad("public_key is not an RSA key"))?;
    let seller_id = details.seller_id.unwrap_or_else(|| SELLER.to_owned());
    let app = world.alipay.get_or_open(&app_id, || App::open(&app_id));
    let shown = json!({
        "app_id": app_id, "seller_id": seller_id, "alipay_public_key": PUBLIC_KEY,
        "gateway": format!("{}{}", world.base_url, super::GATEWAY),
    });
    lock(&app.book).registration = Some(Registration {
        public_key,
        seller_id,
        notify_url: details.notify_url,
        notifies_refunds: details.notify_refunds.unwrap_or(true),
    });
    Ok(Json(shown))
}

/// What the payer does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// Pays.
    #[default]
    Paid,
    /// Tries to, and is declined: the trade goes on waiting.
    Declined,
    /// Opens the trade and does no more.
    Opened,
    /// Opens it and lets the time run out.
    Closed,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Payment {
    outcome: Outcome,
    amount: Option<String>,
    even_if_closed: bool,
    app_id: Option<String>,
}

async fn pay(
    State(world): State<Arc<World>>,
    Path(number): Path<String>,
    body: Result<Json<Payment>, JsonRejection>,
) -> Shown {
    let Json(payment) = body?;
    let app = owner(&world, &number, payment.app_id.as_deref())?;
    act(&world, &app, &number, &payment).await
}

async fn act(world: &Arc<World>, app: &App, number: &str, payment: &Payment) -> Shown {
    let sum = payment.amount.as_deref().map(|amount| {
        yuan::parse(amount).ok_or_else(|| Refused::bad("amount must be yuan with at most two decimals"))
    });
    let sum = sum.transpose()?;
    let done = {
        let book = &mut *lock(&app.book);
        let done = match payment.outcome {
            Outcome::Paid => book.pay(number, sum, payment.even_if_closed),
            Outcome::Declined | Outcome::Opened => book.open(number),
            Outcome::Closed => book.open(number).and_then(|()| book.close(number)),
        };
        done.map(|()| book.trade(number).map(|trade| trade.truth()))
    };
    send_fresh(world, app).await;
    Ok(Json(json!(done.map_err(refused)?)))
}

fn refused(error: ApiError) -> Refused {
    Refused::conflict(error.content().to_string())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    order: String,
    #[serde(default)]
    outcome: Outcome,
}

/// Takes an order string as the payer's Alipay app does.
async fn app_pay(State(world): State<Arc<World>>, body: Result<Json<Order>, JsonRejection>) -> Shown {
    let Json(order) = body?;
    let params = Params::read(&[order.order.as_bytes()]);
    let request = Request::check(&world, &params).map_err(refused)?;
    if request.method != Method::AppPay {
        return Err(Refused::bad("the order is not one of alipay.trade.app.pay"));
    }
    let request = Arc::new(request);
    let content = carry_out(&world, &request, None).await.map_err(refused)?;
    let number = content["out_trade_no"].as_str().unwrap_or_default();
    let payment = Payment {
        outcome: order.outcome,
        ..Payment::default()
    };
    act(&world, &request.app, number, &payment).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Telling {
    fields: BTreeMap<String, String>,
    forged: bool,
    app_id: Option<String>,
    url: Option<String>,
}

/// Sends a notification of how the trade stands now, at once, with some fields as told, and tells how it went.
async fn notify(
    State(world): State<Arc<World>>,
    Path(number): Path<String>,
    body: Result<Json<Telling>, JsonRejection>,
) -> Shown {
    let Json(telling) = body?;
    let app = owner(&world, &number, telling.app_id.as_deref())?;
    let parcel = {
        let book = &mut *lock(&app.book);
        let (Some(trade), Some(registration)) = (book.trade(&number), &book.registration) else {
            return Err(Refused::unknown("trade", &number));
        };
        let last_refund = trade.refunds.last().map(|refund| refund.out_request_no.as_str());
        let mut notice = Notice::of(trade, registration, last_refund);
        notice.fields.extend(telling.fields);
        if let Some(id) = notice.fields.get("notify_id") {
            notice.id.clone_from(id);
        }
        notice.is_forged = telling.forged;
        notice.url = telling.url.or(notice.url);
        let notice = Arc::new(notice);
        book.keep(Arc::clone(&notice));
        parcel(&app, &notice)
    };
    let parcel = parcel.ok_or_else(|| Refused::bad("the trade has no notify_url"))?;
    Ok(Json(json!(world.callbacks.resend(vec![parcel]).await)))
}

/// The app whose trade this is.
fn owner(world: &World, number: &str, app_id: Option<&str>) -> Result<Arc<App>, Refused> {
    let owns = |app: &Arc<App>| {
        app_id.is_none_or(|app_id| app.app_id == app_id) && lock(&app.book).trade(number).is_some()
    };
    let found = world.alipay.all().into_iter().find(owns);
    found.ok_or_else(|| Refused::unknown("trade", number))
}

async fn show_trades(State(world): State<Arc<World>>, Query(filters): Filters) -> Json<Value> {
    let mut shown = Vec::new();
    for app in matching(&world, &filters) {
        let book = lock(&app.book);
        for trade in book.trades() {
            if agrees(&filters, "out_trade_no", Some(&trade.offer.out_trade_no))
                && agrees(&filters, "trade_no", Some(&trade.trade_no))
                && agrees(&filters, "trade_status", Some(trade.status.name()))
            {
                shown.push(of_app(&app, trade.truth()));
            }
        }
    }
    Json(shown.into())
}

async fn show_refunds(State(world): State<Arc<World>>, Query(filters): Filters) -> Json<Value> {
    let mut shown = Vec::new();
    for app in matching(&world, &filters) {
        let book = lock(&app.book);
        let refunds = book.trades().flat_map(super::trade::Trade::true_refunds);
        shown.extend(refunds.map(|refund| of_app(&app, refund)).filter(|refund| {
            ["out_trade_no", "out_request_no"]
                .iter()
                .all(|name| agrees(&filters, name, refund[*name].as_str()))
        }));
    }
    Json(shown.into())
}

fn matching(world: &World, filters: &HashMap<String, String>) -> Vec<Arc<App>> {
    let mut apps = world.alipay.all();
    apps.retain(|app| agrees(filters, "app_id", Some(&app.app_id)));
    apps
}

fn of_app(app: &App, mut line: Value) -> Value {
    line["app_id"] = app.app_id.as_str().into();
    line
}
