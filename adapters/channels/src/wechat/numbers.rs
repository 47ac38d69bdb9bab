//! Our ids and amounts as WeChat Pay writes them.
//!
//! An order is known by the merchant's number for it (`out_trade_no`), a refund by its `out_refund_no`: at most 32
//! characters, recognised for as long as the account exists. Ours are the 32 hexadecimal digits of the ids themselves, so
//! whatever comes back names its payment without a mark, and asking needs no number of WeChat Pay's.

use domain::{
    currency::Currency,
    id::{PaymentId, RefundId},
    money::Money,
};
use serde::Deserialize;

/// The number of a payment's order, which is the intent's id.
pub(super) fn of_payment(id: PaymentId) -> String {
    id.as_uuid().simple().to_string()
}

/// The number of a refund, which is the provider's id of it to us.
pub(super) fn of_refund(id: RefundId) -> String {
    id.as_uuid().simple().to_string()
}

/// The payment that an order was opened for. Other programs that use the account number their orders otherwise.
pub(super) fn payment(out_trade_no: &str) -> Option<PaymentId> {
    format!("pay_{out_trade_no}").parse().ok()
}

/// The refund that a number stands for, if it is one of ours.
pub(super) fn refund(out_refund_no: &str) -> Option<RefundId> {
    format!("rfd_{out_refund_no}").parse().ok()
}

/// An order's amount, or a refund's, in fen.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct WireAmount {
    /// What was ordered in all.
    pub(super) total: Option<i64>,
    /// What is given back.
    pub(super) refund: Option<i64>,
    /// Left out in callbacks about refunds.
    pub(super) currency: Option<String>,
}

/// An amount cannot be said in our words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum UnspeakableAmount {
    #[error("there is no amount")]
    Missing,
    #[error("the amount is negative")]
    Negative,
    #[error("the currency is not one of ours")]
    Currency,
}

impl WireAmount {
    /// What the order is about.
    pub(super) fn total(&self) -> Result<Money, UnspeakableAmount> {
        self.money(self.total)
    }

    /// What the refund gives back.
    pub(super) fn refund(&self) -> Result<Money, UnspeakableAmount> {
        self.money(self.refund)
    }

    fn money(&self, amount_minor: Option<i64>) -> Result<Money, UnspeakableAmount> {
        let amount_minor = amount_minor.ok_or(UnspeakableAmount::Missing)?;
        if amount_minor < 0 {
            return Err(UnspeakableAmount::Negative);
        }
        let currency = match &self.currency {
            None => Currency::CNY,
            Some(code) => code.parse().map_err(|_| UnspeakableAmount::Currency)?,
        };
        Ok(Money {
            amount_minor,
            currency,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_its_number_and_nothing_else_is() {
        let id: PaymentId = "pay_0123456789abcdef0123456789abcdef".parse().unwrap();
        assert_eq!(of_payment(id), "0123456789abcdef0123456789abcdef");
        assert_eq!(payment(&of_payment(id)), Some(id));
        let refund_id: RefundId = "rfd_0123456789abcdef0123456789abcdef".parse().unwrap();
        assert_eq!(refund(&of_refund(refund_id)), Some(refund_id));
        for foreign in [
            "",
            "T20261120000001",
            "0123456789ABCDEF0123456789ABCDEF",
            "0123456789abcdef0123456789abcde",
            "{123456789abcdef0123456789abcde}",
        ] {
            assert_eq!((payment(foreign), refund(foreign)), (None, None), "{foreign}");
        }
    }

    #[test]
    fn amounts_are_fen_as_they_stand() {
        let amount = |json: &str| serde_json::from_str::<WireAmount>(json).unwrap();
        let cny = |amount_minor| Money {
            amount_minor,
            currency: Currency::CNY,
        };
        assert_eq!(amount(r#"{"total":8888,"refund":888}"#).total(), Ok(cny(8888)));
        assert_eq!(amount(r#"{"total":8888,"refund":888}"#).refund(), Ok(cny(888)));
        let other = amount(r#"{"total":1,"currency":"USD"}"#).total().unwrap();
        assert_eq!(other.currency, Currency::USD);
        assert_eq!(amount("{}").total(), Err(UnspeakableAmount::Missing));
        assert_eq!(
            amount(r#"{"total":-1}"#).total(),
            Err(UnspeakableAmount::Negative)
        );
        let unknown = amount(r#"{"total":1,"currency":"XXZ"}"#).total();
        assert_eq!(unknown, Err(UnspeakableAmount::Currency));
    }
}
