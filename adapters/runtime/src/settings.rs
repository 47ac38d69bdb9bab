//! Reads settings from environment variables and reports everything that is wrong with them at once.
//!
//! A process reads its settings once, at start, into one struct per concern. A bad setting must stop it
//! before it binds a port or opens a connection, and the message must say which setting, what is wrong and
//! what would be right. The value of a secret never appears in such a message.
//!
//! Values are read first and the struct is built afterwards, so that one missing setting does not hide the
//! next:
//!
//! ```
//! use std::{net::SocketAddr, time::Duration};
//! use domain::secret::Secret;
//! use runtime::Settings;
//!
//! struct Config { listen: SocketAddr, database_url: Secret, timeout: Duration }
//!
//! fn read(settings: &mut Settings) -> Option<Config> {
//!     let listen = settings.with_default("LISTEN", SocketAddr::from(([127, 0, 0, 1], 8080)), "127.0.0.1:8080");
//!     let database_url = settings.secret("DATABASE_URL", "postgres://user:password@host/database");
//!     let timeout = settings.duration_ms("STORE_TIMEOUT_MS", Duration::from_secs(5));
//!     Some(Config { listen, database_url: database_url?, timeout })
//! }
//!
//! let mut settings = Settings::from_pairs([("DATABASE_URL", "postgres://localhost/sluice")]);
//! let config = read(&mut settings);
//! let config = settings.finish(config)?;
//! assert_eq!(config.timeout, Duration::from_secs(5));
//! # Ok::<(), runtime::SettingsError>(())
//! ```

use std::{collections::HashMap, ffi::OsString, fmt, str::FromStr, time::Duration};

use domain::secret::Secret;

/// How much of a bad value an error shows, in characters.
const SHOWN_VALUE: usize = 80;

/// The settings of this process, and what was found wrong with those read so far.
#[derive(Clone)]
pub struct Settings {
    values: HashMap<String, OsString>,
    problems: Vec<Problem>,
}

/// One setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The environment variable.
    pub name: &'static str,
    /// What is wrong with it. Never shows the value of a secret.
    pub problem: String,
    /// A value that would be accepted.
    pub example: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} (for example {}={})",
            self.name, self.problem, self.name, self.example
        )
    }
}

