//! What a provider keeps of a payment.

use crate::{id::PaymentId, money::Money};

/// What a merchant and its provider have agreed that it keeps of each payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgreedFee {
    /// Of the amount, in hundredths of a per cent.
    pub bps: u32,
    /// Besides, in minor units of the payment's currency.
    pub fixed_minor: i64,
}

impl AgreedFee {
    /// All of a payment.
    pub const MOST_BPS: u32 = 10_000;
}

/// What a provider kept of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptFee {
    /// The payment.
    pub payment_id: PaymentId,
    /// How much; always more than nothing.
    pub fee: Money,
}

impl AgreedFee {
    /// The fee of a payment of this amount, half a minor unit rounded up.
    pub const fn of_minor(self, amount_minor: i64) -> i64 {
        let of_amount = amount_minor as i128 * self.bps as i128;
        // A share of an amount is smaller than the amount.
        ((of_amount + 5_000) / 10_000) as i64 + self.fixed_minor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_minor_unit_is_rounded_up() {
        let card = AgreedFee {
            bps: 290,
            fixed_minor: 30,
        };
        assert_eq!(
            [1999, 2000, 50, 0].map(|amount| card.of_minor(amount)),
            [88, 88, 31, 30]
        );
        let share = AgreedFee {
            bps: 100,
            fixed_minor: 0,
        };
        assert_eq!([149, 150, 151].map(|amount| share.of_minor(amount)), [1, 2, 2]);
        assert_eq!(share.of_minor(Money::MAX_MINOR), 10_000_000_000);
    }
}
