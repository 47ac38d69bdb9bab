//! What the payer sees: the way to the cashier, the cashier, and why it cannot be entered.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;

use super::errors::ApiError;
use super::notice::send_fresh;
use super::yuan;
use crate::locking::lock;
use crate::world::World;

/// The page a browser gets from the gateway. It only leads on to the cashier: whoever merely fetches it, as a shop's
/// server might, has opened nothing.
pub fn entrance(cashier: &str) -> Response<Body> {
    Html(format!(
        "<!doctype html><title>Alipay test gateway</title>\
         <form id=go method=get action='{}'><button>To the cashier</button></form>",
        escaped(cashier)
    ))
    .into_response()
}

/// What a browser sees when the gateway refuses.
pub fn refusal(error: &ApiError) -> Response<Body> {
    let content = error.content();
    let text = |name: &str| escaped(content.get(name).and_then(Value::as_str).unwrap_or_default());
    Html(format!(
        "<!doctype html><title>Alipay test gateway</title><h1>{}</h1><p>{}</p>",
        text("sub_code"),
        text("sub_msg")
    ))
    .into_response()
}

/// The cashier, entered by scanning the QR code or by way of the entrance: from now on the trade exists.
pub async fn cashier(
    State(world): State<Arc<World>>,
    Path((app_id, number)): Path<(String, String)>,
) -> Response {
    let Some(app) = world.alipay.get(&app_id) else {
        return (StatusCode::NOT_FOUND, "no such app").into_response();
    };
    let opened = {
        let book = &mut *lock(&app.book);
        book.open(&number)
            .map(|()| book.trade(&number).map(|trade| trade.offer.clone()))
    };
    send_fresh(&world, &app).await;
    match opened {
        Ok(Some(offer)) => Html(format!(
            "<!doctype html><title>Alipay test cashier</title><h1>{}</h1><p>CNY {}</p>\
             <p>POST /sandbox/alipay/trades/{}/pay pays it.</p>{}",
            escaped(&offer.subject),
            yuan::show(offer.total),
            escaped(&number),
            way_back(offer.return_url.as_deref()),
        ))
        .into_response(),
        Ok(None) => refusal(&ApiError::no_trade()),
        Err(error) => refusal(&error),
    }
}

fn way_back(return_url: Option<&str>) -> String {
    return_url.map_or_else(String::new, |url| {
        format!("<a href='{}'>Back to the shop</a>", escaped(url))
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
