//! A refund as Alipay shows it (<https://opendocs.alipay.com/open/028sm9>, <https://opendocs.alipay.com/open/028sma>).
//!
//! That a request to refund was taken does not mean that money moved. Only `fund_change` `Y` says so in the answer to the
//! request itself; whatever else it says, the refund has to be asked for by its number, and there only `REFUND_SUCCESS`
//! is a yes. The `refund_fee` of the answer is the sum of all refunds of the trade and tells nothing of this one.

use domain::{
    channel::{ChannelRefund, ChannelRefundStatus},
    money::Money,
};
use serde::Deserialize;

use super::{
    trade::Untranslatable,
    words::{from_yuan, refund_of},
};

/// The answer to making a refund.
#[derive(Debug, Deserialize)]
pub(super) struct WireRefund {
    out_trade_no: String,
    #[serde(default)]
    fund_change: Option<String>,
}

/// The answer to asking for a refund. Almost empty when there is none of that number.
#[derive(Debug, Default, Deserialize)]
pub(super) struct WireRefundQuery {
    #[serde(default)]
    out_trade_no: Option<String>,
    #[serde(default)]
    out_request_no: Option<String>,
    #[serde(default)]
    refund_amount: Option<String>,
    #[serde(default)]
    refund_status: Option<String>,
}

impl WireRefund {
    /// Whether this request, and no earlier one, moved money of the trade.
    pub(super) fn moved_money(&self, out_trade_no: &str) -> Result<bool, Untranslatable> {
        if self.out_trade_no != out_trade_no {
            return Err(Untranslatable::OtherTrade);
        }
        Ok(self.fund_change.as_deref() == Some("Y"))
    }
}

impl WireRefundQuery {
    /// The refund that was asked for. None when Alipay shows none that succeeded: it failed, was never received, or is at
    /// work, and all three are told alike.
    pub(super) fn translate(
        &self,
        out_trade_no: &str,
        out_request_no: &str,
    ) -> Result<Option<ChannelRefund>, Untranslatable> {
        match self.refund_status.as_deref().unwrap_or_default() {
            "" => return Ok(None),
            "REFUND_SUCCESS" => {}
            other => return Err(Untranslatable::Status(other.chars().take(32).collect())),
        }
        let is_same = |shown: &Option<String>, asked: &str| shown.as_deref() == Some(asked);
        if !is_same(&self.out_trade_no, out_trade_no) || !is_same(&self.out_request_no, out_request_no) {
            return Err(Untranslatable::OtherTrade);
        }
        let amount = self.refund_amount.as_deref().and_then(from_yuan);
        let money = amount.ok_or(Untranslatable::Amount)?;
        Ok(Some(succeeded(out_trade_no, out_request_no, money)))
    }
}

/// A refund that gave this much back.
pub(super) fn succeeded(out_trade_no: &str, out_request_no: &str, money: Money) -> ChannelRefund {
    ChannelRefund {
        id: out_request_no.to_owned(),
        refund_id: refund_of(out_request_no),
        intent_id: Some(out_trade_no.to_owned()),
        money,
        status: ChannelRefundStatus::Succeeded,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const TRADE: &str = "00112233445566778899aabbccddeeff";
    const REFUND: &str = "ffeeddccbbaa99887766554433221100";

    fn asked(answer: Value) -> Result<Option<ChannelRefund>, Untranslatable> {
        let wire: WireRefundQuery = serde_json::from_value(answer).unwrap();
        wire.translate(TRADE, REFUND)
    }

    #[test]
    fn only_a_change_of_funds_is_a_yes() {
        let moved = |answer: Value| {
            let wire: WireRefund = serde_json::from_value(answer).unwrap();
            wire.moved_money(TRADE)
        };
        let answer =
            |change: &str| json!({"out_trade_no": TRADE, "fund_change": change, "refund_fee": "8.88"});
        assert_eq!(moved(answer("Y")), Ok(true));
        assert_eq!(moved(answer("N")), Ok(false));
        assert_eq!(moved(json!({"out_trade_no": TRADE})), Ok(false));
        let other = json!({"out_trade_no": REFUND, "fund_change": "Y"});
        assert_eq!(moved(other), Err(Untranslatable::OtherTrade));
    }

    #[test]
    fn a_refund_is_there_when_it_succeeded() {
        let shown = |status: Value, number: &str| {
            json!({"code": "10000", "out_trade_no": TRADE, "out_request_no": number,
                "refund_amount": "8.88", "total_amount": "88.88", "refund_status": status})
        };
        let refund = asked(shown(json!("REFUND_SUCCESS"), REFUND)).unwrap().unwrap();
        assert_eq!((refund.id.as_str(), refund.money.amount_minor), (REFUND, 888));
        assert_eq!(refund.refund_id, refund_of(REFUND));
        assert_eq!(refund.status, ChannelRefundStatus::Succeeded);
        assert_eq!(asked(json!({"code": "10000"})), Ok(None));
        assert_eq!(asked(shown(Value::Null, REFUND)), Ok(None));
        assert_eq!(asked(shown(json!(""), REFUND)), Ok(None));
        let odd = asked(shown(json!("REFUND_PROCESSING"), REFUND));
        assert_eq!(odd, Err(Untranslatable::Status("REFUND_PROCESSING".into())));
        let other = asked(shown(json!("REFUND_SUCCESS"), TRADE));
        assert_eq!(other, Err(Untranslatable::OtherTrade));
    }
}
