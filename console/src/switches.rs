//! `pause`, `resume` and `switches`: what is held up on purpose. Workers obey within about two seconds.

use chrono::SecondsFormat;
use domain::switch::Switch;
use serde_json::Value;
use store::{Doing, PausedSwitch, Store};

use crate::{Answer, Console, ConsoleError, answer::Facts, args::Switching};

/// The longest reason, in characters.
pub(crate) const MAX_REASON: usize = 500;

impl Console<'_> {
    pub(crate) async fn pause(&self, args: &Switching) -> Result<Answer, ConsoleError> {
        let (switch, reason) = (Switch::from(args.switch), reason(&args.reason)?);
        pause(&self.store, switch, self.doing_because(reason)).await?;
        Ok(said(switch, "paused", reason))
    }

    pub(crate) async fn resume(&self, args: &Switching) -> Result<Answer, ConsoleError> {
        let (switch, reason) = (Switch::from(args.switch), reason(&args.reason)?);
        resume(&self.store, switch, self.doing_because(reason)).await?;
        Ok(said(switch, "going", reason))
    }

    pub(crate) async fn switches(&self) -> Result<Answer, ConsoleError> {
        let paused = self.store.switches().await?;
        Ok(Answer::Many(
            paused.iter().map(|paused| self.facts(paused)).collect(),
        ))
    }

    fn facts(&self, paused: &PausedSwitch) -> Facts {
        let for_s = (self.now() - paused.since).num_seconds().max(0);
        vec![
            ("what", Value::from(paused.switch.what())),
            ("name", Value::from(paused.switch.name())),
            ("reason", Value::from(paused.reason.as_str())),
            ("paused_by", Value::from(paused.paused_by.as_str())),
            (
                "since",
                Value::from(paused.since.to_rfc3339_opts(SecondsFormat::Millis, true)),
            ),
            ("paused_for_s", Value::from(for_s)),
        ]
    }
}

/// Pauses what can be paused.
///
/// # Errors
/// There is nothing of that name to pause, or it is paused already.
pub(crate) async fn pause(store: &Store, switch: Switch, doing: Doing<'_>) -> Result<(), ConsoleError> {
    match switch {
        Switch::Queue(_) => {}
        Switch::Channel(channel) if channel.is_provider() => {}
        Switch::Channel(channel) => return Err(ConsoleError::NoProvider(channel)),
        Switch::Notifications(merchant) => {
            if !store.has_merchant(merchant).await? {
                return Err(ConsoleError::UnknownMerchant(merchant));
            }
        }
    }
    if store.pause(switch, doing).await? {
        Ok(())
    } else {
        Err(ConsoleError::PausedAlready(switch))
    }
}

/// Lets go on what is paused.
///
/// # Errors
/// It is not paused.
pub(crate) async fn resume(store: &Store, switch: Switch, doing: Doing<'_>) -> Result<(), ConsoleError> {
    if store.resume(switch, doing).await? {
        Ok(())
    } else {
        Err(ConsoleError::NotPaused(switch))
    }
}

fn said(switch: Switch, state: &str, reason: &str) -> Answer {
    Answer::new([
        ("what", switch.what().to_owned()),
        ("name", switch.name()),
        ("state", state.to_owned()),
        ("reason", reason.to_owned()),
    ])
}

/// A reason as the audit log keeps it.
///
/// # Errors
/// Nobody could read it.
pub(crate) fn reason(text: &str) -> Result<&str, ConsoleError> {
    let reason = text.trim();
    if reason.is_empty() || reason.chars().count() > MAX_REASON {
        return Err(ConsoleError::Reason);
    }
    Ok(reason)
}
