//! A parked message as it is read, wherever it is found.

use chrono::{DateTime, Utc};
use domain::{
    dead_letter::{ParkedBy, UNROUTABLE},
    id::DeadLetterId,
    job::{Envelope, Kind},
};
use lapin::{
    BasicProperties,
    message::Delivery,
    types::{AMQPValue, FieldTable},
};

use crate::{
    message::{self, ATTEMPT, ERROR_CLASS, FAILED_AT, REASON, SNOOZES},
    topology::DEAD,
};

/// The broker's own account of why it took a message out of a queue.
const DEATHS: &str = "x-death";
/// The class of error of a message that says nothing about why it is parked.
const UNTOLD: &str = "untold";

/// A parked message.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The same for every copy.
    pub id: DeadLetterId,
    /// The kind in whose queue it is parked; none for a message that nobody had a queue for.
    pub kind: Option<Kind>,
    /// The message.
    pub envelope: Envelope,
    /// Who parked it.
    pub parked_by: ParkedBy,
    /// The class of error: one of ours, or the broker's word.
    pub error_class: String,
    /// Why it is parked, fit for people to read.
    pub reason: String,
    /// When it was parked, where it says so.
    pub parked_at: Option<DateTime<Utc>>,
}

/// One time that the broker took the message out of a queue.
struct Death {
    queue: String,
    reason: String,
    count: u64,
    time_s: u64,
}

impl Letter {
    /// Reads a copy from `parked.log`, which tells by its way where the message itself is parked.
    pub(super) fn logged(delivery: Delivery, user: &str, now: DateTime<Utc>) -> Self {
        let kind = (delivery.exchange.as_str() == DEAD)
            .then(|| delivery.routing_key.as_str().parse().ok())
            .flatten();
        Self::read(delivery, kind, user, now)
    }

    /// Reads a message in the `dead` queue of a kind, or among the unroutable.
    pub(super) fn read(mut delivery: Delivery, kind: Option<Kind>, user: &str, now: DateTime<Utc>) -> Self {
        let properties = delivery.properties.clone();
        let key: String = delivery.routing_key.as_str().chars().take(64).collect();
        let name: &str = match kind {
            Some(kind) => kind.name(),
            None => &key,
        };
        let envelope = message::read(&mut delivery, name, user, now);
        let headers = properties.headers().clone().unwrap_or_default();
        let deaths = deaths(&headers);
        let told = message::text(&headers, REASON).zip(message::text(&headers, ERROR_CLASS));
        let (parked_by, error_class, reason) = match (told, deaths.first()) {
            // A reason that a foreign publisher wrote is none of ours.
            (Some((reason, class)), _) if is_from(&properties, user) => (ParkedBy::Worker, class, reason),
            (_, Some(death)) if kind.is_some() => (ParkedBy::Broker, death.reason.clone(), gave_up(death)),
            _ if kind.is_none() => {
                let reason = format!("no queue takes messages with routing key {key:?}");
                (ParkedBy::Broker, UNROUTABLE.to_owned(), reason)
            }
            _ => (
                ParkedBy::Broker,
                UNTOLD.to_owned(),
                "it does not say why".to_owned(),
            ),
        };
        // The way of a message that has a kind is that of its kind, and says nothing more.
        let unrouted = kind.is_none().then_some(delivery.routing_key.as_str());
        let failed_at = message::text(&headers, FAILED_AT);
        let failed_at = failed_at.and_then(|at| DateTime::parse_from_rfc3339(&at).ok());
        let died_at = deaths.first().and_then(|death| i64::try_from(death.time_s).ok());
        let died_at = died_at.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        Self {
            id: id(&properties, &headers, &deaths, unrouted, &envelope.body),
            kind,
            envelope,
            parked_by,
            error_class,
            reason,
            parked_at: failed_at.map(|at| at.to_utc()).or(died_at),
        }
    }
}

/// The id, from everything that tells this parking from any other and that no queue changes: what the broker counts when it
/// hands the message out is left aside.
fn id(
    properties: &BasicProperties,
    headers: &FieldTable,
    deaths: &[Death],
    unrouted: Option<&str>,
    body: &[u8],
) -> DeadLetterId {
    let property = |value: &Option<lapin::types::ShortString>| {
        value
            .as_ref()
            .map(|text| text.as_str().to_owned())
            .unwrap_or_default()
    };
    let number = |name| {
        message::number::<i64>(headers, name)
            .unwrap_or_default()
            .to_string()
    };
    let mut marks = vec![
        property(properties.message_id()),
        property(properties.kind()),
        properties.timestamp().unwrap_or_default().to_string(),
        number(ATTEMPT),
        number(SNOOZES),
        message::text(headers, FAILED_AT).unwrap_or_default(),
        message::text(headers, REASON).unwrap_or_default(),
    ];
    marks.extend(unrouted.map(str::to_owned));
    for death in deaths {
        marks.push(format!(
            "{} {} {} {}",
            death.queue, death.reason, death.count, death.time_s
        ));
    }
    let mut marks: Vec<&[u8]> = marks.iter().map(String::as_bytes).collect();
    marks.push(body);
    DeadLetterId::derive(&marks)
}

fn is_from(properties: &BasicProperties, user: &str) -> bool {
    properties
        .user_id()
        .as_ref()
        .is_some_and(|id| id.as_str() == user)
}

fn gave_up(death: &Death) -> String {
    match death.reason.as_str() {
        "delivery_limit" => format!(
            "RabbitMQ gave it up in {}: its workers were handed it too often and never settled it",
            death.queue
        ),
        other => format!("RabbitMQ took it out of {}: {other}", death.queue),
    }
}

/// The newest first, as the broker lists them.
fn deaths(headers: &FieldTable) -> Vec<Death> {
    let Some(AMQPValue::FieldArray(listed)) = headers.inner().get(DEATHS) else {
        return Vec::new();
    };
    let read = |value: &AMQPValue| {
        let AMQPValue::FieldTable(death) = value else {
            return None;
        };
        let time_s = match death.inner().get("time") {
            Some(AMQPValue::Timestamp(seconds)) => *seconds,
            _ => 0,
        };
        Some(Death {
            queue: message::text(death, "queue")?,
            reason: message::text(death, "reason")?,
            count: message::number(death, "count").unwrap_or(1),
            time_s,
        })
    };
    listed.as_slice().iter().filter_map(read).collect()
}
