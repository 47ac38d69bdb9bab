//! The calls about accounts that are connected to the merchant's own.

use std::ops::ControlFlow;

use domain::{
    channel::{AccountLink, CallError, ChannelAccount, NewAccountLink},
    id::ConnectedAccountId,
};
use stripe_client_core::CustomizableStripeRequest;

use super::{connection::Connection, refunds::refused_if_declined};
use crate::{
    channel::Period,
    stripe::{
        account::{WireAccount, WireAccountLink},
        request::accounts as request,
    },
};

impl Connection<'_> {
    /// The account that a request answers. A replayed answer is taken as it is: it names the account, and where that stands
    /// is told by callbacks.
    pub(super) async fn account(
        &self,
        request: CustomizableStripeRequest<WireAccount>,
    ) -> Result<ChannelAccount, CallError> {
        match request.send(self).await {
            Ok(wire) => Ok(wire.translate()),
            Err(failed) => Err(refused_if_declined(failed.into())),
        }
    }

    pub(super) async fn found_account(
        &self,
        account_id: ConnectedAccountId,
        period: Period,
    ) -> Result<Option<ChannelAccount>, CallError> {
        self.walk(
            self.stripe.find_bounds("accounts"),
            |after| request::list(period, after),
            |page: Vec<WireAccount>| {
                let mut page = page.into_iter();
                match page.find(|account| account.account_id() == Some(account_id)) {
                    Some(wire) => ControlFlow::Break(wire.translate()),
                    None => ControlFlow::Continue(()),
                }
            },
        )
        .await
    }

    pub(super) async fn account_link(&self, new: &NewAccountLink) -> Result<AccountLink, CallError> {
        let wire: WireAccountLink = request::link(new)?.send(self).await?;
        wire.translate().ok_or_else(|| CallError::Unknown {
            message: "the link does not say when it ends".into(),
        })
    }
}
