//! How PayPal writes amounts (<https://developer.paypal.com/api/rest/reference/currency-codes/>).
//!
//! As a string in the major unit: with two decimals, or none where PayPal takes none. Its list of the latter is its own: the
//! forint and the New Taiwan dollar have hundredths everywhere else.

use domain::{currency::Currency, money::Money};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::capabilities::CurrencyRule;

/// The largest amount, in PayPal's smallest unit of a currency with decimals: seven digits before the point, two after it
/// (<https://developer.paypal.com/docs/api/payments/v1/#definition-amount>). What one payer may pay at once is less and
/// PayPal's to say.
const MAX_HUNDREDTHS: i64 = 999_999_999;
/// The same where there are no decimals.
const MAX_WHOLE: i64 = 9_999_999;
/// The longest value (<https://developer.paypal.com/docs/api/orders/v2/#definition-money>).
const MOST_CHARACTERS: usize = 32;

/// An amount as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WireAmount {
    pub(super) currency_code: String,
    pub(super) value: String,
}

/// A currency or amount that PayPal and Sluice cannot say to each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum UnspeakableAmount {
    #[error("the currency {0:?} is not taken through PayPal")]
    Currency(String),
    #[error("{value:?} is not an amount of {currency}")]
    Amount { value: String, currency: Currency },
}

/// The currencies PayPal takes. Of the ruble, which it lists too, Sluice knows nothing.
const TAKEN: [Currency; 24] = {
    use Currency as C;
    [
        C::AUD,
        C::BRL,
        C::CAD,
        C::CHF,
        C::CNY,
        C::CZK,
        C::DKK,
        C::EUR,
        C::GBP,
        C::HKD,
        C::HUF,
        C::ILS,
        C::JPY,
        C::MXN,
        C::MYR,
        C::NOK,
        C::NZD,
        C::PHP,
        C::PLN,
        C::SEK,
        C::SGD,
        C::THB,
        C::TWD,
        C::USD,
    ]
};

/// The rules of every currency PayPal takes.
pub(super) const RULES: &[CurrencyRule] = &rules();

const fn rules() -> [CurrencyRule; TAKEN.len()] {
    let mut rules = [rule(TAKEN[0]); TAKEN.len()];
    let mut at = 1;
    while at < TAKEN.len() {
        rules[at] = rule(TAKEN[at]);
        at += 1;
    }
    rules
}

const fn rule(currency: Currency) -> CurrencyRule {
    let step_minor = 10_i64.pow(currency.exponent().saturating_sub(decimals(currency)));
    let most = if decimals(currency) == 0 {
        MAX_WHOLE
    } else {
        MAX_HUNDREDTHS
    };
    CurrencyRule {
        currency,
        minimum_minor: step_minor,
        maximum_minor: most * step_minor,
        step_minor,
    }
}

/// How many decimals PayPal takes of a currency.
const fn decimals(currency: Currency) -> u32 {
    match currency {
        Currency::HUF | Currency::JPY | Currency::TWD => 0,
        _ => 2,
    }
}

/// The amount as PayPal wants it written.
pub(super) fn to_wire(money: Money) -> Result<WireAmount, UnspeakableAmount> {
    let currency = money.currency;
    let Some(rule) = RULES.iter().find(|rule| rule.currency == currency) else {
        return Err(UnspeakableAmount::Currency(currency.code().to_owned()));
    };
    let in_range = (1..=rule.maximum_minor).contains(&money.amount_minor);
    if !in_range || money.amount_minor % rule.step_minor != 0 {
        let value = money.to_decimal().to_string();
        return Err(UnspeakableAmount::Amount { value, currency });
    }
    let written = Decimal::new(money.amount_minor / rule.step_minor, decimals(currency));
    Ok(WireAmount {
        currency_code: currency.code().to_owned(),
        value: written.to_string(),
    })
}

/// The amount that PayPal's text means. An amount beyond what PayPal takes is read all the same: what it says it received is
/// a fact.
pub(super) fn from_wire(amount: &WireAmount) -> Result<Money, UnspeakableAmount> {
    let code = &amount.currency_code;
    let currency = TAKEN.iter().find(|currency| currency.code() == code.as_str());
    let currency = *currency.ok_or_else(|| UnspeakableAmount::Currency(code.chars().take(8).collect()))?;
    let minor = minor(&amount.value, currency.exponent());
    let amount_minor = minor.ok_or_else(|| UnspeakableAmount::Amount {
        value: amount.value.chars().take(MOST_CHARACTERS).collect(),
        currency,
    })?;
    Ok(Money {
        amount_minor,
        currency,
    })
}

