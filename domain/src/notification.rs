//! What merchants are told, as Standard Webhooks (<https://www.standardwebhooks.com>).

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    connect::{AccountView, ConnectedAccount},
    dispute::{Dispute, DisputeStatus, DisputeView},
    id::{ConnectedAccountId, MerchantId, NotificationId, OrderId, PaymentId, WalletId},
    order::{LoggedStep, Order, OrderLog, OrderNews, StepKind},
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
    /// A payment has paid the order.
    #[serde(rename = "order.paid")]
    OrderPaid,
    /// The payment of the order that was begun last has failed; another one may pay it.
    #[serde(rename = "order.payment_failed")]
    OrderPaymentFailed,
    /// The order was called off before it was paid.
    #[serde(rename = "order.canceled")]
    OrderCanceled,
    /// The order was sent.
    #[serde(rename = "order.shipped")]
    OrderShipped,
    /// The customer has the order.
    #[serde(rename = "order.completed")]
    OrderCompleted,
    /// Money of the order was given back.
    #[serde(rename = "order.refunded")]
    OrderRefunded,
    /// Money of the order was not given back, or came back; its items count as kept again.
    #[serde(rename = "order.refund_failed")]
    OrderRefundFailed,
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
    /// It is unknown whether the provider paid the withdrawal out; it is asked again, and people can see it.
    #[serde(rename = "wallet.withdrawal_needs_review")]
    WithdrawalNeedsReview,
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

    /// The notification that a step of an order calls for. What a merchant asks for is told when it has come true.
    pub const fn announcing_step(step: LoggedStep) -> Option<Self> {
        match step {
            LoggedStep::Create
            | LoggedStep::Wish(StepKind::Pay | StepKind::Refund)
            | LoggedStep::PaymentNotWanted => None,
            LoggedStep::Wish(StepKind::Cancel) => Some(Self::OrderCanceled),
            LoggedStep::Wish(StepKind::Ship) => Some(Self::OrderShipped),
            LoggedStep::Wish(StepKind::Complete) => Some(Self::OrderCompleted),
            LoggedStep::Paid => Some(Self::OrderPaid),
            LoggedStep::PaymentFailed => Some(Self::OrderPaymentFailed),
            LoggedStep::Refunded => Some(Self::OrderRefunded),
            LoggedStep::RefundFailed => Some(Self::OrderRefundFailed),
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
            Self::OrderPaid => "order.paid",
            Self::OrderPaymentFailed => "order.payment_failed",
            Self::OrderCanceled => "order.canceled",
            Self::OrderShipped => "order.shipped",
            Self::OrderCompleted => "order.completed",
            Self::OrderRefunded => "order.refunded",
            Self::OrderRefundFailed => "order.refund_failed",
            Self::WithdrawalRequested => "wallet.withdrawal_requested",
            Self::WithdrawalCompleted => "wallet.withdrawal_completed",
            Self::WithdrawalRejected => "wallet.withdrawal_rejected",
            Self::WithdrawalFailed => "wallet.withdrawal_failed",
            Self::WithdrawalNeedsReview => "wallet.withdrawal_needs_review",
            Self::AccountUpdated => "account.updated",
        }
    }
}

impl fmt::Display for NotificationType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a notification is about. In a payload it is one field, named after what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    /// A payment, or a refund or dispute of it.
    #[serde(rename = "payment_id")]
    Payment(PaymentId),
    /// An order.
    #[serde(rename = "order_id")]
    Order(OrderId),
    /// A wallet, or a withdrawal from it.
    #[serde(rename = "wallet_id")]
    Wallet(WalletId),
    /// The account of a user at a provider.
    #[serde(rename = "account_id")]
    Account(ConnectedAccountId),
}

impl Subject {
    /// The payment, if it is about one.
    pub const fn payment(self) -> Option<PaymentId> {
        match self {
            Self::Payment(id) => Some(id),
            Self::Order(_) | Self::Wallet(_) | Self::Account(_) => None,
        }
    }

    /// The order, if it is about one.
    pub const fn order(self) -> Option<OrderId> {
        match self {
            Self::Order(id) => Some(id),
            Self::Payment(_) | Self::Wallet(_) | Self::Account(_) => None,
        }
    }

    /// The wallet, if it is about one.
    pub const fn wallet(self) -> Option<WalletId> {
        match self {
            Self::Wallet(id) => Some(id),
            Self::Payment(_) | Self::Order(_) | Self::Account(_) => None,
        }
    }

    /// The account, if it is about one.
    pub const fn account(self) -> Option<ConnectedAccountId> {
        match self {
            Self::Account(id) => Some(id),
            Self::Payment(_) | Self::Order(_) | Self::Wallet(_) => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payment(id) => id.fmt(f),
            Self::Order(id) => id.fmt(f),
            Self::Wallet(id) => id.fmt(f),
            Self::Account(id) => id.fmt(f),
        }
    }
}

