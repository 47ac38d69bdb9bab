//! What a call that gave nothing means (<https://developer.paypal.com/api/rest/responses/>).
//!
//! The only place where a failed call is judged: has PayPal decided, has surely nothing happened, or can nobody tell? An HTTP
//! 5xx is never a decision: PayPal may have moved the money before it failed. What PayPal says is shown to people later, so it
//! leaves here redacted.

use std::time::Duration;

use bytes::Bytes;
use domain::channel::CallError;

use super::wire::WireError;
use crate::{http, redact::redact};

/// How long to wait where PayPal limits the rate and does not say for how long.
const LIMITED_FOR: Duration = Duration::from_secs(5);

/// PayPal does not have it.
pub(super) const NO_SUCH_OBJECT: &str = "RESOURCE_NOT_FOUND";
/// The app's credentials are not taken.
const AUTHENTICATION_FAILED: &str = "authentication_failed";

/// An answer that does not say success. No `Debug`: the body may quote what was sent.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
    pub(super) retry_after: Option<Duration>,
}

impl From<http::Answer> for Answer {
    fn from(answer: http::Answer) -> Self {
        let status = answer.status.as_u16();
        tracing::debug!(status, "PayPal answered");
        Self {
            status,
            retry_after: answer.retry_after(),
            body: answer.body,
        }
    }
}

impl Answer {
    fn error(&self) -> Option<WireError> {
        let error: WireError = serde_json::from_slice(&self.body).ok()?;
        (error.name.is_some() || error.error.is_some()).then_some(error)
    }

    fn limited(&self, what: String) -> CallError {
        CallError::Limited {
            message: what,
            retry_after: self.retry_after.unwrap_or(LIMITED_FOR),
            is_own: false,
        }
    }
}

/// What became of a request about an object.
pub(super) fn judge(answer: &Answer) -> CallError {
    let error = answer.error();
    let what = describe(answer.status, error.as_ref());
    // Whoever limits the rate, PayPal or a proxy before it, has not let the request through.
    if answer.status == 429 {
        return answer.limited(what);
    }
    let Some(error) = error else {
        return CallError::Unknown { message: what };
    };
    match (answer.status, error.code()) {
        // An earlier request of ours reached PayPal under this key. It may be at work still, or be over and differ from this
        // one; what it did is to be asked.
        (_, "PREVIOUS_REQUEST_IN_PROGRESS" | "DUPLICATE_REQUEST_ID" | "RESOURCE_CONFLICT") | (409, _) => {
            CallError::Unknown { message: what }
        }
        (401, _) => unauthenticated(answer.status),
        (400 | 403 | 404 | 422, code) => CallError::Refused {
            code: redact(code).chars().take(64).collect(),
            message: what,
        },
        (_, _) => CallError::Unknown { message: what },
    }
}

/// What became of asking for a token. Nothing was asked of any object yet, so nothing happened to one.
pub(super) fn judge_token(answer: &Answer) -> CallError {
    let error = answer.error();
    let what = describe(answer.status, error.as_ref());
    let word = error.as_ref().and_then(|error| error.error.as_deref());
    match (answer.status, word) {
        (429, _) => answer.limited(what),
        (400 | 401, Some("invalid_client" | "unauthorized_client")) => unauthenticated(answer.status),
        (_, _) => CallError::NotDone {
            message: format!("no token: {what}"),
            retry_after: answer.retry_after,
        },
    }
}

/// PayPal says no more about it that could be shown.
fn unauthenticated(status: u16) -> CallError {
    CallError::Refused {
        code: AUTHENTICATION_FAILED.into(),
        message: format!("the client id and secret are not accepted (HTTP {status})"),
    }
}

/// What happened, with what it takes to ask PayPal's support about it.
fn describe(status: u16, error: Option<&WireError>) -> String {
    let Some(error) = error else {
        return format!("this is no answer of PayPal's API (HTTP {status})");
    };
    let said = error
        .details
        .iter()
        .find_map(|detail| detail.description.as_deref());
    let said = said
        .or(error.message.as_deref())
        .unwrap_or("PayPal gave no reason");
    let debug_id = error
        .debug_id
        .as_deref()
        .map(|id| format!(", debug id {id}"))
        .unwrap_or_default();
    redact(&format!("{said} (HTTP {status}{debug_id})"))
}

