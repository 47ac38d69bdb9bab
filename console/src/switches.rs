//! `pause`, `resume` and `switches`: what is held up on purpose. Workers obey within about two seconds.

use chrono::SecondsFormat;
use domain::switch::Switch;
use serde_json::Value;
use store::PausedSwitch;

use crate::{Answer, Console, ConsoleError, answer::Facts, args::Switching};

/// The longest reason, in characters.
const MAX_REASON: usize = 500;

impl Console<'_> {
    pub(crate) async fn pause(&self, args: &Switching) -> Result<Answer, ConsoleError> {
        let (switch, reason) = (Switch::from(args.switch), reason(&args.reason)?);
        match switch {
            Switch::Queue(_) => {}
            Switch::Channel(channel) if channel.is_provider() => {}
            Switch::Channel(channel) => return Err(ConsoleError::NoProvider(channel)),
            Switch::Notifications(merchant) => drop(self.merchant(&merchant.to_string()).await?),
        }
        let pausing = self.store.pause(switch, reason, &self.actor, self.now());
        if pausing.await? {
            Ok(said(switch, "paused", reason))
        } else {
            Err(ConsoleError::PausedAlready(switch))
        }
    }

    pub(crate) async fn resume(&self, args: &Switching) -> Result<Answer, ConsoleError> {
        let (switch, reason) = (Switch::from(args.switch), reason(&args.reason)?);
        let resuming = self.store.resume(switch, reason, &self.actor, self.now());
        if resuming.await? {
            Ok(said(switch, "going", reason))
        } else {
            Err(ConsoleError::NotPaused(switch))
        }
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