/// Digits with at most one point between them, in units of the given decimals; none where anything would be lost.
fn minor(value: &str, exponent: u32) -> Option<i64> {
    let plain = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !plain || value.is_empty() || value.len() > MOST_CHARACTERS || value.ends_with('.') {
        return None;
    }
    let decimal = Decimal::from_str_exact(value).ok()?;
    let scaled = decimal.checked_mul(Decimal::from(10_u64.pow(exponent)))?;
    if !scaled.is_integer() {
        return None;
    }
    i64::try_from(scaled.trunc().mantissa()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(amount_minor: i64, currency: Currency) -> Money {
        Money {
            amount_minor,
            currency,
        }
    }

    fn wire(value: &str, currency_code: &str) -> WireAmount {
        WireAmount {
            currency_code: currency_code.into(),
            value: value.into(),
        }
    }

    #[test]
    fn amounts_have_the_decimals_of_paypal_and_not_of_iso() {
        for (amount_minor, currency, value) in [
            (1_999, Currency::USD, "19.99"),
            (5, Currency::EUR, "0.05"),
            (100, Currency::USD, "1.00"),
            (1_999, Currency::JPY, "1999"),
            (199_900, Currency::HUF, "1999"),
            (100, Currency::TWD, "1"),
        ] {
            let money = money(amount_minor, currency);
            let written = to_wire(money).unwrap();
            assert_eq!(written, wire(value, currency.code()));
            assert_eq!(from_wire(&written), Ok(money));
        }
        // Stripe takes decimals of these.
        for currency in [Currency::HUF, Currency::TWD] {
            assert!(to_wire(money(199_950, currency)).is_err());
            let rule = RULES.iter().find(|rule| rule.currency == currency).unwrap();
            assert_eq!(
                (rule.step_minor, rule.minimum_minor, rule.maximum_minor),
                (100, 100, 999_999_900)
            );
        }
        let yen = RULES.iter().find(|rule| rule.currency == Currency::JPY).unwrap();
        assert_eq!(
            (yen.step_minor, yen.minimum_minor, yen.maximum_minor),
            (1, 1, 9_999_999)
        );
    }

    #[test]
    fn what_cannot_be_charged_is_not_written() {
        for bad in [
            money(0, Currency::USD),
            money(-1, Currency::USD),
            money(1_000_000_000, Currency::USD),
            money(10_000_000, Currency::JPY),
            money(1_999, Currency::KWD),
            money(1_999, Currency::INR),
        ] {
            assert!(to_wire(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_read_is_exact_or_nothing() {
        assert_eq!(from_wire(&wire("88.8", "USD")), Ok(money(8_880, Currency::USD)));
        assert_eq!(from_wire(&wire("88", "USD")), Ok(money(8_800, Currency::USD)));
        assert_eq!(from_wire(&wire("88.880", "USD")), Ok(money(8_888, Currency::USD)));
        assert_eq!(
            from_wire(&wire("1999.00", "JPY")),
            Ok(money(1_999, Currency::JPY))
        );
        assert_eq!(
            from_wire(&wire("99999999.99", "USD")),
            Ok(money(9_999_999_999, Currency::USD))
        );
        for bad in [
            "",
            ".",
            "1.",
            "-1.00",
            "+1",
            "1,00",
            "1e3",
            " 1",
            "1.2.3",
            "0.001",
            "１",
            "99999999999999999999",
            "0.00000000000000000000000000000000001",
            "1_000",
        ] {
            assert!(from_wire(&wire(bad, "USD")).is_err(), "{bad:?}");
        }
        assert!(from_wire(&wire("0.5", "JPY")).is_err());
        for code in ["usd", "KWD", "INR", "XYZ", "", "a code far too long to be quoted"] {
            let Err(UnspeakableAmount::Currency(quoted)) = from_wire(&wire("1.00", code)) else {
                panic!("{code}")
            };
            assert!(quoted.len() <= 8);
        }
    }

    proptest! {
        #[test]
        fn whatever_can_be_charged_reads_back(at in 0..RULES.len(), steps in 1_i64..=MAX_WHOLE) {
            let rule = RULES[at];
            let money = money(steps * rule.step_minor, rule.currency);
            prop_assert_eq!(from_wire(&to_wire(money).unwrap()), Ok(money));
        }

        #[test]
        fn no_text_makes_it_panic(value in ".{0,40}", code in "[A-Z]{3}") {
            let _ = from_wire(&wire(&value, &code));
        }
    }
}
