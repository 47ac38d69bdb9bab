//! The few fields of Stripe's objects that Sluice reads, and what an intent's mean. Refunds, disputes and statements have
//! files of their own.
//!
//! Everything else in an answer or an event is ignored, whatever its shape. One shape serves answers of the
//! API (read by miniserde, which the client library insists on), the intent inside an error, and events (both
//! read by serde).

use std::fmt;

use domain::{
    channel::{Destination, Intent, IntentStatus, NextAction, PayerStep},
    id::{ConnectedAccountId, PaymentId, RefundId, WithdrawalId},
};

use super::{
    amount::{self, UnspeakableAmount},
    status::{self, UnknownStatus},
};

/// A payment intent.
#[derive(Clone, serde::Deserialize, miniserde::Deserialize)]
pub(super) struct WireIntent {
    pub(super) id: String,
    pub(super) amount: i64,
    pub(super) amount_received: Option<i64>,
    pub(super) currency: String,
    pub(super) status: String,
    pub(super) client_secret: Option<String>,
    pub(super) last_payment_error: Option<WireDecline>,
    pub(super) metadata: Option<WireMetadata>,
    pub(super) payment_method_types: Option<Vec<String>>,
    pub(super) next_action: Option<WireNextAction>,
    pub(super) transfer_data: Option<WireTransferData>,
    pub(super) application_fee_amount: Option<i64>,
}

/// Where an intent's money goes on to.
#[derive(Clone, serde::Deserialize, miniserde::Deserialize)]
pub(super) struct WireTransferData {
    pub(super) destination: Option<String>,
}

/// The entries of an object's metadata that are ours.
#[derive(Debug, Clone, Default, serde::Deserialize, miniserde::Deserialize)]
pub(super) struct WireMetadata {
    pub(super) sluice_payment_id: Option<String>,
    pub(super) sluice_refund_id: Option<String>,
    pub(super) sluice_account_id: Option<String>,
    pub(super) sluice_withdrawal_id: Option<String>,
}

/// Why an attempt to pay did not go through.
#[derive(Debug, Clone, Default, serde::Deserialize, miniserde::Deserialize)]
pub(super) struct WireDecline {
    pub(super) code: Option<String>,
    pub(super) decline_code: Option<String>,
    pub(super) message: Option<String>,
}

/// What a payer has to do outside of the merchant's page.
#[derive(Clone, serde::Deserialize, miniserde::Deserialize)]
pub(super) struct WireNextAction {
    pub(super) alipay_handle_redirect: Option<WireRedirect>,
    pub(super) redirect_to_url: Option<WireRedirect>,
    pub(super) wechat_pay_display_qr_code: Option<WireQrCode>,
}

/// A page to send the payer to.
#[derive(Clone, serde::Deserialize, miniserde::Deserialize)]
pub(super) struct WireRedirect {
    pub(super) url: Option<String>,
}

/// A code to show to the payer.
#[derive(Clone, serde::Deserialize, miniserde::Deserialize)]
pub(super) struct WireQrCode {
    pub(super) data: Option<String>,
}

/// One page of a list, newest first.
#[derive(miniserde::Deserialize)]
pub(super) struct WirePage<T> {
    pub(super) data: Vec<T>,
    pub(super) has_more: bool,
}

/// An object that lists are made of.
pub(super) trait Listed {
    /// Its id, after which the next page begins.
    fn id(&self) -> Option<String>;
}

/// Stripe's envelope around an error.
#[derive(serde::Deserialize)]
pub(super) struct WireErrorEnvelope {
    pub(super) error: WireError,
}

/// An error of the API.
#[derive(serde::Deserialize)]
pub(super) struct WireError {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(flatten)]
    pub(super) decline: WireDecline,
    /// The intent as the failed request left it, where there is one. Read on its own, so that an intent we
    /// cannot read does not hide the error.
    pub(super) payment_intent: Option<serde_json::Value>,
}

