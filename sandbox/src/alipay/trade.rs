//! A trade and its refunds: what the merchant offered, what the payer did, and what was given back.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::method::Method;
use super::{beijing, yuan};

/// The payer of every trade.
pub const BUYER: &str = "2088000000000002";

/// How a trade stands, in Alipay's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Shown to the merchant's shop, but no payer has opened it yet: for the API it does not exist.
    Offered,
    /// `WAIT_BUYER_PAY`.
    Waiting,
    /// `TRADE_SUCCESS`.
    Paid,
    /// `TRADE_CLOSED`.
    Closed,
}

impl Status {
    /// The word on the wire; `OFFERED` only in the control API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Offered => "OFFERED",
            Self::Waiting => "WAIT_BUYER_PAY",
            Self::Paid => "TRADE_SUCCESS",
            Self::Closed => "TRADE_CLOSED",
        }
    }
}

/// What a merchant asks a payer for.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The merchant's number.
    pub out_trade_no: String,
    /// Which method offered it.
    pub method: Method,
    /// What is asked for, in fen.
    pub total: i64,
    /// The order's title.
    pub subject: String,
    /// The order's description.
    pub body: Option<String>,
    /// Given back in notifications as it came.
    pub passback_params: Option<String>,
    /// Where notifications go.
    pub notify_url: Option<String>,
    /// Where the payer's browser goes after paying.
    pub return_url: Option<String>,
    /// After this nobody can pay.
    pub expires_at: DateTime<Utc>,
}

/// Money that was given back.
#[derive(Debug, Clone)]
pub struct Refund {
    /// The merchant's number of the refund.
    pub out_request_no: String,
    /// In fen.
    pub amount: i64,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub made_at: DateTime<Utc>,
}

/// A trade.
#[derive(Debug, Clone)]
pub struct Trade {
    /// What the merchant asked for.
    pub offer: Offer,
    /// Alipay's number.
    pub trade_no: String,
    /// How it stands.
    pub status: Status,
    /// When the payer opened it.
    pub created_at: DateTime<Utc>,
    /// When it was paid.
    pub paid_at: Option<DateTime<Utc>>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Refunds, oldest first.
    pub refunds: Vec<Refund>,
}

impl Trade {
    /// All that was given back, in fen.
    pub fn refunded(&self) -> i64 {
        self.refunds.iter().map(|refund| refund.amount).sum()
    }

    /// Whether money came, whatever became of it afterwards.
    pub fn was_paid(&self) -> bool {
        self.paid_at.is_some()
    }

    /// Whether the payer's time is up at this moment.
    pub fn is_late(&self, now: DateTime<Utc>) -> bool {
        matches!(self.status, Status::Offered | Status::Waiting) && now >= self.offer.expires_at
    }

    /// What a query answers.
    pub fn show(&self) -> Map<String, Value> {
        let mut shown = both_numbers(self);
        shown.insert("buyer_logon_id".into(), "pay***@example.com".into());
        shown.insert("buyer_user_id".into(), BUYER.into());
        shown.insert("trade_status".into(), self.status.name().into());
        for name in ["total_amount", "invoice_amount"] {
            shown.insert(name.into(), yuan::show(self.offer.total).into());
        }
        let came = yuan::show(if self.was_paid() { self.offer.total } else { 0 });
        for name in ["receipt_amount", "buyer_pay_amount"] {
            shown.insert(name.into(), came.as_str().into());
        }
        shown.insert("point_amount".into(), "0.00".into());
        if let Some(paid_at) = self.paid_at {
            shown.insert("send_pay_date".into(), beijing::show(paid_at).into());
        }
        shown
    }

    /// The truth, for those who verify.
    pub fn truth(&self) -> Value {
        let when = |moment: Option<DateTime<Utc>>| moment.map(beijing::show);
        json!({
            "out_trade_no": self.offer.out_trade_no, "trade_no": self.trade_no, "trade_status": self.status.name(),
            "method": self.offer.method.name(), "total_amount": yuan::show(self.offer.total),
            "paid": self.was_paid(), "refund_fee": yuan::show(self.refunded()), "refunds": self.refunds.len(),
            "subject": self.offer.subject, "passback_params": self.offer.passback_params,
            "notify_url": self.offer.notify_url, "time_expire": beijing::show(self.offer.expires_at),
            "gmt_create": beijing::show(self.created_at), "gmt_payment": when(self.paid_at),
            "gmt_close": when(self.closed_at),
        })
    }

    /// The true refunds, oldest first.
    pub fn true_refunds(&self) -> impl Iterator<Item = Value> {
        self.refunds.iter().map(|refund| {
            json!({
                "out_trade_no": self.offer.out_trade_no, "trade_no": self.trade_no,
                "out_request_no": refund.out_request_no, "refund_amount": yuan::show(refund.amount),
                "refund_reason": refund.reason, "gmt_refund": beijing::show(refund.made_at),
            })
        })
    }
}

/// The numbers of a trade: the merchant's and Alipay's.
pub fn both_numbers(trade: &Trade) -> Map<String, Value> {
    Map::from_iter([
        (
            "out_trade_no".to_owned(),
            Value::from(trade.offer.out_trade_no.as_str()),
        ),
        ("trade_no".to_owned(), Value::from(trade.trade_no.as_str())),
    ])
}
