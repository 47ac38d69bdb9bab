//! Logs and metrics of a process.
//!
//! Logs go to standard output: people get text, machines get JSON lines. Metrics go through the `metrics`
//! facade into one recorder per process, whose text the internal listener serves; there is no second HTTP
//! server behind it.

use std::{
    io::IsTerminal,
    str::FromStr,
    sync::{Mutex, OnceLock, PoisonError},
};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::ParseError,
    layer::{Identity, SubscriberExt},
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{
    json_lines::JsonLines,
    pretty_lines,
    settings::{Settings, SettingsError},
    traces,
};

/// What is logged of everything that [`LIBRARIES`] does not name, unless `RUST_LOG` says otherwise.
const DEFAULT_FILTER: &str = "info";

/// The most that is logged of a library unless `RUST_LOG` names it. They tell of every frame and every query at `info`;
/// lapin warns about a returned message with its whole body, which is nobody's business.
const LIBRARIES: [(&str, LevelFilter); 8] = [
    ("lapin", LevelFilter::ERROR),
    ("sqlx", LevelFilter::WARN),
    ("hyper", LevelFilter::WARN),
    ("hyper_util", LevelFilter::WARN),
    ("reqwest", LevelFilter::WARN),
    ("h2", LevelFilter::WARN),
    ("rustls", LevelFilter::WARN),
    // Spans that are for traces alone.
    (traces::TARGET, LevelFilter::OFF),
];

/// Upper bounds of the histograms named `*_seconds`: from a fast query to a slow provider.
const SECONDS_BUCKETS: [f64; 15] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
static INSTALLING: Mutex<()> = Mutex::new(());

/// Logs or metrics could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `RUST_LOG` or `LOG_FORMAT` cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Somebody installed another logger before.
    #[error("a logger is already installed in this process")]
    LoggerInstalled,
    /// The metrics recorder could not be installed.
    #[error("the metrics recorder could not be installed")]
    Recorder(#[from] BuildError),
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LogFormat {
    Json,
    Pretty,
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "json" => Ok(Self::Json),
            "pretty" => Ok(Self::Pretty),
            _ => Err("neither json nor pretty"),
        }
    }
}

/// What is logged.
#[derive(Debug)]
struct Filter(EnvFilter);

impl FromStr for Filter {
    type Err = ParseError;

    /// Puts the limits of the libraries under the wishes of whoever wrote `text`: of two directives for one target the
    /// later counts, and a library is never told to say more than everything else is.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wishes = || text.split(',').map(str::trim).filter(|wish| !wish.is_empty());
        let of_everything = wishes().rev().find_map(|wish| wish.parse::<LevelFilter>().ok());
        let ceiling = of_everything.unwrap_or(LevelFilter::OFF);
        let limits = LIBRARIES.map(|(library, most)| format!("{library}={}", most.min(ceiling)));
        // White space around a directive would become part of its target.
        let directives: Vec<&str> = limits.iter().map(String::as_str).chain(wishes()).collect();
        EnvFilter::try_new(directives.join(",")).map(Self)
    }
}

/// Starts logs and metrics. Call it once, first thing in `main`.
///
/// `RUST_LOG` is a filter such as `info,workers=debug`. It does not make libraries talkative that would log what they
/// carry, unless it names them: `debug,lapin=debug`. `LOG_FORMAT` is `json` or `pretty`, by default
/// `pretty` on a terminal and `json` elsewhere.
///
/// # Errors
/// A setting cannot be used, or a logger or a recorder is already installed.
pub fn init(service: &'static str) -> Result<(), TelemetryError> {
    init_with(service, Settings::from_env(), None::<Identity>)
}

/// The same, and the [traces] of a process that takes part in payments, as far as `settings` name a collector. Must be
/// called within a Tokio runtime.
///
/// # Errors
/// As [`init`].
pub fn init_traced(service: &'static str, settings: &Settings) -> Result<(), TelemetryError> {
    let sender = traces::layer(service, settings.clone())?;
    init_with(service, settings.clone(), sender)
}

fn init_with(
    service: &'static str,
    settings: Settings,
    sender: Option<impl Layer<Registry> + Send + Sync>,
) -> Result<(), TelemetryError> {
    let (filter, format) = read(settings, std::io::stdout().is_terminal())?;
    // A layer that is `None` would have spans made that nobody wants.
    let registry = tracing_subscriber::registry();
    let installed = match sender {
        None => registry
            .with(layer(service, format).with_filter(filter))
            .try_init(),
        Some(sender) => registry
            .with(sender)
            .with(layer(service, format).with_filter(filter))
            .try_init(),
    };
    installed.map_err(|_| TelemetryError::LoggerInstalled)?;
    install_recorder()?;
    Ok(())
}

