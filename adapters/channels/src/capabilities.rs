//! What a channel takes and promises, as data.
//!
//! Amounts are in Sluice's minor units, so that ingress can compare without knowing how the provider writes
//! them.

use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    channel::{Channel, Flow, Method},
    currency::Currency,
    money::Money,
    payment::Failure,
};

const DAY_S: u64 = 24 * 60 * 60;

/// What a channel takes and promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// The channel.
    pub channel: Channel,
    /// The methods that payers can pay with through it; no method is listed twice.
    pub offers: &'static [Offer],
    /// The flows whose intents are opened without a request: we sign an address or a text, and the payer brings it there.
    pub opened_here: &'static [Flow],
    /// The currencies it takes; no currency is listed twice.
    pub currencies: &'static [CurrencyRule],
    /// For how long the provider recognises a repeated request to open an intent.
    pub idempotency_retention: Duration,
    /// What holds for refunds.
    pub refunds: RefundRules,
    /// What holds for callbacks.
    pub callbacks: CallbackRules,
    /// Whether a merchant's server can try to pay an intent.
    pub confirms: bool,
    /// Whether the money moves only when it is asked for after the payer has agreed.
    pub captures: bool,
    /// Whether the provider tells what moved on an account.
    pub states: bool,
    /// Whether an account of somebody else's can be paid through the merchant's, or be sent what the merchant was paid.
    pub connected_accounts: bool,
    /// The code with which the provider refuses to show what it does not have.
    pub no_such_object: &'static str,
}

/// A method that payers can pay with through a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// The method.
    pub method: Method,
    /// The ways to it; the first is taken when nobody says which.
    pub flows: &'static [FlowRule],
    /// The currencies it can be used for, where those are fewer than the channel's.
    pub currencies: Option<&'static [Currency]>,
}

/// A way to a method, and what the merchant has to say for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowRule {
    /// The way.
    pub flow: Flow,
    /// What it does not work without.
    pub needs: &'static [Need],
}

/// What a flow does not work without. Fields of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Need {
    /// Where the payer comes back to.
    ReturnUrl,
    /// The address of the payer's browser.
    PayerIp,
    /// The payer's id in the merchant's page inside of the wallet's app.
    PayerOpenid,
    /// Which of the merchant's users pays.
    User,
}

/// What a provider asks of refunds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundRules {
    /// For how long the provider recognises a repeated request to refund.
    pub idempotency_retention: Duration,
    /// How long to wait between two refunds of one payment.
    pub spacing: Duration,
    /// How many refunds one payment can have.
    pub most: Option<u32>,
    /// For how long after it was made a payment can be refunded.
    pub window: Option<Duration>,
}

/// What a provider asks of whoever takes its callbacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallbackRules {
    /// What is answered once a callback is taken.
    pub taken: CallbackAnswer,
    /// How it is told that one was not.
    pub refusal: CallbackRefusal,
    /// Whether reading one needs the merchant's credentials: to open it, or to tell for whose account it is.
    pub needs_credentials: bool,
}

/// An answer to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallbackAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: &'static str,
}

