//! Whether a channel takes a payment, and in which ways: what its capabilities say about a wish.

use domain::{
    channel::{Channel, Flow, Method},
    currency::Currency,
    routing::{ChannelFacts, Route, Way, Wish},
};

use crate::{
    capabilities::{AmountRefused, Capabilities, FlowRule, Need, Offer},
    registry::capabilities,
};

/// A channel does not take a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Not this amount.
    #[error(transparent)]
    Amount(#[from] AmountRefused),
    /// Payers cannot pay with this through it.
    #[error("{channel} has no method {method}")]
    Method {
        /// The channel.
        channel: Channel,
        /// The method.
        method: Method,
    },
    /// Not with this method in this currency.
    #[error("{channel} does not take {currency} by {method}")]
    MethodCurrency {
        /// The channel.
        channel: Channel,
        /// The method.
        method: Method,
        /// The currency.
        currency: Currency,
    },
    /// There is no such way to what could be paid with.
    #[error("{channel} has no flow {flow} for this payment")]
    Flow {
        /// The channel.
        channel: Channel,
        /// The flow.
        flow: Flow,
    },
    /// There is no way to pay through it at all.
    #[error("{channel} has no way to pay")]
    NoWay {
        /// The channel.
        channel: Channel,
    },
    /// It could be taken if the request said more.
    #[error("{channel} needs {}", need.field())]
    Needs {
        /// The channel.
        channel: Channel,
        /// What is missing.
        need: Need,
    },
    /// Nothing can be charged at once there.
    #[error("{channel} charges no payment_method at once")]
    NotAtOnce {
        /// The channel.
        channel: Channel,
    },
    /// Nobody else's account can be paid there.
    #[error("{channel} pays no connected_account")]
    NoConnectedAccounts {
        /// The channel.
        channel: Channel,
    },
    /// No route leads there.
    #[error("no route leads to {channel}: a payment that asks for it takes it")]
    NoRoutes {
        /// The channel.
        channel: Channel,
    },
    /// Nothing can go on to somebody else's account there.
    #[error("{channel} sends nothing on to a destination")]
    NoDestinations {
        /// The channel.
        channel: Channel,
    },
}

impl Need {
    /// The field of a request that says it.
    pub const fn field(self) -> &'static str {
        match self {
            Self::ReturnUrl => "return_url",
            Self::PayerIp => "payer.ip",
            Self::PayerOpenid => "payer.openid",
            Self::User => "user_id",
        }
    }

    const fn is_met(self, wish: &Wish<'_>) -> bool {
        match self {
            Self::ReturnUrl => wish.has_return_url,
            Self::PayerIp => wish.has_payer_ip,
            Self::PayerOpenid => wish.has_payer_openid,
            Self::User => wish.has_user,
        }
    }
}

impl NotTaken {
    /// The field of a request that would have to say something else.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Amount(AmountRefused::Currency { .. }) => "currency",
            Self::Amount(
                AmountRefused::TooSmall { .. }
                | AmountRefused::TooLarge { .. }
                | AmountRefused::TooFine { .. },
            ) => "amount",
            Self::Method { .. } => "method",
            Self::MethodCurrency { .. } => "currency",
            Self::Flow { .. } => "flow",
            Self::NoWay { .. } | Self::NoRoutes { .. } => "channel",
            Self::Needs { need, .. } => need.field(),
            Self::NotAtOnce { .. } => "payment_method",
            Self::NoConnectedAccounts { .. } => "connected_account",
            Self::NoDestinations { .. } => "destination",
        }
    }
}

impl Capabilities {
    /// The ways in which the channel takes a payment, the best first; never none.
    ///
    /// A payment that says neither method nor flow is left to what the merchant has switched on at the provider, where the
    /// provider has several methods; a provider of one is asked for that.
    ///
    /// # Errors
    /// Says what it does not take.
    pub fn ways(&self, wish: &Wish<'_>) -> Result<Vec<Way>, NotTaken> {
        let channel = self.channel;
        self.check_amount(wish.money)?;
        if wish.is_charged_at_once && !self.confirms {
            return Err(NotTaken::NotAtOnce { channel });
        }
        if wish.is_for_connected_account && !self.connected_accounts {
            return Err(NotTaken::NoConnectedAccounts { channel });
        }
        if wish.has_destination && !self.connected_accounts {
            return Err(NotTaken::NoDestinations { channel });
        }
        let offers = self.offers_for(wish)?;
        let rules = || {
            let each = offers
                .iter()
                .flat_map(|offer| offer.flows.iter().map(|rule| (offer.method, rule)));
            each.filter(|(_, rule)| wish.flow.is_none_or(|flow| rule.flow == flow))
        };
        let is_met = |rule: &FlowRule| rule.needs.iter().all(|need| need.is_met(wish));
        let said = rules()
            .filter(|(_, rule)| is_met(rule))
            .map(|(method, rule)| Way {
                method: Some(method),
                flow: Some(rule.flow),
            });
        let is_open = wish.method.is_none() && wish.flow.is_none() && offers.len() > 1;
        let is_open = is_open
            && offers
                .first()
                .and_then(|offer| offer.flows.first())
                .is_some_and(is_met);
        let open = is_open.then_some(Way {
            method: None,
            flow: None,
        });
        let ways: Vec<_> = open.into_iter().chain(said).collect();
        if !ways.is_empty() {
            return Ok(ways);
        }
        let missing = rules().find_map(|(_, rule)| rule.needs.iter().find(|need| !need.is_met(wish)));
        Err(match (missing, wish.flow) {
            (Some(need), _) => NotTaken::Needs { channel, need: *need },
            (None, Some(flow)) => NotTaken::Flow { channel, flow },
            (None, None) => NotTaken::NoWay { channel },
        })
    }

