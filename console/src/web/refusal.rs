//! What is not done, and how the page says so.
//!
//! A [`Refusal`] is made wherever it is found out, where nobody knows the language; [`dress`] makes the page of it.

use std::any::Any;

use axum::{
    extract::Request,
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use domain::operator::Role;
use store::StoreError;
use url::form_urlencoded;

use super::{layout, messages::Text, view::View};
use crate::ConsoleError;

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is nothing at the address.
    NotFound,
    /// Nobody is signed in; the page to come back to.
    SignIn(String),
    /// Nobody is signed in, and nobody looks who could: the answer is for the script.
    SignedOut,
    /// Another role is needed.
    Forbidden(Role),
    /// The form does not belong to the session.
    Outdated,
    /// The request was not made by a page of ours.
    Elsewhere,
    /// The form cannot be read.
    BadForm,
    /// The reason is missing.
    NoReason,
    /// There is no such operator.
    UnknownOperator,
    /// Nobody changes themselves.
    NotYourself,
    /// Name or password is wrong.
    WrongPassword,
    /// There were too many tries to sign in.
    TooManyTries,
    /// What is asked for cannot be read, and what to do about it.
    Unclear(Text),
    /// What is asked for is not there, and what to do about it.
    Missing(Text),
    /// What is asked for cannot be done as things stand.
    TooLate(Text),
    /// PostgreSQL is away.
    StoreAway,
    /// PostgreSQL is away, and may have done before what was asked of it.
    NotKnown,
    /// It takes PostgreSQL too long.
    TooSlow,
    /// Too much is asked at once.
    Busy,
    /// A defect of ours, or something else that the log tells.
    Broken,
}

impl Refusal {
    /// Sends a person to sign in and back to the page they wanted; tells a program that it has to.
    pub(super) fn sign_in(request: &Request) -> Self {
        let wants_page =
            |value: &axum::http::HeaderValue| value.to_str().is_ok_and(|text| text.contains("text/html"));
        let is_person = request.headers().get(header::ACCEPT).is_some_and(wants_page);
        if !is_person {
            return Self::SignedOut;
        }
        // What was to be done is not done behind anybody's back once they have signed in.
        let wanted = if request.method().is_safe() {
            request.uri().path_and_query().map_or("/", |path| path.as_str())
        } else {
            "/"
        };
        Self::SignIn(wanted.to_owned())
    }

    const fn told(&self) -> (StatusCode, Text) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, Text::NotFound),
            Self::SignIn(_) | Self::SignedOut => (StatusCode::UNAUTHORIZED, Text::SignIn),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, Text::Forbidden),
            Self::Outdated => (StatusCode::FORBIDDEN, Text::Outdated),
            Self::Elsewhere => (StatusCode::FORBIDDEN, Text::Elsewhere),
            Self::BadForm => (StatusCode::BAD_REQUEST, Text::BadForm),
            Self::NoReason => (StatusCode::BAD_REQUEST, Text::NoReason),
            Self::UnknownOperator => (StatusCode::NOT_FOUND, Text::UnknownOperator),
            Self::NotYourself => (StatusCode::CONFLICT, Text::NotYourself),
            Self::WrongPassword => (StatusCode::UNAUTHORIZED, Text::WrongPassword),
            Self::TooManyTries => (StatusCode::TOO_MANY_REQUESTS, Text::TooManyTries),
            Self::Unclear(text) => (StatusCode::BAD_REQUEST, *text),
            Self::Missing(text) => (StatusCode::NOT_FOUND, *text),
            Self::TooLate(text) => (StatusCode::CONFLICT, *text),
            Self::StoreAway => (StatusCode::SERVICE_UNAVAILABLE, Text::StoreAway),
            Self::NotKnown => (StatusCode::SERVICE_UNAVAILABLE, Text::NotKnown),
            Self::TooSlow => (StatusCode::SERVICE_UNAVAILABLE, Text::TooSlow),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, Text::Busy),
            Self::Broken => (StatusCode::INTERNAL_SERVER_ERROR, Text::Broken),
        }
    }

    /// What it says in the language of whoever looks.
    pub(super) fn text(&self, view: &View) -> String {
        let (_, text) = self.told();
        match self {
            Self::Forbidden(role) => {
                super::messages::filled(view.say(text), &[("role", view.say(layout::role(*role)))])
            }
            _ => view.say(text).to_owned(),
        }
    }

    /// The status of its answer.
    pub(super) const fn status(&self) -> StatusCode {
        self.told().0
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        if error.took_too_long() {
            tracing::warn!(%error, "PostgreSQL takes too long");
            return Self::TooSlow;
        }
        if error.is_transient() {
            tracing::warn!(%error, "PostgreSQL is not available");
            return Self::StoreAway;
        }
        tracing::error!(%error, "PostgreSQL refused");
        Self::Broken
    }
}

impl From<ConsoleError> for Refusal {
    fn from(error: ConsoleError) -> Self {
        match error {
            ConsoleError::Store(error) => error.into(),
            error => {
                tracing::error!(%error, "the console cannot do what it has to");
                Self::Broken
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Self::SignIn(wanted) = &self {
            let next = form_urlencoded::byte_serialize(wanted.as_bytes()).collect::<String>();
            return Redirect::to(&format!("/sign-in?next={next}")).into_response();
        }
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Makes a page of a refusal.
pub(super) async fn dress(view: View, request: Request, next: Next) -> Response {
    let acts = !request.method().is_safe();
    let mut response = next.run(request).await;
    let Some(refusal) = response.extensions_mut().remove::<Refusal>() else {
        return response;
    };
    let refusal = match refusal {
        // PostgreSQL may have fallen silent after it did it.
        Refusal::StoreAway | Refusal::TooSlow if acts => Refusal::NotKnown,
        other => other,
    };
    let status = refusal.status();
    let passes = status == StatusCode::SERVICE_UNAVAILABLE && !acts && refusal != Refusal::TooSlow;
    (status, layout::notice(&view, &refusal.text(&view), passes)).into_response()
}

/// The answer when a handler panics.
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a page panicked");
    Refusal::Broken.into_response()
}
