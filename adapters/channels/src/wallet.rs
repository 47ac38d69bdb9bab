//! Payments from the wallets that merchants keep for their users.
//!
//! The provider is our own ledger, so there is nobody to call, no credentials and no callback: workers move the money in the
//! record of the payment itself. Here is only what such payments are like, so that they are asked for, refused and listed as
//! all others are.

use std::time::Duration;

use domain::{
    channel::{Channel, Flow, Method},
    currency::Currency,
    money::Money,
};

use crate::capabilities::{
    CallbackAnswer, CallbackRefusal, CallbackRules, Capabilities, CurrencyRule, FlowRule, Need, Offer,
    RefundRules,
};

/// The ledger takes each movement once for ever.
const FOR_EVER: Duration = Duration::MAX;

/// What can be paid from a wallet.
pub const CAPABILITIES: Capabilities = Capabilities {
    channel: Channel::Wallet,
    offers: &[Offer {
        method: Method::Wallet,
        flows: &[FlowRule {
            flow: Flow::Direct,
            needs: &[Need::User],
        }],
        currencies: None,
    }],
    opened_here: &[Flow::Direct],
    currencies: &CURRENCIES,
    idempotency_retention: FOR_EVER,
    refunds: RefundRules {
        idempotency_retention: FOR_EVER,
        spacing: Duration::ZERO,
        most: None,
        window: None,
    },
    // Nobody calls back.
    callbacks: CallbackRules {
        taken: CallbackAnswer {
            status: 404,
            content_type: "text/plain",
            body: "",
        },
        refusal: CallbackRefusal::Problem,
        needs_credentials: false,
    },
    confirms: false,
    captures: false,
    states: false,
    connected_accounts: false,
    no_such_object: "",
};

const CURRENCIES: [CurrencyRule; Currency::ALL.len()] = {
    let mut rules = [rule(Currency::USD); Currency::ALL.len()];
    let mut place = 0;
    while place < rules.len() {
        rules[place] = rule(Currency::ALL[place]);
        place += 1;
    }
    rules
};

const fn rule(currency: Currency) -> CurrencyRule {
    CurrencyRule {
        currency,
        minimum_minor: 1,
        maximum_minor: Money::MAX_MINOR,
        step_minor: 1,
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        payment::PaymentRequest,
        routing::{Way, Wish},
    };

    use super::*;
    use crate::taking::{NotTaken, check_taken};

    fn request(change: impl FnOnce(&mut PaymentRequest)) -> PaymentRequest {
        let mut request = PaymentRequest::of(Money {
            amount_minor: 1,
            currency: Currency::KWD,
        });
        request.method = Some(Method::Wallet);
        change(&mut request);
        request
    }

    #[test]
    fn a_wallet_pays_any_amount_of_any_currency_for_a_user_that_is_named() {
        let with_user = request(|r| r.user_id = Some("user-42".parse().unwrap()));
        let way = Way {
            method: Some(Method::Wallet),
            flow: Some(Flow::Direct),
        };
        assert_eq!(CAPABILITIES.ways(&Wish::of(&with_user, None)), Ok(vec![way]));
        let refused = check_taken(&Wish::of(&request(|_| {}), None)).unwrap_err();
        assert_eq!(refused.len(), 1, "no provider is thought of: {refused:?}");
        assert_eq!(refused[0].field(), "user_id");
    }

    #[test]
    fn no_provider_pays_from_a_wallet_and_no_wallet_pays_by_card() {
        let at_stripe = request(|r| {
            r.money.amount_minor = 10_000;
            r.channel = Some(Channel::Stripe);
        });
        let refused = check_taken(&Wish::of(&at_stripe, None)).unwrap_err();
        assert_eq!(
            refused,
            [NotTaken::Method {
                channel: Channel::Stripe,
                method: Method::Wallet
            }]
        );
        let by_card = request(|r| {
            r.channel = Some(Channel::Wallet);
            r.method = Some(Method::Card);
        });
        assert_eq!(
            check_taken(&Wish::of(&by_card, None)).unwrap_err()[0].field(),
            "method"
        );
    }
}
