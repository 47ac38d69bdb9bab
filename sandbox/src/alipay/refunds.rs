//! Giving money back: once per number of the merchant, never more than was paid, and not too often.

use std::time::Duration;

use super::book::Book;
use super::errors::ApiError;
use super::trade::{Refund, Status, Trade};
use crate::clock;

/// A checked request to give money back.
pub struct Wanted {
    /// The merchant's number of the refund; none stands for the trade's own number and a refund in full.
    pub out_request_no: Option<String>,
    /// In fen; none for all that is left.
    pub amount: Option<i64>,
    /// Why.
    pub reason: Option<String>,
}

impl Book {
    /// Gives money back and answers whether any moved: it does not when the number was used before.
    /// `pause` is how long Alipay wants between two refunds of one trade.
    pub fn refund(&mut self, out_trade_no: &str, wanted: Wanted, pause: Duration) -> Result<bool, ApiError> {
        let trade = self.existing(out_trade_no)?;
        let left = trade.offer.total - trade.refunded();
        let amount = wanted.amount.unwrap_or(left);
        let number = match wanted.out_request_no {
            Some(number) => number,
            None if amount == trade.offer.total => out_trade_no.to_owned(),
            None => return Err(ApiError::parameter("out_request_no")),
        };
        if let Some(earlier) = trade
            .refunds
            .iter()
            .find(|refund| refund.out_request_no == number)
        {
            return if earlier.amount == amount {
                Ok(false)
            } else {
                Err(ApiError::of("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求"))
            };
        }
        if !trade.was_paid() {
            return Err(ApiError::wrong_status());
        }
        if amount > left {
            return Err(ApiError::of("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限"));
        }
        if is_too_soon(trade, pause) {
            // Alipay asks for three seconds but publishes no code of its own for impatience; this one is published as
            // "repeat with the same parameters", which is what helps.
            return Err(ApiError::of("ACQ.SYSTEM_ERROR", "同一笔交易的退款至少间隔3秒"));
        }
        trade.refunds.push(Refund {
            out_request_no: number.clone(),
            amount,
            reason: wanted.reason,
            made_at: clock::now(),
        });
        if amount == left {
            (trade.status, trade.closed_at) = (Status::Closed, Some(clock::now()));
        }
        self.tell(out_trade_no, Some(&number));
        Ok(true)
    }
}

fn is_too_soon(trade: &Trade, pause: Duration) -> bool {
    trade.refunds.last().is_some_and(|last| {
        (clock::now() - last.made_at)
            .to_std()
            .is_ok_and(|passed| passed < pause)
    })
}
