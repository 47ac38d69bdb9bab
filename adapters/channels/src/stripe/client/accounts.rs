//! The calls about accounts that are connected to the merchant's own, and money that goes there.

use std::ops::ControlFlow;

use domain::{
    channel::{AccountLink, CallError, ChannelAccount, ChannelTransfer, NewAccountLink, NewTransfer},
    id::{ConnectedAccountId, WithdrawalId},
};
use stripe_client_core::CustomizableStripeRequest;

use super::{connection::Connection, refunds::refused_if_declined, unreadable};
use crate::{
    channel::Period,
    stripe::{
        account::{WireAccount, WireAccountLink, WireTransfer},
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
            Err(failed) => Err(refused_if_declined(failed.permitted())),
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

    /// What was sent, as it stands now: a replayed answer shows it as it was then, and it may have been taken back since.
    pub(super) async fn created_transfer(&self, new: &NewTransfer) -> Result<ChannelTransfer, CallError> {
        let sent = self.transfer(request::transfer(new)?).await?;
        if !self.has_replayed() {
            return Ok(sent);
        }
        // It was sent, so whatever this question comes to, "not done" is not the answer.
        let shown = self.transfer(request::shown_transfer(&sent.id)?).await;
        shown.map_err(|error| CallError::Unknown {
            message: format!("the request was repeated, and then: {error}"),
        })
    }

    async fn transfer(
        &self,
        request: CustomizableStripeRequest<WireTransfer>,
    ) -> Result<ChannelTransfer, CallError> {
        match request.send(self).await {
            Ok(wire) => wire.translate().map_err(|error| unreadable(&error)),
            Err(failed) => Err(refused_if_declined(failed.into())),
        }
    }

    pub(super) async fn found_transfer(
        &self,
        withdrawal_id: WithdrawalId,
    ) -> Result<Option<ChannelTransfer>, CallError> {
        let found = self.walk(
            self.stripe.find_bounds("transfers"),
            |after| request::transfers(withdrawal_id, after),
            |page: Vec<WireTransfer>| {
                let mut page = page.into_iter();
                match page.find(|transfer| transfer.withdrawal_id() == Some(withdrawal_id)) {
                    Some(wire) => ControlFlow::Break(wire.translate()),
                    None => ControlFlow::Continue(()),
                }
            },
        );
        found.await?.transpose().map_err(|error| unreadable(&error))
    }
}
