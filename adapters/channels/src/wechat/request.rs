//! The requests, as WeChat Pay wants them, and what is refused before it is asked.
//!
//! A repeat for the same payment or refund is the same text: WeChat Pay compares it with what it knows under the number, and
//! takes it for the same order only when nothing differs.

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use domain::{
    channel::{CallError, Flow, Method, NewIntent, NewRefund, RefundReason},
    currency::Currency,
    money::Money,
};
use serde_json::{Value, json};

use super::{credentials::WechatCredentials, numbers};

/// The longest description, in bytes (<https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter3_4_1.shtml>): the
/// documentation says characters without saying which, and bytes are never too many.
const DESCRIPTION_BYTES: usize = 127;
/// What the payer reads where the merchant gave no words: WeChat Pay insists on some.
const NO_DESCRIPTION: &str = "Payment";
/// China's time, in which WeChat Pay wants its moments.
const CHINA: Option<FixedOffset> = FixedOffset::east_opt(8 * 60 * 60);

/// A request: a path with what follows it, and the body of a POST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) target: String,
    /// None for a GET.
    pub(super) body: Option<String>,
}

impl Request {
    fn get(target: String) -> Self {
        Self { target, body: None }
    }

    fn post(target: impl Into<String>, body: &Value) -> Self {
        Self {
            target: target.into(),
            body: Some(body.to_string()),
        }
    }

    /// The HTTP method.
    pub(super) const fn method(&self) -> &'static str {
        if self.body.is_some() { "POST" } else { "GET" }
    }
}

/// The ways to pay, by WeChat Pay's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trade {
    Native,
    Jsapi,
    H5,
    App,
}

impl Trade {
    /// The way that is asked for; a code where nobody said which.
    pub(super) fn of(new: &NewIntent) -> Result<Self, CallError> {
        if new.method.is_some_and(|method| method != Method::WechatPay) {
            return Err(refused("method_not_taken", "WeChat Pay takes wechat_pay only"));
        }
        match new.flow {
            None | Some(Flow::QrCode) => Ok(Self::Native),
            Some(Flow::InApp) => Ok(Self::Jsapi),
            Some(Flow::MobileWeb) => Ok(Self::H5),
            Some(Flow::App) => Ok(Self::App),
            Some(Flow::Embedded | Flow::Web | Flow::Direct) => {
                Err(refused("flow_not_taken", "WeChat Pay has no such way to pay"))
            }
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Native => "/v3/pay/transactions/native",
            Self::Jsapi => "/v3/pay/transactions/jsapi",
            Self::H5 => "/v3/pay/transactions/h5",
            Self::App => "/v3/pay/transactions/app",
        }
    }
}

/// Opens an order.
pub(super) fn create(
    credentials: &WechatCredentials,
    new: &NewIntent,
    trade: Trade,
) -> Result<Request, CallError> {
    own_account(new.connected_account.as_deref())?;
    let mut body = json!({
        "appid": credentials.appid(),
        "mchid": credentials.mchid(),
        "description": description(new.description.as_deref()),
        "out_trade_no": numbers::of_payment(new.payment_id),
        "time_expire": moment(new.expires_at),
        "notify_url": new.callback_url,
        "amount": { "total": fen(new.money)?, "currency": Currency::CNY.code() },
    });
    match (trade, &new.payer.openid, new.payer.ip) {
        (Trade::Native | Trade::App, _, _) => (),
        (Trade::Jsapi, Some(openid), _) => body["payer"] = json!({ "openid": openid }),
        (Trade::Jsapi, None, _) => return Err(refused("payer_missing", "the payer's openid is needed")),
        (Trade::H5, _, Some(ip)) => {
            body["scene_info"] = json!({ "payer_client_ip": ip, "h5_info": { "type": "Wap" } });
        }
        (Trade::H5, _, None) => return Err(refused("payer_missing", "the payer's address is needed")),
    }
    Ok(Request::post(trade.path(), &body))
}

