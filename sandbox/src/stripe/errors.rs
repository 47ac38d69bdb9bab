//! Stripe's error envelope and the errors the double answers with.

use serde_json::{Map, Value, json};

/// Result of one call on the double.
pub type Answered = Result<Value, ApiError>;

/// An error as Stripe tells it: an HTTP status and the content of the `error` object.
///
/// Boxed because it travels through every `Result` of the double and is rare.
#[derive(Debug, Clone)]
pub struct ApiError(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    status: u16,
    fields: Map<String, Value>,
}

impl ApiError {
    fn build(status: u16, kind: &str, message: String) -> Self {
        let mut fields = Map::new();
        fields.insert("type".into(), kind.into());
        fields.insert("message".into(), message.into());
        Self(Box::new(Inner { status, fields }))
    }

    /// 400 `invalid_request_error`.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::build(400, "invalid_request_error", message.into())
    }

    /// 401: no key, an unknown key, or a key that may not do this.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::build(401, "invalid_request_error", message.into())
    }

    /// 402 `card_error`.
    pub fn card(code: &str, message: impl Into<String>) -> Self {
        Self::build(402, "card_error", message.into()).code(code)
    }

    /// 404 for an object named in the path.
    pub fn no_such(noun: &str, id: &str, param: &str) -> Self {
        Self::missing_reference(noun, id, param).status(404)
    }

    /// 400 for an object named in a parameter.
    pub fn missing_reference(noun: &str, id: &str, param: &str) -> Self {
        Self::invalid(format!("No such {noun}: '{id}'"))
            .code("resource_missing")
            .param(param)
    }

    /// 400 `idempotency_error`: the key was used with other parameters.
    pub fn idempotency(message: impl Into<String>) -> Self {
        Self::build(400, "idempotency_error", message.into())
    }

    /// 5xx `api_error`, or the type that goes with another status.
    pub fn of_status(status: u16) -> Self {
        match status {
            402 => Self::card("card_declined", "Your card was declined.")
                .with("decline_code", json!("generic_decline")),
            429 => Self::build(
                429,
                "invalid_request_error",
                "Request rate limit exceeded.".into(),
            )
            .code("rate_limit"),
            400..=499 => Self::build(
                status,
                "invalid_request_error",
                "The request was refused by a fault dial.".into(),
            ),
            _ => Self::build(
                status,
                "api_error",
                "An unknown error occurred. Please try again in a moment.".into(),
            ),
        }
    }

    /// Another HTTP status.
    pub fn status(mut self, status: u16) -> Self {
        self.0.status = status;
        self
    }

    /// Sets `code` and the `doc_url` that goes with it.
    pub fn code(self, code: &str) -> Self {
        let doc = format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-"));
        self.with("code", code.into()).with("doc_url", doc.into())
    }

    /// Sets `param`.
    pub fn param(self, param: &str) -> Self {
        self.with("param", param.into())
    }

    /// Sets any other field of the error object.
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.0.fields.insert(name.to_owned(), value);
        self
    }

    /// The HTTP status.
    pub fn http_status(&self) -> u16 {
        self.0.status
    }

    /// The intent shown in the error.
    pub fn intent_id(&self) -> Option<&str> {
        self.0.fields.get("payment_intent")?.get("id")?.as_str()
    }

    /// The whole body.
    pub fn envelope(&self, request_id: &str) -> Value {
        let mut fields = self.0.fields.clone();
        let log = format!("https://dashboard.stripe.com/test/logs/{request_id}");
        fields.insert("request_log_url".into(), log.into());
        json!({ "error": fields })
    }
}
