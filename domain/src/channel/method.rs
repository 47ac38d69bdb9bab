//! With what a payer pays, and how the payer gets there.
//!
//! A method is the payer's side of a payment (a card, a wallet); which channel carries it is routing's to say. A flow is
//! the way from the merchant's page or app to the place where the payer agrees.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A small set of names used in the API, the tables and job messages.
macro_rules! names {
    ($(#[$doc:meta])* $type:ident, $error:ident, $what:literal, { $($(#[$variant_doc:meta])* $variant:ident $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $type {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name used in the API, the tables and logs.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        #[doc = concat!("The text is not the name of a ", $what, ".")]
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        #[error("unknown {what} {0:?}: use one of {names}", what = $what, names = [$($name,)+].join(", "))]
        pub struct $error(pub String);

        impl FromStr for $type {
            type Err = $error;

            fn from_str(name: &str) -> Result<Self, $error> {
                let found = Self::ALL.iter().find(|one| one.name() == name);
                found.copied().ok_or_else(|| $error(name.chars().take(32).collect()))
            }
        }
    };
}

names!(
    /// With what a payer pays.
    Method, UnknownMethod, "payment method", {
        /// A payment card.
        Card "card",
        /// An Alipay account.
        Alipay "alipay",
        /// A WeChat Pay account.
        WechatPay "wechat_pay",
        /// A PayPal account.
        Paypal "paypal",
        /// A wallet that the merchant keeps for the payer.
        Wallet "wallet",
    }
);

names!(
    /// How the payer gets to the place where the payment is agreed to.
    Flow, UnknownFlow, "flow", {
        /// On the merchant's page, by the provider's script.
        Embedded "embedded",
        /// On a page of the provider that the browser is sent to.
        Web "web",
        /// The same in a browser on a phone, which may open the wallet's app.
        MobileWeb "mobile_web",
        /// By a code that is scanned with the wallet's app.
        QrCode "qr_code",
        /// From the merchant's app to the wallet's.
        App "app",
        /// On a page that is shown inside of the wallet's app.
        InApp "in_app",
        /// Nowhere: the payer's money is here already, and moves at once.
        Direct "direct",
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_is_the_one_on_the_wire() {
        for method in Method::ALL {
            assert_eq!(method.name().parse(), Ok(*method));
            assert_eq!(serde_json::to_value(method).unwrap(), method.name());
        }
        for flow in Flow::ALL {
            assert_eq!(flow.name().parse(), Ok(*flow));
            assert_eq!(serde_json::to_value(flow).unwrap(), flow.name());
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = "cash".parse::<Method>().unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown payment method \"cash\": use one of card, alipay, wechat_pay, paypal, wallet"
        );
    }
}
