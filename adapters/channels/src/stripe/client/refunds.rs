//! The calls about refunds.
//!
//! A replayed answer to making a refund is taken as it is: it names the refund, and where that stands moves on only.

use std::ops::ControlFlow;

use domain::{
    channel::{CallError, ChannelRefund, NewRefund},
    id::RefundId,
};
use stripe_client_core::CustomizableStripeRequest;

use super::{connection::Connection, unreadable};
use crate::stripe::{
    refund::WireRefund,
    request::{checked_intent, refunds as request},
};

impl Connection<'_> {
    pub(super) async fn created_refund(&self, new: &NewRefund) -> Result<ChannelRefund, CallError> {
        self.refund(request::create(new)?).await
    }

    pub(super) async fn retrieved_refund(&self, channel_refund_id: &str) -> Result<ChannelRefund, CallError> {
        self.refund(request::retrieve(channel_refund_id)?).await
    }

    pub(super) async fn found_refund(
        &self,
        intent_id: &str,
        refund_id: RefundId,
    ) -> Result<Option<ChannelRefund>, CallError> {
        let intent_id = checked_intent(intent_id)?;
        let found = self.walk(
            self.stripe.find_bounds("refunds"),
            |after| request::list(intent_id, after),
            |page: Vec<WireRefund>| {
                let mut page = page.into_iter();
                match page.find(|refund| refund.refund_id() == Some(refund_id)) {
                    Some(wire) => ControlFlow::Break(wire.translate()),
                    None => ControlFlow::Continue(()),
                }
            },
        );
        found.await?.transpose().map_err(|error| unreadable(&error))
    }

    async fn refund(
        &self,
        request: CustomizableStripeRequest<WireRefund>,
    ) -> Result<ChannelRefund, CallError> {
        match request.send(self).await {
            Ok(wire) => wire.translate().map_err(|error| unreadable(&error)),
            Err(failed) => Err(refused_if_declined(failed.into())),
        }
    }
}

/// Nobody pays here, so nobody can be declined: a card's error is Stripe's refusal of the refund.
pub(super) fn refused_if_declined(error: CallError) -> CallError {
    match error {
        CallError::Declined(failure) => CallError::Refused {
            code: failure.code,
            message: failure.message,
        },
        CallError::Refused { .. }
        | CallError::Limited { .. }
        | CallError::NotDone { .. }
        | CallError::Unknown { .. } => error,
    }
}
