//! What merchants are told, as Standard Webhooks (<https://www.standardwebhooks.com>).

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    connect::{AccountView, ConnectedAccount},
    dispute::{Dispute, DisputeStatus, DisputeView},
    id::{MerchantId, NotificationId, PaymentId},
    payment::{Payment, PaymentStatus, PaymentView},
    refund::{Refund, RefundStatus, RefundView},
    wallet::{Withdrawal, WithdrawalStatus, WithdrawalView},
};

/// What a notification announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NotificationType {
    /// The payment was paid.
    #[serde(rename = "payment.succeeded")]
    PaymentSucceeded,
    /// An attempt was declined, or the provider could not be reached; `data.failure.next_step` says what helps.
    #[serde(rename = "payment.failed")]
    PaymentFailed,
    /// The payment was closed before it was paid.
    #[serde(rename = "payment.canceled")]
    PaymentCanceled,
    /// The payment was not paid in time.
    #[serde(rename = "payment.expired")]
    PaymentExpired,
    /// It is unknown whether the payment was made; the provider is asked again, and people can see it.
    #[serde(rename = "payment.needs_review")]
    PaymentNeedsReview,
    /// The refund was made.
    #[serde(rename = "refund.succeeded")]
    RefundSucceeded,
    /// The refund was not made, or its money came back; `data.failure` says why.
    #[serde(rename = "refund.failed")]
    RefundFailed,
    /// It is unknown whether the refund was made; the provider is asked again, and people can see it.
    #[serde(rename = "refund.needs_review")]
    RefundNeedsReview,
    /// The payer's bank withholds the money of a payment.
    #[serde(rename = "dispute.opened")]
    DisputeOpened,
    /// The dispute was decided for the merchant.
    #[serde(rename = "dispute.won")]
    DisputeWon,
    /// The dispute was decided for the payer.
    #[serde(rename = "dispute.lost")]
    DisputeLost,
    /// Money of a wallet was set aside, to be paid out to its owner.
    #[serde(rename = "wallet.withdrawal_requested")]
    WithdrawalRequested,
    /// The withdrawal was paid out.
    #[serde(rename = "wallet.withdrawal_completed")]
    WithdrawalCompleted,
    /// The withdrawal is not paid out: the money is free again.
    #[serde(rename = "wallet.withdrawal_rejected")]
    WithdrawalRejected,
    /// The provider did not pay the withdrawal out: the money is free again.
    #[serde(rename = "wallet.withdrawal_failed")]
    WithdrawalFailed,
    /// An account of a user changed: what it may do, or what its provider still wants to know.
    #[serde(rename = "account.updated")]
    AccountUpdated,
}

impl NotificationType {
    /// The notification that a payment's new status calls for.
    pub const fn announcing(status: PaymentStatus) -> Option<Self> {
        match status {
            PaymentStatus::Pending | PaymentStatus::RequiresAction | PaymentStatus::Processing => None,
            PaymentStatus::NeedsReview => Some(Self::PaymentNeedsReview),
            PaymentStatus::Failed => Some(Self::PaymentFailed),
            PaymentStatus::Canceled => Some(Self::PaymentCanceled),
            PaymentStatus::Expired => Some(Self::PaymentExpired),
            PaymentStatus::Succeeded => Some(Self::PaymentSucceeded),
        }
    }

    /// The notification that a refund's new status calls for.
    pub const fn announcing_refund(status: RefundStatus) -> Option<Self> {
        match status {
            RefundStatus::Pending | RefundStatus::Processing => None,
            RefundStatus::NeedsReview => Some(Self::RefundNeedsReview),
            RefundStatus::Succeeded => Some(Self::RefundSucceeded),
            RefundStatus::Failed => Some(Self::RefundFailed),
        }
    }

    /// The notification that a withdrawal's new status calls for.
    pub const fn announcing_withdrawal(status: WithdrawalStatus) -> Option<Self> {
        match status {
            WithdrawalStatus::Requested => Some(Self::WithdrawalRequested),
            WithdrawalStatus::Processing => None,
            WithdrawalStatus::Completed => Some(Self::WithdrawalCompleted),
            WithdrawalStatus::Rejected => Some(Self::WithdrawalRejected),
            WithdrawalStatus::Failed => Some(Self::WithdrawalFailed),
        }
    }

    /// The name merchants match on.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PaymentSucceeded => "payment.succeeded",
            Self::PaymentFailed => "payment.failed",
            Self::PaymentCanceled => "payment.canceled",
            Self::PaymentExpired => "payment.expired",
            Self::PaymentNeedsReview => "payment.needs_review",
            Self::RefundSucceeded => "refund.succeeded",
            Self::RefundFailed => "refund.failed",
            Self::RefundNeedsReview => "refund.needs_review",
            Self::DisputeOpened => "dispute.opened",
            Self::DisputeWon => "dispute.won",
            Self::DisputeLost => "dispute.lost",
            Self::WithdrawalRequested => "wallet.withdrawal_requested",
            Self::WithdrawalCompleted => "wallet.withdrawal_completed",
            Self::WithdrawalRejected => "wallet.withdrawal_rejected",
            Self::WithdrawalFailed => "wallet.withdrawal_failed",
            Self::AccountUpdated => "account.updated",
        }
    }
}

impl fmt::Display for NotificationType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A notification as it is stored when the payment changes: the very bytes that will be signed and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its id, the same however often the change is recorded.
    pub id: NotificationId,
    /// Who is told.
    pub merchant_id: MerchantId,
    /// About which payment, or a refund or dispute of which, if it is about one.
    pub payment_id: Option<PaymentId>,
    /// What is announced.
    pub event_type: NotificationType,
    /// The JSON body.
    pub payload: String,
    /// When the payment changed.
    pub created_at: DateTime<Utc>,
}

