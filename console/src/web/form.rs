//! Forms: how something is asked to be done, and how the wish is read.

use axum::{extract::FromRequestParts, http::request::Parts};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use store::Doing;
use url::form_urlencoded;

use super::{
    messages::Text,
    refusal::Refusal,
    session::{CSRF_FIELD, Visitor},
    view::View,
};

/// The name of the field with the reason.
const REASON_FIELD: &str = "reason";
/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// What a form held.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn read(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// Whether no field has a NUL in it.
    pub(super) fn are_text(&self) -> bool {
        !self.0.iter().any(|(_, value)| value.contains('\0'))
    }

    /// A field's text; empty when it was not sent.
    pub(super) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(found, _)| found == name);
        found.map_or("", |(_, value)| value)
    }

    /// All fields of a name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let of_name = self.0.iter().filter(move |(found, _)| found == name);
        of_name.map(|(_, value)| value.as_str())
    }
}

/// A form that does something at `path`: its fields, a reason, and a button.
pub(super) fn action(view: &View, path: &str, button: Text, fields: &Markup) -> Markup {
    html! {
        form.action method="post" action=(path) {
            (hidden(view))
            (fields)
            (reason(view))
            button type="submit" { (view.say(button)) }
        }
    }
}

/// The field that every form asks for which does something.
pub(super) fn reason(view: &View) -> Markup {
    html! {
        label {
            span { (view.say(Text::Reason)) }
            input type="text" name=(REASON_FIELD) required maxlength=(LONGEST_REASON) autocomplete="off";
        }
    }
}

/// What shows that a form is ours; every form that is sent needs it.
pub(super) fn hidden(view: &View) -> Markup {
    html! {
        @if let Some(visitor) = &view.visitor {
            input type="hidden" name=(CSRF_FIELD) value=(visitor.csrf());
        }
    }
}

/// Something that somebody who may wants done, and why.
pub(super) struct Deed {
    pub visitor: Visitor,
    pub fields: Fields,
    reason: String,
}

impl Deed {
    /// What the store writes into the log with it.
    pub(super) fn doing(&self, at: DateTime<Utc>) -> Doing<'_> {
        Doing {
            actor: self.visitor.operator.as_str(),
            reason: Some(&self.reason),
            at,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Deed {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let fields = parts.extensions.remove::<Fields>().ok_or(Refusal::BadForm)?;
        let visitor = parts
            .extensions
            .get::<Visitor>()
            .cloned()
            .ok_or(Refusal::Outdated)?;
        let reason = fields.get(REASON_FIELD).trim().to_owned();
        if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
            return Err(Refusal::NoReason);
        }
        Ok(Self {
            visitor,
            fields,
            reason,
        })
    }
}