    /// Checks that there are payments which a route could send here.
    ///
    /// # Errors
    /// Says what the channel never takes.
    pub fn check_route(&self, route: &Route) -> Result<(), NotTaken> {
        let channel = self.channel;
        if !channel.is_provider() {
            return Err(NotTaken::NoRoutes { channel });
        }
        if let Some(currency) = route.currency
            && !self.currencies.iter().any(|rule| rule.currency == currency)
        {
            return Err(AmountRefused::Currency { channel, currency }.into());
        }
        let by_method = || {
            self.offers
                .iter()
                .filter(|offer| route.method.is_none_or(|method| offer.method == method))
        };
        if let Some(method) = route.method
            && by_method().next().is_none()
        {
            return Err(NotTaken::Method { channel, method });
        }
        let takes = |offer: &Offer, currency| offer.currencies.is_none_or(|list| list.contains(&currency));
        if let (Some(method), Some(currency)) = (route.method, route.currency)
            && !by_method().any(|offer| takes(offer, currency))
        {
            return Err(NotTaken::MethodCurrency {
                channel,
                method,
                currency,
            });
        }
        match route.flow {
            Some(flow) if !by_method().any(|offer| offer.flows.iter().any(|rule| rule.flow == flow)) => {
                Err(NotTaken::Flow { channel, flow })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The offers that are about this payment.
    fn offers_for(&self, wish: &Wish<'_>) -> Result<Vec<&'static Offer>, NotTaken> {
        let (channel, currency) = (self.channel, wish.money.currency);
        let in_currency = |offer: &&Offer| {
            offer
                .currencies
                .is_none_or(|currencies| currencies.contains(&currency))
        };
        let Some(method) = wish.method else {
            return Ok(self.offers.iter().filter(in_currency).collect());
        };
        let offer = self.offer(method).ok_or(NotTaken::Method { channel, method })?;
        Some(offer).filter(in_currency).map(|offer| vec![offer]).ok_or({
            NotTaken::MethodCurrency {
                channel,
                method,
                currency,
            }
        })
    }
}

/// What a decision about a payment has to know of every channel that is thought of. Every merchant is set up for what is no
/// provider.
pub fn facts(
    wish: &Wish<'_>,
    configured: &[Channel],
    is_healthy: impl Fn(Channel) -> bool,
) -> Vec<ChannelFacts> {
    let about = |channel: &Channel| ChannelFacts {
        channel: *channel,
        is_configured: !channel.is_provider() || configured.contains(channel),
        is_healthy: is_healthy(*channel),
        takes: capabilities(*channel)
            .ways(wish)
            .map_err(|refused| refused.to_string()),
    };
    wish.channels().iter().map(about).collect()
}

/// Whether any channel takes a payment, whosoever it is; the one that it names, if it names one.
///
/// # Errors
/// Says of each of them why it does not.
pub fn check_taken(wish: &Wish<'_>) -> Result<(), Vec<NotTaken>> {
    let asked = wish
        .channels()
        .iter()
        .filter(|channel| wish.channel.is_none_or(|asked| asked == **channel));
    let mut refused = Vec::new();
    for channel in asked {
        match capabilities(*channel).ways(wish) {
            Ok(_) => return Ok(()),
            Err(why) => refused.push(why),
        }
    }
    Err(refused)
}

#[cfg(test)]
mod tests {
    use domain::{money::Money, payment::PaymentRequest};

    use super::*;

    fn ways(change: impl FnOnce(&mut PaymentRequest)) -> Result<Vec<Way>, String> {
        let mut request = PaymentRequest::of(Money {
            amount_minor: 1999,
            currency: Currency::USD,
        });
        change(&mut request);
        let ways = crate::stripe::CAPABILITIES.ways(&Wish::of(&request, None));
        ways.map_err(|refused| refused.to_string())
    }

    const fn way(method: Method, flow: Flow) -> Way {
        Way {
            method: Some(method),
            flow: Some(flow),
        }
    }

    #[test]
    fn what_is_left_open_is_left_to_the_provider() {
        let open = Way {
            method: None,
            flow: None,
        };
        assert_eq!(ways(|_| {}).unwrap().first(), Some(&open));
        assert_eq!(
            ways(|r| r.method = Some(Method::Card)).unwrap(),
            [way(Method::Card, Flow::Embedded)]
        );
        assert_eq!(
            ways(|r| r.flow = Some(Flow::QrCode)).unwrap(),
            [way(Method::WechatPay, Flow::QrCode)]
        );
    }

    #[test]
    fn what_is_missing_or_not_taken_is_said() {
        let alipay = |r: &mut PaymentRequest| r.method = Some(Method::Alipay);
        assert_eq!(ways(alipay).unwrap_err(), "stripe needs return_url");
        let with_url = |r: &mut PaymentRequest| {
            alipay(r);
            r.return_url = Some("https://shop.example/".into());
        };
        let both = [
            way(Method::Alipay, Flow::Web),
            way(Method::Alipay, Flow::MobileWeb),
        ];
        assert_eq!(ways(with_url).unwrap(), both);
        let in_rand = |r: &mut PaymentRequest| {
            with_url(r);
            r.money.currency = Currency::ZAR;
        };
        assert_eq!(ways(in_rand).unwrap_err(), "stripe does not take ZAR by alipay");
        let by_app = |r: &mut PaymentRequest| r.flow = Some(Flow::App);
        assert_eq!(
            ways(by_app).unwrap_err(),
            "stripe has no flow app for this payment"
        );
        let paypal = |r: &mut PaymentRequest| r.method = Some(Method::Paypal);
        assert_eq!(ways(paypal).unwrap_err(), "stripe has no method paypal");
    }
}
