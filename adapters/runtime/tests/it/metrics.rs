//! The table of metrics in the docs is what the code measures, and alerts and dashboards ask for nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use crate::sources::{files, read, root};

const MACROS: [(&str, &str); 3] = [
    ("counter!(", "counter"),
    ("gauge!(", "gauge"),
    ("histogram!(", "histogram"),
];

/// Each metric of the table with its type. A summary is what the recorder makes of a histogram without buckets.
fn told() -> BTreeMap<String, String> {
    let table = read("docs/metrics.md");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `sluice_"));
    let told = rows.map(|row| {
        let mut cells = row.split('|').map(str::trim);
        let name = cells.next().unwrap().trim_end_matches('`');
        let kind = match cells.next().unwrap() {
            "summary" => "histogram",
            kind => kind,
        };
        (format!("sluice_{name}"), kind.to_owned())
    });
    told.collect()
}

/// Each metric that the code measures, with its type.
fn measured() -> BTreeMap<String, String> {
    let crates = ["adapters", "ingress", "workers", "console"];
    let sources = crates.map(|name| files(&root().join(name), ".rs"));
    let sources = sources.into_iter().flatten();
    let ours = sources.filter(|path| !path.components().any(|part| part.as_os_str() == "tests"));
    let mut measured = BTreeMap::new();
    for path in ours {
        let source = fs::read_to_string(path).unwrap();
        for (call, kind) in MACROS {
            for after in source.split(&format!("metrics::{call}")).skip(1) {
                let name = after.trim_start().strip_prefix('"').unwrap();
                let name = name.split('"').next().unwrap();
                measured.insert(name.to_owned(), kind.to_owned());
            }
        }
    }
    measured
}

/// Every name in a text that is one of ours.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'));
    let ours = words.filter(|word| word.starts_with("sluice_"));
    ours.map(str::to_owned).collect()
}

#[test]
fn the_table_lists_every_metric_and_no_other() {
    assert!(measured().len() > 20);
    assert_eq!(told(), measured());
}

/// <https://prometheus.io/docs/practices/naming/>
#[test]
fn names_follow_the_conventions() {
    for (name, kind) in told() {
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name}");
        let is_in_base_units = !["_ms", "_millis", "_minutes", "_hours", "_kb"]
            .iter()
            .any(|unit| name.ends_with(unit));
        assert!(is_in_base_units, "{name}");
    }
}

#[test]
fn alerts_and_dashboards_ask_for_what_there_is() {
    let told = told();
    let mut askers = files(&root().join("ops"), ".yml");
    askers.extend(files(&root().join("ops"), ".json"));
    let mut asked = BTreeSet::new();
    for path in askers {
        let text = fs::read_to_string(&path).unwrap();
        for name in names(&text) {
            let base = ["_bucket", "_count", "_sum"]
                .iter()
                .find_map(|part| name.strip_suffix(part))
                .unwrap_or(&name);
            assert!(told.contains_key(base), "{}: {name}", path.display());
            asked.insert(base.to_owned());
        }
    }
    assert!(asked.len() > 15, "{asked:?}");
}

/// Each alert says which page tells what to do, and each page is of an alert.
#[test]
fn every_alert_has_its_runbook() {
    let rules = read("ops/prometheus/rules.yml");
    let alerts: BTreeSet<String> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .map(str::to_owned)
        .collect();
    let linked: BTreeSet<String> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("runbook: docs/runbooks/"))
        .map(|page| page.trim_end_matches(".md").to_owned())
        .collect();
    let pages = files(&root().join("docs/runbooks"), ".md");
    let pages: BTreeSet<String> = pages
        .iter()
        .map(|page| page.file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|page| page != "README")
        .collect();
    assert!(alerts.len() > 15);
    assert_eq!(alerts, linked);
    assert_eq!(alerts, pages);
}
