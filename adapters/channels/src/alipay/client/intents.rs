//! The calls about intents, which are trades or what trades will be made of.

use domain::{
    channel::{CallError, Flow, Intent, IntentStatus, NewIntent, NextAction, PayerStep},
    money::Money,
};
use serde::Deserialize;

use super::{gateway::Gateway, unreadable};
use crate::alipay::{
    NO_SUCH_TRADE,
    answer::Failed,
    request::{Prepared, close, prepare, query},
    trade::{WireTrade, intent},
    words::out_trade_no,
};

/// The name under which the wallet's SDK takes the signed text (<https://opendocs.alipay.com/open/028xqz>).
const ORDER_STRING: &str = "order_string";

#[derive(Deserialize)]
struct Code {
    out_trade_no: String,
    qr_code: String,
}

/// The answer to closing, of which nothing but the yes is needed.
#[derive(Deserialize)]
struct Closed {}

impl Gateway<'_> {
    pub(super) async fn created_intent(&self, new: &NewIntent) -> Result<Intent, CallError> {
        let prepared = prepare(new, self.now())?;
        let number = out_trade_no(new.payment_id);
        let step = match prepared.flow {
            Flow::App => PayerStep::App {
                parameters: [(ORDER_STRING.to_owned(), self.signed(&prepared.request)?.encoded())].into(),
            },
            Flow::QrCode => match self.code(&prepared, &number).await {
                Ok(step) => step,
                Err(failed) => return self.not_opened(failed, &number, new.money).await,
            },
            Flow::Web | Flow::MobileWeb | Flow::Embedded | Flow::InApp | Flow::Direct => {
                PayerStep::Redirect {
                    url: self.address(&prepared.request)?,
                }
            }
        };
        Ok(Intent {
            next_action: Some(NextAction {
                step,
                expires_at: Some(prepared.expires_at),
            }),
            ..intent(&number, new.money, IntentStatus::RequiresAction)
        })
    }

    pub(super) async fn retrieved_intent(
        &self,
        number: &str,
        money: Option<Money>,
    ) -> Result<Intent, CallError> {
        match (self.queried(number).await, money) {
            (Err(failed), Some(money)) if is_missing(&failed) => {
                // The payer has not opened the page or scanned the code yet, and still can.
                Ok(intent(number, money, IntentStatus::RequiresAction))
            }
            (queried, _) => Ok(queried?),
        }
    }

    pub(super) async fn found_intent(&self, number: &str) -> Result<Option<Intent>, CallError> {
        match self.queried(number).await {
            Err(failed) if is_missing(&failed) => Ok(None),
            queried => Ok(Some(queried?)),
        }
    }

    /// Closes the trade. Where the payer has not opened it there is nothing to close: the intent counts as closed, and
    /// whoever pays by the signed address all the same, which its end forbids soon, has paid late. That is told by a
    /// callback and given back by a refund of ours. Withdrawing the trade (`alipay.trade.cancel`) would end the address at
    /// once, but gives money back under no number when the payer was quicker.
    pub(super) async fn closed_intent(
        &self,
        number: &str,
        money: Option<Money>,
    ) -> Result<Intent, CallError> {
        match (self.ask::<Closed>(&close(number)).await, money) {
            (Ok(Closed {}), Some(money)) => Ok(intent(number, money, IntentStatus::Canceled)),
            (Err(failed), Some(money)) if is_missing(&failed) => {
                Ok(intent(number, money, IntentStatus::Canceled))
            }
            (Ok(Closed {}), None) => Ok(self.queried(number).await?),
            (Err(Failed::Refused { code, message }), _) => self.not_closed(number, code, message).await,
            (Err(failed), _) => Err(failed.into()),
        }
    }

    /// Alipay did not close the trade: it is paid, or closed already. The answer is how it stands.
    async fn not_closed(&self, number: &str, code: String, message: String) -> Result<Intent, CallError> {
        let intent = self.queried(number).await?;
        if intent.status == IntentStatus::RequiresAction {
            return Err(CallError::NotDone {
                message: format!("{code}: {message}"),
                retry_after: None,
            });
        }
        Ok(intent)
    }

    async fn code(&self, prepared: &Prepared, number: &str) -> Result<PayerStep, Failed> {
        let code: Code = self.ask(&prepared.request).await?;
        if code.out_trade_no != number {
            return Err(crate::alipay::answer::unknown("the code is for another trade"));
        }
        Ok(PayerStep::QrCode {
            content: code.qr_code,
            svg: None,
        })
    }

    /// What it means that there is no code. A repeat after the payer has paid is answered with the trade as it stands. A
    /// refusal that nobody signed can be believed here: whatever was made of the request, nobody holds a code to pay by.
    async fn not_opened(&self, failed: Failed, number: &str, money: Money) -> Result<Intent, CallError> {
        match failed {
            Failed::Refused { code, message } => match self.queried(number).await {
                Ok(standing)
                    if standing.status != IntentStatus::RequiresAction && standing.money == money =>
                {
                    Ok(standing)
                }
                Ok(_) => Err(CallError::Refused { code, message }),
                Err(missing) if is_missing(&missing) => Err(CallError::Refused { code, message }),
                Err(failed) => Err(CallError::Unknown {
                    message: format!("{code}: {message}, and then: {}", CallError::from(failed)),
                }),
            },
            Failed::Unsigned { code, message } => Err(CallError::Refused { code, message }),
            Failed::Other(error) => Err(error),
        }
    }

    async fn queried(&self, number: &str) -> Result<Intent, Failed> {
        let trade: WireTrade = self.ask(&query(number)).await?;
        trade
            .translate(number)
            .map_err(|error| Failed::Other(unreadable(&error)))
    }
}

/// Whether Alipay says, under its signature, that there is no such trade.
pub(super) fn is_missing(failed: &Failed) -> bool {
    matches!(failed, Failed::Refused { code, .. } if code == NO_SUCH_TRADE)
}
