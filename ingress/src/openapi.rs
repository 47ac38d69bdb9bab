//! The description of this API for programs: `/api/v1/openapi.json`.
//!
//! It is written by hand, because it is a contract and not a by-product; the tests hold every answer they see against
//! it.

use axum::{
    http::{HeaderValue, header},
    response::IntoResponse,
};

/// The document.
pub(crate) const DOCUMENT: &str = include_str!("../openapi.json");

/// Serves the document.
pub(crate) async fn document() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))],
        DOCUMENT,
    )
}