/// Settings that cannot be used: all of them, not only the first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SettingsError {
    /// What is wrong, in the order in which the settings were read.
    pub problems: Vec<Problem>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("settings that cannot be used:")?;
        self.problems
            .iter()
            .try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl Settings {
    /// The environment variables of this process.
    pub fn from_env() -> Self {
        let named = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
        Self {
            values: std::env::vars_os().filter_map(named).collect(),
            problems: Vec::new(),
        }
    }

    /// The given names and values, for tests.
    pub fn from_pairs<N: Into<String>, V: Into<OsString>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let values = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self {
            values: values.collect(),
            problems: Vec::new(),
        }
    }

    /// A setting that has to be there. `None` means that a problem was noted and [`Self::finish`] will fail.
    pub fn required<T>(&mut self, name: &'static str, example: &str) -> Option<T>
    where
        T: FromStr<Err: fmt::Display>,
    {
        self.text(name, example)
            .or_else(|| self.note_missing(name, example))
            .and_then(|t| self.parse(name, &t, example))
    }

    /// A setting that may be left out or empty. A value that cannot be read also gives `None`, and is noted.
    pub fn optional<T>(&mut self, name: &'static str, example: &str) -> Option<T>
    where
        T: FromStr<Err: fmt::Display>,
    {
        self.text(name, example)
            .and_then(|text| self.parse(name, &text, example))
    }

    /// A setting with a default. A value that cannot be read also gives the default, and is noted.
    pub fn with_default<T>(&mut self, name: &'static str, default: T, example: &str) -> T
    where
        T: FromStr<Err: fmt::Display>,
    {
        self.optional(name, example).unwrap_or(default)
    }

    /// A whole number of milliseconds with a default. The name ends in `_MS`, so that nobody has to guess the
    /// unit.
    pub fn duration_ms(&mut self, name: &'static str, default: Duration) -> Duration {
        debug_assert!(
            name.ends_with("_MS"),
            "{name} is read in milliseconds and must say so"
        );
        let example = default.as_millis().to_string();
        self.optional(name, &example)
            .map_or(default, Duration::from_millis)
    }

    /// A secret that has to be there. The value never appears in an error.
    pub fn secret(&mut self, name: &'static str, example: &str) -> Option<Secret> {
        self.text(name, example)
            .or_else(|| self.note_missing(name, example))
            .map(Secret::new)
    }

    /// A secret that may be left out or empty.
    pub fn optional_secret(&mut self, name: &'static str, example: &str) -> Option<Secret> {
        self.text(name, example).map(Secret::new)
    }

    /// Notes a problem that only the caller can see, such as two settings that contradict each other.
    pub fn note(&mut self, name: &'static str, problem: impl Into<String>, example: &str) {
        self.problems.push(Problem {
            name,
            problem: problem.into(),
            example: example.into(),
        });
    }

    /// What was built from these settings, unless something was wrong with any of them.
    ///
    /// # Errors
    /// Lists every problem that was noted.
    pub fn finish<T>(self, built: Option<T>) -> Result<T, SettingsError> {
        match built {
            Some(built) if self.problems.is_empty() => Ok(built),
            Some(_) | None => Err(SettingsError {
                problems: self.problems,
            }),
        }
    }

    /// The value without surrounding white space; an empty one counts as left out.
    fn text(&mut self, name: &'static str, example: &str) -> Option<String> {
        let Some(text) = self.values.get(name)?.to_str() else {
            self.note(name, "is not valid UTF-8", example);
            return None;
        };
        Some(text.trim())
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }

    fn note_missing(&mut self, name: &'static str, example: &str) -> Option<String> {
        // A value that is not UTF-8 was noted already.
        if self.problems.last().is_none_or(|last| last.name != name) {
            self.note(name, "is not set", example);
        }
        None
    }

    fn parse<T>(&mut self, name: &'static str, text: &str, example: &str) -> Option<T>
    where
        T: FromStr<Err: fmt::Display>,
    {
        let parsed = text.parse();
        parsed
            .map_err(|error| self.note(name, format!("is {}: {error}", shown(text)), example))
            .ok()
    }
}

fn shown(value: &str) -> String {
    let mut shown: String = value.chars().take(SHOWN_VALUE).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn problems(mut settings: Settings, read: impl FnOnce(&mut Settings)) -> Vec<String> {
        read(&mut settings);
        match settings.finish(Some(())) {
            Ok(()) => Vec::new(),
            Err(error) => error.problems.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn values_are_read_as_their_type() {
        let mut settings = Settings::from_pairs([
            ("LISTEN", " 127.0.0.1:8080 "),
            ("PREFETCH", "64"),
            ("TIMEOUT_MS", "250"),
            ("KEY", "s3cret"),
            ("EMPTY", ""),
        ]);
        assert_eq!(
            settings.required("LISTEN", ""),
            Some(SocketAddr::from(([127, 0, 0, 1], 8080)))
        );
        assert_eq!(settings.with_default("PREFETCH", 1_u16, ""), 64);
        assert_eq!(settings.with_default("MISSING", 7_u16, ""), 7);
        assert_eq!(settings.optional::<u16>("EMPTY", ""), None);
        assert_eq!(settings.optional::<u16>("PREFETCH", ""), Some(64));
        assert_eq!(
            settings.duration_ms("TIMEOUT_MS", Duration::ZERO),
            Duration::from_millis(250)
        );
        assert_eq!(
            settings.duration_ms("OTHER_MS", Duration::from_secs(1)),
            Duration::from_secs(1)
        );
        assert_eq!(settings.secret("KEY", "").unwrap().expose(), "s3cret");
        assert_eq!(settings.optional_secret("EMPTY", ""), None);
        assert_eq!(settings.optional_secret("KEY", "").unwrap().expose(), "s3cret");
        assert_eq!(settings.finish(Some("built")), Ok("built"));
    }

    #[test]
    fn every_problem_is_listed_with_its_name_and_an_example() {
        let settings = Settings::from_pairs([
            ("LISTEN", "localhost"),
            ("PREFETCH", "many"),
            ("TIMEOUT_MS", "1s"),
        ]);
        let listed = problems(settings, |settings| {
            assert_eq!(settings.required::<SocketAddr>("LISTEN", "127.0.0.1:8080"), None);
            assert_eq!(settings.with_default("PREFETCH", 1_u16, "64"), 1);
            assert_eq!(
                settings.duration_ms("TIMEOUT_MS", Duration::from_secs(5)),
                Duration::from_secs(5)
            );
            assert_eq!(settings.required::<String>("AMQP_URL", "amqp://host"), None);
            assert_eq!(settings.secret("KEY", "64 hex digits"), None);
            settings.note("PREFETCH", "must not exceed CONCURRENCY", "64");
        });
        assert_eq!(
            listed,
            [
                "LISTEN is \"localhost\": invalid socket address syntax (for example LISTEN=127.0.0.1:8080)",
                "PREFETCH is \"many\": invalid digit found in string (for example PREFETCH=64)",
                "TIMEOUT_MS is \"1s\": invalid digit found in string (for example TIMEOUT_MS=5000)",
                "AMQP_URL is not set (for example AMQP_URL=amqp://host)",
                "KEY is not set (for example KEY=64 hex digits)",
                "PREFETCH must not exceed CONCURRENCY (for example PREFETCH=64)",
            ]
        );
    }

    #[test]
    fn an_error_prints_one_line_for_each_problem() {
        let mut settings = Settings::from_pairs::<String, String>([]);
        let built = (
            settings.required::<String>("A", "1"),
            settings.required::<String>("B", "2"),
        );
        let error = settings.finish(built.0.zip(built.1)).unwrap_err();
        let lines = [
            "settings that cannot be used:",
            "  A is not set (for example A=1)",
            "  B is not set (for example B=2)",
        ];
        assert_eq!(error.to_string(), lines.join("\n"));
    }

    #[test]
    fn a_long_value_is_cut() {
        let listed = problems(Settings::from_pairs([("N", "9".repeat(500))]), |settings| {
            settings.optional::<u8>("N", "1");
        });
        assert!(listed[0].contains('…') && listed[0].len() < 200, "{listed:?}");
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_named_once_and_a_secret_is_never_shown() {
        use std::os::unix::ffi::OsStringExt;
        let value = || OsString::from_vec(b"hunter2\xff".to_vec());
        let settings = Settings::from_pairs([("KEY", value()), ("NAME", value())]);
        let listed = problems(settings, |settings| {
            assert_eq!(settings.secret("KEY", "…"), None);
            assert_eq!(settings.required::<String>("NAME", "x"), None);
        });
        assert_eq!(listed.len(), 2, "{listed:?}");
        assert!(
            listed
                .iter()
                .all(|line| line.contains("is not valid UTF-8") && !line.contains("hunter2")),
            "{listed:?}"
        );
    }

    #[test]
    fn nothing_built_is_an_error_even_without_problems() {
        let settings = Settings::from_pairs::<String, String>([]);
        assert_eq!(
            settings.finish(None::<()>),
            Err(SettingsError { problems: Vec::new() })
        );
    }

    #[test]
    fn the_environment_is_read() {
        let mut settings = Settings::from_env();
        assert!(settings.required::<String>("PATH", "/usr/bin").is_some());
    }
}
