//! WeChat Pay's trades and refunds.

use serde::Deserialize;

use super::{marked_payment, marked_refund};
use crate::{
    journal::Provider,
    verifier::facts::{Intent, ProviderRefund},
};

/// A trade.
#[derive(Debug, Clone, Deserialize)]
pub struct Trade {
    mchid: String,
    out_trade_no: String,
    trade_state: String,
    amount: Total,
}

#[derive(Debug, Clone, Deserialize)]
struct Total {
    total: i64,
}

/// A refund.
#[derive(Debug, Clone, Deserialize)]
pub struct Refund {
    mchid: String,
    out_trade_no: String,
    out_refund_no: String,
    status: String,
    amount: Refunded,
}

#[derive(Debug, Clone, Deserialize)]
struct Refunded {
    refund: i64,
}

impl From<Trade> for Intent {
    fn from(trade: Trade) -> Self {
        let total = trade.amount.total;
        let state = trade.trade_state.as_str();
        let is_paid = matches!(state, "SUCCESS" | "REFUND");
        let status = match state {
            _ if is_paid => "succeeded",
            "NOTPAY" => "requires_action",
            "PAYERROR" => "requires_payment_method",
            "USERPAYING" => "processing",
            _ => "canceled",
        };
        Self {
            provider: Provider::Wechat,
            account: trade.mchid,
            status: status.to_owned(),
            amount: total,
            amount_received: if is_paid { total } else { 0 },
            currency: "cny".to_owned(),
            metadata: marked_payment(&trade.out_trade_no),
            charges_succeeded: u32::from(is_paid),
            charges_failed: u32::from(state == "PAYERROR"),
            id: trade.out_trade_no,
        }
    }
}

impl From<Refund> for ProviderRefund {
    fn from(refund: Refund) -> Self {
        // One that the payer's account did not take may still arrive by another way.
        let status = match refund.status.as_str() {
            "SUCCESS" => "succeeded",
            "PROCESSING" | "ABNORMAL" => "pending",
            _ => "failed",
        };
        Self {
            account: refund.mchid,
            payment_intent: refund.out_trade_no,
            amount: refund.amount.refund,
            currency: "cny".to_owned(),
            status: status.to_owned(),
            metadata: marked_refund(&refund.out_refund_no),
            id: refund.out_refund_no,
        }
    }
}
