//! What the methods do, under the app's lock, in one go.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::book::Book;
use super::errors::{Answered, ApiError};
use super::fields::NUMBER_CHARS;
use super::method::Method;
use super::refunds::Wanted;
use super::request::Request;
use super::trade::{Offer, Status, Trade, both_numbers};
use super::{beijing, yuan};
use crate::clock;
use crate::world::World;

/// How long a payer has unless told otherwise.
const DEFAULT_DAYS: i64 = 15;

/// Does what a request asks for.
pub fn perform(world: &World, request: &Request, book: &mut Book) -> Answered {
    match request.method {
        Method::PagePay | Method::WapPay | Method::AppPay | Method::Precreate => offer(world, request, book),
        Method::Query => {
            let number = named(request, book)?;
            let trade = book.existing(&number)?;
            Ok(success(trade.show()))
        }
        Method::Close => {
            let number = named(request, book)?;
            book.close(&number)?;
            Ok(success(both_numbers(book.existing(&number)?)))
        }
        Method::Cancel => cancel(world, request, book),
        Method::Refund => refund(world, request, book),
        Method::RefundQuery => query_refund(request, book),
    }
}

/// The merchant's number of the trade the request names.
pub fn named(request: &Request, book: &Book) -> Result<String, ApiError> {
    let fields = &request.fields;
    book.named(
        fields.number("out_trade_no")?,
        fields.text("trade_no", NUMBER_CHARS)?,
    )
}

fn success(mut content: Map<String, Value>) -> Value {
    let mut all = Map::from_iter([
        ("code".to_owned(), "10000".into()),
        ("msg".to_owned(), "Success".into()),
    ]);
    all.append(&mut content);
    Value::Object(all)
}

fn offer(world: &World, request: &Request, book: &mut Book) -> Answered {
    let fields = &request.fields;
    let number = fields
        .number("out_trade_no")?
        .ok_or_else(|| ApiError::parameter("out_trade_no"))?;
    if request.method == Method::PagePay
        && fields.required("product_code", NUMBER_CHARS)? != "FAST_INSTANT_TRADE_PAY"
    {
        return Err(ApiError::parameter("product_code"));
    }
    let text = |name, most| Ok::<_, ApiError>(fields.text(name, most)?.map(str::to_owned));
    book.offer(Offer {
        out_trade_no: number.to_owned(),
        method: request.method,
        total: fields.sum("total_amount")?,
        subject: fields.required("subject", 256)?.to_owned(),
        body: text("body", 128)?,
        passback_params: text("passback_params", 512)?,
        notify_url: request.notify_url.clone(),
        return_url: request.return_url.clone(),
        expires_at: expiry(world, request)?,
    })?;
    let link = format!("{}/alipay/qr/{}/{number}", world.base_url, request.app.app_id);
    Ok(success(Map::from_iter([
        ("out_trade_no".to_owned(), number.into()),
        ("qr_code".to_owned(), link.into()),
    ])))
}

/// Until when the payer can pay: `time_expire` is a moment, `timeout_express` a span in seconds that `second_ms` scales.
fn expiry(world: &World, request: &Request) -> Result<DateTime<Utc>, ApiError> {
    let (fields, now) = (&request.fields, clock::now());
    if let Some(text) = fields.text("time_expire", 32)? {
        let at = beijing::parse(text).filter(|at| *at > now);
        return at.ok_or_else(|| ApiError::parameter("time_expire"));
    }
    let mut name = "timeout_express";
    if request.method == Method::Precreate && fields.text(name, 6)?.is_none() {
        name = "qr_code_timeout_express";
    }
    let Some(text) = fields.text(name, 6)? else {
        return Ok(now + TimeDelta::days(DEFAULT_DAYS));
    };
    let seconds = span(text).ok_or_else(|| ApiError::parameter(name))?;
    let span = TimeDelta::from_std(world.seconds(seconds)).map_err(|_| ApiError::parameter(name))?;
    Ok(now + span)
}

