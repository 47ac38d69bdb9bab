//! `notify_merchant`: deliver one stored notification to its merchant's endpoint.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    id::{JobId, MerchantId, NotificationId, PaymentId},
    job::{Contract, Job, Kind},
    notification::Notification,
    retry::RetrySchedule,
};

/// The payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifyMerchant {
    /// Which notification.
    pub notification_id: NotificationId,
    /// Who is told.
    pub merchant_id: MerchantId,
    /// About which payment, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<PaymentId>,
}

impl From<&Notification> for NotifyMerchant {
    fn from(notification: &Notification) -> Self {
        let Notification {
            id,
            merchant_id,
            payment_id,
            ..
        } = notification;
        Self {
            notification_id: *id,
            merchant_id: *merchant_id,
            payment_id: *payment_id,
        }
    }
}

impl Job for NotifyMerchant {
    const CONTRACT: Contract = Contract {
        kind: Kind::NotifyMerchant,
        schema: 1,
        retry: RetrySchedule::OverADay,
        timeout: Duration::from_secs(45),
        from_upstream: false,
    };

    fn id(&self) -> JobId {
        JobId::derive(
            Kind::NotifyMerchant.name(),
            &[self.notification_id.as_uuid().as_bytes()],
        )
    }

    fn correlation_id(&self) -> String {
        match self.payment_id {
            Some(payment_id) => payment_id.to_string(),
            None => self.notification_id.to_string(),
        }
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }
}
