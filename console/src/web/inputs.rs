//! The fields of a form. One that was sent and not taken comes back with what it held, but for secrets.

use maud::{Markup, html};

use super::{
    form::{Fields, PROBLEM},
    messages::Text,
    view::View,
};

/// The fields of the form that is sent to one address.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a> {
    view: &'a View,
    held: Option<&'a Fields>,
    /// The field that was wrong.
    wrong: Option<&'static str>,
    /// Whether it was not taken because it does not fit what is there by now.
    is_outdated: bool,
}

/// Something that can be chosen: what is sent, and what is shown.
pub(super) type Choice<'a> = (&'a str, &'a str);

impl<'a> Inputs<'a> {
    pub(super) fn of(view: &'a View, path: &str) -> Self {
        let returned = view.returned.as_ref();
        let returned = returned.filter(|returned| returned.path == path);
        Self {
            view,
            held: returned.map(|returned| &returned.fields),
            wrong: returned.and_then(|returned| returned.wrong),
            is_outdated: returned.is_some_and(|returned| returned.is_outdated),
        }
    }

    /// Where what is wrong with a field is told, if something is.
    fn problem(&self, name: &str) -> Option<&'static str> {
        self.wrong.filter(|wrong| *wrong == name).map(|_| PROBLEM)
    }

    /// Whether the form was sent and not taken.
    pub(super) const fn were_returned(&self) -> bool {
        self.held.is_some()
    }

    /// What a field held, or else what it begins with.
    pub(super) fn value<'b>(&self, name: &str, otherwise: &'b str) -> &'b str
    where
        'a: 'b,
    {
        self.held.map_or(otherwise, |held| held.get(name))
    }

    /// Stands for what the form changes as it is now, so that it changes nothing else. One that comes back stands for what
    /// whoever filled it in has seen, until they are told that it has changed.
    pub(super) fn present(&self, now: &str) -> Markup {
        html! {
            @if let Some(visitor) = &self.view.visitor {
                @let now = visitor.mark(now);
                @let mark = if self.is_outdated { &now } else { self.value(PRESENT_FIELD, &now) };
                input type="hidden" name=(PRESENT_FIELD) value=(mark);
            }
        }
    }

    /// A line of text; `hint` shows what it may look like.
    pub(super) fn text(&self, name: &str, label: Text, otherwise: &str, hint: &str) -> Markup {
        self.line(name, label, self.value(name, otherwise), hint)
    }

    /// A web address. One that may hold a user name or a password does not come back.
    pub(super) fn address(&self, name: &str, label: Text, otherwise: &str, hint: &str) -> Markup {
        let held = self.value(name, otherwise);
        let shown = if held.contains('@') { otherwise } else { held };
        self.line(name, label, shown, hint)
    }

    fn line(&self, name: &str, label: Text, value: &str, hint: &str) -> Markup {
        html! {
            label {
                span { (self.view.say(label)) }
                input type="text" name=(name) value=(value) placeholder=(hint)
                    autocomplete="off" autocapitalize="none" spellcheck="false";
            }
        }
    }

    /// A whole number of at least `least`.
    pub(super) fn number(&self, name: &str, label: Text, otherwise: &str, least: i64) -> Markup {
        let problem = self.problem(name);
        html! {
            label {
                span { (self.view.say(label)) }
                input type="number" inputmode="numeric" name=(name) value=(self.value(name, otherwise)) min=(least)
                    step="1" autocomplete="off" aria-invalid=[problem.map(|_| "true")] aria-describedby=[problem];
            }
        }
    }

    /// One of these.
    pub(super) fn choice(&self, name: &str, label: Text, choices: &[Choice<'_>], otherwise: &str) -> Markup {
        let (chosen, problem) = (self.value(name, otherwise), self.problem(name));
        html! {
            label {
                span { (self.view.say(label)) }
                select name=(name) aria-invalid=[problem.map(|_| "true")] aria-describedby=[problem] {
                    @for (value, shown) in choices {
                        option value=(value) selected[*value == chosen] { (shown) }
                    }
                }
            }
        }
    }

    /// Yes or no; it is sent only when it is yes.
    pub(super) fn check(&self, name: &str, label: Text, otherwise: bool) -> Markup {
        let is_checked = self.held.map_or(otherwise, |held| held.get(name) == YES);
        html! {
            label.check {
                input type="checkbox" name=(name) value=(YES) checked[is_checked];
                span { (self.view.say(label)) }
            }
        }
    }

    /// A line that is secret. It never comes back.
    pub(super) fn secret(&self, name: &str, label: Text) -> Markup {
        html! {
            label {
                span { (self.view.say(label)) }
                input type="password" name=(name) autocomplete="new-password" spellcheck="false";
            }
        }
    }

    /// Lines that are secret. They never come back.
    pub(super) fn secret_lines(&self, name: &str, label: Text) -> Markup {
        html! {
            label.wide {
                span { (self.view.say(label)) }
                textarea name=(name) rows="6" autocomplete="off" autocapitalize="none"
                    spellcheck="false" required {}
            }
        }
    }
}

/// The name of the field that stands for what a form changes.
pub(super) const PRESENT_FIELD: &str = "present";

/// What a check that is set sends.
pub(super) const YES: &str = "yes";
