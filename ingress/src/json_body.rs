//! Reading bodies: how large, how long, of which type, and where exactly JSON goes wrong.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::{
    app::{App, Shared},
    problem::{FieldError, Problem, ProblemKind},
};

/// A JSON body of the shape of `T`.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Shared> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Problem> {
        check_media_type(request.headers())?;
        let body = read(request, app).await?;
        parse(&body).map(Self)
    }
}

/// The raw body, as the client sent it. How large it may be is set on the route.
pub(crate) async fn read(request: Request, app: &App) -> Result<Bytes, Problem> {
    let Ok(read) = timeout(app.limits.request_timeout, Bytes::from_request(request, &())).await else {
        let detail = format!(
            "The body must arrive within {} ms.",
            app.limits.request_timeout.as_millis()
        );
        return Err(Problem::new(ProblemKind::RequestTimeout, detail));
    };
    read.map_err(|rejection| match rejection.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            ProblemKind::BodyTooLarge,
            "The body is larger than this address takes.",
        ),
        _ => Problem::new(ProblemKind::MalformedJson, "The body broke off."),
    })
}

fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Problem::new(
            ProblemKind::UnsupportedMediaType,
            "Send JSON with `Content-Type: application/json`.",
        ))
    }
}

/// Reads JSON and says, if it cannot, in which field, line and column.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        malformed(&path, error.inner())
    })?;
    reader.end().map_err(|error| malformed(".", &error))?;
    Ok(value)
}

fn malformed(path: &str, error: &serde_json::Error) -> Problem {
    let what = what_is_wrong(&error.to_string());
    let place = format!("line {} column {}", error.line(), error.column());
    let field = field(path, &what);
    let problem = Problem::new(ProblemKind::MalformedJson, format!("{field}: {what} ({place})"));
    problem.with_errors(vec![FieldError { field, detail: what }])
}

/// The field that the reader complains about. It puts a field that is missing or comes twice down to what encloses it,
/// whose path is a dot when that is the body as a whole.
fn field(path: &str, what: &str) -> String {
    let quoted = |start| what.strip_prefix(start)?.strip_suffix('`');
    let named = quoted("missing field `").or_else(|| quoted("duplicate field `"));
    match (path, named) {
        ("." | "?", Some(named)) => named.to_owned(),
        ("." | "?", None) => "body".to_owned(),
        (path, Some(named)) if !path.ends_with(named) => format!("{path}.{named}"),
        (path, Some(_) | None) => path.to_owned(),
    }
}

/// The reader's message without the place, which is told apart, and without the value it found: values may be personal
/// and errors end up in the logs of clients.
fn what_is_wrong(message: &str) -> String {
    let message = message.rfind(" at line ").map_or(message, |end| &message[..end]);
    let names_the_value = message.starts_with("invalid type") || message.starts_with("invalid value");
    match message.rsplit_once(", expected ") {
        Some((_, expected)) if names_the_value => format!("expected {expected}"),
        Some(_) | None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Shape {
        #[expect(dead_code, reason = "only its type matters here")]
        notes: BTreeMap<String, String>,
    }

    fn problem(body: &str) -> String {
        let problem = parse::<Shape>(body.as_bytes()).unwrap_err();
        String::from_utf8(problem.to_json(None, None)).unwrap()
    }

    #[test]
    fn says_where_and_what_but_not_the_value() {
        let told = problem("{\n  \"notes\": {\"card\": 4242}\n}");
        assert!(
            told.contains("notes.card: expected a string (line 2 column"),
            "{told}"
        );
        assert!(!told.contains("4242"), "{told}");
        assert!(problem(r#"{"notes": {}, "amuont": 1}"#).contains("unknown field `amuont`"));
        assert!(problem("{}").contains("missing field `notes`"));
        assert!(problem(r#"{"notes": {}} x"#).contains("trailing characters"));
        assert!(problem(r#"{"notes": {"#).contains("EOF while parsing"));
        assert!(problem("").contains("body: EOF"));
        assert!(problem("[]").contains("line 1 column"));
    }

    #[test]
    fn a_body_nested_without_end_is_refused() {
        assert!(problem(&"[".repeat(100_000)).contains("malformed-json"));
    }

    #[test]
    fn only_json_is_taken() {
        let check = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            check_media_type(&headers).is_ok()
        };
        assert!(check("application/json") && check("Application/JSON; charset=utf-8"));
        assert!(
            !check("text/plain")
                && !check("application/x-www-form-urlencoded")
                && !check("application/jsonp")
        );
        assert!(check_media_type(&HeaderMap::new()).is_err());
    }
}
