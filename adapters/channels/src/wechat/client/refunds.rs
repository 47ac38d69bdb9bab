//! The calls about refunds.
//!
//! A refund that is called refused is over: its amount is free for the next one. So a refusal is believed only where WeChat
//! Pay signed it, and not before the refund was asked for by its number: the request may have repeated one that was taken.

use domain::{
    channel::{CallError, ChannelRefund, NewRefund},
    id::RefundId,
};

use super::{connection::Connection, intents::unreadable};
use crate::wechat::{
    error::NO_SUCH_OBJECT,
    numbers,
    refund::WireRefund,
    request::{self, Request},
    trade::Untranslatable,
};

impl Connection<'_> {
    pub(super) async fn created_refund(&self, new: &NewRefund) -> Result<ChannelRefund, CallError> {
        let paid = match new.intent.money {
            Some(money) => money,
            None => self.retrieved_intent(&new.intent.id, None).await?.money,
        };
        let request = request::refund(new, paid)?;
        let said = self.refund(&request, &new.intent.id, new.refund_id).await;
        let Err(Said {
            error: CallError::Refused { code, message },
            is_signed,
        }) = said
        else {
            return said.map_err(|said| said.error);
        };
        let asked = request::show_refund(&numbers::of_refund(new.refund_id))?;
        match self.refund(&asked, &new.intent.id, new.refund_id).await {
            Ok(refund) => Ok(refund),
            // Signed twice: it was refused, and it is not there.
            Err(Said {
                error: CallError::Refused { code: asked, .. },
                is_signed: true,
            }) if asked == NO_SUCH_OBJECT => Err(CallError::Refused { code, message }),
            // A merchant that may not ask may not refund either, and WeChat Pay says so itself.
            Err(Said {
                error: CallError::Refused { code: asked, .. },
                is_signed: true,
            }) if is_signed && asked == code => Err(CallError::Refused { code, message }),
            Err(_) => Err(CallError::Unknown {
                message: format!(
                    "the refund was refused, and it cannot be told whether it is there: {code}: {message}"
                ),
            }),
        }
    }

    pub(super) async fn retrieved_refund(
        &self,
        out_trade_no: &str,
        refund_id: RefundId,
    ) -> Result<ChannelRefund, CallError> {
        let request = request::show_refund(&numbers::of_refund(refund_id))?;
        let said = self.refund(&request, out_trade_no, refund_id).await;
        said.map_err(Said::believed)
    }

    pub(super) async fn found_refund(
        &self,
        out_trade_no: &str,
        refund_id: RefundId,
    ) -> Result<Option<ChannelRefund>, CallError> {
        match self.retrieved_refund(out_trade_no, refund_id).await {
            Ok(refund) => Ok(Some(refund)),
            Err(CallError::Refused { code, .. }) if code == NO_SUCH_OBJECT => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The refund that a request answers.
    async fn refund(
        &self,
        request: &Request,
        out_trade_no: &str,
        refund_id: RefundId,
    ) -> Result<ChannelRefund, Said> {
        let wire: WireRefund = self.ask(request).await.map_err(|failed| Said {
            is_signed: failed.is_signed(),
            error: failed.into(),
        })?;
        let translated = if wire.out_refund_no != numbers::of_refund(refund_id) {
            Err(Untranslatable::Other("refund"))
        } else if wire.out_trade_no != out_trade_no {
            Err(Untranslatable::Other("order"))
        } else {
            wire.translate()
        };
        translated.map_err(|error| Said {
            error: unreadable(&error),
            is_signed: true,
        })
    }
}

/// What was said instead of a refund, and whether WeChat Pay signed it.
struct Said {
    error: CallError,
    is_signed: bool,
}

impl Said {
    /// A refusal that nobody signed decides nothing.
    fn believed(self) -> CallError {
        match self.error {
            CallError::Refused { code, message } if !self.is_signed => CallError::Unknown {
                message: format!("{code}: {message}"),
            },
            error => error,
        }
    }
}
