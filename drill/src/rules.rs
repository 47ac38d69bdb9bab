//! The alert rules and Prometheus' settings, as files: what is changed of them for the drill, line by line, so that all else
//! stays what production has.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};

/// A `for` that is longer than an alert may take to fire cannot be waited for.
const LONGEST_FOR_S: u64 = 60;
/// What such a `for` is divided by.
const DIVISOR: u64 = 10;

/// The rules as the drill loads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The file.
    pub text: String,
    /// What was changed, by alert, for people.
    pub changed: BTreeMap<String, String>,
}

/// Divides each `for` that is longer than a minute. Thresholds and windows stay.
///
/// # Errors
/// A `for` cannot be read, or stays too long.
pub fn shortened(rules: &str) -> anyhow::Result<Rules> {
    let (mut text, mut changed) = (String::new(), BTreeMap::new());
    let mut alert = "";
    for line in rules.lines() {
        alert = named(line).unwrap_or(alert);
        let waits = line.trim().strip_prefix("for: ");
        match waits
            .map(|waits| anyhow::Ok((waits, seconds(waits)?)))
            .transpose()?
        {
            Some((waits, long)) if long > LONGEST_FOR_S => {
                let short = long / DIVISOR;
                ensure!(
                    short <= LONGEST_FOR_S,
                    "{alert} waits {waits}: even a tenth is too long"
                );
                text.push_str(&line.replace(waits, &format!("{short}s")));
                changed.insert(alert.to_owned(), format!("for {waits} / {DIVISOR}"));
            }
            Some(_) | None => text.push_str(line),
        }
        text.push('\n');
    }
    Ok(Rules { text, changed })
}

/// The names of the alerts in a file of rules.
pub fn alerts(rules: &str) -> Vec<&str> {
    rules.lines().filter_map(named).collect()
}

/// How far an expression looks back at the most, in seconds.
///
/// # Errors
/// A window cannot be read.
pub fn looks_back_s(expression: &str) -> anyhow::Result<u64> {
    let windows = expression.split('[').skip(1);
    let windows = windows.map(|rest| seconds(rest.split(']').next().unwrap_or_default()));
    Ok(windows
        .collect::<anyhow::Result<Vec<_>>>()?
        .into_iter()
        .max()
        .unwrap_or_default())
}

/// Where the drill's Prometheus finds what production finds by name.
#[derive(Debug)]
pub struct Places<'a> {
    /// The folder with a file of targets for each job, such as `workers.json`.
    pub targets: &'a str,
    /// Host and port of RabbitMQ's metrics.
    pub rabbitmq: &'a str,
    /// The drill's vhost.
    pub vhost: &'a str,
}

/// Prometheus' settings with other addresses. Intervals, jobs, paths and families stay.
///
/// # Errors
/// Something that has to be replaced is not there.
pub fn moved(settings: &str, places: &Places<'_>) -> anyhow::Result<String> {
    let (mut text, mut job, mut replaced) = (String::new(), String::new(), [0; 3]);
    for line in settings.lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        if let Some(name) = line.trim().strip_prefix("- job_name: ") {
            name.clone_into(&mut job);
        }
        let line = match line.trim() {
            "dns_sd_configs:" => format!("{indent}file_sd_configs:"),
            sd if sd.starts_with("- { names: [") => {
                replaced[0] += 1;
                format!(
                    "{indent}- {{ files: [{}/{job}.json], refresh_interval: 5s }}",
                    places.targets
                )
            }
            "- targets: [rabbitmq:15692]" => {
                replaced[1] += 1;
                format!("{indent}- targets: ['{}']", places.rabbitmq)
            }
            "vhost: [sluice]" => {
                replaced[2] += 1;
                format!("{indent}vhost: [{}]", places.vhost)
            }
            _ => line.to_owned(),
        };
        text.push_str(&line);
        text.push('\n');
    }
    ensure!(
        replaced == [2, 2, 1],
        "prometheus.yml is not as the drill knows it: {replaced:?} addresses were replaced"
    );
    Ok(text)
}

fn named(line: &str) -> Option<&str> {
    line.trim().strip_prefix("- alert: ")
}

fn seconds(span: &str) -> anyhow::Result<u64> {
    let (number, unit) = span.split_at(span.len().saturating_sub(1));
    let number: u64 = number
        .parse()
        .with_context(|| format!("a span of time: {span:?}"))?;
    Ok(match unit {
        "s" => number,
        "m" => 60 * number,
        "h" => 3600 * number,
        _ => bail!("a span of time: {span:?}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_waits_too_long_is_divided() {
        let rules = "- alert: A\n  for: 30s\n- alert: B\n  expr: rate(x[10m]) > 3 * 600\n  for: 5m\n";
        let shortened = shortened(rules).unwrap();
        assert_eq!(
            shortened.text,
            "- alert: A\n  for: 30s\n- alert: B\n  expr: rate(x[10m]) > 3 * 600\n  for: 30s\n"
        );
        assert_eq!(
            shortened.changed,
            BTreeMap::from([("B".to_owned(), "for 5m / 10".to_owned())])
        );
        assert!(super::shortened("- alert: C\n  for: 2h\n").is_err());
    }

    #[test]
    fn the_longest_window_is_found() {
        assert_eq!(
            looks_back_s("rate(a[2m]) / increase(b{c=\"d\"}[1h])").unwrap(),
            3600
        );
        assert_eq!(looks_back_s("up == 0").unwrap(), 0);
    }

    #[test]
    fn the_settings_of_production_can_be_moved() {
        let settings = include_str!("../../ops/prometheus/prometheus.yml");
        let places = Places {
            targets: "/drill",
            rabbitmq: "127.0.0.1:1234",
            vhost: "drill_1",
        };
        let moved = moved(settings, &places).unwrap();
        for line in [
            "[/drill/ingress.json]",
            "[/drill/workers.json]",
            "'127.0.0.1:1234'",
            "vhost: [drill_1]",
        ] {
            assert!(moved.contains(line), "{line}: {moved}");
        }
        assert!(super::moved("global:\n", &places).is_err());
    }
}
