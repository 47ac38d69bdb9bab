//! Every error that leaves ingress, as `application/problem+json` (RFC 9457).
//!
//! Clients match on `type`, which never changes; people read `detail`, which says what to do. No problem ever holds a
//! secret, another merchant's data or the text of an internal error: those go to the log, under the trace id that the
//! problem names.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::id::RefundId;
use serde::Serialize;

/// When to come back after trouble that passes, in seconds.
const SOON_S: u16 = 1;

/// What went wrong: one `type` each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// The body is not JSON, or not of the shape that is asked for.
    MalformedJson,
    /// The body can be read, but a value in it cannot be used.
    InvalidRequest,
    /// A query parameter cannot be used.
    InvalidQuery,
    /// The `Idempotency-Key` header is missing or cannot be used.
    IdempotencyKey,
    /// The `Sluice-Merchant` header is missing or cannot be used.
    MerchantHeader,
    /// What is asked for is told to nobody but those who wait for it.
    PreferWait,
    /// The idempotency key belongs to another request.
    IdempotencyConflict,
    /// A payment that was not paid cannot be refunded.
    PaymentNotPaid,
    /// Nothing of the payment is left to refund.
    NothingLeftToRefund,
    /// More is to be refunded than is left of the payment.
    RefundTooLarge,
    /// The refund is to be in another currency than the payment.
    RefundCurrencyDiffers,
    /// The channel makes no more refunds of the payment.
    RefundNotTaken,
    /// A wish about a payment or an order cannot be carried out as it stands.
    ActionRefused,
    /// No API key or token, or not a good one.
    Unauthorized,
    /// Whoever asks may not do this.
    Forbidden,
    /// Nobody can tell now whether a token is good.
    TokenUnverified,
    /// The callback is not signed by its provider.
    BadSignature,
    /// The callback is signed, but is no event.
    MalformedCallback,
    /// Nobody can tell now whether the callback is signed by its provider.
    CallbackUnverified,
    /// There is nothing here.
    NotFound,
    /// There is something here, but not for this method.
    MethodNotAllowed,
    /// The body did not arrive in time.
    RequestTimeout,
    /// The body is too large.
    BodyTooLarge,
    /// The body is not declared to be JSON.
    UnsupportedMediaType,
    /// One merchant asks too often.
    TooManyRequests,
    /// A defect of ours.
    Internal,
    /// RabbitMQ did not confirm; it may have the job all the same.
    BrokerUnavailable,
    /// PostgreSQL is needed for this answer and is away.
    StoreUnavailable,
    /// The payment provider is needed for this answer, and does not give it.
    ProviderUnavailable,
    /// We did not finish in time.
    TimedOut,
}

impl ProblemKind {
    /// Every kind.
    pub const ALL: [Self; 30] = [
        Self::MalformedJson,
        Self::InvalidRequest,
        Self::InvalidQuery,
        Self::IdempotencyKey,
        Self::MerchantHeader,
        Self::PreferWait,
        Self::IdempotencyConflict,
        Self::PaymentNotPaid,
        Self::NothingLeftToRefund,
        Self::RefundTooLarge,
        Self::RefundCurrencyDiffers,
        Self::RefundNotTaken,
        Self::ActionRefused,
        Self::Unauthorized,
        Self::Forbidden,
        Self::TokenUnverified,
        Self::BadSignature,
        Self::MalformedCallback,
        Self::CallbackUnverified,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::TooManyRequests,
        Self::Internal,
        Self::BrokerUnavailable,
        Self::StoreUnavailable,
        Self::ProviderUnavailable,
        Self::TimedOut,
    ];

