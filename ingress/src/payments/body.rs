//! The bodies of requests about payments, and every reason not to take them.

use std::collections::BTreeMap;

use domain::{
    channel::Channel,
    money::Money,
    payment::{ActionRequest, PaymentRequest},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    fields::{self, invalid},
    problem::Problem,
};

/// The only channel there is.
const CHANNEL: Channel = Channel::Stripe;

/// The body as a client writes it. The amount is read as whatever it is, so that an amount of the wrong kind is
/// explained and not only refused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with the fields of a payment")]
pub(crate) struct PaymentBody {
    amount: Value,
    currency: String,
    description: Option<String>,
    reference: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
    payment_method: Option<String>,
    return_url: Option<String>,
    expires_in_s: Option<u32>,
}

impl PaymentBody {
    /// The request, once every value in it can be used.
    pub(super) fn into_request(self) -> Result<PaymentRequest, Problem> {
        let (amount_minor, currency) = match (fields::amount(&self.amount), fields::currency(&self.currency))
        {
            (Ok(amount), Ok(currency)) => (amount, currency),
            (amount, currency) => {
                return Err(invalid(amount.err().into_iter().chain(currency.err()).collect()));
            }
        };
        let request = PaymentRequest {
            description: self.description,
            reference: self.reference,
            metadata: self.metadata.unwrap_or_default(),
            payment_method: self.payment_method,
            return_url: self.return_url,
            expires_in_s: self.expires_in_s,
            ..PaymentRequest::of(Money {
                amount_minor,
                currency,
            })
        };
        request
            .validate()
            .map_err(|refused| invalid(vec![refused.into()]))?;
        let taken = channels::capabilities(CHANNEL).check_amount(request.money);
        taken.map_err(|refused| invalid(vec![refused.into()]))?;
        Ok(request)
    }
}

/// The body of a wish to close a payment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with the fields of a cancel")]
pub(crate) struct CancelBody {
    reason: Option<String>,
    operator: Option<String>,
}

/// The body of a wish to try to pay.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with the fields of a confirm")]
pub(crate) struct ConfirmBody {
    payment_method: Option<String>,
    return_url: Option<String>,
}

impl From<CancelBody> for ActionRequest {
    fn from(CancelBody { reason, operator }: CancelBody) -> Self {
        Self::Cancel { reason, operator }
    }
}

impl From<ConfirmBody> for ActionRequest {
    fn from(body: ConfirmBody) -> Self {
        let ConfirmBody {
            payment_method,
            return_url,
        } = body;
        Self::Confirm {
            payment_method,
            return_url,
        }
    }
}
