//! What a channel takes and promises, as data.
//!
//! Amounts are in Sluice's minor units, so that ingress can compare without knowing how the provider writes
//! them.

use std::time::Duration;

use domain::{channel::Channel, currency::Currency, money::Money};

use crate::stripe;

/// What a channel takes and promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// The channel.
    pub channel: Channel,
    /// The currencies it takes; no currency is listed twice.
    pub currencies: &'static [CurrencyRule],
    /// For how long the provider recognises a repeated idempotency key.
    pub idempotency_retention: Duration,
    /// The code with which the provider refuses to show what it does not have.
    pub no_such_object: &'static str,
}

/// Which amounts of one currency a channel takes, in the currency's minor unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrencyRule {
    /// The currency.
    pub currency: Currency,
    /// The smallest amount of a charge. The provider may ask for more, depending on the currency of the merchant's
    /// account.
    pub minimum_minor: i64,
    /// The largest amount.
    pub maximum_minor: i64,
    /// Every amount is a multiple of this.
    pub step_minor: i64,
}

/// A channel does not take this amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountRefused {
    /// The channel does not take the currency.
    #[error("{channel} does not take {currency}")]
    Currency {
        /// The channel.
        channel: Channel,
        /// The currency.
        currency: Currency,
    },
    /// The amount is below the channel's minimum.
    #[error("{channel} takes at least {minimum}")]
    TooSmall {
        /// The channel.
        channel: Channel,
        /// The smallest amount.
        minimum: Money,
    },
    /// The amount is above the channel's maximum.
    #[error("{channel} takes at most {maximum}")]
    TooLarge {
        /// The channel.
        channel: Channel,
        /// The largest amount.
        maximum: Money,
    },
    /// The amount is finer than the channel can charge.
    #[error("{channel} takes only multiples of {step}")]
    TooFine {
        /// The channel.
        channel: Channel,
        /// The smallest step between two amounts.
        step: Money,
    },
}

/// What a channel takes and promises.
pub const fn capabilities(channel: Channel) -> &'static Capabilities {
    match channel {
        Channel::Stripe => &stripe::CAPABILITIES,
    }
}

impl Capabilities {
    /// Whether the channel charges this amount.
    ///
    /// # Errors
    /// Says what the channel would take instead.
    pub fn check_amount(&self, money: Money) -> Result<(), AmountRefused> {
        let rule = self.rule(money.currency)?;
        self.check(money, rule, rule.minimum_minor)
    }

    /// Whether the channel gives this amount back. What is left of a payment may be less than the least that can be
    /// charged, so no minimum holds but that the amount can be written.
    ///
    /// # Errors
    /// Says what the channel would take instead.
    pub fn check_refund_amount(&self, money: Money) -> Result<(), AmountRefused> {
        let rule = self.rule(money.currency)?;
        self.check(money, rule, rule.step_minor)
    }

    fn rule(&self, currency: Currency) -> Result<&'static CurrencyRule, AmountRefused> {
        let channel = self.channel;
        let rule = self.currencies.iter().find(|rule| rule.currency == currency);
        rule.ok_or(AmountRefused::Currency { channel, currency })
    }

    fn check(&self, money: Money, rule: &CurrencyRule, minimum_minor: i64) -> Result<(), AmountRefused> {
        let channel = self.channel;
        let of = |amount_minor| Money {
            amount_minor,
            currency: money.currency,
        };
        if money.amount_minor < minimum_minor {
            Err(AmountRefused::TooSmall {
                channel,
                minimum: of(minimum_minor),
            })
        } else if money.amount_minor > rule.maximum_minor {
            Err(AmountRefused::TooLarge {
                channel,
                maximum: of(rule.maximum_minor),
            })
        } else if money.amount_minor % rule.step_minor != 0 {
            Err(AmountRefused::TooFine {
                channel,
                step: of(rule.step_minor),
            })
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_has_capabilities_of_its_own_and_no_currency_twice() {
        for channel in Channel::ALL {
            let capabilities = capabilities(*channel);
            assert_eq!(capabilities.channel, *channel);
            let mut currencies: Vec<_> = capabilities.currencies.iter().map(|rule| rule.currency).collect();
            currencies.sort();
            currencies.dedup();
            assert_eq!(currencies.len(), capabilities.currencies.len());
            assert!(currencies.len() >= 32);
        }
    }

    #[test]
    fn the_rule_of_the_currency_decides() {
        const CURRENCIES: &[CurrencyRule] = &[CurrencyRule {
            currency: Currency::KWD,
            minimum_minor: 100,
            maximum_minor: 1_000,
            step_minor: 10,
        }];
        let channel = Channel::Stripe;
        let capabilities = Capabilities {
            channel,
            currencies: CURRENCIES,
            idempotency_retention: Duration::ZERO,
            no_such_object: "",
        };
        let check = |amount_minor, currency| {
            capabilities.check_amount(Money {
                amount_minor,
                currency,
            })
        };
        let kwd = |amount_minor| Money {
            amount_minor,
            currency: Currency::KWD,
        };
        assert_eq!(check(100, Currency::KWD), Ok(()));
        assert_eq!(check(1_000, Currency::KWD), Ok(()));
        assert_eq!(
            check(99, Currency::KWD),
            Err(AmountRefused::TooSmall {
                channel,
                minimum: kwd(100)
            })
        );
        assert_eq!(
            check(1_001, Currency::KWD),
            Err(AmountRefused::TooLarge {
                channel,
                maximum: kwd(1_000)
            })
        );
        assert_eq!(
            check(105, Currency::KWD),
            Err(AmountRefused::TooFine {
                channel,
                step: kwd(10)
            })
        );
        let refused = check(100, Currency::USD).unwrap_err();
        assert_eq!(refused.to_string(), "stripe does not take USD");
        assert_eq!(
            check(99, Currency::KWD).unwrap_err().to_string(),
            "stripe takes at least KWD 0.100"
        );

        let check = |amount_minor| capabilities.check_refund_amount(kwd(amount_minor));
        assert_eq!(check(10), Ok(()), "a refund may be smaller than any charge");
        assert_eq!(check(1_000), Ok(()));
        for amount_minor in [0, -10] {
            let minimum = kwd(10);
            assert_eq!(
                check(amount_minor),
                Err(AmountRefused::TooSmall { channel, minimum })
            );
        }
        assert_eq!(
            check(15),
            Err(AmountRefused::TooFine {
                channel,
                step: kwd(10)
            })
        );
        let maximum = kwd(1_000);
        assert_eq!(check(1_010), Err(AmountRefused::TooLarge { channel, maximum }));
    }
}
