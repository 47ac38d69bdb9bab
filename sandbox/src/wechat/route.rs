//! Which operation a method and path ask for, and how it is carried out on a merchant's book.

use axum::body::Bytes;
use serde_json::{Value, json};

use super::errors::{Answered, ApiError, Code};
use super::fields::{Fields, object};
use super::keys::{CERTIFICATE, CERTIFICATE_FROM, CERTIFICATE_UNTIL, KeyMode, Keys};
use super::orders::{Order, Way};
use super::refund_requests::Wish;
use super::request::{Caller, Request};
use super::seal::sealed;
use super::shop::{Book, Terms};
use super::trades::no_such;

/// What a call asks for, with the number from its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// `POST /v3/pay/transactions/{native,jsapi,h5,app}`
    Place(Way),
    /// `GET /v3/pay/transactions/out-trade-no/{out_trade_no}`
    ShowTrade(String),
    /// `GET /v3/pay/transactions/id/{transaction_id}`
    ShowTransaction(String),
    /// `POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close`
    Close(String),
    /// `POST /v3/refund/domestic/refunds`
    Refund,
    /// `GET /v3/refund/domestic/refunds/{out_refund_no}`
    ShowRefund(String),
    /// `GET /v3/certificates`
    Certificates,
}

impl Operation {
    /// Finds the operation, and its route as fault dials name it.
    pub fn resolve(method: &str, path: &str) -> Option<(Self, &'static str)> {
        let segments: Vec<String> = path.strip_prefix("/v3/")?.split('/').map(decoded).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        Some(match (method, segments.as_slice()) {
            ("POST", ["pay", "transactions", "native"]) => {
                (Self::Place(Way::Native), "POST /v3/pay/transactions/native")
            }
            ("POST", ["pay", "transactions", "jsapi"]) => {
                (Self::Place(Way::Jsapi), "POST /v3/pay/transactions/jsapi")
            }
            ("POST", ["pay", "transactions", "h5"]) => (Self::Place(Way::H5), "POST /v3/pay/transactions/h5"),
            ("POST", ["pay", "transactions", "app"]) => {
                (Self::Place(Way::App), "POST /v3/pay/transactions/app")
            }
            ("GET", ["pay", "transactions", "out-trade-no", number]) => (
                Self::ShowTrade((*number).to_owned()),
                "GET /v3/pay/transactions/out-trade-no/{out_trade_no}",
            ),
            ("GET", ["pay", "transactions", "id", id]) => (
                Self::ShowTransaction((*id).to_owned()),
                "GET /v3/pay/transactions/id/{transaction_id}",
            ),
            ("POST", ["pay", "transactions", "out-trade-no", number, "close"]) => (
                Self::Close((*number).to_owned()),
                "POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close",
            ),
            ("POST", ["refund", "domestic", "refunds"]) => (Self::Refund, "POST /v3/refund/domestic/refunds"),
            ("GET", ["refund", "domestic", "refunds", number]) => (
                Self::ShowRefund((*number).to_owned()),
                "GET /v3/refund/domestic/refunds/{out_refund_no}",
            ),
            ("GET", ["certificates"]) => (Self::Certificates, "GET /v3/certificates"),
            _ => return None,
        })
    }

    /// The number in the path.
    pub fn number(&self) -> Option<&str> {
        match self {
            Self::Place(_) | Self::Refund | Self::Certificates => None,
            Self::ShowTrade(number)
            | Self::ShowTransaction(number)
            | Self::Close(number)
            | Self::ShowRefund(number) => Some(number),
        }
    }
}

/// A segment of the path without its percent signs: `|` in a number cannot be sent bare.
fn decoded(segment: &str) -> String {
    let pair = format!("s={}", segment.replace('+', "%2B").replace('&', "%26"));
    let mut pairs = form_urlencoded::parse(pair.as_bytes());
    pairs
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// Carries a call out.
pub fn perform(request: &Request, caller: &Caller, keys: &Keys, book: &mut Book, terms: &Terms) -> Answered {
    let resolved = Operation::resolve(request.method.as_str(), &request.path);
    let (operation, _) = resolved.ok_or_else(|| ApiError::of(Code::ResourceNotExists, "请求的资源不存在"))?;
    request.check_media_type()?;
    // A call that names a key we do not sign with could not verify our answer.
    if request
        .header("wechatpay-serial")
        .is_some_and(|serial| keys.mode_of(serial).is_none())
    {
        let value = request.header("wechatpay-serial").into();
        return Err(ApiError::param(
            "header",
            "Wechatpay-Serial",
            value,
            "is not known",
        ));
    }
    match operation {
        Operation::Place(way) => {
            let order = Order::parse(way, &request.body, &book.mchid, &caller.settings)?;
            book.place(order, terms)
        }
        Operation::ShowTrade(number) => {
            check_owner(request, book)?;
            let trade = book.trades.get(&number).ok_or_else(no_such)?;
            Ok(book.show(trade))
        }
        Operation::ShowTransaction(id) => {
            check_owner(request, book)?;
            let trade = book.trade_of(&id).ok_or_else(no_such)?;
            Ok(book.show(trade))
        }
        Operation::Close(number) => {
            closing_owner(&request.body, book)?;
            book.close(&number)
        }
        Operation::Refund => book.refund(Wish::parse(&request.body)?, terms),
        Operation::ShowRefund(number) => book.show_refund(&number),
        Operation::Certificates => certificates(caller, keys),
    }
}

/// A query must name the merchant who signed it.
fn check_owner(request: &Request, book: &Book) -> Result<(), ApiError> {
    match request.query.get("mchid") {
        None => Err(ApiError::param("query", "mchid", Value::Null, "is required")),
        Some(owner) if *owner != book.mchid => Err(foreign()),
        Some(_) => Ok(()),
    }
}

fn closing_owner(body: &Bytes, book: &Book) -> Result<(), ApiError> {
    let request = object(body)?;
    let fields = Fields::of(&request);
    if fields.only(&["mchid"])?.required_text("mchid", 32)? == book.mchid {
        Ok(())
    } else {
        Err(foreign())
    }
}

fn foreign() -> ApiError {
    ApiError::of(Code::NoAuth, "商户号与签名的商户号不一致")
}

/// The platform certificates; a merchant who has only ever known the public key is shown none.
fn certificates(caller: &Caller, keys: &Keys) -> Answered {
    if caller.settings.key_mode == KeyMode::PublicKey {
        let message = "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥";
        return Err(ApiError::of(Code::ResourceNotExists, message));
    }
    let encrypted = sealed(&caller.settings.apiv3_key, "certificate", CERTIFICATE.as_bytes());
    Ok(json!({ "data": [{
        "serial_no": keys.serial(KeyMode::Certificate), "effective_time": CERTIFICATE_FROM,
        "expire_time": CERTIFICATE_UNTIL, "encrypt_certificate": encrypted,
    }] }))
}