/// An object says something that Sluice has no word for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Untranslatable {
    #[error(transparent)]
    Amount(#[from] UnspeakableAmount),
    #[error(transparent)]
    Status(#[from] UnknownStatus),
    #[error("the succeeded intent does not say how much was received")]
    NothingReceived,
}

/// The client secret must not reach a log.
impl fmt::Debug for WireIntent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WireIntent")
            .field("id", &self.id)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl WireMetadata {
    /// The payment's id as we wrote it. What is not such an id is not ours.
    pub(super) fn payment_id(&self) -> Option<PaymentId> {
        self.sluice_payment_id.as_ref()?.parse().ok()
    }

    /// The refund's id as we wrote it. What is not such an id is not ours.
    pub(super) fn refund_id(&self) -> Option<RefundId> {
        self.sluice_refund_id.as_ref()?.parse().ok()
    }

    /// The withdrawal's id as we wrote it. What is not such an id is not ours.
    pub(super) fn withdrawal_id(&self) -> Option<WithdrawalId> {
        self.sluice_withdrawal_id.as_ref()?.parse().ok()
    }

    /// The account's id as we wrote it. What is not such an id is not ours.
    pub(super) fn account_id(&self) -> Option<ConnectedAccountId> {
        self.sluice_account_id.as_ref()?.parse().ok()
    }
}

impl Listed for WireIntent {
    fn id(&self) -> Option<String> {
        Some(self.id.clone())
    }
}

impl WireIntent {
    /// The payment it was opened for.
    pub(super) fn payment_id(&self) -> Option<PaymentId> {
        self.metadata.as_ref()?.payment_id()
    }

    /// The intent in Sluice's words.
    pub(super) fn translate(self) -> Result<Intent, Untranslatable> {
        let status = status::translate(&self)?;
        if status == IntentStatus::Succeeded && self.amount_received.is_none() {
            return Err(Untranslatable::NothingReceived);
        }
        let received = amount::from_wire(self.amount_received.unwrap_or(0), &self.currency)?;
        Ok(Intent {
            payment_id: self.payment_id(),
            money: amount::from_wire(self.amount, &self.currency)?,
            received_minor: received.amount_minor,
            status,
            next_action: self.payers_step(),
            destination: self.destination()?.map(Box::new),
            id: self.id,
        })
    }

    /// Where its money goes on to. A fee without a destination is that of a direct charge, which is nothing of ours.
    fn destination(&self) -> Result<Option<Destination>, UnspeakableAmount> {
        let account = self
            .transfer_data
            .as_ref()
            .and_then(|data| data.destination.clone());
        let fee = self.application_fee_amount;
        let fee = fee
            .map(|fee| amount::from_wire(fee, &self.currency))
            .transpose()?;
        Ok(account.map(|account| Destination {
            account,
            application_fee_minor: fee.map(|fee| fee.amount_minor),
        }))
    }

    /// What the payer needs (<https://docs.stripe.com/api/payment_intents/object#payment_intent_object-next_action>).
    ///
    /// An intent for one wallet alone is paid by Stripe's page or code and by nothing else, so before it has one there is
    /// nothing to show. Everything else is up to Stripe's script, which does with the client secret what is to be done,
    /// a card's authentication as well.
    fn payers_step(&self) -> Option<NextAction> {
        let types = self.payment_method_types.as_deref().unwrap_or_default();
        let action = self.next_action.as_ref();
        let step = match types {
            [only] if only == "alipay" => {
                let action = action?;
                let page = action
                    .alipay_handle_redirect
                    .as_ref()
                    .or(action.redirect_to_url.as_ref())?;
                PayerStep::Redirect {
                    url: page.url.clone()?,
                }
            }
            [only] if only == "wechat_pay" => PayerStep::QrCode {
                content: action?.wechat_pay_display_qr_code.as_ref()?.data.clone()?,
                svg: None,
            },
            _ => PayerStep::ClientSecret {
                client_secret: self.client_secret.clone()?,
            },
        };
        Some(NextAction {
            step,
            expires_at: None,
        })
    }
}

#[cfg(test)]
mod tests;
