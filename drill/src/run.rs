//! A drill from its beginning to its end.
//!
//! The order matters: nothing may fire before anything is broken, or nobody knows what an alert is for; and once all is put
//! right, everything has to fall silent that does not look back for longer than that takes.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use futures::future::join_all;
use tokio::time::{Instant, sleep};

use crate::{
    faults::{ACTS, Alert, Fault, Play},
    prometheus::{Prometheus, Raised},
    rules,
    stage::Stage,
    table::{LIMIT, Line, render},
};

/// How often Prometheus is asked.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long a Sluice that was just started may take until nothing is even suspected.
const SETTLING: Duration = Duration::from_secs(90);
/// For how long nothing may be suspected before anything is broken: several evaluations.
const QUIET: Duration = Duration::from_secs(25);
/// How long it may take after the last fault until nothing fires any more.
const CALMING: Duration = Duration::from_secs(210);
/// Rules that look back further than this are not waited for.
const LOOKS_BACK_S: u64 = 120;

/// Starts everything, breaks everything, prints what fired when; says whether all of it was as it should be.
///
/// # Errors
/// The drill itself failed: something could not be started, broken or put right, or fires although nothing is broken.
pub async fn run() -> anyhow::Result<bool> {
    let began = Instant::now();
    let say = |what: &str| println!("{:5.1} s  {what}", began.elapsed().as_secs_f64());
    say("starting a Sluice and a Prometheus");
    let stage = Stage::set().await?;
    refuse_rules_without_drill(&stage.prometheus).await?;
    say("merchants are at work");
    let play = Play::begin(&stage).await?;
    say("waiting until everything is quiet");
    quiet(&stage.prometheus).await?;
    let (mut lines, mut failures) = (Vec::new(), Vec::new());
    for faults in ACTS {
        say(&format!("breaking {} things", faults.len()));
        lines.extend(act(&play, faults, &mut failures).await?);
        say("putting them right");
        play.rest().await;
        // The last first: what was broken before may need it.
        for fault in faults.iter().rev() {
            let mended = (fault.mend)(&play).await;
            failures.extend(
                mended
                    .with_context(|| format!("putting right: {}", fault.what))
                    .err(),
            );
        }
    }
    say("waiting until everything is quiet again");
    let noisy = calm(&play).await?;
    say("over");
    println!("\n{}", render(&lines));
    if !noisy.is_empty() {
        println!(
            "alerts: still firing although nothing is broken: {}",
            listed(&noisy)
        );
    }
    for failure in &failures {
        println!("alerts: {failure:#}");
    }
    let is_good = failures.is_empty() && noisy.is_empty() && lines.iter().all(Line::is_good);
    drop(play);
    stage.clear().await?;
    Ok(is_good)
}

/// What Prometheus has loaded is what counts, not what a file says.
async fn refuse_rules_without_drill(prometheus: &Prometheus) -> anyhow::Result<()> {
    let loaded = prometheus.loaded().await?;
    ensure!(!loaded.is_empty(), "Prometheus has loaded no rules");
    let faults = ACTS.iter().copied().flatten();
    let drilled: BTreeSet<&str> = faults
        .flat_map(|fault| fault.raises)
        .map(|alert| alert.name)
        .collect();
    let without: Vec<&str> = loaded
        .iter()
        .map(|rule| rule.name.as_str())
        .filter(|name| !drilled.contains(name))
        .collect();
    ensure!(
        without.is_empty(),
        "no fault in drill/src/faults.rs raises: {}",
        without.join(", ")
    );
    Ok(())
}

