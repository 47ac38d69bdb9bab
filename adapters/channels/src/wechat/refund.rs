//! Refunds in Sluice's words (<https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter3_1_9.shtml>).

use domain::{
    channel::{ChannelRefund, ChannelRefundStatus},
    payment::Failure,
};
use serde::Deserialize;

use super::{
    numbers::{self, WireAmount},
    trade::Untranslatable,
};

/// A refund. Answers call its status `status`, callbacks `refund_status`.
#[derive(Debug, Deserialize)]
pub(super) struct WireRefund {
    /// Only callbacks say it.
    pub(super) mchid: Option<String>,
    pub(super) out_trade_no: String,
    pub(super) out_refund_no: String,
    #[serde(alias = "refund_status")]
    pub(super) status: String,
    pub(super) amount: WireAmount,
}

impl WireRefund {
    /// The refund in Sluice's words.
    pub(super) fn translate(self) -> Result<ChannelRefund, Untranslatable> {
        Ok(ChannelRefund {
            refund_id: numbers::refund(&self.out_refund_no),
            money: self.amount.refund()?,
            status: status(&self.status)?,
            intent_id: Some(self.out_trade_no),
            id: self.out_refund_no,
        })
    }
}

/// Where a refund stands.
fn status(status: &str) -> Result<ChannelRefundStatus, Untranslatable> {
    match status {
        "SUCCESS" => Ok(ChannelRefundStatus::Succeeded),
        "PROCESSING" => Ok(ChannelRefundStatus::Processing),
        // The payer's card or account did not take the money. It has left the merchant and is not back: the merchant sends
        // it another way in the merchant platform, after which the same refund becomes SUCCESS.
        "ABNORMAL" => Ok(ChannelRefundStatus::Stuck),
        "CLOSED" => Ok(ChannelRefundStatus::Failed(Failure::not_refunded(
            "closed",
            "WeChat Pay closed it without giving the money back.",
        ))),
        unknown => Err(Untranslatable::status("refund", unknown)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_status_has_a_meaning_in_answers_and_callbacks() {
        let meaning = |name: &str, status: &str| {
            let json = format!(
                r#"{{"out_trade_no":"T1","out_refund_no":"R1","{name}":"{status}","amount":{{"total":2,"refund":1}}}}"#
            );
            let wire: WireRefund = serde_json::from_str(&json).unwrap();
            wire.translate().map(|refund| refund.status.name())
        };
        for name in ["status", "refund_status"] {
            assert_eq!(meaning(name, "SUCCESS"), Ok("succeeded"));
            assert_eq!(meaning(name, "PROCESSING"), Ok("processing"));
            assert_eq!(meaning(name, "ABNORMAL"), Ok("stuck"), "it can still arrive");
            assert_eq!(meaning(name, "CLOSED"), Ok("failed"));
            assert_eq!(meaning(name, "X"), Err(Untranslatable::status("refund", "X")));
        }
    }
}
