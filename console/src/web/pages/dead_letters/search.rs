//! What is looked for: the form, and how it is read from an address or from a form that asks for all that match.

use std::{borrow::Cow, str::FromStr};

use axum::http::Uri;
use domain::{
    dead_letter::LetterState,
    id::{DeadLetterGroupId, DeadLetterId},
};
use maud::{Markup, html};
use store::LetterFilter;
use url::form_urlencoded;

use super::list;
use crate::{
    dead_letters::choosing,
    web::{
        form::{self, Fields},
        messages::Text,
        refusal::Refusal,
        view::View,
    },
};

/// The longest text that is looked for, in characters.
const LONGEST: usize = 200;
/// The names of the fields, as they stand in addresses.
const NAMES: [&str; 8] = [
    "payment",
    "order",
    "merchant",
    "provider_id",
    "text",
    "kind",
    "state",
    "group",
];
const AFTER: &str = "after";

/// What somebody looks for, as they typed it.
pub(super) struct Search<'a>(Cow<'a, Fields>);

impl Search<'static> {
    /// What an address asks for. One that asks for nothing means what is parked.
    pub(super) fn in_address(uri: &Uri) -> Self {
        let asked = uri.query().unwrap_or("state=parked");
        Self(Cow::Owned(Fields::read(asked.as_bytes())))
    }
}

impl<'a> Search<'a> {
    /// What a form asks for.
    pub(super) const fn in_form(fields: &'a Fields) -> Self {
        Self(Cow::Borrowed(fields))
    }

    /// What it means, or what is wrong with it.
    pub(super) fn filter(&self) -> Result<LetterFilter, Text> {
        let is_known = |kind: &String| choosing::kinds().any(|known| known == kind);
        let kind = self.text("kind")?;
        if kind.as_ref().is_some_and(|kind| !is_known(kind)) {
            return Err(Text::UnclearKind);
        }
        let text = self.text("text")?;
        if text.as_ref().is_some_and(|text| !choosing::is_long_enough(text)) {
            return Err(Text::TooShort);
        }
        Ok(LetterFilter {
            payment_id: self.parsed("payment", Text::UnclearPayment)?,
            order_id: self.parsed("order", Text::UnclearOrder)?,
            merchant_id: self.parsed("merchant", Text::UnclearMerchant)?,
            provider_id: self.text("provider_id")?,
            text,
            kind,
            state: self.parsed("state", Text::UnclearState)?,
            group_id: self.parsed::<DeadLetterGroupId>("group", Text::UnclearGroup)?,
            recorded_until: None,
        })
    }

    /// After which letter the page begins.
    pub(super) fn after(&self) -> Result<Option<DeadLetterId>, Refusal> {
        self.parsed(AFTER, Text::UnclearLetter).map_err(Refusal::Unclear)
    }

