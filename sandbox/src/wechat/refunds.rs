//! Refunds: accepted first, ended later. Nothing is refunded that was not paid, and nothing twice.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errors::{Answered, ApiError, Code};
use super::numbers;
use super::refund_requests::Wish;
use super::shop::{Book, Pace, Terms, Timer};
use super::trades::{Receipt, Trade};
use crate::clock;

/// How many refunds one trade can have.
const AT_MOST: usize = 50;
/// How long after its payment a trade can be refunded.
const REFUNDABLE: TimeDelta = TimeDelta::days(365);

/// How a refund ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Ending {
    /// The money arrived.
    #[default]
    Success,
    /// It was given up: the money stays with the merchant.
    Closed,
    /// The payer's account refuses the money. Not final: it can still succeed or be given up.
    Abnormal,
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Accepted.
    Processing,
    /// The money arrived.
    Success,
    /// Given up.
    Closed,
    /// Refused by the payer's account.
    Abnormal,
}

impl Status {
    /// The status as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Processing => "PROCESSING",
            Self::Success => "SUCCESS",
            Self::Closed => "CLOSED",
            Self::Abnormal => "ABNORMAL",
        }
    }

    fn is_final(self) -> bool {
        match self {
            Self::Success | Self::Closed => true,
            Self::Processing | Self::Abnormal => false,
        }
    }
}

/// A refund.
#[derive(Debug, Clone)]
pub struct Refund {
    /// What was asked for.
    pub wish: Wish,
    /// WeChat Pay's number.
    pub refund_id: String,
    /// The merchant's number of the trade.
    pub out_trade_no: String,
    /// Where it stands.
    pub status: Status,
    /// When it was accepted.
    pub created: DateTime<Utc>,
    /// When the money arrived.
    pub success_time: Option<DateTime<Utc>>,
    /// Refunds were accepted in the order of this.
    pub place: u64,
    transaction_id: String,
}

impl Refund {
    /// The refund as its calls answer it.
    pub fn show(&self) -> Value {
        let (refund, total) = (self.wish.refund, self.wish.total);
        let mut shown = json!({
            "refund_id": self.refund_id, "out_refund_no": self.wish.out_refund_no,
            "transaction_id": self.transaction_id, "out_trade_no": self.out_trade_no, "channel": "ORIGINAL",
            "user_received_account": "支付用户零钱", "create_time": numbers::time(self.created),
            "status": self.status.name(), "funds_account": "AVAILABLE", "promotion_detail": [],
            "amount": {
                "total": total, "refund": refund, "from": [], "payer_total": total, "payer_refund": refund,
                "settlement_refund": refund, "settlement_total": total, "discount_refund": 0, "currency": "CNY",
                "refund_fee": 0,
            },
        });
        if let Some(moment) = self.success_time {
            shown["success_time"] = numbers::time(moment).into();
        }
        shown
    }

    fn told(&self, mchid: &str) -> Value {
        let (refund, total) = (self.wish.refund, self.wish.total);
        let mut resource = json!({
            "mchid": mchid, "out_trade_no": self.out_trade_no, "transaction_id": self.transaction_id,
            "out_refund_no": self.wish.out_refund_no, "refund_id": self.refund_id,
            "refund_status": self.status.name(), "user_received_account": "支付用户零钱",
            "amount": { "total": total, "refund": refund, "payer_total": total, "payer_refund": refund },
        });
        if let Some(moment) = self.success_time {
            resource["success_time"] = numbers::time(moment).into();
        }
        resource
    }
}

