//! Requests for refunds: what they must say.

use super::errors::ApiError;
use super::fields::{Fields, object};
use super::orders::currency;

/// A checked request for a refund.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The merchant's number of the refund.
    pub out_refund_no: String,
    /// WeChat Pay's number of the trade; goes before the merchant's.
    pub transaction_id: Option<String>,
    /// The merchant's number of the trade.
    pub out_trade_no: Option<String>,
    /// What is to be given back, in fen.
    pub refund: i64,
    /// What was paid, in fen.
    pub total: i64,
    /// Where the ending is told.
    pub notify_url: Option<String>,
    /// Told to the payer.
    pub reason: Option<String>,
}

impl Wish {
    /// Reads the body of `POST /v3/refund/domestic/refunds`.
    pub fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let request = object(body)?;
        let fields = Fields::of(&request);
        fields.only(&[
            "transaction_id",
            "out_trade_no",
            "out_refund_no",
            "reason",
            "notify_url",
            "funds_account",
            "amount",
            "goods_detail",
        ])?;
        let transaction_id = fields.text("transaction_id", 32)?.map(str::to_owned);
        let out_trade_no = fields.number("out_trade_no", 6, 32)?.map(str::to_owned);
        if transaction_id.is_none() && out_trade_no.is_none() {
            return Err(fields.wrong("transaction_id", "or out_trade_no is required"));
        }
        let out_refund_no = fields
            .number("out_refund_no", 1, 64)?
            .ok_or_else(|| fields.wrong("out_refund_no", "is required"))?;
        if !matches!(
            fields.text("funds_account", 32)?,
            None | Some("AVAILABLE" | "UNSETTLED")
        ) {
            return Err(fields.wrong("funds_account", "must be AVAILABLE or UNSETTLED"));
        }
        let amount = fields.required_object("amount")?;
        amount.only(&["refund", "total", "currency", "from"])?;
        currency(&amount, true)?;
        let (refund, total) = (amount.fen("refund")?, amount.fen("total")?);
        if refund > total {
            return Err(amount.wrong("refund", "must not be above the total"));
        }
        Ok(Self {
            out_refund_no: out_refund_no.to_owned(),
            transaction_id,
            out_trade_no,
            refund,
            total,
            notify_url: fields.url("notify_url")?.map(str::to_owned),
            reason: fields.text("reason", 80)?.map(str::to_owned),
        })
    }

    /// Whether this asks for the same money.
    pub fn same_sum(&self, other: &Self) -> bool {
        (self.refund, self.total) == (other.refund, other.total)
    }
}
