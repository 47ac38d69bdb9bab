//! Who passes: the one place that decides it, for every route.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    middleware::Next,
    response::Response,
};

use super::{
    app::Shared,
    form::Fields,
    origin,
    refusal::Refusal,
    routes::Access,
    session::{SessionToken, Visit, Visitor},
};

/// The largest form, in bytes.
pub(super) const LARGEST_FORM: usize = 64 * 1024;

/// How long a browser may take to send a form.
const SENDING: Duration = Duration::from_secs(10);

/// Lets a request through to its handler, with its [`Visitor`] and its [`Fields`], or refuses it.
pub(super) async fn pass(
    State((app, access)): State<(Shared, Access)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let public_url = app.public_url.as_ref();
    origin::is_for_us(request.headers(), public_url)?;
    let acts = !request.method().is_safe();
    if acts {
        origin::is_ours(request.headers(), public_url)?;
    }
    let visitor = match access {
        Access::Anyone => None,
        Access::Role(needed) | Access::Following(needed) => {
            let visit = match access {
                _ if acts => Visit::Acts,
                Access::Following(_) => Visit::Follows,
                Access::Role(_) | Access::Anyone => Visit::Looks,
            };
            let token = SessionToken::from_cookies(request.headers(), app.sessions.cookie_name());
            let visitor = app.sessions.visitor(token, visit).await?;
            let visitor = visitor.ok_or_else(|| Refusal::sign_in(&request))?;
            if visitor.role < needed {
                return Err(Refusal::Forbidden(needed));
            }
            Some(visitor)
        }
    };
    if acts {
        let fields = read(&mut request).await?;
        if visitor.as_ref().is_some_and(|visitor| !visitor.has_sent(&fields)) {
            return Err(Refusal::Outdated);
        }
        request.extensions_mut().insert(fields);
    }
    if let Some(visitor) = visitor {
        request.extensions_mut().insert::<Visitor>(visitor);
    }
    Ok(next.run(request).await)
}

/// The form that was sent, which is taken out of the request. Text with a NUL is none that PostgreSQL could keep.
async fn read(request: &mut Request) -> Result<Fields, Refusal> {
    let body = std::mem::replace(request.body_mut(), Body::empty());
    let bytes = tokio::time::timeout(SENDING, to_bytes(body, LARGEST_FORM)).await;
    let bytes = bytes.ok().and_then(Result::ok).ok_or(Refusal::BadForm)?;
    Some(Fields::read(&bytes))
        .filter(Fields::are_text)
        .ok_or(Refusal::BadForm)
}
