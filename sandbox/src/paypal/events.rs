//! Events: what happened, kept as it is told, so that every repeat carries the same bytes under the same id.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::ids::event_id;
use super::time::written_finely;

/// What can happen, as far as the double lets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The payer agreed to an order.
    OrderApproved,
    /// The payer's agreement was taken back.
    ApprovalReversed,
    /// The money is there.
    CaptureCompleted,
    /// The money did not come.
    CaptureDenied,
    /// The money may come.
    CapturePending,
    /// The payer has money back.
    CaptureRefunded,
    /// PayPal took money back for the payer.
    CaptureReversed,
    /// The payer may get money back.
    RefundPending,
    /// The payer did not get money back.
    RefundFailed,
    /// A payer disputes a capture.
    DisputeCreated,
    /// A dispute is decided.
    DisputeResolved,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::OrderApproved,
        Self::ApprovalReversed,
        Self::CaptureCompleted,
        Self::CaptureDenied,
        Self::CapturePending,
        Self::CaptureRefunded,
        Self::CaptureReversed,
        Self::RefundPending,
        Self::RefundFailed,
        Self::DisputeCreated,
        Self::DisputeResolved,
    ];

    /// `event_type`
    pub fn name(self) -> &'static str {
        match self {
            Self::OrderApproved => "CHECKOUT.ORDER.APPROVED",
            Self::ApprovalReversed => "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
            Self::CaptureCompleted => "PAYMENT.CAPTURE.COMPLETED",
            Self::CaptureDenied => "PAYMENT.CAPTURE.DENIED",
            Self::CapturePending => "PAYMENT.CAPTURE.PENDING",
            Self::CaptureRefunded => "PAYMENT.CAPTURE.REFUNDED",
            Self::CaptureReversed => "PAYMENT.CAPTURE.REVERSED",
            Self::RefundPending => "PAYMENT.REFUND.PENDING",
            Self::RefundFailed => "PAYMENT.REFUND.FAILED",
            Self::DisputeCreated => "CUSTOMER.DISPUTE.CREATED",
            Self::DisputeResolved => "CUSTOMER.DISPUTE.RESOLVED",
        }
    }

    /// `resource_type`: what is refunded or reversed is told as the refund, not as the capture.
    fn resource_type(self) -> &'static str {
        match self {
            Self::OrderApproved | Self::ApprovalReversed => "checkout-order",
            Self::CaptureCompleted | Self::CaptureDenied | Self::CapturePending => "capture",
            Self::CaptureRefunded | Self::CaptureReversed | Self::RefundPending | Self::RefundFailed => {
                "refund"
            }
            Self::DisputeCreated | Self::DisputeResolved => "dispute",
        }
    }

    fn summary(self, resource: &Value) -> String {
        let text = |name: &str| resource.pointer(name).and_then(Value::as_str).unwrap_or_default();
        let sum = format!("{} {}", text("/amount/value"), text("/amount/currency_code"));
        match self {
            Self::OrderApproved => "An order has been approved by buyer".to_owned(),
            Self::ApprovalReversed => "A payment has been reversed after approval.".to_owned(),
            Self::CaptureCompleted => format!("Payment completed for {sum}"),
            Self::CaptureDenied => format!("A {sum} capture payment was denied"),
            Self::CapturePending => format!("Payment pending for {sum}"),
            Self::CaptureRefunded => format!("A {sum} capture payment was refunded"),
            Self::CaptureReversed => format!("A {sum} capture payment was reversed"),
            Self::RefundPending => format!("A {sum} refund is pending"),
            Self::RefundFailed => format!("A {sum} refund has failed"),
            Self::DisputeCreated => format!("A new dispute opened with Case # {}", text("/dispute_id")),
            Self::DisputeResolved => format!("A dispute was resolved with Case # {}", text("/dispute_id")),
        }
    }
}

/// An event.
#[derive(Debug)]
pub struct Event {
    /// `WH-…-…`
    pub id: String,
    /// What happened.
    pub kind: Kind,
    /// The bytes that are sent.
    pub body: Bytes,
}

impl Event {
    /// An event that happened now. `base` is the sandbox's own address.
    pub fn build(kind: Kind, resource: &Value, base: &str, now: DateTime<Utc>) -> Arc<Self> {
        let id = event_id();
        let own = format!("{base}/paypal/v1/notifications/webhooks-events/{id}");
        let object = json!({
            "id": id, "event_version": "1.0", "create_time": written_finely(now), "resource_type": kind.resource_type(),
            "resource_version": "2.0", "event_type": kind.name(), "summary": kind.summary(resource),
            "resource": resource, "links": [
                { "href": own, "rel": "self", "method": "GET" },
                { "href": format!("{own}/resend"), "rel": "resend", "method": "POST" },
            ],
        });
        Arc::new(Self {
            id,
            kind,
            body: object.to_string().into(),
        })
    }
}
