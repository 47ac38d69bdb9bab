//! Bodies of requests: what is read of them, and what PayPal refuses.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::errors::ApiError;
use super::ids::resource_id;
use super::money::Money;
use super::orders::{Order, OrderStatus};
use super::plan::Plan;
use super::refunds::Wish;

/// Texts of a purchase unit, and how long PayPal lets them be.
const UNIT_TEXTS: [(&str, usize); 5] = [
    ("reference_id", 256),
    ("custom_id", 255),
    ("invoice_id", 127),
    ("description", 3_000),
    ("soft_descriptor", 22),
];

/// Reads a request for an order that is made now.
pub fn order(body: &Value, lifetime: TimeDelta, now: DateTime<Utc>) -> Result<Order, ApiError> {
    let body = object(body, "/")?;
    match body.get("intent") {
        None => return Err(ApiError::missing("/intent")),
        Some(intent) if intent == "CAPTURE" => {}
        Some(_) => return Err(ApiError::value("/intent")),
    }
    let units = match body.get("purchase_units") {
        None => return Err(ApiError::missing("/purchase_units")),
        Some(Value::Array(units)) => units.as_slice(),
        Some(_) => return Err(ApiError::syntax("/purchase_units")),
    };
    let unit = match units {
        [] => return Err(count("INVALID_ARRAY_MIN_ITEMS")),
        [unit] => object(unit, "/purchase_units/@reference_id=='default'")?,
        _ => return Err(count("INVALID_ARRAY_MAX_ITEMS")),
    };
    for (name, longest) in UNIT_TEXTS {
        text(unit, "/purchase_units/0", name, longest)?;
    }
    let amount = unit
        .get("amount")
        .ok_or_else(|| ApiError::missing("/purchase_units/0/amount"))?;
    let amount = Money::parse(amount, "/purchase_units/0/amount")?;
    let wallet = wallet(body)?;
    let context = wallet.and_then(|wallet| wallet.get("experience_context"));
    let context = context
        .or(body.get("application_context"))
        .cloned()
        .unwrap_or_default();
    for which in ["return_url", "cancel_url"] {
        if let Some(url) = context.get(which)
            && url
                .as_str()
                .and_then(|url| reqwest::Url::parse(url).ok())
                .is_none()
        {
            let field = format!("/payment_source/paypal/experience_context/{which}");
            return Err(ApiError::syntax(&field));
        }
    }
    Ok(Order {
        id: resource_id(),
        status: match wallet {
            Some(_) => OrderStatus::PayerActionRequired,
            None => OrderStatus::Created,
        },
        amount,
        unit: unit.clone(),
        by_wallet: wallet.is_some(),
        context,
        payer: None,
        created: now,
        updated: now,
        expires: now + lifetime,
        captures: Vec::new(),
        plan: Plan::default(),
    })
}

/// The wallet among the ways to pay: the only one the double knows.
fn wallet(body: &Map<String, Value>) -> Result<Option<&Value>, ApiError> {
    match body.get("payment_source") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(source)) => match source.get("paypal") {
            Some(wallet) if source.len() == 1 => Ok(Some(wallet)),
            Some(_) | None => Err(ApiError::value("/payment_source")),
        },
        Some(_) => Err(ApiError::syntax("/payment_source")),
    }
}

/// Reads a request for a refund. It may be empty: then it is about all that is left.
pub fn refund(body: &Value) -> Result<Wish, ApiError> {
    if body.is_null() {
        return refund(&Value::Object(Map::new()));
    }
    let body = object(body, "/")?;
    let amount = body.get("amount").filter(|amount| !amount.is_null());
    Ok(Wish {
        amount: amount.map(|amount| Money::parse(amount, "/amount")).transpose()?,
        custom_id: text(body, "", "custom_id", 127)?,
        invoice_id: text(body, "", "invoice_id", 127)?,
        note_to_payer: text(body, "", "note_to_payer", 255)?,
    })
}

fn object<'a>(value: &'a Value, field: &str) -> Result<&'a Map<String, Value>, ApiError> {
    value.as_object().ok_or_else(|| malformed(field))
}

/// 400 for what is not JSON, or not an object.
pub fn malformed(field: &str) -> ApiError {
    ApiError::invalid(
        field,
        "MALFORMED_REQUEST_JSON",
        "The request JSON is not well formed.",
    )
}

fn count(issue: &str) -> ApiError {
    let told = "The number of items in an array parameter is too small or too large.";
    ApiError::invalid("/purchase_units", issue, told)
}

fn text(
    object: &Map<String, Value>,
    place: &str,
    name: &str,
    longest: usize,
) -> Result<Option<String>, ApiError> {
    let field = format!("{place}/{name}");
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if (1..=longest).contains(&text.chars().count()) => Ok(Some(text.clone())),
        Some(Value::String(_)) => Err(ApiError::length(&field)),
        Some(_) => Err(ApiError::syntax(&field)),
    }
}
