//! What a command says when it is done: the same facts as lines for people or as JSON for programs.

use serde_json::{Map, Value};

use crate::ConsoleError;

/// The facts a command answers with, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// One thing.
    One(Vec<(&'static str, Value)>),
    /// Many things of a kind.
    Many(Vec<Vec<(&'static str, Value)>>),
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
                Self::Many(rows) => rows.iter().map(|facts| object(facts)).collect(),
            };
            return Ok(format!("{}\n", serde_json::to_string_pretty(&value)?));
        }
        Ok(match self {
            Self::One(facts) => lines(facts),
            Self::Many(rows) if rows.is_empty() => "none\n".to_owned(),
            Self::Many(rows) => rows
                .iter()
                .map(|facts| lines(facts))
                .collect::<Vec<_>>()
                .join("\n"),
        })
    }
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
}
