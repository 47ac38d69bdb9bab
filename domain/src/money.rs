//! Amounts of money. Always an integer of a currency's minor unit, never a float.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::currency::Currency;

/// An amount in the minor unit of its currency: 1999 USD is 19.99 dollars, 1999 JPY is 1999 yen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// The amount in minor units.
    pub amount_minor: i64,
    /// The currency the minor unit belongs to.
    pub currency: Currency,
}

/// The amount cannot be charged.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum InvalidAmount {
    /// Zero or less.
    #[error("the amount must be greater than zero, in the currency's minor unit (1999 for USD 19.99)")]
    NotPositive,
    /// More than [`Money::MAX_MINOR`].
    #[error("the amount must be at most {} minor units", Money::MAX_MINOR)]
    TooLarge,
}

impl Money {
    /// The largest amount of one payment, in minor units. A channel may set a lower limit of its own.
    pub const MAX_MINOR: i64 = 999_999_999_999;

    /// An amount that may be charged: greater than zero and at most [`Self::MAX_MINOR`].
    ///
    /// # Errors
    /// Says whether the amount is too small or too large.
    pub fn chargeable(amount_minor: i64, currency: Currency) -> Result<Self, InvalidAmount> {
        if amount_minor <= 0 {
            Err(InvalidAmount::NotPositive)
        } else if amount_minor > Self::MAX_MINOR {
            Err(InvalidAmount::TooLarge)
        } else {
            Ok(Self {
                amount_minor,
                currency,
            })
        }
    }
}

impl Money {
    /// The amount in the currency's major unit: 19.99 for 1999 USD. For people and for providers that write it so.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.amount_minor, self.currency.exponent())
    }
}

impl fmt::Display for Money {
    /// `USD 19.99`, `JPY 1999`, `KWD 1.999`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency, self.to_decimal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_positive_amounts_within_the_limit_can_be_charged() {
        let charge = |amount| Money::chargeable(amount, Currency::USD);
        assert_eq!(charge(0), Err(InvalidAmount::NotPositive));
        assert_eq!(charge(-1), Err(InvalidAmount::NotPositive));
        assert_eq!(charge(i64::MIN), Err(InvalidAmount::NotPositive));
        assert_eq!(charge(Money::MAX_MINOR + 1), Err(InvalidAmount::TooLarge));
        assert!(charge(1).is_ok());
        assert!(charge(Money::MAX_MINOR).is_ok());
    }

    #[test]
    fn prints_with_the_digits_of_its_currency() {
        let print = |amount_minor, currency| {
            Money {
                amount_minor,
                currency,
            }
            .to_string()
        };
        assert_eq!(print(1999, Currency::USD), "USD 19.99");
        assert_eq!(print(5, Currency::USD), "USD 0.05");
        assert_eq!(print(-5, Currency::KWD), "KWD -0.005");
        assert_eq!(print(1999, Currency::JPY), "JPY 1999");
    }
}