/// Asks where an order stands.
pub(super) fn show(credentials: &WechatCredentials, out_trade_no: &str) -> Result<Request, CallError> {
    let (number, mchid) = (checked(out_trade_no)?, credentials.mchid());
    Ok(Request::get(format!(
        "/v3/pay/transactions/out-trade-no/{number}?mchid={mchid}"
    )))
}

/// Closes an order.
pub(super) fn close(credentials: &WechatCredentials, out_trade_no: &str) -> Result<Request, CallError> {
    let target = format!(
        "/v3/pay/transactions/out-trade-no/{}/close",
        checked(out_trade_no)?
    );
    Ok(Request::post(target, &json!({ "mchid": credentials.mchid() })))
}

/// Gives money back. `paid` is what the order was about.
pub(super) fn refund(new: &NewRefund, paid: Money) -> Result<Request, CallError> {
    let mut body = json!({
        "out_trade_no": checked(&new.intent.id)?,
        "out_refund_no": numbers::of_refund(new.refund_id),
        "amount": {
            "refund": fen(new.money)?,
            "total": fen(paid)?,
            "currency": Currency::CNY.code(),
        },
        "notify_url": new.callback_url,
    });
    if let Some(reason) = new.reason.and_then(reason) {
        body["reason"] = reason.into();
    }
    Ok(Request::post("/v3/refund/domestic/refunds", &body))
}

/// Asks where a refund stands.
pub(super) fn show_refund(out_refund_no: &str) -> Result<Request, CallError> {
    let number = checked(out_refund_no)?;
    Ok(Request::get(format!("/v3/refund/domestic/refunds/{number}")))
}

/// What is refused here is never sent.
pub(super) fn refused(code: &str, message: &str) -> CallError {
    CallError::Refused {
        code: code.into(),
        message: message.into(),
    }
}

/// A merchant is paid into its own account only: to pay through it is for service providers, with an API of their own.
pub(super) fn own_account(connected_account: Option<&str>) -> Result<(), CallError> {
    match connected_account {
        None => Ok(()),
        Some(_) => Err(refused(
            "connected_account_not_supported",
            "WeChat Pay pays the merchant's own account only",
        )),
    }
}

/// What the payer reads as the reason, at most 80 bytes. A suspicion of fraud is not for the payer's eyes.
const fn reason(reason: RefundReason) -> Option<&'static str> {
    match reason {
        RefundReason::RequestedByCustomer => Some("Requested by the payer"),
        RefundReason::Duplicate => Some("Paid twice"),
        RefundReason::PaidLate => Some("Paid too late"),
        RefundReason::Fraudulent => None,
    }
}

/// A number goes into a path: one with other characters than WeChat Pay's own rule lets in would name another path.
fn checked(number: &str) -> Result<&str, CallError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-*".contains(&byte);
    if (1..=32).contains(&number.len()) && number.bytes().all(is_plain) {
        Ok(number)
    } else {
        Err(refused(
            "invalid_number",
            "this is no number of an order or a refund",
        ))
    }
}

fn fen(money: Money) -> Result<i64, CallError> {
    if money.currency == Currency::CNY {
        Ok(money.amount_minor)
    } else {
        Err(refused("amount_not_taken", "WeChat Pay takes CNY only"))
    }
}

fn description(given: Option<&str>) -> &str {
    let given = given
        .filter(|text| !text.trim().is_empty())
        .unwrap_or(NO_DESCRIPTION);
    &given[..given.floor_char_boundary(DESCRIPTION_BYTES)]
}

fn moment(at: DateTime<Utc>) -> String {
    match CHINA {
        Some(china) => at
            .with_timezone(&china)
            .to_rfc3339_opts(SecondsFormat::Secs, false),
        None => at.to_rfc3339_opts(SecondsFormat::Secs, false),
    }
}

#[cfg(test)]
mod tests;
