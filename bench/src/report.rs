//! What was measured, as a table and as JSON.

use std::{fs, time::UNIX_EPOCH};

use anyhow::Context;
use chrono::DateTime;
use serde::Serialize;
use serde_json::Value;

use crate::{raw::Raw, stage::folder};

/// What a scenario has shown.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// The scenario.
    pub scenario: &'static str,
    /// Its targets.
    pub targets: Vec<Target>,
    /// Everything else.
    pub facts: Value,
}

/// A target beside what was measured.
#[derive(Debug, Serialize)]
pub struct Target {
    /// What is measured, with its unit.
    pub what: &'static str,
    /// What it should be.
    pub wanted: String,
    /// What it is.
    pub measured: f64,
    /// Whether that is met.
    pub met: bool,
}

impl Target {
    /// At least this much is wanted.
    pub fn at_least(what: &'static str, least: f64, measured: f64) -> Self {
        Self {
            what,
            wanted: format!("≥ {least}"),
            measured,
            met: measured >= least,
        }
    }

    /// At most this much is wanted.
    pub fn at_most(what: &'static str, most: f64, measured: f64) -> Self {
        Self {
            what,
            wanted: format!("≤ {most}"),
            measured,
            met: measured <= most,
        }
    }
}

/// All of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    machine: Machine,
    raw: Raw,
    /// Payments per second of the raw operations that a payment needs.
    composed_limit: f64,
    scenarios: Vec<Measured>,
}

#[derive(Debug, Serialize)]
struct Machine {
    cores: usize,
    cpu: String,
    memory: String,
    kernel: String,
    at: String,
}

impl Report {
    /// A report that has the raw parts only.
    pub fn new(raw: Raw) -> Self {
        let report = Self {
            machine: Machine::this(),
            raw,
            composed_limit: raw.composed_limit(),
            scenarios: Vec::new(),
        };
        report.print_raw();
        report
    }

    /// Adds what a scenario has shown, and prints it.
    pub fn add(&mut self, measured: Measured) {
        println!("\n{}", measured.scenario);
        for target in &measured.targets {
            let met = if target.met { "met" } else { "NOT met" };
            println!(
                "  {:<68} {:>10.3}   wanted {:<8} {met}",
                target.what, target.measured, target.wanted
            );
        }
        println!("{}", indented(&measured.facts));
        self.scenarios.push(measured);
    }

    /// Writes it down, beside those of earlier runs.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn write(&self) -> anyhow::Result<()> {
        let folder = folder();
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}.json", self.machine.at.replace(':', "")));
        fs::write(&path, serde_json::to_vec_pretty(self)?).with_context(|| path.display().to_string())?;
        println!("\nAll of it: {}", path.display());
        Ok(())
    }

    fn print_raw(&self) {
        println!("raw parts                                      per second   CPU s per 1,000");
        let rows = [
            ("publish + confirm, quorum queue, 64 at once", self.raw.publish),
            ("consume + ack, 128 ahead", self.raw.consume),
            (
                "transaction of 4 statements, 32 connections",
                self.raw.transaction,
            ),
        ];
        for (what, rate) in rows {
            println!(
                "  {what:<44} {:>10.0} {:>17.3}",
                rate.per_second, rate.cpu_s_per_1000
            );
        }
        println!(
            "  composed limit, payments per second          {:>10.0}",
            self.composed_limit
        );
    }
}

impl Machine {
    fn this() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let line = |path: &str, name: &str| {
            let text = read(path);
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':'))
                .map(|(_, fact)| fact.trim().to_owned())
                .unwrap_or_default()
        };
        let since = UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            cpu: line("/proc/cpuinfo", "model name"),
            memory: line("/proc/meminfo", "MemTotal"),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            at: DateTime::from_timestamp(i64::try_from(since).unwrap_or_default(), 0)
                .unwrap_or_default()
                .format("%Y-%m-%dT%H:%M:%SZ")
                .to_string(),
        }
    }
}

fn indented(facts: &Value) -> String {
    let Some(facts) = facts.as_object() else {
        return String::new();
    };
    let lines = facts.iter().map(|(name, fact)| format!("  {name}: {fact}"));
    lines.collect::<Vec<_>>().join("\n")
}
