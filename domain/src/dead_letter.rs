//! Dead letters: messages that were parked because nobody could do what they ask for.
//!
//! What is parked stands in the broker's queues. Here is what can be said of a parked message without asking anybody: what it
//! is about, which others have the same trouble, and how far it has come since.

use std::{collections::BTreeSet, str::FromStr};

use serde_json::{Map, Value};

use crate::id::MerchantId;

/// The kind under which messages are kept that nobody had a queue for.
pub const UNROUTABLE: &str = "unroutable";

/// How many things one message is taken to be about, at the most.
const SUBJECTS: usize = 16;
/// The prefixes of the ids by which a message is found.
const PREFIXES: [&str; 8] = ["pay", "rfd", "ord", "wal", "wdr", "ntf", "cac", "rec"];
/// The longest pattern of a reason, in characters.
const PATTERN: usize = 200;
/// What stands for a part of a text that differs from letter to letter.
const ANYTHING: &str = "?";
/// What stands for a text that is not shown.
const MASKED: &str = "…";
/// Fields of payloads that say nothing about a person and hold no secret.
const SHOWN: [&str; 14] = [
    "action",
    "amount_minor",
    "channel",
    "country",
    "currency",
    "event_id",
    "event_type",
    "flow",
    "method",
    "number",
    "day",
    "received_at",
    "quantity",
    "unit_price_minor",
];

macro_rules! words {
    ($(#[$doc:meta])+ $name:ident, $what:literal, $($(#[$said:meta])+ $word:ident $text:literal)+) => {
        $(#[$doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$said])+ $word,)+
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$word),+];

            /// The name used in tables and on the command line.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$word => $text,)+
                }
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(name: &str) -> Result<Self, String> {
                let found = Self::ALL.iter().copied().find(|known| known.name() == name);
                found.ok_or_else(|| {
                    let names: Vec<&str> = Self::ALL.iter().map(|known| known.name()).collect();
                    format!(concat!("expected ", $what, ": one of {}"), names.join(", "))
                })
            }
        }
    };
}

words! {
    /// How far a dead letter has come.
    LetterState, "a state of dead letters",
    /// It waits for people.
    Parked "parked"
    /// Somebody wants it sent again, and the workers have not come to it.
    Replaying "replaying"
    /// It was sent again and is parked no longer.
    Replayed "replayed"
    /// Somebody wants it thrown away, and the workers have not come to it.
    Discarding "discarding"
    /// It was thrown away.
    Discarded "discarded"
    /// It was not in its queue any more when the workers came to it: somebody has taken it out by other means.
    Missing "missing"
}

words! {
    /// Who parked a message.
    ParkedBy, "who parked it",
    /// One of our workers, which gave the job up.
    Worker "worker"
    /// The broker: its workers died with it too often, or nobody had a queue for it.
    Broker "broker"
}

words! {
    /// What is to be done with dead letters.
    ActionKind, "what is to be done",
    /// They are sent again.
    Replay "replay"
    /// They are thrown away.
    Discard "discard"
}

/// The reason without what differs from letter to letter: numbers, ids and the like. Letters of one kind and class of error
/// with the same pattern have the same trouble.
pub fn pattern(reason: &str) -> String {
    let mut pattern = String::new();
    for word in reason.split_inclusive(|character: char| !character.is_alphanumeric()) {
        let mut end = word.char_indices().next_back();
        let separator = end.take().filter(|(_, last)| !last.is_alphanumeric());
        let (text, rest) = separator.map_or((word, ""), |(at, _)| word.split_at(at));
        let differs = text.contains(|character: char| character.is_ascii_digit()) || is_digits(text);
        pattern.push_str(if differs { ANYTHING } else { text });
        pattern.push_str(rest);
    }
    pattern.chars().take(PATTERN).collect()
}