    /// The problem's `type`: a URI reference that never changes.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::MalformedJson => "/problems/malformed-json",
            Self::InvalidRequest => "/problems/invalid-request",
            Self::InvalidQuery => "/problems/invalid-query",
            Self::IdempotencyKey => "/problems/idempotency-key",
            Self::MerchantHeader => "/problems/merchant-header",
            Self::PreferWait => "/problems/prefer-wait",
            Self::IdempotencyConflict => "/problems/idempotency-conflict",
            Self::PaymentNotPaid => "/problems/payment-not-paid",
            Self::NothingLeftToRefund => "/problems/nothing-left-to-refund",
            Self::RefundTooLarge => "/problems/refund-too-large",
            Self::RefundCurrencyDiffers => "/problems/refund-currency-differs",
            Self::RefundNotTaken => "/problems/refund-not-taken",
            Self::ActionRefused => "/problems/action-refused",
            Self::Unauthorized => "/problems/unauthorized",
            Self::Forbidden => "/problems/forbidden",
            Self::TokenUnverified => "/problems/token-unverified",
            Self::BadSignature => "/problems/bad-signature",
            Self::MalformedCallback => "/problems/malformed-callback",
            Self::CallbackUnverified => "/problems/callback-unverified",
            Self::NotFound => "/problems/not-found",
            Self::MethodNotAllowed => "/problems/method-not-allowed",
            Self::RequestTimeout => "/problems/request-timeout",
            Self::BodyTooLarge => "/problems/body-too-large",
            Self::UnsupportedMediaType => "/problems/unsupported-media-type",
            Self::TooManyRequests => "/problems/too-many-requests",
            Self::Internal => "/problems/internal",
            Self::BrokerUnavailable => "/problems/broker-unavailable",
            Self::StoreUnavailable => "/problems/store-unavailable",
            Self::ProviderUnavailable => "/problems/provider-unavailable",
            Self::TimedOut => "/problems/timed-out",
        }
    }

    /// The status it is answered with.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::MalformedJson
            | Self::InvalidQuery
            | Self::IdempotencyKey
            | Self::MerchantHeader
            | Self::PreferWait
            | Self::BadSignature
            | Self::MalformedCallback => StatusCode::BAD_REQUEST,
            Self::InvalidRequest | Self::RefundCurrencyDiffers => StatusCode::UNPROCESSABLE_ENTITY,
            Self::IdempotencyConflict
            | Self::PaymentNotPaid
            | Self::NothingLeftToRefund
            | Self::RefundTooLarge
            | Self::RefundNotTaken
            | Self::ActionRefused => StatusCode::CONFLICT,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::CallbackUnverified
            | Self::TokenUnverified
            | Self::BrokerUnavailable
            | Self::StoreUnavailable
            | Self::ProviderUnavailable
            | Self::TimedOut => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::MalformedJson => "The body cannot be read",
            Self::InvalidRequest => "A value in the body cannot be used",
            Self::InvalidQuery => "A query parameter cannot be used",
            Self::IdempotencyKey => "The Idempotency-Key header is missing or cannot be used",
            Self::PreferWait => "It is told to whoever waits for it",
            Self::IdempotencyConflict => "The idempotency key belongs to another request",
            Self::PaymentNotPaid => "The payment was not paid",
            Self::NothingLeftToRefund => "Nothing of the payment is left to refund",
            Self::RefundTooLarge => "More than is left of the payment",
            Self::RefundCurrencyDiffers => "The payment is in another currency",
            Self::RefundNotTaken => "The channel makes no more refunds of the payment",
            Self::ActionRefused => "It is not allowed as things stand",
            Self::MerchantHeader => "The Sluice-Merchant header is missing or cannot be used",
            Self::Unauthorized => "A valid API key or token is needed",
            Self::Forbidden => "You may not do this",
            Self::TokenUnverified => "The token cannot be checked now",
            Self::BadSignature => "The callback is not signed by its provider",
            Self::MalformedCallback => "The callback is no event",
            Self::CallbackUnverified => "The callback cannot be verified now",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::RequestTimeout => "The body did not arrive in time",
            Self::BodyTooLarge => "The body is too large",
            Self::UnsupportedMediaType => "The body must be JSON",
            Self::TooManyRequests => "You ask too often",
            Self::Internal => "Something went wrong on our side",
            Self::BrokerUnavailable => "It is not known whether the request was accepted",
            Self::StoreUnavailable => "Stored data cannot be read right now",
            Self::ProviderUnavailable => "The payment provider does not answer",
            Self::TimedOut => "The answer took too long",
        }
    }

    /// Whether trying the same again soon makes sense.
    const fn is_passing(self) -> bool {
        matches!(self.status(), StatusCode::SERVICE_UNAVAILABLE)
    }
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FieldError {
    /// The field, by its path in the body or its name in the query.
    pub field: String,
    /// What would be right.
    pub detail: String,
}