impl Book {
    /// Accepts a refund; the same request again answers where that refund stands.
    pub fn refund(&mut self, wish: Wish, terms: &Terms) -> Answered {
        let trade = self
            .trade_wished(&wish)
            .ok_or_else(|| ApiError::of(Code::ResourceNotExists, "订单不存在"))?;
        if let Some(known) = self.refunds.get(&wish.out_refund_no) {
            let same = known.out_trade_no == trade.order.out_trade_no && known.wish.same_sum(&wish);
            return if same {
                Ok(known.show())
            } else {
                Err(ApiError::of(
                    Code::InvalidRequest,
                    "退款单号已存在，且请求参数与首次请求时不一致",
                ))
            };
        }
        let receipt = self.refundable(trade, &wish, terms)?.clone();
        let out_trade_no = trade.order.out_trade_no.clone();
        let number = wish.out_refund_no.clone();
        let refund = Refund {
            wish,
            refund_id: numbers::serial("50000000", 29),
            out_trade_no: out_trade_no.clone(),
            status: Status::Processing,
            created: clock::now(),
            success_time: None,
            place: self.touch(),
            transaction_id: receipt.transaction_id,
        };
        self.refunds.insert(number.clone(), refund);
        if let Some(trade) = self.trades.get_mut(&out_trade_no) {
            trade.refunds.push(number.clone());
        }
        let ending = self.refund_dial.ending;
        match self.refund_dial.pace {
            Pace::AtOnce => {
                self.end_refund(&number, ending);
            }
            Pace::Later => self.later(Timer {
                out_refund_no: number.clone(),
                ending,
            }),
            Pace::Held => {}
        }
        self.show_refund(&number)
    }

    /// The refund as its query answers it.
    pub fn show_refund(&self, out_refund_no: &str) -> Answered {
        self.refunds
            .get(out_refund_no)
            .map(Refund::show)
            .ok_or_else(|| ApiError::of(Code::ResourceNotExists, "退款单不存在"))
    }

    /// Ends a refund that has not ended for good, and tells so where the refund asked for it. Answers whether it did.
    pub fn end_refund(&mut self, out_refund_no: &str, ending: Ending) -> bool {
        let Some(refund) = self.refunds.get_mut(out_refund_no) else {
            return false;
        };
        let (status, kind) = match ending {
            Ending::Success => (Status::Success, "REFUND.SUCCESS"),
            Ending::Closed => (Status::Closed, "REFUND.CLOSED"),
            Ending::Abnormal => (Status::Abnormal, "REFUND.ABNORMAL"),
        };
        if refund.status.is_final() || refund.status == status {
            return false;
        }
        refund.status = status;
        refund.success_time = (status == Status::Success).then(clock::now);
        let told = refund.told(&self.mchid);
        let url = refund.wish.notify_url.clone();
        self.touch();
        if let Some(url) = url {
            self.emit(kind, &url, &told);
        }
        true
    }

    /// Ends a refund by itself, unless somebody ended it before by hand.
    pub fn end_by_itself(&mut self, timer: &Timer) {
        let waits = self
            .refunds
            .get(&timer.out_refund_no)
            .is_some_and(|refund| refund.status == Status::Processing);
        if waits {
            self.end_refund(&timer.out_refund_no, timer.ending);
        }
    }

    /// What of a trade was refunded or is being refunded, in fen.
    pub fn refunded(&self, trade: &Trade) -> i64 {
        let counted = self
            .refunds_of(trade)
            .filter(|refund| refund.status != Status::Closed);
        counted.map(|refund| refund.wish.refund).sum()
    }

    fn trade_wished(&self, wish: &Wish) -> Option<&Trade> {
        match (&wish.transaction_id, &wish.out_trade_no) {
            (Some(id), _) => self.trade_of(id),
            (None, Some(number)) => self.trades.get(number),
            (None, None) => None,
        }
    }

    /// Whether the trade can be refunded as wished.
    fn refundable<'a>(&self, trade: &'a Trade, wish: &Wish, terms: &Terms) -> Result<&'a Receipt, ApiError> {
        let invalid = |message: &str| Err(ApiError::of(Code::InvalidRequest, message));
        let Some(receipt) = trade.receipt() else {
            return invalid("订单未支付，不能退款");
        };
        if wish.total != trade.order.total {
            return invalid("订单金额与原订单不一致");
        }
        let now = clock::now();
        if now - receipt.paid_at > REFUNDABLE {
            return invalid("订单已超过可退款的最大期限");
        }
        if trade.refunds.len() >= AT_MOST {
            return invalid("退款次数已达上限");
        }
        let left = trade.order.total - self.refunded(trade);
        if wish.refund > left {
            return Err(ApiError::of(Code::NotEnough, "可退金额不足"));
        }
        let last = self.refunds_of(trade).last();
        if last.is_some_and(|last| now < last.created + terms.minute) {
            return Err(ApiError::of(
                Code::FrequencyLimited,
                "同一订单的退款请求过于频繁，请一分钟后再试",
            ));
        }
        Ok(receipt)
    }
}
