//! `timeline`: everything that is stored about a payment, a refund, an order or a wallet, in one list by time.
//!
//! The events are put together of ids, states and amounts alone. Reasons were written by others, so what may be personal in
//! them is masked: see [`domain::mask`].

use chrono::SecondsFormat;
use domain::mask::mask;
use serde_json::Value;
use store::{Timeline, TimelineEntry, TimelineOf};

use crate::{Answer, Console, ConsoleError, answer::Facts, args::ShowTimeline};

impl Console<'_> {
    pub(crate) async fn timeline(&self, args: &ShowTimeline) -> Result<Answer, ConsoleError> {
        let unknown = || ConsoleError::NoTimeline(args.id.chars().take(64).collect());
        let of = timeline_of(&args.id).ok_or_else(unknown)?;
        let timeline = self.store.timeline(of, args.limit).await?.ok_or_else(unknown)?;
        Ok(answer(&args.id, &timeline))
    }
}

/// What an id is the timeline of.
pub(crate) fn timeline_of(id: &str) -> Option<TimelineOf> {
    let payment = id.parse().map(TimelineOf::Payment);
    let refund = || id.parse().map(TimelineOf::Refund);
    let order = || id.parse().map(TimelineOf::Order);
    let wallet = || id.parse().map(TimelineOf::Wallet);
    payment
        .or_else(|_| refund())
        .or_else(|_| order())
        .or_else(|_| wallet())
        .ok()
}

fn answer(id: &str, timeline: &Timeline) -> Answer {
    Answer::Listing {
        facts: vec![
            ("id", Value::from(id)),
            ("merchant_id", Value::from(timeline.merchant_id.to_string())),
            ("left_out", Value::from(timeline.left_out)),
            ("left_out_at_least", Value::from(timeline.is_more)),
        ],
        name: "entries",
        rows: timeline.entries.iter().map(row).collect(),
    }
}

fn row(entry: &TimelineEntry) -> (String, Facts) {
    let happened = &entry.happened;
    let at = happened.at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let (event, reason) = (happened.event.to_string(), happened.reason.as_deref().map(mask));
    let mut line = format!("{at}  {:<12}  {}  {event}", entry.source, happened.subject);
    if let Some(attempt) = happened.attempt {
        line.push_str(&format!(", attempt {attempt}"));
    }
    if let Some(status) = happened.http_status {
        line.push_str(&format!(", HTTP {status}"));
    }
    if let Some(duration_ms) = happened.duration_ms {
        line.push_str(&format!(", {duration_ms} ms"));
    }
    match (&happened.error_class, &reason) {
        (Some(class), Some(reason)) => line.push_str(&format!(": {class}: {reason}")),
        (Some(word), None) | (None, Some(word)) => line.push_str(&format!(": {word}")),
        (None, None) => {}
    }
    let facts = vec![
        ("at", Value::from(at)),
        ("source", Value::from(entry.source)),
        ("subject", Value::from(happened.subject.as_str())),
        ("event", Value::from(event)),
        ("job_id", Value::from(happened.job_id.clone())),
        ("attempt", Value::from(happened.attempt)),
        ("duration_ms", Value::from(happened.duration_ms)),
        ("http_status", Value::from(happened.http_status)),
        ("error_class", Value::from(happened.error_class.clone())),
        ("reason", Value::from(reason)),
    ];
    (line, facts)
}
