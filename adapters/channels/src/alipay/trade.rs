//! A trade as the query shows it, and its status in our words (<https://opendocs.alipay.com/open/028woa>).
//!
//! `TRADE_CLOSED` means two opposite things: never paid, and paid and given back in full. Only a trade that was paid has
//! a `send_pay_date`, so that decides. The money of a trade that was paid counts as received, whatever was given back
//! since: refunds are told apart from payments.

use domain::{
    channel::{Intent, IntentStatus},
    currency::Currency,
    money::Money,
};
use serde::Deserialize;

use super::words::{from_yuan, payment_of};

/// A trade as the query shows it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct WireTrade {
    out_trade_no: String,
    trade_status: String,
    total_amount: String,
    /// When the money went to the seller; left out of a trade that was not paid.
    #[serde(default)]
    send_pay_date: Option<String>,
    /// What the seller received.
    #[serde(default)]
    receipt_amount: Option<String>,
    /// Of `total_amount`; yuan where it is left out.
    #[serde(default)]
    trans_currency: Option<String>,
}

/// What is shown has no counterpart in our words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Untranslatable {
    #[error("it is about another trade than the one that was asked about")]
    OtherTrade,
    #[error("the amount is not one in yuan")]
    Amount,
    #[error("the currency {0:?} is not known")]
    Currency(String),
    #[error("the status {0:?} is not known")]
    Status(String),
    #[error("the trade is closed, with money received and no moment at which it was")]
    Contradiction,
}

impl WireTrade {
    /// The intent of the trade that was asked about.
    pub(super) fn translate(&self, asked: &str) -> Result<Intent, Untranslatable> {
        if self.out_trade_no != asked {
            return Err(Untranslatable::OtherTrade);
        }
        let money = money(&self.total_amount, self.trans_currency.as_deref())?;
        let was_paid = filled(self.send_pay_date.as_deref());
        let received = self.receipt_amount.as_deref().and_then(from_yuan);
        let status = match (self.trade_status.as_str(), was_paid) {
            ("WAIT_BUYER_PAY", _) => IntentStatus::RequiresAction,
            ("TRADE_SUCCESS" | "TRADE_FINISHED", _) | ("TRADE_CLOSED", true) => IntentStatus::Succeeded,
            ("TRADE_CLOSED", false) if received.is_some_and(|received| received.amount_minor > 0) => {
                return Err(Untranslatable::Contradiction);
            }
            ("TRADE_CLOSED", false) => IntentStatus::Canceled,
            (other, _) => return Err(Untranslatable::Status(other.chars().take(32).collect())),
        };
        Ok(intent(asked, money, status))
    }
}

/// The amount of a trade in the currency that goes with it, as far as that has two decimals like the yuan.
pub(super) fn money(total_amount: &str, trans_currency: Option<&str>) -> Result<Money, Untranslatable> {
    let money = from_yuan(total_amount).ok_or(Untranslatable::Amount)?;
    let Some(code) = trans_currency.filter(|code| filled(Some(code))) else {
        return Ok(money);
    };
    let currency: Option<Currency> = code.parse().ok();
    let currency = currency.filter(|currency| currency.exponent() == Currency::CNY.exponent());
    let currency = currency.ok_or_else(|| Untranslatable::Currency(code.chars().take(8).collect()))?;
    Ok(Money { currency, ..money })
}

/// The intent of a trade in this status.
pub(super) fn intent(out_trade_no: &str, money: Money, status: IntentStatus) -> Intent {
    let received_minor = match status {
        IntentStatus::Succeeded => money.amount_minor,
        IntentStatus::RequiresAction
        | IntentStatus::Declined(_)
        | IntentStatus::Approved
        | IntentStatus::Processing
        | IntentStatus::Canceled => 0,
    };
    Intent {
        id: out_trade_no.to_owned(),
        payment_id: payment_of(out_trade_no),
        money,
        received_minor,
        status,
        next_action: None,
        destination: None,
    }
}

fn filled(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: &str = "00112233445566778899aabbccddeeff";

    fn trade(status: &str) -> WireTrade {
        WireTrade {
            out_trade_no: NUMBER.into(),
            trade_status: status.into(),
            total_amount: "88.88".into(),
            ..WireTrade::default()
        }
    }

    fn status(trade: &WireTrade) -> IntentStatus {
        trade.translate(NUMBER).unwrap().status
    }

    #[test]
    fn each_status_has_its_word() {
        assert_eq!(status(&trade("WAIT_BUYER_PAY")), IntentStatus::RequiresAction);
        assert_eq!(status(&trade("TRADE_SUCCESS")), IntentStatus::Succeeded);
        assert_eq!(status(&trade("TRADE_FINISHED")), IntentStatus::Succeeded);
        assert_eq!(status(&trade("TRADE_CLOSED")), IntentStatus::Canceled);
        let unknown = trade("TRADE_PENDING").translate(NUMBER);
        assert_eq!(unknown, Err(Untranslatable::Status("TRADE_PENDING".into())));
    }

    #[test]
    fn a_trade_that_was_paid_and_given_back_was_paid() {
        let refunded = WireTrade {
            send_pay_date: Some("2026-11-20 18:00:03".into()),
            receipt_amount: Some("88.88".into()),
            ..trade("TRADE_CLOSED")
        };
        let intent = refunded.translate(NUMBER).unwrap();
        assert_eq!(
            (intent.status, intent.received_minor),
            (IntentStatus::Succeeded, 8_888)
        );
        let unpaid = WireTrade {
            send_pay_date: Some(String::new()),
            receipt_amount: Some("0.00".into()),
            ..trade("TRADE_CLOSED")
        };
        assert_eq!(status(&unpaid), IntentStatus::Canceled);
        let unclear = WireTrade {
            receipt_amount: Some("88.88".into()),
            ..trade("TRADE_CLOSED")
        };
        assert_eq!(unclear.translate(NUMBER), Err(Untranslatable::Contradiction));
    }

    #[test]
    fn the_amount_is_told_as_it_is_shown() {
        let other = WireTrade {
            total_amount: "0.01".into(),
            trans_currency: Some("USD".into()),
            ..trade("TRADE_SUCCESS")
        };
        let money = Money {
            amount_minor: 1,
            currency: Currency::USD,
        };
        assert_eq!(other.translate(NUMBER).unwrap().money, money);
        let odd = |total_amount: &str, currency: &str| {
            let trade = WireTrade {
                total_amount: total_amount.into(),
                trans_currency: Some(currency.into()),
                ..trade("TRADE_SUCCESS")
            };
            trade.translate(NUMBER)
        };
        assert_eq!(odd("-1", "CNY"), Err(Untranslatable::Amount));
        assert_eq!(odd("1", "JPY"), Err(Untranslatable::Currency("JPY".into())));
        assert_eq!(odd("1", "???"), Err(Untranslatable::Currency("???".into())));
    }

    #[test]
    fn another_trade_than_the_asked_one_is_no_answer() {
        let other = trade("TRADE_SUCCESS").translate("ffeeddccbbaa99887766554433221100");
        assert_eq!(other, Err(Untranslatable::OtherTrade));
    }
}