/// Whether the request sets an end to the payer's time.
pub fn sets_expiry(request: &Request) -> bool {
    let names = ["time_expire", "timeout_express", "qr_code_timeout_express"];
    names
        .iter()
        .any(|name| request.fields.text(name, 32).is_ok_and(|text| text.is_some()))
}

/// Seconds of `90m`, `2h`, `15d` or `1c` (the end of the day, for which a day must do here).
fn span(text: &str) -> Option<u64> {
    let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit_s = match unit {
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "c" if count == "1" => 86_400,
        _ => return None,
    };
    let seconds = count.parse::<u64>().ok()?.checked_mul(unit_s)?;
    (60..=15 * 86_400).contains(&seconds).then_some(seconds)
}

/// Ends a trade whatever its state. What nobody has opened, or nobody knows, is answered without an action.
fn cancel(world: &World, request: &Request, book: &mut Book) -> Answered {
    let number = named(request, book)?;
    book.withdraw(&number);
    let retry = ("retry_flag".to_owned(), Value::from("N"));
    let Ok(trade) = book.existing(&number) else {
        let content = [("out_trade_no".to_owned(), number.into()), retry];
        return Ok(success(Map::from_iter(content)));
    };
    let action = match trade.status {
        Status::Paid => {
            let wanted = Wanted {
                out_request_no: Some(format!("cancel_{number}")),
                amount: None,
                reason: None,
            };
            book.refund(&number, wanted, world.seconds(0))?;
            Some("refund")
        }
        Status::Waiting => {
            book.close(&number)?;
            Some("close")
        }
        Status::Offered => None,
        Status::Closed if trade.was_paid() => Some("refund"),
        Status::Closed => Some("close"),
    };
    let mut content = both_numbers(book.existing(&number)?);
    content.extend([retry]);
    content.extend(action.map(|action| ("action".to_owned(), action.into())));
    Ok(success(content))
}

fn refund(world: &World, request: &Request, book: &mut Book) -> Answered {
    let fields = &request.fields;
    let number = named(request, book)?;
    let amount = fields.sum("refund_amount")?;
    let wanted = Wanted {
        out_request_no: fields.text("out_request_no", NUMBER_CHARS)?.map(str::to_owned),
        amount: Some(amount),
        reason: fields.text("refund_reason", 256)?.map(str::to_owned),
    };
    let moved = book.refund(&number, wanted, world.seconds(PAUSE_S))?;
    let trade = book.existing(&number)?;
    let mut content = both_numbers(trade);
    content.insert("buyer_logon_id".into(), "pay***@example.com".into());
    content.insert("fund_change".into(), if moved { "Y" } else { "N" }.into());
    content.insert("refund_fee".into(), yuan::show(trade.refunded()).into());
    content.insert("send_back_fee".into(), yuan::show(amount).into());
    Ok(success(content))
}

/// The least time between two refunds of one trade.
const PAUSE_S: u64 = 3;

fn query_refund(request: &Request, book: &mut Book) -> Answered {
    let number = named(request, book)?;
    let wanted = request.fields.required("out_request_no", NUMBER_CHARS)?;
    let trade: &Trade = book.existing(&number)?;
    let found = trade
        .refunds
        .iter()
        .find(|refund| refund.out_request_no == wanted);
    // A refund that nobody knows is told by silence: success, and nothing about a refund.
    let Some(refund) = found else {
        return Ok(success(Map::new()));
    };
    let mut content = both_numbers(trade);
    for (name, value) in [
        ("out_request_no", refund.out_request_no.clone()),
        ("refund_amount", yuan::show(refund.amount)),
        ("total_amount", yuan::show(trade.offer.total)),
        ("refund_status", "REFUND_SUCCESS".to_owned()),
        ("gmt_refund_pay", beijing::show(refund.made_at)),
    ] {
        content.insert(name.to_owned(), json!(value));
    }
    Ok(success(content))
}