/// How a provider is told that its callback was not taken. The status is that of the problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackRefusal {
    /// By a problem (RFC 9457), which whoever looks into the provider's log can read.
    Problem,
    /// By a word.
    Word(&'static str),
    /// By an object with `code` `FAIL` and a `message`.
    CodeAndMessage,
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

/// A channel does not give money back as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefundNotTaken {
    /// Not this amount.
    #[error(transparent)]
    Amount(#[from] AmountRefused),
    /// The payment has had as many refunds as the channel makes.
    #[error("{channel} makes at most {most} refunds of a payment")]
    TooMany {
        /// The channel.
        channel: Channel,
        /// How many a payment can have.
        most: u32,
    },
    /// The payment was made too long ago.
    #[error("{channel} gives money back within {days} days of the payment")]
    TooLate {
        /// The channel.
        channel: Channel,
        /// For how many days a payment can be refunded.
        days: u64,
    },
}

impl RefundNotTaken {
    /// The stable code in failures and problem documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Amount(_) => "refund_amount_not_taken",
            Self::TooMany { .. } => "too_many_refunds",
            Self::TooLate { .. } => "refund_too_late",
        }
    }

    /// The failure of a refund that is refused for this.
    pub fn failure(self) -> Failure {
        Failure::refund_refused(self.code(), &self.to_string())
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
    pub(crate) fn check_refund_amount(&self, money: Money) -> Result<(), AmountRefused> {
        let rule = self.rule(money.currency)?;
        self.check(money, rule, rule.step_minor)
    }

    /// Whether the channel still gives this much of a payment back that is so old and had so many refunds before. A payment's age
    /// counts from when it was asked for, which is a little before it was paid.
    ///
    /// # Errors
    /// Says what the channel would take instead.
    pub fn check_refund(&self, money: Money, age: TimeDelta, earlier: u32) -> Result<(), RefundNotTaken> {
        let channel = self.channel;
        self.check_refund_amount(money)?;
        if let Some(most) = self.refunds.most.filter(|most| earlier >= *most) {
            return Err(RefundNotTaken::TooMany { channel, most });
        }
        let is_over = |window: &Duration| age.to_std().is_ok_and(|age| age > *window);
        match self.refunds.window.filter(is_over) {
            Some(window) => Err(RefundNotTaken::TooLate {
                channel,
                days: window.as_secs() / DAY_S,
            }),
            None => Ok(()),
        }
    }

    /// Its offer of a method, if it has one.
    pub fn offer(&self, method: Method) -> Option<&'static Offer> {
        self.offers.iter().find(|offer| offer.method == method)
    }

    /// Whether opening an intent takes a request: one for this flow, or for the one that is taken when nobody says which.
    pub fn opens_by_request(&self, flow: Option<Flow>) -> bool {
        let mut flows = self.offers.iter().flat_map(|offer| offer.flows);
        let flow = flow.or_else(|| flows.next().map(|rule| rule.flow));
        flow.is_none_or(|flow| !self.opened_here.contains(&flow))
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
    fn the_rule_of_the_currency_decides() {
        const CURRENCIES: &[CurrencyRule] = &[CurrencyRule {
            currency: Currency::KWD,
            minimum_minor: 100,
            maximum_minor: 1_000,
            step_minor: 10,
        }];
        let channel = Channel::Stripe;
        let capabilities = Capabilities {
            currencies: CURRENCIES,
            ..crate::stripe::CAPABILITIES
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

    #[test]
    fn refunds_end_with_their_number_and_their_time() {
        let fen = |amount_minor| Money {
            amount_minor,
            currency: Currency::CNY,
        };
        let wechat = &crate::wechat::CAPABILITIES;
        let check = |days, earlier| wechat.check_refund(fen(1), TimeDelta::days(days), earlier);
        assert_eq!(check(365, 49), Ok(()));
        let refused = check(0, 50).unwrap_err();
        assert_eq!(
            (refused.code(), refused.to_string().as_str()),
            ("too_many_refunds", "wechat makes at most 50 refunds of a payment")
        );
        let refused = check(366, 0).unwrap_err();
        assert_eq!(
            (refused.code(), refused.to_string().as_str()),
            (
                "refund_too_late",
                "wechat gives money back within 365 days of the payment"
            )
        );
        let nothing = wechat.check_refund(fen(0), TimeDelta::zero(), 0).unwrap_err();
        assert_eq!(nothing.code(), "refund_amount_not_taken");
        let stripe = &crate::stripe::CAPABILITIES;
        let usd = Money {
            currency: Currency::USD,
            ..fen(1)
        };
        assert_eq!(
            stripe.check_refund(usd, TimeDelta::days(4_000), 4_000),
            Ok(()),
            "Stripe has no such limits"
        );
    }
}
