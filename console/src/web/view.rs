//! Who looks, and in which language: what every page is made with.

use std::convert::Infallible;

use axum::{extract::FromRequestParts, http::request::Parts};

use domain::operator::Role;

use super::{form::Returned, language::Language, messages::Text, session::Visitor};

/// Who looks at a page.
#[derive(Clone)]
pub(super) struct View {
    pub language: Language,
    /// Nobody, on the pages that anyone may see.
    pub visitor: Option<Visitor>,
    /// The page's own address, with its query.
    pub path: String,
    /// A form that was sent and not taken, which the page shows again.
    pub returned: Option<Returned>,
}

impl View {
    /// A text in the language of whoever looks.
    pub(super) const fn say(&self, text: Text) -> &'static str {
        text.in_language(self.language)
    }

    /// Whether whoever looks may do what this role may.
    pub(super) fn may(&self, needed: Role) -> bool {
        self.visitor
            .as_ref()
            .is_some_and(|visitor| visitor.role >= needed)
    }
}

impl<S: Sync> FromRequestParts<S> for View {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            language: Language::wanted(&parts.headers),
            visitor: parts.extensions.get::<Visitor>().cloned(),
            path: path.to_owned(),
            returned: None,
        })
    }
}
