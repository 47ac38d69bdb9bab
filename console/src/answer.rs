//! What a command says when it is done: the same facts as lines for people or as JSON for programs.

use serde_json::{Map, Value};

use crate::ConsoleError;

/// Facts about one thing, in order.
pub type Facts = Vec<(&'static str, Value)>;

/// The facts a command answers with.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// One thing.
    One(Facts),
    /// Many things of a kind.
    Many(Vec<Facts>),
    /// Many things of a kind, each told in one line.
    Listing {
        /// What they are of, and how many are left out.
        facts: Facts,
        /// What they are called.
        name: &'static str,
        /// Each as a line for people and as facts for programs.
        rows: Vec<(String, Facts)>,
    },
    /// What a check has found.
    Report {
        /// What was looked at.
        facts: Facts,
        /// The details, each list under its name.
        lists: Vec<(&'static str, Vec<Facts>)>,
        /// Whether all is well. The program ends with 1 when it is not, so that scripts notice.
        passed: bool,
    },
}

impl Answer {
    /// One thing with these facts.
    pub fn new<V: Into<Value>>(facts: impl IntoIterator<Item = (&'static str, V)>) -> Self {
        Self::One(
            facts
                .into_iter()
                .map(|(name, value)| (name, value.into()))
                .collect(),
        )
    }

    /// The text to print.
    ///
    /// # Errors
    /// The facts cannot be written as JSON.
    pub fn render(&self, as_json: bool) -> Result<String, ConsoleError> {
        if as_json {
            let value = match self {
                Self::One(facts) => object(facts),
                Self::Many(rows) => array(rows),
                Self::Listing { facts, name, rows } => {
                    let rows = rows.iter().map(|(_, facts)| object(facts)).collect();
                    object(&facts.iter().cloned().chain([(*name, rows)]).collect::<Facts>())
                }
                Self::Report { facts, lists, .. } => {
                    let lists = lists.iter().map(|(name, rows)| (*name, array(rows)));
                    object(&facts.iter().cloned().chain(lists).collect::<Facts>())
                }
            };
            return Ok(format!("{}\n", serde_json::to_string_pretty(&value)?));
        }
        Ok(match self {
            Self::One(facts) => lines(facts),
            Self::Many(rows) if rows.is_empty() => "none\n".to_owned(),
            Self::Many(rows) => paragraphs(rows),
            Self::Listing { facts, name, rows } => {
                let rows = rows.iter().map(|(line, _)| format!("{line}\n"));
                format!("{}\n{name}:\n{}", lines(facts), rows.collect::<String>())
            }
            Self::Report { facts, lists, .. } => {
                let there = lists.iter().filter(|(_, rows)| !rows.is_empty());
                let lists = there.map(|(name, rows)| format!("\n{name}:\n{}", paragraphs(rows)));
                lines(facts) + &lists.collect::<String>()
            }
        })
    }

    /// Whether the program has done well: false when a check has found something.
    pub const fn passed(&self) -> bool {
        match self {
            Self::One(_) | Self::Many(_) | Self::Listing { .. } => true,
            Self::Report { passed, .. } => *passed,
        }
    }
}

fn array(rows: &[Facts]) -> Value {
    rows.iter().map(|facts| object(facts)).collect()
}

fn paragraphs(rows: &[Facts]) -> String {
    let rows: Vec<_> = rows.iter().map(|facts| lines(facts)).collect();
    rows.join("\n")
}

fn object(facts: &[(&'static str, Value)]) -> Value {
    facts
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect::<Map<_, _>>()
        .into()
}

/// One line for each fact that there is, the names aligned.
fn lines(facts: &[(&'static str, Value)]) -> String {
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let there = facts.iter().filter(|(_, value)| !value.is_null());
    there
        .map(|(name, value)| format!("{name:width$}  {}\n", plain(value)))
        .collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_lines_and_programs_read_json() {
        let answer = Answer::new([
            ("id", Value::from("mer_1")),
            ("endpoint", Value::Null),
            ("keys", Value::from(2)),
        ]);
        assert_eq!(answer.render(false).unwrap(), "id        mer_1\nkeys      2\n");
        let json: Value = serde_json::from_str(&answer.render(true).unwrap()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"id": "mer_1", "endpoint": null, "keys": 2})
        );
        assert_eq!(Answer::Many(Vec::new()).render(false).unwrap(), "none\n");
        assert_eq!(Answer::Many(Vec::new()).render(true).unwrap(), "[]\n");
    }

    #[test]
    fn a_report_shows_what_there_is_and_whether_all_is_well() {
        let report = |found: Vec<Facts>| Answer::Report {
            facts: vec![("postings", Value::from(4))],
            passed: found.is_empty(),
            lists: vec![("disagreements", found)],
        };
        let good = report(Vec::new());
        assert!(good.passed());
        assert_eq!(good.render(false).unwrap(), "postings  4\n");
        let bad = report(vec![
            vec![("rule", Value::from("a"))],
            vec![("rule", Value::from("b"))],
        ]);
        assert!(!bad.passed());
        assert_eq!(
            bad.render(false).unwrap(),
            "postings  4\n\ndisagreements:\nrule  a\n\nrule  b\n"
        );
        let json: Value = serde_json::from_str(&bad.render(true).unwrap()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"postings": 4, "disagreements": [{"rule": "a"}, {"rule": "b"}]})
        );
    }
}
