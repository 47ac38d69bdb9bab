//! `notifications`: what merchants are told, whether it arrives, and having it sent again.
//!
//! What a notification says, and what an endpoint answered, is the merchant's and its customers', and is not shown.

use chrono::{DateTime, SecondsFormat, Utc};
use domain::{
    id::{MerchantId, NotificationId},
    mask::mask,
};
use serde_json::Value;
use store::{
    Doing, EndpointHealth, MadeAttempt, NotificationFilter, NotificationState, NotificationSummary,
    NotificationsOf, Resend, Resent, Store,
};
use url::Url;

use crate::{
    Answer, Console, ConsoleError,
    answer::Facts,
    args::{ListNotifications, NotificationsCommand, ResendNotifications},
    switches::reason,
};

impl Console<'_> {
    pub(crate) async fn notifications(&self, command: &NotificationsCommand) -> Result<Answer, ConsoleError> {
        match command {
            NotificationsCommand::Health { merchant } => self.endpoint_health(*merchant).await,
            NotificationsCommand::List(args) => self.list_notifications(args).await,
            NotificationsCommand::Show { id } => self.show_notification(*id).await,
            NotificationsCommand::Resend(args) => self.resend(args).await,
        }
    }

    async fn endpoint_health(&self, merchant: Option<MerchantId>) -> Result<Answer, ConsoleError> {
        if let Some(merchant) = merchant {
            self.merchant(&merchant.to_string()).await?;
        }
        let health = self.store.endpoint_health(merchant, self.now()).await?;
        Ok(Answer::Many(health.iter().map(health_facts).collect()))
    }

    async fn list_notifications(&self, args: &ListNotifications) -> Result<Answer, ConsoleError> {
        let merchant = args.merchant.map(NotificationsOf::Merchant);
        let payment = args.payment.map(NotificationsOf::Payment);
        let order = args.order.map(NotificationsOf::Order);
        let Some(of) = merchant.or(payment).or(order) else {
            return Err(ConsoleError::NotificationsOfWhat);
        };
        let filter = NotificationFilter {
            of,
            state: args.state.map(NotificationState::from),
            limit: args.limit,
        };
        let found = self.store.notifications(&filter).await?;
        Ok(Answer::Many(found.iter().map(summary_facts).collect()))
    }

    async fn show_notification(&self, id: NotificationId) -> Result<Answer, ConsoleError> {
        let unknown = ConsoleError::UnknownNotification(id);
        let (summary, attempts) = self.store.notification(id).await?.ok_or(unknown)?;
        Ok(Answer::Report {
            facts: summary_facts(&summary),
            lists: vec![("attempts", attempts.iter().map(attempt_facts).collect())],
            passed: true,
        })
    }

    async fn resend(&self, args: &ResendNotifications) -> Result<Answer, ConsoleError> {
        let reason = reason(&args.reason)?;
        let what = match args.merchant {
            Some(merchant) => Resend::GivenUp {
                merchant_id: self.merchant(&merchant.to_string()).await?.id,
                since: args.since,
                limit: args.limit,
            },
            None => Resend::These(args.ids.clone()),
        };
        let resent = resend(&self.store, &what, self.doing_because(reason)).await?;
        Ok(resent_answer(&resent))
    }
}

/// Sends notifications again.
///
/// # Errors
/// Nothing would arrive: nothing was done.
pub(crate) async fn resend(store: &Store, what: &Resend, doing: Doing<'_>) -> Result<Resent, ConsoleError> {
    let resent = store.resend(what, doing).await?;
    match resent.no_endpoint {
        Some(merchant) => Err(ConsoleError::NothingArrives(merchant)),
        None => Ok(resent),
    }
}

fn resent_answer(resent: &Resent) -> Answer {
    let each = |ids: &[NotificationId]| {
        ids.iter()
            .map(|id| vec![("id", Value::from(id.to_string()))])
            .collect()
    };
    Answer::Report {
        facts: vec![
            ("resent_total", Value::from(resent.resent.len())),
            ("under_way_total", Value::from(resent.under_way.len())),
        ],
        lists: vec![
            ("resent", each(&resent.resent)),
            ("under_way", each(&resent.under_way)),
            ("unknown", each(&resent.unknown)),
        ],
        passed: resent.unknown.is_empty(),
    }
}

fn health_facts(health: &EndpointHealth) -> Facts {
    let (hour, day) = (health.last_hour, health.last_day);
    vec![
        ("merchant_id", Value::from(health.merchant_id.to_string())),
        ("endpoint", Value::from(health.url.as_deref().map(host))),
        ("disabled_reason", Value::from(health.disabled_reason.clone())),
        ("paused_since", time(health.paused_since)),
        ("last_success_at", time(health.last_success_at)),
        ("last_failure_at", time(health.last_failure_at)),
        (
            "last_failure",
            Value::from(health.last_failure.as_deref().map(mask)),
        ),
        ("attempts_last_hour", Value::from(hour.1)),
        ("success_rate_last_hour", rate(hour)),
        ("attempts_last_day", Value::from(day.1)),
        ("success_rate_last_day", rate(day)),
        ("waiting", Value::from(health.waiting)),
        ("held", Value::from(health.held)),
        ("given_up", Value::from(health.given_up)),
    ]
}

/// Where an endpoint is, without what its address may carry.
pub(crate) fn host(url: &str) -> String {
    let parsed = Url::parse(url).ok();
    let origin = parsed.map(|url| url.origin().ascii_serialization());
    origin.unwrap_or_else(|| "an address that cannot be read".to_owned())
}

/// The share of tries that were taken, from 0 to 1, in thousandths; none where there were none.
fn rate((taken, all): (i64, i64)) -> Value {
    if all == 0 {
        return Value::Null;
    }
    Value::from((taken as f64 / all as f64 * 1_000.0).round() / 1_000.0)
}

fn summary_facts(told: &NotificationSummary) -> Facts {
    let last = told.last.as_ref();
    vec![
        ("id", Value::from(told.id.to_string())),
        ("merchant_id", Value::from(told.merchant_id.to_string())),
        ("about", Value::from(told.about.as_str())),
        ("event_type", Value::from(told.event_type.as_str())),
        ("status", Value::from(told.status.as_str())),
        ("created_at", time(Some(told.created_at))),
        ("finished_at", time(told.finished_at)),
        ("held_since", time(told.held_at)),
        ("attempts", Value::from(last.map_or(0, |last| last.attempt))),
        ("attempts_before_resend", Value::from(told.attempts_before)),
        ("last_attempt_at", time(last.map(|last| last.at))),
        (
            "last_http_status",
            Value::from(last.and_then(|last| last.http_status)),
        ),
        ("last_error", Value::from(last.and_then(error))),
    ]
}

fn attempt_facts(made: &MadeAttempt) -> Facts {
    vec![
        ("attempt", Value::from(made.attempt)),
        ("at", time(Some(made.at))),
        ("http_status", Value::from(made.http_status)),
        ("duration_ms", Value::from(made.duration_ms)),
        ("error", Value::from(error(made))),
    ]
}

pub(crate) fn error(made: &MadeAttempt) -> Option<String> {
    made.error.as_deref().map(mask)
}

fn time(at: Option<DateTime<Utc>>) -> Value {
    Value::from(at.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true)))
}