impl WireError {
    /// The issue says more than the name, but for what is not there: that has one name and several issues.
    fn code(&self) -> &str {
        let name = self
            .name
            .as_deref()
            .or(self.error.as_deref())
            .unwrap_or("unknown");
        if name == NO_SUCH_OBJECT {
            return name;
        }
        let issue = self.details.iter().find_map(|detail| detail.issue.as_deref());
        issue.unwrap_or(name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn answer(status: u16, body: &Value) -> Answer {
        Answer {
            status,
            body: body.to_string().into(),
            retry_after: None,
        }
    }

    fn issue(name: &str, issue: &str) -> Value {
        json!({
            "name": name, "message": "No.", "debug_id": "90957fca61718",
            "details": [{"issue": issue, "description": "Told to jane@example.com.", "value": "hunter2"}],
        })
    }

    fn code(status: u16, body: &Value) -> Option<String> {
        match judge(&answer(status, body)) {
            CallError::Refused { code, message } => {
                assert!(
                    !message.contains("jane") && !message.contains("hunter2"),
                    "{message}"
                );
                Some(code)
            }
            _ => None,
        }
    }

    #[test]
    fn a_decision_of_paypals_is_refused_by_its_issue() {
        let refused = judge(&answer(422, &issue("UNPROCESSABLE_ENTITY", "ORDER_NOT_APPROVED")));
        let CallError::Refused { code: name, message } = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(name, "ORDER_NOT_APPROVED");
        assert_eq!(message, "Told to [address] (HTTP 422, debug id 90957fca61718)");
        let missing = issue("RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID");
        assert_eq!(code(404, &missing).as_deref(), Some("RESOURCE_NOT_FOUND"));
        let bare = json!({"name": "NOT_AUTHORIZED"});
        assert_eq!(code(403, &bare).as_deref(), Some("NOT_AUTHORIZED"));
        let token = json!({"error": "invalid_token", "error_description": "hunter2"});
        assert_eq!(code(401, &token).as_deref(), Some("authentication_failed"));
    }

    #[test]
    fn what_paypal_did_not_decide_is_unknown() {
        let is_unknown =
            |status, body: &Value| matches!(judge(&answer(status, body)), CallError::Unknown { .. });
        for status in [500, 502, 503, 504] {
            assert!(is_unknown(
                status,
                &issue("INTERNAL_SERVER_ERROR", "INTERNAL_SERVICE_ERROR")
            ));
        }
        for status in [400, 404, 422, 500, 302] {
            assert!(is_unknown(status, &json!("<html>")), "{status}");
            assert!(is_unknown(status, &json!({})), "{status}");
        }
        assert!(is_unknown(
            409,
            &issue("RESOURCE_CONFLICT", "PREVIOUS_REQUEST_IN_PROGRESS")
        ));
        assert!(is_unknown(
            422,
            &issue("UNPROCESSABLE_ENTITY", "PREVIOUS_REQUEST_IN_PROGRESS")
        ));
        assert!(is_unknown(
            422,
            &issue("UNPROCESSABLE_ENTITY", "DUPLICATE_REQUEST_ID")
        ));
    }

    #[test]
    fn a_limit_is_nobodys_failure() {
        let mut limited = answer(429, &json!("<html>"));
        let wait = |answer: &Answer| match judge(answer) {
            CallError::Limited { retry_after, .. } => retry_after,
            other => panic!("{other:?}"),
        };
        assert_eq!(wait(&limited), LIMITED_FOR);
        limited.retry_after = Some(Duration::from_secs(30));
        assert_eq!(wait(&limited), Duration::from_secs(30));
    }

    #[test]
    fn without_a_token_nothing_was_done() {
        for (status, body) in [
            (500, json!({})),
            (503, json!({"name": "X"})),
            (403, json!("<html>")),
            (200, json!(1)),
        ] {
            let error = judge_token(&answer(status, &body));
            assert!(matches!(error, CallError::NotDone { .. }), "{error:?}");
        }
        let wrong = judge_token(&answer(
            401,
            &json!({"error": "invalid_client", "error_description": "hunter2"}),
        ));
        let CallError::Refused { code, message } = wrong else {
            panic!("{wrong:?}")
        };
        assert_eq!(code, "authentication_failed");
        assert!(!message.contains("hunter2"), "{message}");
        assert!(matches!(
            judge_token(&answer(429, &json!({}))),
            CallError::Limited { .. }
        ));
    }
}
