//! Which operation a method and path ask for.

/// What a call asks for, with the id from its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation<'a> {
    /// `POST /v1/oauth2/token`
    IssueToken,
    /// `POST /v2/checkout/orders`
    CreateOrder,
    /// `GET /v2/checkout/orders/{id}`
    ShowOrder(&'a str),
    /// `POST /v2/checkout/orders/{id}/capture`
    CaptureOrder(&'a str),
    /// `GET /v2/payments/captures/{id}`
    ShowCapture(&'a str),
    /// `POST /v2/payments/captures/{id}/refund`
    RefundCapture(&'a str),
    /// `GET /v2/payments/refunds/{id}`
    ShowRefund(&'a str),
    /// `GET /v1/customer/disputes/{id}`
    ShowDispute(&'a str),
    /// `GET /v1/notifications/webhooks-events/{id}`
    ShowEvent(&'a str),
    /// `POST /v1/notifications/verify-webhook-signature`
    VerifySignature,
    /// `GET /v1/notifications/certs/{id}`
    ShowCertificate(&'a str),
}

impl<'a> Operation<'a> {
    /// Finds the operation, and its route as fault dials name it.
    pub fn resolve(method: &str, path: &'a str) -> Option<(Self, &'static str)> {
        let segments: Vec<&str> = path.strip_prefix("/paypal/")?.split('/').collect();
        Some(match (method, segments.as_slice()) {
            ("POST", ["v1", "oauth2", "token"]) => (Self::IssueToken, "POST /paypal/v1/oauth2/token"),
            ("POST", ["v2", "checkout", "orders"]) => (Self::CreateOrder, "POST /paypal/v2/checkout/orders"),
            ("GET", ["v2", "checkout", "orders", id]) => {
                (Self::ShowOrder(id), "GET /paypal/v2/checkout/orders/{id}")
            }
            ("POST", ["v2", "checkout", "orders", id, "capture"]) => (
                Self::CaptureOrder(id),
                "POST /paypal/v2/checkout/orders/{id}/capture",
            ),
            ("GET", ["v2", "payments", "captures", id]) => {
                (Self::ShowCapture(id), "GET /paypal/v2/payments/captures/{id}")
            }
            ("POST", ["v2", "payments", "captures", id, "refund"]) => (
                Self::RefundCapture(id),
                "POST /paypal/v2/payments/captures/{id}/refund",
            ),
            ("GET", ["v2", "payments", "refunds", id]) => {
                (Self::ShowRefund(id), "GET /paypal/v2/payments/refunds/{id}")
            }
            ("GET", ["v1", "customer", "disputes", id]) => {
                (Self::ShowDispute(id), "GET /paypal/v1/customer/disputes/{id}")
            }
            ("GET", ["v1", "notifications", "webhooks-events", id]) => (
                Self::ShowEvent(id),
                "GET /paypal/v1/notifications/webhooks-events/{id}",
            ),
            ("POST", ["v1", "notifications", "verify-webhook-signature"]) => (
                Self::VerifySignature,
                "POST /paypal/v1/notifications/verify-webhook-signature",
            ),
            ("GET", ["v1", "notifications", "certs", id]) => (
                Self::ShowCertificate(id),
                "GET /paypal/v1/notifications/certs/{id}",
            ),
            _ => return None,
        })
    }

    /// The id in the path.
    pub fn id(&self) -> Option<&'a str> {
        match self {
            Self::IssueToken | Self::CreateOrder | Self::VerifySignature => None,
            Self::ShowOrder(id)
            | Self::CaptureOrder(id)
            | Self::ShowCapture(id)
            | Self::RefundCapture(id)
            | Self::ShowRefund(id)
            | Self::ShowDispute(id)
            | Self::ShowEvent(id)
            | Self::ShowCertificate(id) => Some(id),
        }
    }
}
