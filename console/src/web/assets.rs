//! The style sheet and the script, which are part of the program.

use axum::http::{HeaderName, header};

/// Where the style sheet is.
pub(super) const STYLE: &str = "/console.css";
/// Where the script is.
pub(super) const SCRIPT: &str = "/console.js";
/// The value of `Permissions-Policy`: pages of tables need none of these.
pub(super) const NO_DEVICES: &str = "camera=(), geolocation=(), microphone=()";

/// Asked for anew now and then, as a new version of the program may bring others.
const KEPT: &str = "max-age=300";

type File = ([(HeaderName, &'static str); 2], &'static str);

pub(super) async fn style() -> File {
    file("text/css; charset=utf-8", include_str!("assets/console.css"))
}

pub(super) async fn script() -> File {
    file(
        "text/javascript; charset=utf-8",
        include_str!("assets/console.js"),
    )
}

const fn file(kind: &'static str, text: &'static str) -> File {
    (
        [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, KEPT)],
        text,
    )
}
