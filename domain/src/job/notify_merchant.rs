//! `notify_merchant`: deliver one stored notification to its merchant's endpoint.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    id::{JobId, MerchantId, NotificationId},
    job::{Contract, Job, Kind},
    notification::{Notification, Subject},
    retry::RetrySchedule,
};

/// The payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifyMerchant {
    /// Which notification.
    pub notification_id: NotificationId,
    /// Who is told.
    pub merchant_id: MerchantId,
    /// About what: `payment_id`, `order_id`, `wallet_id` or `account_id`.
    #[serde(flatten)]
    pub about: Subject,
    /// How many attempts were made before it was sent again; 0 of what nobody had sent again. Its schedule ends when another
    /// one begins.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts_before: u32,
}

/// Takes it as serde gives it.
const fn is_zero(attempts: &u32) -> bool {
    *attempts == 0
}

impl From<&Notification> for NotifyMerchant {
    fn from(notification: &Notification) -> Self {
        Self {
            notification_id: notification.id,
            merchant_id: notification.merchant_id,
            about: notification.about,
            attempts_before: 0,
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
        let (kind, id) = (Kind::NotifyMerchant.name(), self.notification_id.as_uuid());
        // Each schedule is a job of its own, whose failures are told apart.
        match self.attempts_before {
            0 => JobId::derive(kind, &[id.as_bytes()]),
            before => JobId::derive(kind, &[id.as_bytes(), &before.to_be_bytes()]),
        }
    }

    fn correlation_id(&self) -> String {
        self.about.to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PaymentId;

    /// The wire is older than notifications about orders.
    #[test]
    fn what_it_is_about_is_a_field_beside_the_others() {
        let payment = PaymentId::from_uuid(uuid::Uuid::nil());
        let job = NotifyMerchant {
            notification_id: NotificationId::derive(payment.as_uuid(), "payment.succeeded"),
            merchant_id: MerchantId::random(),
            about: Subject::Payment(payment),
            attempts_before: 0,
        };
        let json = serde_json::to_value(job).unwrap();
        assert_eq!(json["payment_id"], payment.to_string());
        assert_eq!(serde_json::from_value::<NotifyMerchant>(json).unwrap(), job);
        assert_eq!(job.correlation_id(), payment.to_string());
    }

    /// The wire is older than sending again, too.
    #[test]
    fn sending_it_again_is_another_job_and_the_first_is_as_it_was() {
        let payment = PaymentId::from_uuid(uuid::Uuid::nil());
        let first = NotifyMerchant {
            notification_id: NotificationId::derive(payment.as_uuid(), "payment.succeeded"),
            merchant_id: MerchantId::random(),
            about: Subject::Payment(payment),
            attempts_before: 0,
        };
        let again = NotifyMerchant {
            attempts_before: 9,
            ..first
        };
        assert_ne!(first.id(), again.id());
        let json = serde_json::to_value(first).unwrap();
        assert!(json.get("attempts_before").is_none());
        let json = serde_json::to_value(again).unwrap();
        assert_eq!(serde_json::from_value::<NotifyMerchant>(json).unwrap(), again);
    }
}
