//! A provider's callback after its channel has verified and translated it.

use crate::{
    channel::{ChannelDispute, ChannelRefund, ChannelTransfer, Intent, IntentStatus},
    id::{ConnectedAccountId, PaymentId, RefundId},
};

/// A callback that was verified and read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackNews {
    /// The provider's account that it is of, where that is not the merchant's own, as in
    /// [`NewIntent`](crate::channel::NewIntent).
    pub account: Option<String>,
    /// What it says.
    pub event: CallbackEvent,
}

/// What a callback says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallbackEvent {
    /// Something happened to an intent.
    Intent {
        /// The intent as the callback shows it.
        intent: Intent,
        /// What happened. It may differ from the intent's present status: a decline leaves the intent open.
        change: IntentStatus,
    },
    /// Something happened to a refund, which is now as it is shown.
    Refund(ChannelRefund),
    /// Something happened to a refund, and the callback does not say enough of it: its provider has to be asked.
    RefundTold(RefundId),
    /// Something happened to a dispute, which is now as it is shown.
    Dispute(ChannelDispute),
    /// Something about a connected account changed, and its provider has to be asked how it stands: callbacks of it may come in
    /// any order.
    AccountTold {
        /// The provider's id of it.
        channel_account_id: String,
        /// The account it carries the mark of.
        account_id: Option<ConnectedAccountId>,
    },
    /// The merchant may use a connected account no more: the provider's id of it.
    AccountLost(String),
    /// Something of what was sent for a withdrawal was taken back; it is now as it is shown.
    TransferReversed(ChannelTransfer),
    /// The provider withholds or has taken back money for a reason that Sluice has no object for: people have to look at the
    /// merchant's account there.
    NeedsPeople {
        /// The payment that it carries the mark of.
        payment_id: Option<PaymentId>,
    },
    /// Nothing that Sluice acts upon. It is stored and acknowledged all the same.
    Other,
}

/// The two facts of a callback that ingress needs before anything is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackHead {
    /// The provider's id of the event; the same on every delivery of it.
    pub event_id: String,
    /// The provider's name of what happened.
    pub event_type: String,
}
