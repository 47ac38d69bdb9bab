//! Alipay's trades and refunds.

use anyhow::Context;
use serde::Deserialize;

use super::{marked_payment, marked_refund};
use crate::{
    journal::Provider,
    verifier::facts::{Intent, OFFERED, ProviderRefund},
};

/// A trade, or the offer of one.
#[derive(Debug, Clone, Deserialize)]
pub struct Trade {
    app_id: String,
    out_trade_no: String,
    trade_status: String,
    total_amount: String,
    paid: bool,
}

/// A refund, which is always done.
#[derive(Debug, Clone, Deserialize)]
pub struct Refund {
    app_id: String,
    out_trade_no: String,
    out_request_no: String,
    refund_amount: String,
}

impl TryFrom<Trade> for Intent {
    type Error = anyhow::Error;

    fn try_from(trade: Trade) -> anyhow::Result<Self> {
        let amount = fen(&trade.total_amount)?;
        // A trade of which all was given back is closed, and was paid all the same.
        let status = match trade.trade_status.as_str() {
            _ if trade.paid => "succeeded",
            "OFFERED" => OFFERED,
            "WAIT_BUYER_PAY" => "requires_action",
            _ => "canceled",
        };
        Ok(Self {
            provider: Provider::Alipay,
            account: trade.app_id,
            status: status.to_owned(),
            amount,
            amount_received: if trade.paid { amount } else { 0 },
            currency: "cny".to_owned(),
            metadata: marked_payment(&trade.out_trade_no),
            id: trade.out_trade_no,
            charges_succeeded: u32::from(trade.paid),
            charges_failed: 0,
        })
    }
}

impl TryFrom<Refund> for ProviderRefund {
    type Error = anyhow::Error;

    fn try_from(refund: Refund) -> anyhow::Result<Self> {
        Ok(Self {
            account: refund.app_id,
            payment_intent: refund.out_trade_no,
            amount: fen(&refund.refund_amount)?,
            currency: "cny".to_owned(),
            status: "succeeded".to_owned(),
            metadata: marked_refund(&refund.out_request_no),
            id: refund.out_request_no,
        })
    }
}

/// Yuan with two decimals, in fen.
fn fen(yuan: &str) -> anyhow::Result<i64> {
    let (whole, rest) = yuan.split_once('.').context("an amount has two decimals")?;
    let digits = format!("{whole}{rest}").parse();
    digits
        .ok()
        .filter(|_| rest.len() == 2)
        .with_context(|| format!("{yuan:?} is no amount of yuan"))
}