/// What a refusal tells programs beyond its type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Refusal {
    /// The stable code, as in a stored object's failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The refund that the key names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<RefundId>,
    /// What can still be refunded, in the payment's minor unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_refundable: Option<i64>,
}

/// An error on its way to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    kind: ProblemKind,
    detail: String,
    errors: Vec<FieldError>,
    refusal: Refusal,
    retry_after_s: Option<u16>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(flatten)]
    refusal: &'a Refusal,
}

impl Problem {
    /// A problem and what to do about it.
    pub(crate) fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            refusal: Refusal::default(),
            retry_after_s: kind.is_passing().then_some(SOON_S),
        }
    }

    /// Values that cannot be used, each with its field.
    pub(crate) fn fields(kind: ProblemKind, errors: Vec<FieldError>) -> Self {
        let told: Vec<String> = errors
            .iter()
            .map(|error| format!("{}: {}", error.field, error.detail))
            .collect();
        Self {
            errors,
            ..Self::new(kind, told.join("; "))
        }
    }

    /// A defect of ours. What exactly is only logged.
    pub(crate) fn internal() -> Self {
        let detail = "The request could not be handled. Repeating it with the same Idempotency-Key is safe; if it \
                      keeps failing, tell us the trace_id.";
        Self::new(ProblemKind::Internal, detail)
    }

    /// The status it is answered with.
    pub(crate) fn status(&self) -> StatusCode {
        self.kind.status()
    }

    /// What it says to people.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Names the fields it is about.
    pub(crate) fn with_errors(self, errors: Vec<FieldError>) -> Self {
        Self { errors, ..self }
    }

    /// Says why in words for programs.
    pub(crate) fn with_refusal(self, refusal: Refusal) -> Self {
        Self { refusal, ..self }
    }

    /// Invites the client to try again in a second.
    pub(crate) fn retry_soon(self) -> Self {
        Self {
            retry_after_s: Some(SOON_S),
            ..self
        }
    }

    /// Invites the client to try again when `wait` is over: the header knows whole seconds, so these are rounded up.
    pub(crate) fn retry_after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self {
            retry_after_s: Some(u16::try_from(seconds).unwrap_or(u16::MAX)),
            ..self
        }
    }

    /// What went wrong.
    pub(crate) const fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// The document, naming the request it is about.
    pub(crate) fn to_json(&self, instance: Option<&str>, trace_id: Option<&str>) -> Vec<u8> {
        let document = Document {
            r#type: self.kind.uri(),
            title: self.kind.title(),
            status: self.kind.status().as_u16(),
            detail: &self.detail,
            instance,
            trace_id,
            errors: &self.errors,
            refusal: &self.refusal,
        };
        serde_json::to_vec(&document).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.kind.status(), Body::from(self.to_json(None, None))).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.kind == ProblemKind::Unauthorized {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"sluice\""),
            );
        }
        // The request's path and trace are added on the way out, where they are known.
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_kind_has_a_type_of_its_own_and_an_error_status() {
        let uris: HashSet<_> = ProblemKind::ALL.map(ProblemKind::uri).into();
        assert_eq!(uris.len(), ProblemKind::ALL.len());
        for kind in ProblemKind::ALL {
            assert!(
                kind.status().is_client_error() || kind.status().is_server_error(),
                "{kind:?}"
            );
            assert_eq!(Problem::new(kind, "x").into_response().status(), kind.status());
        }
    }

    #[test]
    fn passing_trouble_invites_to_come_back() {
        let response = Problem::new(ProblemKind::BrokerUnavailable, "x").into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        let response = Problem::new(ProblemKind::Unauthorized, "x").into_response();
        assert!(response.headers().contains_key(header::WWW_AUTHENTICATE));
        assert!(!response.headers().contains_key(header::RETRY_AFTER));
    }

    #[test]
    fn whoever_waits_as_long_as_it_is_told_has_waited_long_enough() {
        for (wait_ms, told) in [(1, "1"), (999, "1"), (1_000, "1"), (1_001, "2")] {
            let problem = Problem::new(ProblemKind::TooManyRequests, "x");
            let response = problem
                .retry_after(Duration::from_millis(wait_ms))
                .into_response();
            assert_eq!(response.headers()[header::RETRY_AFTER], told, "{wait_ms} ms");
        }
    }
}
