//! `differences`: what the provider and we do not agree on, and what people say about it.

use chrono::SecondsFormat;
use serde_json::Value;
use store::{DifferenceFilter, RecordedDifference, Resolved};

use crate::{
    Answer, Console, ConsoleError,
    answer::Facts,
    args::{Differences, DifferencesCommand, ResolveDifference},
};

/// The longest word on a difference, in characters.
const MAX_RESOLUTION: usize = 500;

impl Console<'_> {
    pub(crate) async fn differences(&self, args: &Differences) -> Result<Answer, ConsoleError> {
        if let Some(DifferencesCommand::Resolve(args)) = &args.command {
            return self.resolve_difference(args).await;
        }
        let merchant_id = match &args.merchant {
            Some(merchant) => Some(self.merchant(merchant).await?.id),
            None => None,
        };
        let filter = DifferenceFilter {
            merchant_id,
            reconciliation_id: None,
            open: args.open,
            limit: args.limit,
        };
        let found = self.store.differences(&filter).await?;
        let total = self.store.count_differences(&filter).await?;
        Ok(Answer::Report {
            facts: vec![
                ("differences_total", Value::from(total)),
                ("left_out", Value::from(total.saturating_sub(found.len() as u64))),
            ],
            lists: vec![("differences", found.iter().map(facts).collect())],
            // Listing them is no check: what is open was found before.
            passed: true,
        })
    }

    async fn resolve_difference(&self, args: &ResolveDifference) -> Result<Answer, ConsoleError> {
        let resolution = args.resolution.trim();
        if resolution.is_empty() || resolution.chars().count() > MAX_RESOLUTION {
            return Err(ConsoleError::Resolution);
        }
        let resolved = self
            .store
            .resolve_difference(args.id, resolution, &self.actor, self.now());
        match resolved.await? {
            Resolved::Now => Ok(Answer::new([
                ("difference_id", Value::from(args.id)),
                ("resolution", Value::from(resolution)),
                ("resolved_by", Value::from(self.actor.as_str())),
            ])),
            Resolved::Before => Err(ConsoleError::ResolvedBefore(args.id)),
            Resolved::Unknown => Err(ConsoleError::UnknownDifference(args.id)),
        }
    }
}

/// A difference, for people and programs.
pub fn facts(found: &RecordedDifference) -> Facts {
    let (difference, said) = (&found.difference, found.resolution.as_ref());
    let at = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    vec![
        ("difference_id", Value::from(found.id)),
        ("class", Value::from(difference.class.name())),
        (
            "reconciliation_id",
            Value::from(found.reconciliation_id.to_string()),
        ),
        ("merchant_id", Value::from(found.merchant_id.to_string())),
        (
            "payment_id",
            Value::from(difference.payment_id.map(|id| id.to_string())),
        ),
        (
            "refund_id",
            Value::from(difference.refund_id.map(|id| id.to_string())),
        ),
        ("object_id", Value::from(difference.object_id.clone())),
        ("entry_id", Value::from(difference.entry_id.clone())),
        ("ours", Value::from(difference.ours.as_str())),
        ("theirs", Value::from(difference.theirs.as_str())),
        ("found_at", Value::from(at(found.found_at))),
        ("resolution", Value::from(said.map(|said| said.text.clone()))),
        ("resolved_by", Value::from(said.map(|said| said.by.clone()))),
        ("resolved_at", Value::from(said.map(|said| at(said.at)))),
    ]
}
