//! What processes use: CPU time and memory, as the kernel counts them.

use std::{collections::BTreeMap, fs, time::Instant};

use anyhow::Context;
use serde::Serialize;

/// Clock ticks of `/proc` in a second; the same on all of Linux's architectures that matter here.
const TICKS_PER_S: f64 = 100.0;

/// Processes by name; PostgreSQL and RabbitMQ with all that they have started.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    processes: BTreeMap<String, u32>,
}

/// What was used between two readings.
#[derive(Debug, Clone, Serialize)]
pub struct Usage {
    /// How long it was measured, in seconds.
    pub seconds: f64,
    /// CPU seconds by process.
    pub cpu_s: BTreeMap<String, f64>,
    /// The largest resident memory since its start by process, in MiB. PostgreSQL's processes share most of theirs, so it is
    /// not among them.
    pub peak_mib: BTreeMap<String, f64>,
}

/// A moment.
#[derive(Debug, Clone)]
pub struct Reading {
    at: Instant,
    cpu_s: BTreeMap<String, f64>,
}

impl Meter {
    /// Adds a process.
    pub fn watch(&mut self, name: &str, process: u32) {
        self.processes.insert(name.to_owned(), process);
    }

    /// What every process has used so far.
    pub fn read(&self) -> Reading {
        let tree = children();
        let used = |process: &u32| family(*process, &tree).iter().map(|id| cpu_s(*id)).sum();
        Reading {
            at: Instant::now(),
            cpu_s: self
                .processes
                .iter()
                .map(|(name, process)| (name.clone(), used(process)))
                .collect(),
        }
    }

    /// What was used since `before`.
    pub fn since(&self, before: &Reading) -> Usage {
        let now = self.read();
        let used = now.cpu_s.iter().map(|(name, used)| {
            let before = before.cpu_s.get(name).copied().unwrap_or_default();
            (name.clone(), used - before)
        });
        let peak = self.processes.iter().filter(|(name, _)| *name != "postgresql");
        Usage {
            seconds: (now.at - before.at).as_secs_f64(),
            cpu_s: used.collect(),
            peak_mib: peak
                .map(|(name, process)| (name.clone(), peak_mib(*process)))
                .collect(),
        }
    }
}

impl Usage {
    /// CPU seconds of each process for a thousand of what was done `count` times.
    pub fn per_1000(&self, count: u64) -> BTreeMap<String, f64> {
        let each = self.cpu_s.iter();
        each.map(|(name, used)| (name.clone(), 1_000.0 * used / count as f64))
            .collect()
    }

    /// CPU seconds of all processes together.
    pub fn total_cpu_s(&self) -> f64 {
        self.cpu_s.values().sum()
    }
}

/// The process that started this one.
///
/// # Errors
/// There is no such process.
pub fn parent(process: u32) -> anyhow::Result<u32> {
    let stat = stat(process).with_context(|| format!("no process {process}"))?;
    stat.get(1)
        .and_then(|id| id.parse().ok())
        .context("a process has a parent")
}

/// The fields of `/proc/<id>/stat` after the name, which may hold anything.
fn stat(process: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

/// User and system time of a process and of its children that have ended and were waited for.
fn cpu_s(process: u32) -> f64 {
    let fields = stat(process).unwrap_or_default();
    let ticks = fields
        .iter()
        .skip(11)
        .take(4)
        .filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS_PER_S
}

fn peak_mib(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|peak| peak.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}

fn children() -> BTreeMap<u32, Vec<u32>> {
    let mut tree: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let id = entry.file_name().to_string_lossy().parse();
        if let Ok(id) = id
            && let Ok(parent) = parent(id)
        {
            tree.entry(parent).or_default().push(id);
        }
    }
    tree
}

fn family(process: u32, tree: &BTreeMap<u32, Vec<u32>>) -> Vec<u32> {
    let children = tree.get(&process).into_iter().flatten();
    let mut all = vec![process];
    all.extend(children.flat_map(|child| family(*child, tree)));
    all
}
