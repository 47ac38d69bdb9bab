//! What a timeline tells, by a name and its values. The names are ours, so that each language can say them.

use std::fmt;

macro_rules! events {
    ($($name:ident $code:literal $english:literal;)*) => {
        /// Something that happens to payments, refunds, orders and wallets.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum EventName {
            $(#[doc = $english] $name),*
        }

        impl EventName {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name in statements.
            const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// What is said of it in English, with places as in [`Event::said`].
            pub const fn english(self) -> &'static str {
                match self { $(Self::$name => $english),* }
            }
        }
    };
}

events! {
    PaymentTaken "payment_taken" "payment of {0} {1} was taken up, to be paid through {2}";
    RefundTaken "refund_taken" "refund of {0} {1} was taken up";
    OrderTaken "order_taken" "order of {0} {1} was taken up";
    WalletOpened "wallet_opened" "wallet in {0} was opened";
    Changed "changed" "it is {0}, since its last change";
    Wished "wished" "{0}: {1}";
    Called "called" "[{0} ]{1}: {2}[, {3}]";
    Told "told" "{0} said {1} ({2}): {3}, processed {4} ms later";
    DisputeOpened "dispute_opened" "a dispute about {0} {1} was opened at {2} ({3})";
    DisputeChanged "dispute_changed" "the dispute {0} is {1}, since its last change";
    JobFailed "job_failed" "{0} failed and is tried again";
    JobGivenUp "job_given_up" "{0} was given up and parked";
    JobWaits "job_waits" "{0} waits in the outbox for RabbitMQ";
    NotificationWritten "notification_written" "{0} was written, to be told to the merchant";
    NotificationEnded "notification_ended" "{0} is {1}";
    NotificationHeld "notification_held" "{0} is kept back before attempt {1}, as the merchant's notifications are paused";
    Delivered "delivered" "taken by the merchant's endpoint";
    NotDelivered "not_delivered" "not taken by the merchant's endpoint";
    Moved "moved" "{0} {1}: {2}";
    NothingMoved "nothing_moved" "{0} {1}: nothing moved";
    OrderStep "order_step" "{0}: it is {1}[ (a reason was given){2}][, {3}][, {4}]";
    WalletLine "wallet_line" "line {0}: {1} {2}, {3} (held {4}), leaves {5} (held {6})";
    WithdrawalChanged "withdrawal_changed" "withdrawal of {0} {1} is {2}, since its last change";
    DoneByPeople "done_by_people" "{0} by {1}";
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub name: EventName,
    values: Vec<Option<String>>,
}

impl Event {
    /// What is said of it in `template`: `{0}` is for its first value and `{0:status}` for what `word` makes of that, as a
    /// `status`. What is in `[brackets]` is left out where one of its values is not known.
    pub fn said(&self, template: &str, word: impl Fn(&str, &str) -> String) -> String {
        let mut said = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('[') {
            let (optional, next) = after.split_once(']').unwrap_or((after, ""));
            for part in [before, optional] {
                said += &self.filled(part, &word).unwrap_or_default();
            }
            rest = next;
        }
        said + &self.filled(rest, &word).unwrap_or_default()
    }

    /// A part of a template; none where a value is not known.
    fn filled(&self, part: &str, word: &impl Fn(&str, &str) -> String) -> Option<String> {
        let mut filled = String::new();
        let mut rest = part;
        while let Some((before, after)) = rest.split_once('{') {
            let (place, next) = after.split_once('}')?;
            let (number, how) = place.split_once(':').unwrap_or((place, ""));
            let value = self.values.get(number.parse::<usize>().ok()?)?.as_deref()?;
            filled += before;
            filled += &word(how, value);
            rest = next;
        }
        Some(filled + rest)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.said(self.name.english(), |_, value| value.to_owned()))
    }
}

/// A statement tells of something that has no name.
#[derive(Debug, thiserror::Error)]
#[error("a timeline tells of {0:?}, which is no event")]
pub struct NoEvent(Option<String>);

impl TryFrom<Vec<Option<String>>> for Event {
    type Error = NoEvent;

    /// What a statement tells: the name, then the values.
    fn try_from(mut told: Vec<Option<String>>) -> Result<Self, NoEvent> {
        let values = told.split_off(told.len().min(1));
        let code = told.pop().flatten();
        let named = |name: &&EventName| Some(name.code()) == code.as_deref();
        match EventName::ALL.iter().find(named) {
            Some(name) => Ok(Self { name: *name, values }),
            None => Err(NoEvent(code)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::sources::SOURCES;

    fn event(told: &[Option<&str>]) -> Event {
        let told: Vec<Option<String>> = told.iter().map(|value| value.map(str::to_owned)).collect();
        Event::try_from(told).unwrap()
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let asked = [
            Some("called"),
            Some("stripe"),
            Some("find_intent"),
            Some("ok"),
            Some("pi_1"),
        ];
        assert_eq!(event(&asked).to_string(), "stripe find_intent: ok, pi_1");
        let asked = [Some("called"), None, Some("create_refund"), Some("unknown"), None];
        assert_eq!(event(&asked).to_string(), "create_refund: unknown");
        let step = [Some("order_step"), Some("refund"), Some("refunding"), Some("")];
        assert_eq!(
            event(&step).to_string(),
            "refund: it is refunding (a reason was given)"
        );
    }

    #[test]
    fn a_value_may_look_like_a_place() {
        let odd = [Some("done_by_people"), Some("{1}"), Some("[anna]")];
        assert_eq!(event(&odd).to_string(), "{1} by [anna]");
        let words = event(&odd).said("{1:who}：{0}", |how, value| format!("{how}={value}"));
        assert_eq!(words, "who=[anna]：={1}");
    }

    #[test]
    fn the_statements_tell_of_every_event_and_of_no_other() {
        let statements: Vec<String> = SOURCES.iter().map(|source| source.bounded_sql()).collect();
        for name in EventName::ALL {
            let told = format!("array['{}'", name.code());
            assert!(statements.iter().any(|sql| sql.contains(&told)), "{name:?}");
        }
        for sql in &statements {
            let mut told = sql.split("array['").skip(1).peekable();
            assert!(told.peek().is_some(), "{sql}");
            for after in told {
                let code = after.split('\'').next().map(str::to_owned);
                Event::try_from(vec![code]).unwrap();
            }
        }
    }
}
