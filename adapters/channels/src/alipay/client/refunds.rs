//! The calls about refunds.

use domain::channel::{CallError, ChannelRefund, NewRefund};

use super::{gateway::Gateway, intents::is_missing, unreadable};
use crate::alipay::{
    CAPABILITIES, NO_SUCH_TRADE,
    answer::Failed,
    refund::{WireRefund, WireRefundQuery, succeeded},
    request::{query_refund, refund},
    words::out_request_no,
};

impl Gateway<'_> {
    /// Makes a refund once. Whatever Alipay answers but that this request moved money, it is asked what became of the
    /// number: an earlier request may have been the one that did, and its repeat may be refused for that very reason, as when
    /// nothing is left to give back.
    pub(super) async fn created_refund(&self, new: &NewRefund) -> Result<ChannelRefund, CallError> {
        if let Err(problem) = CAPABILITIES.check_refund_amount(new.money) {
            return Err(CallError::Refused {
                code: "amount".into(),
                message: problem.to_string(),
            });
        }
        let (trade, number) = (&new.intent.id, out_request_no(new.refund_id));
        match self.ask::<WireRefund>(&refund(new)).await {
            Ok(answer) => {
                let moved = answer.moved_money(trade).map_err(|error| unreadable(&error))?;
                if moved {
                    return Ok(succeeded(trade, &number, new.money));
                }
                // Taken and not yet done. The same number sent again does it, at most once.
                let found = self.found_refund(trade, &number).await;
                found.map_err(still_unknown)?.ok_or_else(|| CallError::Unknown {
                    message: "Alipay took the refund and does not show it yet".into(),
                })
            }
            Err(Failed::Refused { code, message }) => {
                let found = self.found_refund(trade, &number).await;
                found
                    .map_err(still_unknown)?
                    .ok_or(CallError::Refused { code, message })
            }
            Err(failed) => Err(failed.into()),
        }
    }

    pub(super) async fn retrieved_refund(
        &self,
        trade: &str,
        number: &str,
    ) -> Result<ChannelRefund, CallError> {
        let found = self.found_refund(trade, number).await?;
        found.ok_or_else(|| CallError::Refused {
            code: NO_SUCH_TRADE.into(),
            message: "Alipay shows no such refund".into(),
        })
    }

    pub(super) async fn found_refund(
        &self,
        trade: &str,
        number: &str,
    ) -> Result<Option<ChannelRefund>, CallError> {
        match self.ask::<WireRefundQuery>(&query_refund(trade, number)).await {
            Ok(answer) => answer
                .translate(trade, number)
                .map_err(|error| unreadable(&error)),
            Err(failed) if is_missing(&failed) => Ok(None),
            Err(failed) => Err(failed.into()),
        }
    }
}

/// The refund was asked for and what became of it could not be: that it was surely not done is then too much to say.
fn still_unknown(error: CallError) -> CallError {
    CallError::Unknown {
        message: format!("what became of the refund cannot be told: {error}"),
    }
}
