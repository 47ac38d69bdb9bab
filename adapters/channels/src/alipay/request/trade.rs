//! Requests about a trade that is there, or may be: asking, closing, refunding.

use domain::{channel::NewRefund, channel::RefundReason};
use serde_json::json;

use super::{ApiMethod, Request};
use crate::alipay::words::{out_request_no, yuan};

/// Where a trade stands.
pub(in crate::alipay) fn query(out_trade_no: &str) -> Request {
    about(ApiMethod::Query, out_trade_no)
}

/// Closes a trade that is not paid (<https://opendocs.alipay.com/open/028wob>).
pub(in crate::alipay) fn close(out_trade_no: &str) -> Request {
    about(ApiMethod::Close, out_trade_no)
}

/// Gives money of a trade back, once under its number (<https://opendocs.alipay.com/open/028sm9>).
pub(in crate::alipay) fn refund(new: &NewRefund) -> Request {
    let content = json!({
        "out_trade_no": new.intent.id,
        "refund_amount": yuan(new.money),
        "out_request_no": out_request_no(new.refund_id),
        "refund_reason": new.reason.map_or("Refund", reason),
    });
    Request::of(ApiMethod::Refund, content.to_string())
}

/// Where the refund of a number stands (<https://opendocs.alipay.com/open/028sma>).
pub(in crate::alipay) fn query_refund(out_trade_no: &str, out_request_no: &str) -> Request {
    let content = json!({"out_trade_no": out_trade_no, "out_request_no": out_request_no});
    Request::of(ApiMethod::RefundQuery, content.to_string())
}

fn about(method: ApiMethod, out_trade_no: &str) -> Request {
    Request::of(method, json!({"out_trade_no": out_trade_no}).to_string())
}

/// What the payer reads beside the refund.
const fn reason(reason: RefundReason) -> &'static str {
    match reason {
        RefundReason::RequestedByCustomer => "Requested by the customer",
        RefundReason::Duplicate => "Paid twice",
        RefundReason::Fraudulent => "Not paid by the account's owner",
        RefundReason::PaidLate => "Paid too late",
    }
}
