//! Trades: placed by the merchant, paid by the payer, closed by either or by time.
//!
//! What WeChat Pay shows as the state is worked out when it is asked for: time may have closed the trade, and refunds
//! may have turned it from `SUCCESS` to `REFUND`.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::errors::{Answered, ApiError, Code};
use super::numbers;
use super::orders::{Order, Way};
use super::refunds::Status;
use super::shop::{Book, Terms};
use crate::clock;

/// Where a trade stands with its payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stand {
    /// Nothing has happened yet, or the payer turned away.
    NotPay,
    /// The payer is entering the password.
    UserPaying,
    /// The payer's bank refused.
    PayError,
    /// The merchant closed it, or time did.
    Closed,
    /// It was taken back.
    Revoked,
    /// It was paid.
    Paid(Receipt),
}

/// What is known of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// WeChat Pay's number.
    pub transaction_id: String,
    /// When it was paid.
    pub paid_at: DateTime<Utc>,
    /// Who paid.
    pub openid: String,
}

/// A trade.
#[derive(Debug, Clone)]
pub struct Trade {
    /// What was asked for.
    pub order: Order,
    /// The secret in the code, the prepay id and the page.
    pub token: String,
    /// Where it stands.
    pub stand: Stand,
    /// When it was placed.
    pub created: DateTime<Utc>,
    /// The numbers of its refunds, oldest first.
    pub refunds: Vec<String>,
    /// Trades were placed in the order of this.
    pub place: u64,
}

impl Trade {
    /// The payment, if there was one.
    pub fn receipt(&self) -> Option<&Receipt> {
        match &self.stand {
            Stand::Paid(receipt) => Some(receipt),
            Stand::NotPay | Stand::UserPaying | Stand::PayError | Stand::Closed | Stand::Revoked => None,
        }
    }

    /// Whether the payer can no longer pay.
    pub fn is_over(&self) -> bool {
        match self.stand {
            Stand::Closed | Stand::Revoked => true,
            Stand::Paid(_) => false,
            Stand::NotPay | Stand::UserPaying | Stand::PayError => {
                self.order.time_expire.is_some_and(|end| end <= clock::now())
            }
        }
    }

    /// What `prepay_id` says.
    pub fn prepay_id(&self) -> String {
        format!("wx{}", self.token)
    }

    /// What the code says.
    pub fn code_url(&self) -> String {
        let short = self.token.get(24..).unwrap_or_default();
        format!("weixin://wxpay/bizpayurl?pr={short}")
    }

    fn placed(&self, terms: &Terms) -> Value {
        match self.order.way {
            Way::Native => json!({ "code_url": self.code_url() }),
            Way::Jsapi | Way::App => json!({ "prepay_id": self.prepay_id() }),
            Way::H5 => json!({
                "h5_url": format!(
                    "{}/sandbox/wechat/checkmweb?prepay_id={}&package=1", terms.base_url, self.prepay_id()
                ),
            }),
        }
    }
}

impl Book {
    /// Places a trade; the same request again gives the same trade.
    pub fn place(&mut self, order: Order, terms: &Terms) -> Answered {
        if let Some(known) = self.trades.get(&order.out_trade_no) {
            return again(known, &order, terms);
        }
        order.check_expiry(terms)?;
        let number = order.out_trade_no.clone();
        let trade = Trade {
            order,
            token: format!("{}{}", numbers::serial("", 24), numbers::letters(10)),
            stand: Stand::NotPay,
            created: clock::now(),
            refunds: Vec::new(),
            place: self.touch(),
        };
        let answer = trade.placed(terms);
        self.trades.insert(number, trade);
        Ok(answer)
    }

    /// Closes a trade that is not paid.
    pub fn close(&mut self, out_trade_no: &str) -> Answered {
        let trade = self.trades.get_mut(out_trade_no).ok_or_else(no_such)?;
        match trade.stand {
            Stand::Paid(_) => return Err(ApiError::of(Code::OrderPaid, "该订单已支付")),
            Stand::Closed | Stand::Revoked => return Ok(Value::Null),
            Stand::NotPay | Stand::UserPaying | Stand::PayError => trade.stand = Stand::Closed,
        }
        self.touch();
        Ok(Value::Null)
    }

    /// The state as WeChat Pay names it, with its description.
    pub fn state(&self, trade: &Trade) -> (&'static str, &'static str) {
        match trade.stand {
            Stand::Revoked => ("REVOKED", "已撤销"),
            Stand::Paid(_) => {
                let counts = |status| status != Status::Closed;
                if self.refunds_of(trade).any(|refund| counts(refund.status)) {
                    ("REFUND", "订单发生过退款，退款详情请查询退款单")
                } else {
                    ("SUCCESS", "支付成功")
                }
            }
            _ if trade.is_over() => ("CLOSED", "订单已关闭"),
            Stand::Closed => ("CLOSED", "订单已关闭"),
            Stand::NotPay => ("NOTPAY", "订单未支付"),
            Stand::UserPaying => ("USERPAYING", "用户支付中"),
            Stand::PayError => ("PAYERROR", "支付失败"),
        }
    }

    /// The trade as a query answers it.
    pub fn show(&self, trade: &Trade) -> Value {
        let (state, description) = self.state(trade);
        let order = &trade.order;
        let mut shown = json!({
            "appid": order.appid, "mchid": self.mchid, "out_trade_no": order.out_trade_no,
            "trade_state": state, "trade_state_desc": description,
            "amount": { "total": order.total, "currency": "CNY" },
        });
        if let Some(attach) = &order.attach {
            shown["attach"] = attach.as_str().into();
        }
        if let Stand::Paid(receipt) = &trade.stand {
            shown["transaction_id"] = receipt.transaction_id.as_str().into();
            shown["trade_type"] = order.way.trade_type().into();
            shown["bank_type"] = "OTHERS".into();
            shown["success_time"] = numbers::time(receipt.paid_at).into();
            shown["payer"] = json!({ "openid": receipt.openid });
            shown["amount"]["payer_total"] = order.total.into();
            shown["amount"]["payer_currency"] = "CNY".into();
        }
        shown
    }
}

/// What is answered to a request for a trade that exists.
fn again(known: &Trade, order: &Order, terms: &Terms) -> Answered {
    if matches!(known.stand, Stand::Paid(_)) {
        return Err(ApiError::of(Code::OrderPaid, "该订单已支付"));
    }
    if known.is_over() {
        return Err(ApiError::of(Code::OrderClosed, "该订单已关闭"));
    }
    if known.order.way != order.way || known.order.appid != order.appid {
        return Err(ApiError::of(Code::OutTradeNoUsed, "商户订单号重复"));
    }
    if known.order != *order {
        return Err(ApiError::of(
            Code::InvalidRequest,
            "请求重入时，参数与首次请求时不一致",
        ));
    }
    Ok(known.placed(terms))
}

/// 404: there is no trade of this number.
pub fn no_such() -> ApiError {
    ApiError::of(Code::OrderNotExist, "订单不存在")
}
