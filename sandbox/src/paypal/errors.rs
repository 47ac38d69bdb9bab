//! PayPal's two error formats: that of its resources, with details and a debug id, and that of OAuth.

use serde_json::{Map, Value, json};

/// Result of one call on the double.
pub type Answered = Result<Value, ApiError>;

/// An error as PayPal tells it: an HTTP status and the fields of the body.
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
    fn named(status: u16, name: &str, message: &str) -> Self {
        Self::built(status, json!({ "name": name, "message": message, "details": [] }))
    }

    fn built(status: u16, fields: Value) -> Self {
        let fields = match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        Self(Box::new(Inner { status, fields }))
    }

    /// An error of the token endpoint, or about a token.
    pub fn oauth(status: u16, error: &str, description: &str) -> Self {
        Self::built(
            status,
            json!({ "error": error, "error_description": description }),
        )
    }

    /// 401 for a call without any credentials.
    pub fn unauthenticated() -> Self {
        let told = "Authentication failed due to invalid authentication credentials or a missing Authorization header.";
        Self::named(401, "AUTHENTICATION_FAILURE", told)
    }

    /// 404 for an object named in the path.
    pub fn not_found() -> Self {
        Self::named(
            404,
            "RESOURCE_NOT_FOUND",
            "The specified resource does not exist.",
        )
        .detail(
            "INVALID_RESOURCE_ID",
            "Specified resource ID does not exist. Please check the resource ID and try again.",
        )
    }

    /// 415: PayPal wants to be told that it gets JSON even when there is no body.
    pub fn media_type() -> Self {
        let told = "The server does not support the request payload's media type.";
        Self::named(415, "UNSUPPORTED_MEDIA_TYPE", told)
    }

    /// 422: the request can be read but not carried out.
    pub fn unprocessable(issue: &str, description: &str) -> Self {
        let told = "The requested action could not be performed, semantically incorrect, or failed business validation.";
        Self::named(422, "UNPROCESSABLE_ENTITY", told).detail(issue, description)
    }

    /// 400: the request cannot be read. `field` points into the body.
    pub fn invalid(field: &str, issue: &str, description: &str) -> Self {
        let told = "Request is not well-formed, syntactically incorrect, or violates schema.";
        Self::named(400, "INVALID_REQUEST", told)
            .detail(issue, description)
            .field(field)
    }

    /// 400: something required is not there.
    pub fn missing(field: &str) -> Self {
        Self::invalid(
            field,
            "MISSING_REQUIRED_PARAMETER",
            "A required field / parameter is missing.",
        )
    }

    /// 400: something is not of the right form.
    pub fn syntax(field: &str) -> Self {
        let told = "The value of a field does not conform to the expected format.";
        Self::invalid(field, "INVALID_PARAMETER_SYNTAX", told)
    }

    /// 400: something is none of the values it may have.
    pub fn value(field: &str) -> Self {
        Self::invalid(
            field,
            "INVALID_PARAMETER_VALUE",
            "The value of a field is invalid.",
        )
    }

    /// 400: something is too short or too long.
    pub fn length(field: &str) -> Self {
        let told = "The value of a field is either too short or too long.";
        Self::invalid(field, "INVALID_STRING_LENGTH", told)
    }

    /// What PayPal says with this status when it has nothing more to say.
    pub fn of_status(status: u16) -> Self {
        let (name, message) = match status {
            401 => return Self::unauthenticated(),
            403 => (
                "NOT_AUTHORIZED",
                "Authorization failed due to insufficient permissions.",
            ),
            404 => ("RESOURCE_NOT_FOUND", "The specified resource does not exist."),
            409 => (
                "RESOURCE_CONFLICT",
                "The server has detected a conflict while processing this request.",
            ),
            422 => (
                "UNPROCESSABLE_ENTITY",
                "The requested action could not be performed, semantically incorrect, or failed business validation.",
            ),
            429 => (
                "RATE_LIMIT_REACHED",
                "Too many requests. Blocked due to rate limiting.",
            ),
            400..=499 => ("INVALID_REQUEST", "The request was refused by a fault dial."),
            503 => ("SERVICE_UNAVAILABLE", "Service Unavailable."),
            _ => ("INTERNAL_SERVER_ERROR", "An internal server error has occurred."),
        };
        Self::named(status, name, message)
    }

    /// Adds an entry to `details`.
    pub fn detail(mut self, issue: &str, description: &str) -> Self {
        if let Some(Value::Array(details)) = self.0.fields.get_mut("details") {
            details.push(json!({ "issue": issue, "description": description }));
        }
        self
    }

    /// Says which field of the body the last entry of `details` is about.
    pub fn field(mut self, field: &str) -> Self {
        let last = self
            .0
            .fields
            .get_mut("details")
            .and_then(Value::as_array_mut)
            .and_then(|details| details.last_mut());
        if let Some(last) = last {
            last["field"] = field.into();
            last["location"] = "body".into();
        }
        self
    }

    /// Adds an entry to `links`.
    pub fn link(mut self, href: &str, rel: &str) -> Self {
        let links = self.0.fields.entry("links").or_insert_with(|| json!([]));
        if let Value::Array(links) = links {
            links.push(json!({ "href": href, "rel": rel, "method": "GET" }));
        }
        self
    }

    /// The HTTP status.
    pub fn http_status(&self) -> u16 {
        self.0.status
    }

    /// The first `issue`.
    #[cfg(test)]
    pub fn issue(&self) -> Option<&str> {
        self.0.fields.get("details")?.get(0)?.get("issue")?.as_str()
    }

    /// The whole body.
    pub fn envelope(&self, debug_id: &str) -> Value {
        let mut fields = self.0.fields.clone();
        if fields.contains_key("name") {
            fields.insert("debug_id".into(), debug_id.into());
            let issue = fields
                .get("details")
                .and_then(|details| details.get(0)?.get("issue")?.as_str())
                .unwrap_or_default();
            let manual = format!("https://developer.paypal.com/api/rest/reference/orders/v2/errors/#{issue}");
            let link = json!({ "href": manual, "rel": "information_link", "method": "GET" });
            if let Value::Array(links) = fields.entry("links").or_insert_with(|| json!([])) {
                links.insert(0, link);
            }
        }
        Value::Object(fields)
    }
}