/// A notification as it is stored when what it is about changes: the very bytes that will be signed and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its id, the same however often the change is recorded.
    pub id: NotificationId,
    /// Who is told.
    pub merchant_id: MerchantId,
    /// About what.
    pub about: Subject,
    /// What is announced.
    pub event_type: NotificationType,
    /// The JSON body.
    pub payload: String,
    /// When that changed.
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
        let about = Subject::Payment(payment.id);
        Self::new(
            payment.merchant_id,
            about,
            payment.id.as_uuid(),
            event_type,
            payload,
            at,
        )
    }

    /// Tells the merchant of `refund` what happened at `at`.
    pub fn about_refund(refund: &Refund, event_type: NotificationType, at: DateTime<Utc>) -> Self {
        let payload = payload(event_type, RefundView::from(refund), at);
        let subject = refund.id.as_uuid();
        Self::new(
            refund.merchant_id,
            Subject::Payment(refund.payment_id),
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
            Subject::Payment(dispute.payment_id),
            subject,
            event_type,
            payload,
            at,
        )
    }

    /// Tells the merchant of `order` that this step has left it so; none when nobody is told of such steps. An order is paid,
    /// and its payments and refunds end, once each: what a step is about makes the id.
    pub fn about_order(order: &Order, log: &OrderLog) -> Option<Self> {
        let event_type = NotificationType::announcing_step(log.step)?;
        let payload = payload(event_type, OrderNews::of(order, log), log.at);
        let refund = log.refund_id.map(|id| id.as_uuid());
        let payment = log.payment_id.map(|id| id.as_uuid());
        let once_for = refund.or(payment).unwrap_or_else(|| order.id.as_uuid());
        let about = Subject::Order(order.id);
        Some(Self::new(
            order.merchant_id,
            about,
            once_for,
            event_type,
            payload,
            log.at,
        ))
    }

    /// Tells the merchant of `withdrawal` how it stands now, where that is told.
    pub fn about_withdrawal(withdrawal: &Withdrawal) -> Option<Self> {
        let event_type = if withdrawal.is_in_review() {
            NotificationType::WithdrawalNeedsReview
        } else {
            NotificationType::announcing_withdrawal(withdrawal.status)?
        };
        let at = withdrawal.updated_at;
        let payload = payload(event_type, WithdrawalView::from(withdrawal), at);
        Some(Self::new(
            withdrawal.merchant_id,
            Subject::Wallet(withdrawal.wallet_id),
            withdrawal.id.as_uuid(),
            event_type,
            payload,
            at,
        ))
    }

    /// Tells the merchant of `account` how it is now that it is stored at the next version.
    pub fn about_account(account: &ConnectedAccount) -> Self {
        let (event_type, at) = (NotificationType::AccountUpdated, account.updated_at);
        let subject = account.id.as_uuid();
        Self {
            id: NotificationId::of_version(subject, event_type.name(), account.version + 1),
            merchant_id: account.merchant_id,
            about: Subject::Account(account.id),
            event_type,
            payload: payload(event_type, AccountView::from(account), at),
            created_at: at,
        }
    }

    /// One for each event of what it is told `once_for`.
    fn new(
        merchant_id: MerchantId,
        about: Subject,
        once_for: Uuid,
        event_type: NotificationType,
        payload: String,
        created_at: DateTime<Utc>,
    ) -> Self {
        Self {
            id: NotificationId::derive(once_for, event_type.name()),
            merchant_id,
            about,
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
        order::Shipment,
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

    /// Of an order that says as much as this payment, with all that its merchant can say of a step.
    fn order_bytes(request: &PaymentRequest) -> usize {
        let order = crate::examples::order();
        let log = OrderLog {
            reason: Some("\u{1F600}".repeat(500)),
            payment_id: order.last_payment,
            ..OrderLog::of(&order, LoggedStep::Wish(StepKind::Ship), DateTime::UNIX_EPOCH)
        };
        let order = Order {
            shipment: Some(Shipment {
                carrier: "\u{1F600}".repeat(100),
                tracking: "\u{1F600}".repeat(200),
            }),
            user_id: request.user_id.clone(),
            reference: request.reference.clone(),
            description: request.description.clone(),
            metadata: request.metadata.clone(),
            ..order
        };
        Notification::about_order(&order, &log).unwrap().payload.len()
    }

    #[test]
    fn a_subject_is_one_field_of_a_payload() {
        let order = crate::examples::order();
        let about = serde_json::to_value(Subject::Order(order.id)).unwrap();
        assert_eq!(about, serde_json::json!({ "order_id": order.id.to_string() }));
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
            prop_assert!(order_bytes(&request) < MAX_PAYLOAD_BYTES);
            prop_assert!(notification_bytes(request) < MAX_PAYLOAD_BYTES);
        }
    }
}
