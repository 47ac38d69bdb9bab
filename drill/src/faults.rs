//! What is broken, and which alerts that has to raise. A new rule needs an entry here: [`ACTS`] says where.

mod cast;
mod channels;
mod jobs;
mod merchants;
mod money;
mod processes;

use std::time::{SystemTime, UNIX_EPOCH};

use futures::future::LocalBoxFuture;

pub use cast::Play;

/// Something that is done to a running Sluice.
pub type Act = for<'a> fn(&'a Play<'a>) -> LocalBoxFuture<'a, anyhow::Result<()>>;

/// A fault and the alerts that it has to raise.
pub struct Fault {
    /// What is broken, for people.
    pub what: &'static str,
    /// The alerts that are for it.
    pub raises: &'static [Alert],
    /// Breaks it.
    pub inject: Act,
    /// Puts it right again.
    pub mend: Act,
}

/// An alert, with labels that it has to have: another fault may raise the same for something else.
pub struct Alert {
    /// The rule's name.
    pub name: &'static str,
    /// Labels with their values.
    pub labels: &'static [(&'static str, &'static str)],
    /// What is otherwise than in production, so that nobody has to wait for hours; empty when nothing is.
    pub hurried: &'static str,
}

impl Alert {
    const fn of(name: &'static str, labels: &'static [(&'static str, &'static str)]) -> Self {
        Self {
            name,
            labels,
            hurried: "",
        }
    }

    const fn hurried(self, hurried: &'static str) -> Self {
        Self { hurried, ..self }
    }
}

/// All faults. Those of an act are injected at once, and over before the next act begins: of the last, there is nobody left
/// to measure the others.
pub const ACTS: [&[&Fault]; 2] = [
    &[
        &jobs::UNREADABLE,
        &jobs::OLD,
        &jobs::QUEUE_PAUSED,
        &jobs::CHANNEL_PAUSED,
        &jobs::UNROUTABLE,
        &channels::HANGS,
        &channels::FORGED,
        &channels::NEW_KEY,
        &channels::SILENT,
        &channels::REVERSED,
        &channels::CREDENTIALS_END,
        &merchants::DEAF,
        &money::NONSENSE,
        &money::UNBALANCED,
        &money::UNCHECKED,
        &money::DIFFERS,
        &money::NO_STATEMENT,
        &money::UNCOUNTED,
        &processes::KILLED,
        &processes::CUT_OFF,
    ],
    &[&processes::NO_WORKERS, &processes::NO_MEMORY],
];

#[expect(
    clippy::disallowed_methods,
    reason = "the drill is apart from Sluice's code, and so from its clock"
)]
fn now_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::rules;

    #[test]
    fn every_alert_has_a_drill_and_every_drill_an_alert() {
        let rules = include_str!("../../ops/prometheus/rules.yml");
        let ruled: BTreeSet<&str> = rules::alerts(rules).into_iter().collect();
        let faults = ACTS.iter().copied().flatten();
        let drilled: BTreeSet<&str> = faults
            .flat_map(|fault| fault.raises)
            .map(|alert| alert.name)
            .collect();
        assert!(!ruled.is_empty());
        assert_eq!(ruled, drilled);
    }
}
