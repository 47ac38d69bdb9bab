//! How Stripe writes amounts (<https://docs.stripe.com/currencies>).
//!
//! Stripe counts in "the smallest currency unit", with exceptions: the krona of Iceland has no cents but is
//! written as if it had, and the last digit of a three-decimal currency must be 0. Stripe's sources disagree
//! about how the Ugandan shilling is written, a factor of a hundred apart, so it is refused. At most eight
//! digits fit a charge.

use domain::{currency::Currency, money::Money};

use crate::capabilities::CurrencyRule;

/// The largest number Stripe takes as an amount.
const MAX_WIRE: i64 = 99_999_999;

/// A currency or amount that Stripe and Sluice cannot say to each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum UnspeakableAmount {
    #[error("the currency {0:?} is not taken through Stripe")]
    Currency(String),
    #[error("{wire} is not an amount of {currency}")]
    Amount { wire: i64, currency: Currency },
}

/// How one currency is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notation {
    /// In our minor unit.
    Same,
    /// In hundredths of our minor unit.
    Hundredfold,
    /// In our minor unit, a multiple of ten.
    Tens,
    /// Not at all.
    Refused,
}

const fn notation(currency: Currency) -> Notation {
    use Currency as C;
    match currency {
        C::ISK => Notation::Hundredfold,
        C::BHD | C::JOD | C::KWD | C::OMR | C::TND => Notation::Tens,
        C::UGX => Notation::Refused,
        // Zero-decimal, here as there.
        C::CLP | C::JPY | C::KRW | C::PYG | C::RWF | C::VND | C::XAF | C::XOF | C::XPF => Notation::Same,
        // Two decimals, here as there.
        C::AED | C::ARS | C::AUD | C::BRL | C::CAD | C::CHF | C::CNY | C::COP | C::CZK | C::DKK | C::EGP => {
            Notation::Same
        }
        C::EUR | C::GBP | C::HKD | C::HUF | C::IDR | C::ILS | C::INR | C::KES | C::MAD | C::MXN | C::MYR => {
            Notation::Same
        }
        C::NGN | C::NOK | C::NZD | C::PEN | C::PHP | C::PLN | C::QAR | C::RON | C::SAR | C::SEK | C::SGD => {
            Notation::Same
        }
        C::THB | C::TRY | C::TWD | C::USD | C::ZAR => Notation::Same,
    }
}

/// Stripe's published minimum in our minor unit, where it publishes one; it is about half a dollar
/// everywhere. Where it does not, the smallest amount that can be written: Stripe then decides by the
/// currency of the merchant's account.
const fn minimum_minor(currency: Currency) -> i64 {
    use Currency as C;
    match currency {
        C::USD | C::AUD | C::BRL | C::CAD | C::CHF | C::EUR | C::INR | C::NZD | C::SGD => 50,
        C::GBP => 30,
        C::JPY => 50,
        C::AED | C::MYR | C::PLN | C::RON => 200,
        C::DKK => 250,
        C::NOK | C::SEK => 300,
        C::HKD => 400,
        C::MXN | C::THB => 1_000,
        C::CZK => 1_500,
        C::HUF => 17_500,
        C::BHD | C::JOD | C::KWD | C::OMR | C::TND => 10,
        C::ARS | C::CLP | C::CNY | C::COP | C::EGP | C::IDR | C::ILS | C::ISK | C::KES | C::KRW | C::MAD => 1,
        C::NGN | C::PEN | C::PHP | C::PYG | C::QAR | C::RWF | C::SAR | C::TRY | C::TWD | C::UGX | C::VND => 1,
        C::XAF | C::XOF | C::XPF | C::ZAR => 1,
    }
}

/// The rules of every currency Stripe takes.
pub(super) const RULES: &[CurrencyRule] = &rules();

/// All currencies but those refused; a compile-time failure says that the number has to be corrected.
const fn rules() -> [CurrencyRule; Currency::ALL.len() - 1] {
    let mut rules = [CurrencyRule {
        currency: Currency::USD,
        minimum_minor: 0,
        maximum_minor: 0,
        step_minor: 1,
    }; Currency::ALL.len() - 1];
    let (mut from, mut to) = (0, 0);
    while from < Currency::ALL.len() {
        let currency = Currency::ALL[from];
        let (maximum_minor, step_minor) = match notation(currency) {
            Notation::Same => (MAX_WIRE, 1),
            Notation::Hundredfold => (MAX_WIRE / 100, 1),
            Notation::Tens => (MAX_WIRE / 10 * 10, 10),
            Notation::Refused => (0, 0),
        };
        if step_minor > 0 {
            let minimum_minor = minimum_minor(currency);
            rules[to] = CurrencyRule {
                currency,
                minimum_minor,
                maximum_minor,
                step_minor,
            };
            to += 1;
        }
        from += 1;
    }
    assert!(to == rules.len(), "every rule is filled");
    rules
}

/// The number and currency to send for an amount.
pub(super) fn to_wire(money: Money) -> Result<(i64, stripe_types::Currency), UnspeakableAmount> {
    let unspeakable = UnspeakableAmount::Amount {
        wire: money.amount_minor,
        currency: money.currency,
    };
    let wire = match notation(money.currency) {
        Notation::Same => Some(money.amount_minor),
        Notation::Hundredfold => money.amount_minor.checked_mul(100),
        Notation::Tens => Some(money.amount_minor).filter(|amount| amount % 10 == 0),
        Notation::Refused => return Err(UnspeakableAmount::Currency(money.currency.code().into())),
    };
    let Ok(code) = money.currency.code().to_ascii_lowercase().parse();
    match wire {
        Some(wire @ 0..=MAX_WIRE) => Ok((wire, code)),
        Some(_) | None => Err(unspeakable),
    }
}

/// The amount that Stripe's number and currency mean.
///
/// More than eight digits are read all the same: what Stripe says it received is a fact, whatever it takes.
pub(super) fn from_wire(wire: i64, currency: &str) -> Result<Money, UnspeakableAmount> {
    let money = moved(wire, currency)?;
    if money.amount_minor < 0 {
        let currency = money.currency;
        return Err(UnspeakableAmount::Amount { wire, currency });
    }
    Ok(money)
}

/// The amount that a line of an account means: less than zero where money left the account.
pub(super) fn moved(wire: i64, currency: &str) -> Result<Money, UnspeakableAmount> {
    let unknown = || UnspeakableAmount::Currency(currency.chars().take(8).collect());
    let currency: Currency = currency.parse().map_err(|_| unknown())?;
    let amount_minor = match notation(currency) {
        Notation::Same | Notation::Tens => Some(wire),
        Notation::Hundredfold => Some(wire / 100).filter(|minor| minor * 100 == wire),
        Notation::Refused => return Err(unknown()),
    };
    let amount_minor = amount_minor.ok_or(UnspeakableAmount::Amount { wire, currency })?;
    Ok(Money {
        amount_minor,
        currency,
    })
}

#[cfg(test)]
mod tests;