/// What receivers of Standard Webhooks can be expected to take, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 20_480;

#[derive(Serialize)]
struct Payload<'a, View> {
    r#type: &'a str,
    timestamp: String,
    data: View,
}

impl Notification {
    /// Tells the merchant of `payment` what happened at `at`.
    pub fn about(payment: &Payment, event_type: NotificationType, at: DateTime<Utc>) -> Self {
        let payload = payload(event_type, PaymentView::public(payment), at);
        let subject = payment.id.as_uuid();
        Self::new(payment.merchant_id, payment.id, subject, event_type, payload, at)
    }

    /// Tells the merchant of `refund` what happened at `at`.
    pub fn about_refund(refund: &Refund, event_type: NotificationType, at: DateTime<Utc>) -> Self {
        let payload = payload(event_type, RefundView::from(refund), at);
        let subject = refund.id.as_uuid();
        Self::new(
            refund.merchant_id,
            refund.payment_id,
            subject,
            event_type,
            payload,
            at,
        )
    }

    /// Tells the merchant of `dispute` what happened at `at`. A dispute that is decided when it is first heard of was
    /// opened before: that is told as it was then.
    pub fn about_dispute(dispute: &Dispute, event_type: NotificationType, at: DateTime<Utc>) -> Self {
        let mut view = DisputeView::from(dispute);
        if event_type == NotificationType::DisputeOpened {
            view.status = DisputeStatus::Open;
        }
        let payload = payload(event_type, view, at);
        let subject = dispute.id.as_uuid();
        Self::new(
            dispute.merchant_id,
            dispute.payment_id,
            subject,
            event_type,
            payload,
            at,
        )
    }

    /// Tells the merchant of `withdrawal` how it stands now, where that is told.
    pub fn about_withdrawal(withdrawal: &Withdrawal) -> Option<Self> {
        let event_type = NotificationType::announcing_withdrawal(withdrawal.status)?;
        let at = withdrawal.updated_at;
        Some(Self {
            id: NotificationId::derive(withdrawal.id.as_uuid(), event_type.name()),
            merchant_id: withdrawal.merchant_id,
            payment_id: None,
            event_type,
            payload: payload(event_type, WithdrawalView::from(withdrawal), at),
            created_at: at,
        })
    }

    /// Tells the merchant of `account` how it is now that it is stored at the next version.
    pub fn about_account(account: &ConnectedAccount) -> Self {
        let (event_type, at) = (NotificationType::AccountUpdated, account.updated_at);
        let subject = account.id.as_uuid();
        Self {
            id: NotificationId::of_version(subject, event_type.name(), account.version + 1),
            merchant_id: account.merchant_id,
            payment_id: None,
            event_type,
            payload: payload(event_type, AccountView::from(account), at),
            created_at: at,
        }
    }

    fn new(
        merchant_id: MerchantId,
        payment_id: PaymentId,
        subject: Uuid,
        event_type: NotificationType,
        payload: String,
        created_at: DateTime<Utc>,
    ) -> Self {
        Self {
            id: NotificationId::derive(subject, event_type.name()),
            merchant_id,
            payment_id: Some(payment_id),
            event_type,
            payload,
            created_at,
        }
    }
}

fn payload(event_type: NotificationType, data: impl Serialize, at: DateTime<Utc>) -> String {
    let payload = Payload {
        r#type: event_type.name(),
        timestamp: at.to_rfc3339_opts(SecondsFormat::Millis, true),
        data,
    };
    #[expect(
        clippy::expect_used,
        reason = "strings, integers and string-keyed maps always serialise"
    )]
    serde_json::to_string(&payload).expect("a view serialises")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        channel::Channel,
        currency::Currency,
        id::IdempotencyKey,
        money::Money,
        payment::{Failure, PaymentRequest},
    };

    fn notification_bytes(request: PaymentRequest) -> usize {
        let merchant: MerchantId = "mer_00000000000000000000000000000001".parse().unwrap();
        let key = IdempotencyKey::try_from("k".to_owned()).unwrap();
        let mut payment = Payment::new(
            merchant,
            key,
            request,
            Channel::Stripe,
            &crate::merchant::Terms::default(),
            DateTime::UNIX_EPOCH,
        );
        payment.intent_id = Some("i".repeat(255));
        payment.failure = Some(Failure::refused("c", &"m".repeat(1_000)));
        Notification::about(&payment, NotificationType::PaymentFailed, DateTime::UNIX_EPOCH)
            .payload
            .len()
    }

    proptest! {
        /// Otherwise a payment could be charged and then never recorded.
        #[test]
        fn whatever_may_be_asked_for_fits_a_notification(
            description in prop::option::of(prop_oneof!["[\\\\\"]{450,500}", "[\u{1F600}]{450,500}", ".{0,500}"]),
            reference in prop::option::of(prop_oneof!["[\\\\\"]{150,200}", "[\u{1F600}]{150,200}", ".{0,200}"]),
            metadata in prop::collection::btree_map("[a-z\u{1F600}]{1,40}", "[\u{1F600}\"x]{0,200}", 0..20),
        ) {
            let money = Money { amount_minor: 1, currency: Currency::USD };
            let metadata: BTreeMap<String, String> = metadata;
            let user_id = "\"".repeat(128).parse().ok();
            let request =
                PaymentRequest {description, reference, metadata, user_id, ..PaymentRequest::of(money)};
            prop_assume!(request.validate().is_ok());
            prop_assert!(notification_bytes(request) < MAX_PAYLOAD_BYTES);
        }
    }
}
