//! What a decision is made from, beside the routes.

use crate::{
    channel::{Channel, Flow, Method},
    money::Money,
    payment::{Payer, PaymentRequest},
};

/// What of a payment matters to where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish<'a> {
    /// How much.
    pub money: Money,
    /// With what the payer pays, if that was said.
    pub method: Option<Method>,
    /// How the payer gets there, if that was said.
    pub flow: Option<Flow>,
    /// The only channel it may take, if there is one.
    pub channel: Option<Channel>,
    /// The payer's country, if that was said.
    pub country: Option<&'a str>,
    /// Whether it is to be charged at once, with something that the provider knows.
    pub is_charged_at_once: bool,
    /// Whether somebody else's account is paid through the merchant's.
    pub is_for_connected_account: bool,
    /// Whether it says whose it is among the merchant's users.
    pub has_user: bool,
    /// Whether its money goes on to such an account.
    pub has_destination: bool,
    /// Whether it says where the payer comes back to.
    pub has_return_url: bool,
    /// Whether it says the address of the payer's browser.
    pub has_payer_ip: bool,
    /// Whether it says the payer's id inside of the wallet's app.
    pub has_payer_openid: bool,
}

impl<'a> Wish<'a> {
    /// The wish of a request. `payer` is what it says of the payer, which it may say sealed.
    pub fn of(request: &'a PaymentRequest, payer: Option<&Payer>) -> Self {
        Self {
            money: request.money,
            method: request.method,
            flow: request.flow,
            channel: request.channel,
            country: request.country.as_deref(),
            is_charged_at_once: request.payment_method.is_some(),
            is_for_connected_account: request.connected_account.is_some(),
            has_user: request.user_id.is_some(),
            has_destination: request.destination.is_some(),
            has_return_url: request.return_url.is_some(),
            has_payer_ip: payer.is_some_and(|payer| payer.ip.is_some()),
            has_payer_openid: payer.is_some_and(|payer| payer.openid.is_some()),
        }
    }

    /// The channels that are thought of. A wallet is taken only where it is asked for.
    pub fn channels(&self) -> &'static [Channel] {
        let asks_for_wallet = self.channel == Some(Channel::Wallet)
            || self.channel.is_none() && self.method == Some(Method::Wallet);
        if asks_for_wallet {
            &[Channel::Wallet]
        } else {
            Channel::PROVIDERS
        }
    }
}

/// A way to pay through a channel. Nothing said is whatever the merchant has switched on at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// With what.
    pub method: Option<Method>,
    /// How the payer gets there.
    pub flow: Option<Flow>,
}

/// What there is to know about a channel for one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelFacts {
    /// The channel.
    pub channel: Channel,
    /// Whether the merchant has credentials for it.
    pub is_configured: bool,
    /// Whether its provider has answered lately.
    pub is_healthy: bool,
    /// The ways in which it takes the payment, the best first; or why it does not.
    pub takes: Result<Vec<Way>, String>,
}
