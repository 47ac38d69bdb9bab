//! Orders in Sluice's words (<https://pay.weixin.qq.com/doc/v3/merchant/4012556352>).
//!
//! One shape serves answers and callbacks. Everything but these few fields is ignored: the rest tells who paid and how.

use domain::{
    channel::{Intent, IntentStatus},
    money::Money,
    payment::{Failure, NextStep},
};
use serde::Deserialize;

use super::{
    credentials::WechatCredentials,
    numbers::{self, UnspeakableAmount, WireAmount},
};

/// An order.
#[derive(Debug, Deserialize)]
pub(super) struct WireTrade {
    pub(super) appid: Option<String>,
    pub(super) mchid: Option<String>,
    pub(super) out_trade_no: String,
    pub(super) trade_state: String,
    /// Not promised before the order was paid.
    pub(super) amount: Option<WireAmount>,
}

/// An object says something that Sluice has no word for, or is not what was asked about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Untranslatable {
    #[error(transparent)]
    Amount(#[from] UnspeakableAmount),
    /// It may mean that money moved, so nobody may guess.
    #[error("the {object} status {status:?} is not known")]
    Status { object: &'static str, status: String },
    #[error("it is about another {0} than was asked about")]
    Other(&'static str),
}

impl Untranslatable {
    /// Shows the beginning of a status that is not known.
    pub(super) fn status(object: &'static str, status: &str) -> Self {
        Self::Status {
            object,
            status: status.chars().take(40).collect(),
        }
    }
}

impl WireTrade {
    /// Whose it is when it is not this merchant's.
    pub(super) fn other_account(&self, credentials: &WechatCredentials) -> Option<&'static str> {
        if self.mchid.as_deref() != Some(credentials.mchid()) {
            Some("mchid")
        } else if self.appid.as_deref() != Some(credentials.appid()) {
            Some("appid")
        } else {
            None
        }
    }

    /// The order in Sluice's words. `asked` is its amount as far as it is known here, for an order that was not paid yet
    /// and does not show it. What was paid is said by WeChat Pay alone.
    pub(super) fn translate(self, asked: Option<Money>) -> Result<Intent, Untranslatable> {
        let status = status(&self.trade_state)?;
        let is_paid = status == IntentStatus::Succeeded;
        let total = self
            .amount
            .map_or(Err(UnspeakableAmount::Missing), |amount| amount.total());
        let money = match (total, asked) {
            (Err(UnspeakableAmount::Missing), Some(asked)) if !is_paid => asked,
            (total, _) => total?,
        };
        Ok(Intent {
            payment_id: numbers::payment(&self.out_trade_no),
            id: self.out_trade_no,
            money,
            received_minor: if is_paid { money.amount_minor } else { 0 },
            status,
            next_action: None,
            destination: None,
        })
    }
}

/// Where an order stands. One that was given back, in part or in full, says `REFUND` and was paid all the same: what was
/// given back is the refunds' to tell. `PAYERROR` leaves the order open for another attempt.
fn status(trade_state: &str) -> Result<IntentStatus, Untranslatable> {
    match trade_state {
        "SUCCESS" | "REFUND" => Ok(IntentStatus::Succeeded),
        "NOTPAY" => Ok(IntentStatus::RequiresAction),
        "USERPAYING" => Ok(IntentStatus::Processing),
        "CLOSED" | "REVOKED" => Ok(IntentStatus::Canceled),
        "PAYERROR" => Ok(IntentStatus::Declined(Failure {
            code: "payerror".into(),
            message: "WeChat Pay could not take the payment.".into(),
            next_step: NextStep::UseAnotherPaymentMethod,
        })),
        unknown => Err(Untranslatable::status("trade", unknown)),
    }
}

#[cfg(test)]
mod tests {
    use domain::currency::Currency;

    use super::*;

    const NUMBER: &str = "0123456789abcdef0123456789abcdef";

    fn trade(trade_state: &str, total: Option<i64>) -> WireTrade {
        WireTrade {
            appid: None,
            mchid: None,
            out_trade_no: NUMBER.into(),
            trade_state: trade_state.into(),
            amount: total.map(|total| WireAmount {
                total: Some(total),
                refund: None,
                currency: None,
            }),
        }
    }

    #[test]
    fn every_documented_state_has_a_meaning() {
        let meaning = |state| {
            let intent = trade(state, Some(8888)).translate(None)?;
            Ok((intent.status.name(), intent.received_minor))
        };
        assert_eq!(meaning("SUCCESS"), Ok(("succeeded", 8888)));
        assert_eq!(meaning("REFUND"), Ok(("succeeded", 8888)));
        assert_eq!(meaning("NOTPAY"), Ok(("requires_action", 0)));
        assert_eq!(meaning("USERPAYING"), Ok(("processing", 0)));
        assert_eq!(meaning("CLOSED"), Ok(("canceled", 0)));
        assert_eq!(meaning("REVOKED"), Ok(("canceled", 0)));
        assert_eq!(meaning("PAYERROR"), Ok(("declined", 0)));
        for unknown in ["ACCEPT", "success", ""] {
            assert_eq!(meaning(unknown), Err(Untranslatable::status("trade", unknown)));
        }
    }

    #[test]
    fn the_amount_is_shown_as_it_is_and_never_made_up_for_a_paid_order() {
        let asked = Money {
            amount_minor: 100,
            currency: Currency::CNY,
        };
        let shown = trade("SUCCESS", Some(1)).translate(Some(asked)).unwrap();
        assert_eq!((shown.money.amount_minor, shown.received_minor), (1, 1));
        let missing = Err(Untranslatable::Amount(UnspeakableAmount::Missing));
        assert_eq!(trade("SUCCESS", None).translate(Some(asked)), missing);
        assert_eq!(trade("NOTPAY", None).translate(None), missing);
        assert_eq!(trade("NOTPAY", None).translate(Some(asked)).unwrap().money, asked);
    }
}
