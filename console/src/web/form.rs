//! Forms: how something is asked to be done, and how the wish is read.

use std::fmt;

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use store::Doing;
use url::form_urlencoded;

use super::{
    inputs::{Inputs, PRESENT_FIELD},
    messages::Text,
    problem::Problem,
    refusal::Refusal,
    session::{CSRF_FIELD, Visitor},
    view::View,
};
use crate::switches;

/// The id of what is wrong with a form.
pub(super) const PROBLEM: &str = "problem";
/// The id of the form that was sent and not taken.
pub(super) const RETURNED: &str = "returned";
/// The name of the field with the reason.
const REASON_FIELD: &str = "reason";

/// What a form held. Some of it may be secret, so `Debug` prints nothing of it.
#[derive(Clone, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fields")
    }
}

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

/// A form that does something at `path`: its fields, a reason, and a button. One that was sent and not taken has its reason
/// still, and says where what is wrong with it is told.
pub(super) fn action(view: &View, path: &str, button: Text, fields: &Markup) -> Markup {
    whole(view, path, button, &Told::default(), fields)
}

/// The same with a note above it.
pub(super) fn explained(view: &View, path: &str, button: Text, note: Text, fields: &Markup) -> Markup {
    let told = Told {
        note_id: Some(format!("note{}", path.replace('/', "-"))),
        ..Told::default()
    };
    html! {
        p.note id=[&told.note_id] { (view.say(note)) }
        (whole(view, path, button, &told, fields))
    }
}

/// The same in a row of a list: who does not see the row is told what it is `of`.
pub(super) fn action_of(view: &View, path: &str, button: Text, of: &str, fields: &Markup) -> Markup {
    let told = Told {
        label: Some(named(view, button, of)),
        ..Told::default()
    };
    whole(view, path, button, &told, fields)
}

/// What a button or a summary is called for who does not see the row that it is in.
pub(super) fn named(view: &View, button: Text, of: &str) -> String {
    format!("{}: {of}", view.say(button))
}

/// What is told of a form besides what it shows.
#[derive(Default)]
struct Told {
    label: Option<String>,
    note_id: Option<String>,
}

fn whole(view: &View, path: &str, button: Text, told: &Told, fields: &Markup) -> Markup {
    let was_returned = Inputs::of(view, path).were_returned();
    let problem = was_returned.then_some(PROBLEM);
    let ids: Vec<&str> = problem.into_iter().chain(told.note_id.as_deref()).collect();
    let described_by = (!ids.is_empty()).then(|| ids.join(" "));
    html! {
        form.action id=[was_returned.then_some(RETURNED)] method="post" action=(path)
            aria-describedby=[&described_by] {
            (hidden(view))
            (fields)
            (reason(view, path))
            button type="submit" aria-label=[&told.label] aria-describedby=[&described_by] { (view.say(button)) }
        }
    }
}

/// The field that every form asks for which does something; `path` is where it is sent.
pub(super) fn reason(view: &View, path: &str) -> Markup {
    html! {
        label {
            span { (view.say(Text::Reason)) }
            input type="text" name=(REASON_FIELD) value=(Inputs::of(view, path).value(REASON_FIELD, ""))
                required maxlength=(switches::MAX_REASON) autocomplete="off";
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

/// A form that was sent and not taken: the page shows it again, with what it held.
#[derive(Debug, Clone)]
pub(super) struct Returned {
    /// Where it was sent.
    pub path: String,
    pub fields: Fields,
    /// What is wrong, and what to do about it.
    pub told: String,
    /// The field that is wrong, where one is.
    pub wrong: Option<&'static str>,
    /// Whether that is because it does not fit what is there by now.
    pub is_outdated: bool,
}

/// Something that somebody who may wants done. Whether there is a reason is looked at when it is done.
pub(super) struct Asked {
    pub visitor: Visitor,
    pub fields: Fields,
    /// Where the form was sent.
    path: String,
}

impl Asked {
    /// What the store writes into the log with it.
    ///
    /// # Errors
    /// It does not say why.
    pub(super) fn doing(&self, at: DateTime<Utc>) -> Result<Doing<'_>, Problem> {
        let reason = switches::reason(self.fields.get(REASON_FIELD))?;
        Ok(Doing::because(self.visitor.operator.as_str(), reason, at))
    }

    /// Whether the form was made when what it changes was as it is now.
    pub(super) fn has_seen(&self, now: &str) -> bool {
        self.fields.get(PRESENT_FIELD) == self.visitor.mark(now)
    }

    /// The view of the page at `page`, which shows the form again with what is wrong.
    ///
    /// # Errors
    /// The form cannot be put right.
    pub(super) fn returned(
        self,
        view: View,
        page: &str,
        problem: Problem,
    ) -> Result<(StatusCode, View), Refusal> {
        let wrong = problem.field();
        let (status, told) = problem.told(&view)?;
        let returned = Returned {
            path: self.path,
            fields: self.fields,
            told,
            wrong,
            is_outdated: status == StatusCode::CONFLICT,
        };
        let view = View {
            path: page.to_owned(),
            returned: Some(returned),
            ..view
        };
        Ok((status, view))
    }
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let fields = parts.extensions.remove::<Fields>().ok_or(Refusal::BadForm)?;
        let visitor = parts.extensions.get::<Visitor>().cloned();
        Ok(Self {
            visitor: visitor.ok_or(Refusal::Outdated)?,
            fields,
            path: parts.uri.path().to_owned(),
        })
    }
}

/// Something that somebody who may wants done, and why. For pages that have nothing to lose when the reason is missing;
/// others take [`Asked`].
pub(super) struct Deed {
    pub visitor: Visitor,
    pub fields: Fields,
    reason: String,
}

impl Deed {
    /// What the store writes into the log with it.
    pub(super) fn doing(&self, at: DateTime<Utc>) -> Doing<'_> {
        Doing::because(self.visitor.operator.as_str(), &self.reason, at)
    }
}

impl<S: Sync> FromRequestParts<S> for Deed {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Asked { visitor, fields, .. } = Asked::from_request_parts(parts, state).await?;
        let reason = switches::reason(fields.get(REASON_FIELD)).map_err(|_| Refusal::NoReason)?;
        Ok(Self {
            reason: reason.to_owned(),
            visitor,
            fields,
        })
    }
}
