//! The calls about refunds. PayPal refunds captures, so the order is asked for its capture first.

use domain::{
    channel::{CallError, ChannelRefund, NewRefund},
    id::RefundId,
};

use super::{Paypal, unreadable};
use crate::paypal::{
    PaypalCredentials,
    request::{self, refused},
    wire::{WireRefund, refund_id},
};

impl Paypal {
    pub(super) async fn refunded(
        &self,
        credentials: &PaypalCredentials,
        new: &NewRefund,
    ) -> Result<ChannelRefund, CallError> {
        let order_id = &new.intent.id;
        let capture_id = self.capture_to_refund(credentials, order_id).await?;
        let request = request::refund_capture(new, &capture_id)?;
        let refund: WireRefund = self.ask(credentials, request).await?;
        refund
            .translate(Some(order_id))
            .map_err(|error| unreadable(&error))
    }

    /// The capture whose money is given back. Nothing has happened yet when it cannot be had.
    async fn capture_to_refund(
        &self,
        credentials: &PaypalCredentials,
        order_id: &str,
    ) -> Result<String, CallError> {
        let order = self.order(credentials, order_id).await.map_err(only_asked)?;
        let mut taken = order.captures().filter(|capture| capture.is_taken());
        match (taken.next(), taken.next()) {
            (Some(capture), None) => Ok(capture.id.clone()),
            (None, _) => Err(refused(
                "not_captured",
                &"there is no captured money to give back",
            )),
            (Some(_), Some(_)) => Err(refused(
                "several_captures",
                &"the order was captured more than once",
            )),
        }
    }

    pub(super) async fn shown_refund(
        &self,
        credentials: &PaypalCredentials,
        channel_refund_id: &str,
        order_id: &str,
    ) -> Result<ChannelRefund, CallError> {
        let refund: WireRefund = self.ask(credentials, request::refund(channel_refund_id)?).await?;
        refund
            .translate(Some(order_id))
            .map_err(|error| unreadable(&error))
    }

    /// An order shows all of its refunds, so that there are no pages to look through.
    pub(super) async fn found_refund(
        &self,
        credentials: &PaypalCredentials,
        order_id: &str,
        wanted: RefundId,
    ) -> Result<Option<ChannelRefund>, CallError> {
        let order = self.order(credentials, order_id).await?;
        let found = order
            .refunds()
            .find(|refund| refund_id(refund.custom_id.as_deref()) == Some(wanted));
        found
            .cloned()
            .map(|refund| refund.translate(Some(order_id)))
            .transpose()
            .map_err(|error| unreadable(&error))
    }
}

/// A question that got no answer has changed nothing.
fn only_asked(error: CallError) -> CallError {
    match error {
        CallError::Unknown { message } => CallError::NotDone {
            message,
            retry_after: None,
        },
        CallError::Declined(_)
        | CallError::Refused { .. }
        | CallError::Limited { .. }
        | CallError::NotDone { .. } => error,
    }
}