/// Makes this process record metrics. Called by [`init`]; a test that reads metrics may call it as often as
/// it likes.
///
/// # Errors
/// Another recorder is already installed.
pub fn install_recorder() -> Result<(), BuildError> {
    let _one_at_a_time = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    if RECORDER.get().is_none() {
        let builder = PrometheusBuilder::new();
        let builder =
            builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS_BUCKETS)?;
        // Only this function sets the cell, and the lock above lets one thread in at a time.
        let _unset_before = RECORDER.set(builder.install_recorder()?);
    }
    Ok(())
}

/// All metrics in Prometheus' text format; empty before [`install_recorder`].
pub fn metrics_text() -> String {
    RECORDER.get().map(PrometheusHandle::render).unwrap_or_default()
}

/// Folds recorded samples into their histograms, so that memory stays level when nobody reads the metrics.
pub(crate) fn fold_samples() {
    if let Some(recorder) = RECORDER.get() {
        recorder.run_upkeep();
    }
}

fn read(mut settings: Settings, on_terminal: bool) -> Result<(EnvFilter, LogFormat), SettingsError> {
    let by_default = if on_terminal {
        LogFormat::Pretty
    } else {
        LogFormat::Json
    };
    let format = settings.with_default("LOG_FORMAT", by_default, "json");
    let filter = settings.optional::<Filter>("RUST_LOG", "info,workers=debug");
    let filter = filter.or_else(|| DEFAULT_FILTER.parse().ok());
    settings.finish(filter.map(|Filter(filter)| (filter, format)))
}

fn layer<S>(service: &'static str, format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    match format {
        LogFormat::Json => JsonLines::new(service, std::io::stdout).boxed(),
        LogFormat::Pretty => pretty_lines::layer(std::io::stdout).boxed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_follows_the_terminal_unless_set() {
        let format = |pairs: &[(&str, &str)], on_terminal| {
            read(
                Settings::from_pairs(pairs.iter().map(|(n, v)| (*n, *v))),
                on_terminal,
            )
            .unwrap()
            .1
        };
        assert_eq!(format(&[], true), LogFormat::Pretty);
        assert_eq!(format(&[], false), LogFormat::Json);
        assert_eq!(format(&[("LOG_FORMAT", "json")], true), LogFormat::Json);
        assert_eq!(format(&[("LOG_FORMAT", "pretty")], false), LogFormat::Pretty);
    }

    #[test]
    fn bad_settings_are_named() {
        let settings = Settings::from_pairs([("LOG_FORMAT", "xml"), ("RUST_LOG", "info,=,[")]);
        let error = read(settings, false).unwrap_err();
        assert_eq!(
            error
                .problems
                .iter()
                .map(|problem| problem.name)
                .collect::<Vec<_>>(),
            ["LOG_FORMAT", "RUST_LOG"]
        );
    }

    fn directives(rust_log: &str) -> Vec<String> {
        let settings = Settings::from_pairs([("RUST_LOG", rust_log)]);
        let (filter, _) = read(settings, false).unwrap();
        filter.to_string().split(',').map(str::to_owned).collect()
    }

    #[track_caller]
    fn holds(rust_log: &str, wanted: &[&str]) {
        let directives = directives(rust_log);
        for wanted in wanted {
            assert!(
                directives.iter().any(|directive| directive == wanted),
                "{wanted}: {directives:?}"
            );
        }
    }

    #[test]
    fn the_libraries_stay_quiet_whatever_the_rest_is_told() {
        holds("", &["lapin=error", "sqlx=warn", "info"]);
        holds("info", &["lapin=error", "sqlx=warn", "info"]);
        holds("trace", &["lapin=error", "hyper=warn", "trace"]);
        holds(
            "workers=debug, info",
            &["lapin=error", "sqlx=warn", "workers=debug", "info"],
        );
    }

    #[test]
    fn a_library_that_is_named_is_heard() {
        holds("info,lapin=debug", &["lapin=debug", "sqlx=warn", "info"]);
        holds(
            "info,lapin::channel=trace",
            &["lapin::channel=trace", "lapin=error"],
        );
        let named = directives("info,lapin=debug");
        assert!(!named.contains(&"lapin=error".to_owned()), "{named:?}");
    }

    #[test]
    fn nobody_who_asks_for_less_gets_more_from_the_libraries() {
        holds("error", &["lapin=error", "sqlx=error", "error"]);
        holds("workers=debug", &["lapin=off", "sqlx=off", "workers=debug"]);
        let named = directives("off");
        assert!(
            named.iter().all(|directive| directive.ends_with("off")),
            "{named:?}"
        );
    }
}
