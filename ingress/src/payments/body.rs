//! The bodies of requests about payments, and every reason not to take them.

use std::collections::BTreeMap;

use domain::{
    channel::{Channel, Destination, Flow, Method},
    id::{PaymentId, WalletId},
    money::Money,
    payment::{ActionRequest, Payer, PayerDetails, PaymentRequest},
    routing::Wish,
    user::UserId,
};
use serde::Deserialize;
use serde_json::Value;
use store::Vault;

use super::destination::DestinationBody;
use crate::{
    auth::Caller,
    fields::{self, invalid, named},
    problem::Problem,
};

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
    method: Option<String>,
    flow: Option<String>,
    channel: Option<String>,
    country: Option<String>,
    connected_account: Option<String>,
    pub(super) destination: Option<DestinationBody>,
    pub(super) application_fee_minor: Option<Value>,
    user_id: Option<String>,
    wallet_id: Option<String>,
    payer: Option<Payer>,
}

impl PaymentBody {
    /// The request for the payment of this id, once every value in it can be used and some channel takes it. Which channels
    /// the merchant has is the worker's to ask. What is said of the payer is sealed from here on.
    pub(super) fn into_request(
        self,
        caller: &Caller,
        id: PaymentId,
        destination: Option<Destination>,
        vault: &Vault,
    ) -> Result<PaymentRequest, Problem> {
        let (amount_minor, currency) = match (fields::amount(&self.amount), fields::currency(&self.currency))
        {
            (Ok(amount), Ok(currency)) => (amount, currency),
            (amount, currency) => {
                return Err(invalid(amount.err().into_iter().chain(currency.err()).collect()));
            }
        };
        let (method, flow, channel, user_id, wallet_id) = match (
            named::<Method>("method", self.method.as_deref()),
            named::<Flow>("flow", self.flow.as_deref()),
            named::<Channel>("channel", self.channel.as_deref()),
            named::<UserId>("user_id", self.user_id.as_deref()),
            named::<WalletId>("wallet_id", self.wallet_id.as_deref()),
        ) {
            (Ok(method), Ok(flow), Ok(channel), Ok(user_id), Ok(wallet_id)) => {
                (method, flow, channel, user_id, wallet_id)
            }
            (method, flow, channel, user_id, wallet_id) => {
                let errors = [
                    method.err(),
                    flow.err(),
                    channel.err(),
                    user_id.err(),
                    wallet_id.err(),
                ];
                return Err(invalid(errors.into_iter().flatten().collect()));
            }
        };
        if self.connected_account.is_some() {
            caller.may_choose_account()?;
        }
        let request = PaymentRequest {
            method,
            flow,
            channel,
            country: self.country,
            connected_account: self.connected_account,
            destination,
            user_id: caller.owner(user_id)?,
            wallet_id,
            payer: self.payer.map(PayerDetails::Plain),
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
        let payer = match &request.payer {
            Some(PayerDetails::Plain(payer)) => Some(payer),
            Some(PayerDetails::Sealed(_)) | None => None,
        };
        let taken = channels::check_taken(&Wish::of(&request, payer));
        taken.map_err(|refused| {
            let errors = refused
                .iter()
                .map(|why| fields::error(why.field(), why.to_string()));
            invalid(errors.collect())
        })?;
        let sealed = payer.map(|payer| {
            let json = serde_json::to_vec(payer).unwrap_or_default();
            PayerDetails::Sealed(vault.seal_text(&Payer::place(id), &json))
        });
        Ok(PaymentRequest {
            payer: sealed,
            ..request
        })
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
