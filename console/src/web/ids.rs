//! The ids in an address.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};

/// The ids in an address, in order, as they were sent. What is no UTF-8 is no id, like anything else that is none: it is left to
/// the page to say so.
pub(super) struct Ids<const N: usize>(pub [String; N]);

impl<const N: usize, S: Send + Sync> FromRequestParts<S> for Ids<N> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let found = Path::<Vec<String>>::from_request_parts(parts, state).await;
        // PostgreSQL takes no text with a NUL in it.
        let known = |ids: &Vec<String>| ids.iter().all(|id| !id.contains('\0'));
        let ids = found.ok().map(|Path(ids)| ids).filter(known);
        let ids = ids.and_then(|ids| ids.try_into().ok());
        let unreadable = || [const { char::REPLACEMENT_CHARACTER }; N].map(String::from);
        Ok(Self(ids.unwrap_or_else(unreadable)))
    }
}
