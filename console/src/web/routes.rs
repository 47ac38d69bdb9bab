//! Every address of the web console, and who may use it.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::Method,
    middleware::{from_fn, from_fn_with_state, map_response},
    routing::{MethodRouter, get, post},
};
use domain::operator::Role;
use tower_http::catch_panic::CatchPanicLayer;

use super::{app::Shared, assets, guard, headers, language, live, pages, refusal};

/// Who may use an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Whoever reaches the listener.
    Anyone,
    /// Operators of this role and those above it.
    Role(Role),
    /// The same, where pages ask by themselves: it does not keep a session from being idle.
    Following(Role),
}

/// An address with one thing that can be done there.
pub(super) struct Page {
    pub path: &'static str,
    pub method: Method,
    pub access: Access,
    handler: MethodRouter<Shared>,
}

const fn look(path: &'static str, access: Access, handler: MethodRouter<Shared>) -> Page {
    Page {
        path,
        method: Method::GET,
        access,
        handler,
    }
}

const fn act(path: &'static str, access: Access, handler: MethodRouter<Shared>) -> Page {
    Page {
        path,
        method: Method::POST,
        access,
        handler,
    }
}

/// All of them. What only looks is a GET; what does something is a POST.
pub(super) fn pages() -> Vec<Page> {
    use Access::Anyone;
    const VIEWER: Access = Access::Role(Role::Viewer);
    const OPERATOR: Access = Access::Role(Role::Operator);
    const ADMINISTRATOR: Access = Access::Role(Role::Administrator);
    vec![
        look("/healthz", Anyone, get(async || "ok\n")),
        look(assets::STYLE, Anyone, get(assets::style)),
        look(assets::SCRIPT, Anyone, get(assets::script)),
        look("/language/{language}", Anyone, get(language::switch)),
        look("/sign-in", Anyone, get(pages::sign_in::page)),
        act("/sign-in", Anyone, post(pages::sign_in::sign_in)),
        act("/sign-out", VIEWER, post(pages::sign_in::sign_out)),
        look("/", VIEWER, get(pages::overview::page)),
        look("/live", Access::Following(Role::Viewer), get(live::overview)),
        look("/review", VIEWER, get(pages::review::page)),
        look("/notifications", VIEWER, get(pages::notifications::page)),
        look("/notifications/{id}", VIEWER, get(pages::notifications::one)),
        act(
            "/notifications/{id}/resend",
            OPERATOR,
            post(pages::notifications::resend),
        ),
        look("/switches", VIEWER, get(pages::switches::page)),
        act("/switches/{what}/pause", OPERATOR, post(pages::switches::pause)),
        act("/switches/{what}/resume", OPERATOR, post(pages::switches::resume)),
        look("/merchants", VIEWER, get(pages::merchants::page)),
        look("/merchants/{id}", VIEWER, get(pages::merchants::one)),
        act("/merchants", ADMINISTRATOR, post(pages::merchants::create)),
        act(
            "/merchants/{id}/terms",
            ADMINISTRATOR,
            post(pages::merchants::set_terms),
        ),
        act(
            "/merchants/{id}/keys",
            ADMINISTRATOR,
            post(pages::merchants::create_key),
        ),
        act(
            "/merchants/{id}/keys/{key}/revoke",
            ADMINISTRATOR,
            post(pages::merchants::revoke_key),
        ),
        act(
            "/merchants/{id}/endpoint",
            ADMINISTRATOR,
            post(pages::merchants::set_endpoint),
        ),
        act(
            "/merchants/{id}/endpoint/rotate",
            ADMINISTRATOR,
            post(pages::merchants::rotate_endpoint),
        ),
        act(
            "/merchants/{id}/credentials",
            ADMINISTRATOR,
            post(pages::merchants::set_credentials),
        ),
        act(
            "/merchants/{id}/fees",
            ADMINISTRATOR,
            post(pages::merchants::set_fees),
        ),
        act(
            "/merchants/{id}/routes",
            ADMINISTRATOR,
            post(pages::merchants::add_route),
        ),
        act(
            "/merchants/{id}/routes/{route}/change",
            ADMINISTRATOR,
            post(pages::merchants::change_route),
        ),
        act(
            "/merchants/{id}/routes/{route}/remove",
            ADMINISTRATOR,
            post(pages::merchants::remove_route),
        ),
        look("/dead-letters", VIEWER, get(pages::dead_letters::page)),
        look(
            "/dead-letters/groups",
            VIEWER,
            get(pages::dead_letters::groups::page),
        ),
        look("/dead-letters/all", OPERATOR, get(pages::dead_letters::all::page)),
        act(
            "/dead-letters/replay",
            OPERATOR,
            post(pages::dead_letters::asking::replay),
        ),
        act(
            "/dead-letters/discard",
            OPERATOR,
            post(pages::dead_letters::asking::discard),
        ),
        look(
            "/dead-letters/actions",
            VIEWER,
            get(pages::dead_letters::actions::page),
        ),
        look(
            "/dead-letters/actions/{id}",
            VIEWER,
            get(pages::dead_letters::action::page),
        ),
        look(
            "/dead-letters/actions/{id}/live",
            Access::Following(Role::Viewer),
            get(pages::dead_letters::action::live),
        ),
        look(
            "/dead-letters/{id}",
            VIEWER,
            get(pages::dead_letters::letter::page),
        ),
        look("/timeline", VIEWER, get(pages::timeline::find)),
        look("/timeline/{id}", VIEWER, get(pages::timeline::page)),
        look("/audit", OPERATOR, get(pages::audit::page)),
        look("/operators", ADMINISTRATOR, get(pages::operators::page)),
        act(
            "/operators/{name}/role",
            ADMINISTRATOR,
            post(pages::operators::set_role),
        ),
        act(
            "/operators/{name}/disable",
            ADMINISTRATOR,
            post(pages::operators::disable),
        ),
        act(
            "/operators/{name}/enable",
            ADMINISTRATOR,
            post(pages::operators::enable),
        ),
    ]
}

/// All routes with what surrounds them: strict headers outermost, so that no answer goes without; then refusals made
/// readable, then the net under panics. Each route has its own guard.
pub(super) fn router(app: Shared) -> Router {
    pages()
        .into_iter()
        .fold(Router::new(), |routes, page| {
            let guarded = from_fn_with_state((Shared::clone(&app), page.access), guard::pass);
            routes.route(page.path, page.handler.layer(guarded))
        })
        .fallback(async || refusal::Refusal::NotFound)
        .method_not_allowed_fallback(async || refusal::Refusal::NotFound)
        .layer(DefaultBodyLimit::max(guard::LARGEST_FORM))
        .layer(CatchPanicLayer::custom(refusal::panicked))
        .layer(from_fn(refusal::dress))
        .layer(map_response(headers::harden))
        .with_state(app)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::layout::MENU;

    #[test]
    fn the_menu_leads_to_pages_and_shows_them_to_whoever_may_open_them() {
        for (path, _, role) in MENU {
            let found = pages()
                .into_iter()
                .find(|page| page.path == path && page.method == Method::GET);
            assert_eq!(found.map(|page| page.access), Some(Access::Role(role)), "{path}");
        }
    }

    #[test]
    fn whoever_acts_is_known_except_who_signs_in() {
        let acts = pages().into_iter().filter(|page| page.method != Method::GET);
        for page in acts.filter(|page| page.path != "/sign-in") {
            assert_ne!(page.access, Access::Anyone, "{}", page.path);
        }
    }
}