    /// The same search at an address, from a letter on.
    pub(super) fn address(&self, path: &str, after: Option<DeadLetterId>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.typed());
        if let Some(after) = after {
            query.append_pair(AFTER, &after.to_string());
        }
        format!("{path}?{}", query.finish())
    }

    /// The same search in fields that nobody sees. Which states are meant goes without saying: something is only ever done
    /// with what is parked.
    pub(super) fn unseen(&self) -> Markup {
        html! {
            @for (name, value) in self.typed().filter(|(name, _)| *name != "state") {
                input type="hidden" name=(name) value=(value);
            }
        }
    }

    /// The form.
    pub(super) fn form(&self, view: &View, path: &str, is_unclear: bool) -> Markup {
        let input = |name: &'static str, text: Text| {
            html! {
                label {
                    span { (view.say(text)) }
                    input type="text" name=(name) value=(self.get(name)) maxlength=(LONGEST) autocomplete="off"
                        autocapitalize="none" spellcheck="false";
                }
            }
        };
        html! {
            form.action id="search" role="search" method="get" action=(path)
                aria-describedby=[is_unclear.then_some(form::PROBLEM)] {
                (input("payment", Text::Payment))
                (input("order", Text::Order))
                (input("merchant", Text::Merchant))
                (input("provider_id", Text::ProviderId))
                @if super::may_act(view) { (input("text", Text::SoughtError)) }
                label {
                    span { (view.say(Text::Kind)) }
                    select name="kind" {
                        option value="" { (view.say(Text::Any)) }
                        @for kind in choosing::kinds() {
                            option value=(kind) selected[kind == self.get("kind")] { (kind) }
                        }
                    }
                }
                label {
                    span { (view.say(Text::State)) }
                    select name="state" {
                        option value="" { (view.say(Text::Any)) }
                        @for state in LetterState::ALL {
                            option value=(state.name()) selected[state.name() == self.get("state")] {
                                (view.say(list::state(*state)))
                            }
                        }
                    }
                }
                @if !self.get("group").is_empty() { (input("group", Text::LetterGroup)) }
                button type="submit" aria-describedby=[is_unclear.then_some(form::PROBLEM)] {
                    (view.say(Text::Search))
                }
            }
        }
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).trim()
    }

    /// What was typed, without what was left empty.
    fn typed(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let typed = NAMES.into_iter().map(|name| (name, self.get(name)));
        typed.filter(|(_, value)| !value.is_empty())
    }

    fn text(&self, name: &str) -> Result<Option<String>, Text> {
        let text = self.get(name);
        if text.chars().count() > LONGEST || text.chars().any(char::is_control) {
            return Err(Text::UnclearWords);
        }
        Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
    }

    fn parsed<T: FromStr>(&self, name: &str, problem: Text) -> Result<Option<T>, Text> {
        match self.get(name) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::job::Kind;

    use super::*;

    fn asked(query: &str) -> Search<'static> {
        Search::in_address(&format!("/dead-letters{query}").parse().unwrap())
    }

    #[test]
    fn an_address_says_what_is_looked_for_and_says_it_again() {
        assert_eq!(asked("").filter().unwrap().state, Some(LetterState::Parked));
        assert_eq!(asked("?").filter().unwrap(), LetterFilter::default());
        assert_eq!(asked("?state=").filter().unwrap(), LetterFilter::default());
        let kind = Kind::ALL[0].name();
        let search = asked(&format!(
            "?text=+a%26b%22%3C+&kind={kind}&payment=&nonsense=1&state=missing"
        ));
        let filter = search.filter().unwrap();
        assert_eq!(
            (filter.text.as_deref(), filter.kind.as_deref(), filter.state),
            (Some("a&b\"<"), Some(kind), Some(LetterState::Missing))
        );
        let again = search.address("", None);
        assert!(
            !again.contains("nonsense") && !again.contains("payment"),
            "{again}"
        );
        assert_eq!(asked(&again).filter().unwrap(), filter);
        let unseen = search.unseen().into_string();
        assert!(
            unseen.contains("value=\"a&amp;b&quot;&lt;\"") && !unseen.contains("missing"),
            "{unseen}"
        );
    }

    #[test]
    fn what_cannot_be_meant_is_said() {
        let long = format!("?text={}", "a".repeat(LONGEST + 1));
        for (query, problem) in [
            ("?payment=coffee", Text::UnclearPayment),
            ("?order=pay_0123456789abcdef0123456789abcdef", Text::UnclearOrder),
            ("?merchant=1", Text::UnclearMerchant),
            ("?kind=coffee", Text::UnclearKind),
            ("?state=gone", Text::UnclearState),
            ("?group=dlt_1", Text::UnclearGroup),
            ("?text=no", Text::TooShort),
            ("?provider_id=a%00b", Text::UnclearWords),
            (&long, Text::UnclearWords),
        ] {
            assert_eq!(asked(query).filter(), Err(problem), "{query}");
        }
        assert!(asked("?after=x").after().is_err());
    }
}