/// Whether a text consists of the digits of an id alone.
fn is_digits(text: &str) -> bool {
    text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whose job a payload is, where it says so.
pub fn merchant_in(body: &[u8]) -> Option<MerchantId> {
    let payload: Value = serde_json::from_slice(body).ok()?;
    payload.get("merchant_id")?.as_str()?.parse().ok()
}

/// The ids of what a payload is about, wherever in it they stand.
pub fn subjects_in(body: &[u8]) -> Vec<String> {
    let mut found = BTreeSet::new();
    if let Ok(payload) = serde_json::from_slice(body) {
        collect(&payload, &mut found);
    }
    found.into_iter().take(SUBJECTS).collect()
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if is_subject(text) => {
            found.insert(text.clone());
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, found)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a text is an id of something that letters are found by.
pub fn is_subject(text: &str) -> bool {
    text.split_once('_').is_some_and(|(prefix, digits)| {
        PREFIXES.contains(&prefix)
            && digits.len() == 32
            && digits
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
    })
}

/// A payload as people may see it: ids and bare facts stand there, every other text is masked.
pub fn masked(body: &[u8]) -> Value {
    match serde_json::from_slice::<Value>(body) {
        Ok(payload) => mask(&payload, false),
        Err(_) => Value::from(format!("{} bytes that are no JSON", body.len())),
    }
}

fn mask(value: &Value, is_shown: bool) -> Value {
    match value {
        Value::Object(fields) => {
            let masked = fields.iter().map(|(name, value)| {
                let is_shown = SHOWN.contains(&name.as_str());
                (name.clone(), mask(value, is_shown))
            });
            Value::Object(Map::from_iter(masked))
        }
        Value::Array(values) => Value::Array(values.iter().map(|value| mask(value, is_shown)).collect()),
        Value::String(text) if is_shown || is_subject(text) || text.parse::<MerchantId>().is_ok() => {
            Value::String(text.clone())
        }
        Value::Number(_) if !is_shown => Value::from(MASKED),
        Value::String(_) => Value::from(MASKED),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PAYMENT: &str = "pay_0123456789abcdef0123456789abcdef";

    #[test]
    fn letters_with_the_same_trouble_have_the_same_pattern() {
        assert_eq!(
            pattern("the merchant's endpoint answered 503"),
            "the merchant's endpoint answered ?"
        );
        assert_eq!(
            pattern(&format!("asked about {PAYMENT}: not done within 30 s")),
            "asked about pay_?: not done within ? s"
        );
        assert_eq!(pattern("evt_1Ab, then pi_3X"), "evt_?, then pi_?");
        assert_eq!(pattern("äöü (ж)."), "äöü (ж).");
        assert_eq!(pattern(""), "");
        assert!(pattern(&"word ".repeat(1_000)).chars().count() <= PATTERN);
    }

    #[test]
    fn a_payload_is_about_what_it_names() {
        let body = json!({"merchant_id": "mer_0123456789abcdef0123456789abcdef",
            "about": {"payment_id": PAYMENT}, "note": "pay_0123", "list": [PAYMENT]});
        let body = serde_json::to_vec(&body).unwrap();
        assert_eq!(subjects_in(&body), [PAYMENT]);
        assert!(merchant_in(&body).is_some());
        assert_eq!(subjects_in(b"no JSON"), Vec::<String>::new());
        assert_eq!(merchant_in(b"{\"merchant_id\": 7}"), None);
    }

    #[test]
    fn what_may_be_personal_is_masked() {
        let body = json!({"payment_id": PAYMENT, "amount_minor": 1999, "payer": {"ip": "192.0.2.1", "age": 7},
            "description": "two coffees for Ada", "currency": "USD"});
        let shown = masked(&serde_json::to_vec(&body).unwrap());
        assert_eq!(
            shown,
            json!({"payment_id": PAYMENT, "amount_minor": 1999, "payer": {"ip": "…", "age": "…"},
                "description": "…", "currency": "USD"})
        );
        assert_eq!(masked(b"Ada"), json!("3 bytes that are no JSON"));
    }

    #[test]
    fn every_state_is_found_by_its_name() {
        for state in LetterState::ALL {
            assert_eq!(state.name().parse(), Ok(*state));
        }
        assert!("gone".parse::<LetterState>().unwrap_err().contains("missing"));
    }
}