/// Waits until everything is up and nothing is even pending, and sees to it that it stays so.
async fn quiet(prometheus: &Prometheus) -> anyhow::Result<()> {
    let deadline = Instant::now() + SETTLING;
    let mut since = None;
    loop {
        let (raised, (_, down)) = (prometheus.alerts().await?, prometheus.up().await?);
        if raised.is_empty() && down == 0 {
            let since = since.get_or_insert_with(Instant::now);
            if since.elapsed() >= QUIET {
                return Ok(());
            }
        } else {
            since = None;
        }
        if Instant::now() >= deadline {
            bail!(
                "nothing is broken, and yet: {} ({down} targets are down)",
                listed(&names(&raised))
            );
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Injects faults at once and watches for their alerts. What could not be broken is a failure.
async fn act(
    play: &Play<'_>,
    faults: &[&Fault],
    failures: &mut Vec<anyhow::Error>,
) -> anyhow::Result<Vec<Line>> {
    let before = play.stage.prometheus.alerts().await?;
    let watched: Vec<Watched> = faults.iter().copied().flat_map(Watched::of).collect();
    if let Some(early) = watched.iter().find(|watched| watched.is_raised_by(&before)) {
        bail!("{} fires before its fault", early.named());
    }
    let began = Instant::now();
    let injecting = join_all(faults.iter().map(|fault| inject(play, fault)));
    let watching = watch(&play.stage.prometheus, watched, began);
    let (injected, lines) = tokio::join!(injecting, watching);
    failures.extend(injected.into_iter().filter_map(Result::err));
    let changed = &play.stage.prometheus.rules.changed;
    Ok(lines?.into_iter().map(|line| line.line(changed)).collect())
}

async fn inject(play: &Play<'_>, fault: &Fault) -> anyhow::Result<()> {
    (fault.inject)(play)
        .await
        .with_context(|| format!("breaking: {}", fault.what))
}

/// An alert that has to fire.
struct Watched {
    fault: &'static str,
    alert: &'static Alert,
    fired: Option<Duration>,
}

impl Watched {
    fn of(fault: &Fault) -> impl Iterator<Item = Self> + use<> {
        let what = fault.what;
        fault.raises.iter().map(move |alert| Self {
            fault: what,
            alert,
            fired: None,
        })
    }

    fn is_raised_by(&self, raised: &[Raised]) -> bool {
        let mut raised = raised.iter();
        raised.any(|raised| {
            raised.is_firing() && raised.name() == self.alert.name && raised.has(self.alert.labels)
        })
    }

    fn named(&self) -> String {
        let labels: Vec<&str> = self.alert.labels.iter().map(|(_, value)| *value).collect();
        format!("{} {}", self.alert.name, labels.join(" "))
            .trim_end()
            .to_owned()
    }

    fn line(self, changed: &BTreeMap<String, String>) -> Line {
        let of_rule = changed.get(self.alert.name).map_or("", String::as_str);
        let all = [of_rule, self.alert.hurried]
            .into_iter()
            .filter(|text| !text.is_empty());
        Line {
            alert: self.named(),
            fault: self.fault,
            fired: self.fired,
            changed: all.collect::<Vec<_>>().join(", "),
        }
    }
}

/// Notes when each fires, until all do or the time is up.
async fn watch(
    prometheus: &Prometheus,
    mut watched: Vec<Watched>,
    began: Instant,
) -> anyhow::Result<Vec<Watched>> {
    while watched.iter().any(|watched| watched.fired.is_none()) && began.elapsed() <= LIMIT {
        let raised = prometheus.alerts().await?;
        let after = began.elapsed();
        for watched in &mut watched {
            if watched.fired.is_none() && watched.is_raised_by(&raised) {
                watched.fired = Some(after);
            }
        }
        sleep(LOOK_EVERY).await;
    }
    Ok(watched)
}

/// Waits until nothing fires or is about to but what looks back for long; gives what still does. Jobs whose last try met a fault may
/// be parked only now, and people would discard them.
async fn calm(play: &Play<'_>) -> anyhow::Result<BTreeSet<String>> {
    let prometheus = &play.stage.prometheus;
    let mut waited_for = BTreeSet::new();
    for rule in prometheus.loaded().await? {
        if rules::looks_back_s(&rule.query)? <= LOOKS_BACK_S {
            waited_for.insert(rule.name);
        }
    }
    let deadline = Instant::now() + CALMING;
    loop {
        let mut raised = prometheus.alerts().await?;
        // Neither firing nor about to: what is still broken may only have begun anew.
        raised.retain(|raised| waited_for.contains(raised.name()));
        if raised.is_empty() || Instant::now() >= deadline {
            return Ok(names(&raised));
        }
        play.discard_parked().await?;
        sleep(LOOK_EVERY).await;
    }
}

fn names(raised: &[Raised]) -> BTreeSet<String> {
    let labels = |raised: &Raised| {
        let labels = raised
            .labels
            .iter()
            .filter(|(name, _)| !["alertname", "severity"].contains(&name.as_str()));
        labels
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join(",")
    };
    raised
        .iter()
        .map(|raised| format!("{}{{{}}}", raised.name(), labels(raised)))
        .collect()
}

fn listed(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
