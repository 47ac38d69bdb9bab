//! Every currency of the channel, over its whole range and beyond.

use domain::channel::Channel;
use proptest::prelude::*;

use super::*;
use crate::{capabilities::AmountRefused, registry::capabilities};

fn money(amount_minor: i64, currency: Currency) -> Money {
    Money {
        amount_minor,
        currency,
    }
}

#[test]
fn exceptions_are_written_as_stripe_wants_them() {
    let wire =
        |amount, currency| to_wire(money(amount, currency)).map(|(wire, code)| (wire, code.to_string()));
    assert_eq!(wire(1999, Currency::USD), Ok((1999, "usd".into())));
    assert_eq!(wire(500, Currency::JPY), Ok((500, "jpy".into())));
    assert_eq!(wire(5, Currency::ISK), Ok((500, "isk".into())));
    assert_eq!(wire(1_230, Currency::KWD), Ok((1_230, "kwd".into())));
    assert!(wire(1_234, Currency::KWD).is_err());
    assert!(wire(100, Currency::UGX).is_err());
    assert!(wire(MAX_WIRE + 1, Currency::USD).is_err());
    assert!(wire(1_000_000, Currency::ISK).is_err());
    assert!(wire(i64::MAX, Currency::ISK).is_err());
    assert!(wire(-1, Currency::USD).is_err());
}

#[test]
fn exceptions_are_read_as_stripe_means_them() {
    assert_eq!(from_wire(500, "isk"), Ok(money(5, Currency::ISK)));
    assert_eq!(from_wire(1_234, "kwd"), Ok(money(1_234, Currency::KWD)));
    assert_eq!(
        from_wire(MAX_WIRE + 1, "usd"),
        Ok(money(MAX_WIRE + 1, Currency::USD))
    );
    for (wire, code) in [(550, "isk"), (-1, "usd"), (100, "ugx"), (100, "xyz"), (100, "")] {
        assert!(from_wire(wire, code).is_err(), "{wire} {code}");
    }
}

#[test]
fn every_currency_but_the_disputed_one_is_taken_under_its_own_code() {
    for currency in Currency::ALL
        .iter()
        .filter(|currency| **currency != Currency::UGX)
    {
        let rule = RULES.iter().find(|rule| rule.currency == *currency).unwrap();
        let (_, code) = to_wire(money(rule.minimum_minor, *currency)).unwrap();
        assert_eq!(code.to_string(), currency.code().to_lowercase());
    }
}

#[test]
fn what_the_rules_take_can_be_written_and_nothing_beyond() {
    let capabilities = capabilities(Channel::Stripe);
    for currency in Currency::ALL {
        let rule = RULES.iter().find(|rule| rule.currency == *currency);
        let Some(rule) = rule else {
            assert!(capabilities.check_amount(money(100, *currency)).is_err());
            continue;
        };
        assert!(
            to_wire(money(rule.minimum_minor, *currency)).is_ok(),
            "{currency}"
        );
        assert!(
            to_wire(money(rule.maximum_minor, *currency)).is_ok(),
            "{currency}"
        );
        assert!(
            to_wire(money(rule.maximum_minor + rule.step_minor, *currency)).is_err(),
            "{currency}"
        );
    }
}

/// Any amount, those near the ends of every range often among them.
fn amounts() -> impl Strategy<Value = i64> {
    prop_oneof![
        -10..100_000_i64,
        MAX_WIRE / 100 - 100..MAX_WIRE / 100 + 100,
        MAX_WIRE - 1_000..MAX_WIRE + 1_000,
        any::<i64>(),
    ]
}

/// Whether the reason given for refusing an amount is true of it.
fn is_true_of(refused: AmountRefused, asked: Money) -> bool {
    match refused {
        AmountRefused::Currency { currency, .. } => {
            currency == asked.currency && notation(currency) == Notation::Refused
        }
        AmountRefused::TooSmall { minimum, .. } => asked.amount_minor < minimum.amount_minor,
        AmountRefused::TooLarge { maximum, .. } => asked.amount_minor > maximum.amount_minor,
        AmountRefused::TooFine { step, .. } => asked.amount_minor % step.amount_minor != 0,
    }
}

proptest! {
    #[test]
    fn every_amount_of_every_range_is_taken_and_comes_back_the_same(seed: u64) {
        for rule in RULES {
            let (least, most) = (rule.minimum_minor, rule.maximum_minor);
            let steps = u64::try_from((most - least) / rule.step_minor).unwrap() + 1;
            let asked = money(
                least + i64::try_from(seed % steps).unwrap() * rule.step_minor,
                rule.currency,
            );
            let capabilities = capabilities(Channel::Stripe);
            prop_assert_eq!(capabilities.check_amount(asked), Ok(()));
            prop_assert_eq!(capabilities.check_refund_amount(asked), Ok(()));
            let (wire, code) = to_wire(asked)?;
            prop_assert!((1..=MAX_WIRE).contains(&wire), "{} is sent as {}", asked, wire);
            prop_assert_eq!(from_wire(wire, &code.to_string()), Ok(asked));
        }
    }

    #[test]
    fn what_is_taken_can_be_written_and_what_is_refused_is_refused_for_a_reason(
        index in 0..Currency::ALL.len(),
        amount in amounts(),
    ) {
        let asked = money(amount, Currency::ALL[index]);
        let capabilities = capabilities(Channel::Stripe);
        // Beyond the minimum of charges, the channel takes exactly what can be written.
        match capabilities.check_refund_amount(asked) {
            Ok(()) => {
                let (wire, code) = to_wire(asked)?;
                prop_assert_eq!(from_wire(wire, &code.to_string()), Ok(asked));
            }
            Err(refused) => {
                prop_assert!(is_true_of(refused, asked), "{}: {}", asked, refused);
                prop_assert!(amount == 0 || to_wire(asked).is_err(), "{}: {}", asked, refused);
            }
        }
        match capabilities.check_amount(asked) {
            Ok(()) => prop_assert_eq!(capabilities.check_refund_amount(asked), Ok(())),
            Err(refused) => prop_assert!(is_true_of(refused, asked), "{}: {}", asked, refused),
        }
    }

    #[test]
    fn what_left_the_account_is_as_much_as_what_came_in(
        index in 0..Currency::ALL.len(),
        wire in 0..=i64::MAX,
    ) {
        let code = Currency::ALL[index].code().to_lowercase();
        let (came, left) = (moved(wire, &code), moved(-wire, &code));
        prop_assert_eq!(came.is_ok(), left.is_ok());
        if let (Ok(came), Ok(left)) = (came, left) {
            prop_assert_eq!(came.amount_minor, -left.amount_minor);
        }
    }

    #[test]
    fn what_is_read_is_written_the_same(index in 0..Currency::ALL.len(), wire in 0..=MAX_WIRE) {
        let code = Currency::ALL[index].code().to_lowercase();
        if let Ok(money) = from_wire(wire, &code)
            && let Ok((again, same_code)) = to_wire(money)
        {
            prop_assert_eq!((again, same_code.to_string()), (wire, code));
        }
    }
}
