//! What surrounds every page: head, menu, language, whoever is signed in.

use axum::response::Html;
use domain::operator::Role;
use maud::{DOCTYPE, Markup, html};
use url::form_urlencoded;

use super::{
    assets, form,
    language::Language,
    messages::{Text, filled},
    view::View,
};

/// The pages in the menu, with the role that each needs. Alt, Shift and a number key open each.
pub(super) const MENU: [(&str, Text, Role); 9] = [
    ("/", Text::Overview, Role::Viewer),
    ("/review", Text::Review, Role::Viewer),
    ("/dead-letters", Text::DeadLetters, Role::Viewer),
    ("/timeline", Text::Timeline, Role::Viewer),
    ("/notifications", Text::Notifications, Role::Viewer),
    ("/switches", Text::Switches, Role::Viewer),
    ("/merchants", Text::Merchants, Role::Viewer),
    ("/audit", Text::Audit, Role::Operator),
    ("/operators", Text::Operators, Role::Administrator),
];

/// The name of a role.
pub(super) const fn role(role: Role) -> Text {
    match role {
        Role::Viewer => Text::Viewer,
        Role::Operator => Text::Operator,
        Role::Administrator => Text::Administrator,
    }
}

/// A page with its title above its content.
pub(super) fn page(view: &View, title: Text, content: &Markup) -> Html<String> {
    whole(
        view,
        view.say(title),
        &html! {
            h1 { (view.say(title)) }
            @if let Some(returned) = &view.returned {
                p.notice id=(form::PROBLEM) role="alert" {
                    (returned.told) " "
                    a href={ "#" (form::RETURNED) } { (view.say(Text::ToTheForm)) }
                }
            }
            (content)
        },
    )
}

/// Facts about one thing.
pub(super) fn facts(view: &View, facts: &[(Text, Markup)]) -> Markup {
    html! {
        dl.facts { @for (name, fact) in facts { dt { (view.say(*name)) } dd { (fact) } } }
    }
}

/// A page that says one thing. What `passes` is asked for again by the page itself.
pub(super) fn notice(view: &View, text: &str, passes: bool) -> Html<String> {
    let content = html! {
        p.notice role="alert" data-again[passes] { (text) }
        p { a href="/" { (view.say(Text::Back)) } }
    };
    whole(view, view.say(Text::Console), &content)
}

fn whole(view: &View, title: &str, content: &Markup) -> Html<String> {
    let document = html! {
        (DOCTYPE)
        html lang=(view.language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Sluice" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(assets::STYLE);
                script src=(assets::SCRIPT) defer {}
            }
            body {
                a.skip href="#content" { (view.say(Text::SkipToContent)) }
                header {
                    (menu(view))
                    (corner(view))
                }
                main id="content" tabindex="-1" { (content) }
            }
        }
    };
    Html(document.into_string())
}

fn menu(view: &View) -> Markup {
    let here = view.path.split('?').next().unwrap_or_default();
    html! {
        a.brand href="/" { "Sluice" }
        nav aria-label=(view.say(Text::Menu)) {
            @for (number, (path, text, _)) in MENU.iter().filter(|(_, _, needed)| view.may(*needed)).enumerate() {
                a href=(path) data-key=(number + 1) aria-current=[(here == *path).then_some("page")] {
                    (view.say(*text))
                }
            }
        }
    }
}

fn corner(view: &View) -> Markup {
    let back: String = form_urlencoded::byte_serialize(view.path.as_bytes()).collect();
    html! {
        div.corner {
            span.languages role="group" aria-label=(view.say(Text::Language)) {
                @for language in Language::ALL {
                    @let is_here = language == view.language;
                    a href={ "/language/" (language.tag()) "?next=" (back) } lang=(language.tag())
                        aria-current=[is_here.then_some("true")] { (language.own_name()) }
                }
            }
            @if let Some(visitor) = &view.visitor {
                @let named = [("name", visitor.operator.as_str()), ("role", view.say(role(visitor.role)))];
                span.who { (filled(view.say(Text::SignedInAs), &named)) }
                form method="post" action="/sign-out" {
                    (form::hidden(view))
                    button.quiet type="submit" { (view.say(Text::SignOut)) }
                }
            }
        }
    }
}
