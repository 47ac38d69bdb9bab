//! Envelopes as AMQP messages and back.
//!
//! Reading never fails: what is missing or odd in a foreign message gets a default, and whether the job makes sense is
//! for its handler to say. Nothing is copied from one message to the next but what the envelope holds, so the broker's
//! own notes (`x-death` and the like) do not pile up.
//!
//! **Who published it.** The broker checks `user_id` against the user of the connection, so it is proof. Messages of
//! other users are known by it. What we publish carries our own user; when that is a foreign job on its way through a
//! retry or into a dead-letter queue, header `published_by` keeps the user it came from. The header counts only under
//! our own `user_id`: from anybody else it would be forged.

use chrono::{DateTime, Utc};
use domain::{
    job::{Envelope, Kind},
    outcome::Reason,
};
use lapin::{
    BasicProperties,
    message::Delivery,
    types::{AMQPValue, FieldTable, ShortString},
};

use crate::{
    ladder::Tier,
    line::{Outgoing, PublishError},
    topology::{DEAD, DELAY_HEADER, JOBS, RETRY, queue_of},
};

pub(crate) const ATTEMPT: &str = "attempt";
const REPLAYED_AFTER: &str = "replayed_after";
pub(crate) const SNOOZES: &str = "snoozes";
const SCHEMA: &str = "schema";
const TRACEPARENT: &str = "traceparent";
const PUBLISHED_BY: &str = "published_by";
const LAST_ERROR: &str = "last_error";
pub(crate) const REASON: &str = "reason";
pub(crate) const ERROR_CLASS: &str = "error_class";
pub(crate) const FAILED_AT: &str = "failed_at";

/// What the broker counts on quorum queues: from 4.x on `x-acquired-count` counts every delivery, and earlier
/// versions count all of them in `x-delivery-count`.
const DELIVERY_COUNTS: [&str; 2] = ["x-delivery-count", "x-acquired-count"];

/// The broker's name for "answers go straight to the channel that asked". In a delivered request it has become an
/// address that begins with this and a dot.
pub(crate) const DIRECT_REPLY_TO: &str = "amq.rabbitmq.reply-to";

/// Who published a message that names nobody.
const ANONYMOUS: &str = "anonymous";

/// The longest reason kept in a header, in bytes.
const REASON_LIMIT: usize = 1_024;

/// The longest `traceparent` kept, in bytes. Those of today have 55. With endless ones a message could arrive whose
/// copy, with our headers added, no longer fits the largest frame: the broker cuts the connection over that.
const TRACEPARENT_LIMIT: usize = 256;

const PERSISTENT: u8 = 2;
const TRANSIENT: u8 = 1;

/// Makes messages in the name of one user.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    user: String,
}

impl Writer {
    pub(crate) fn new(user: String) -> Self {
        Self { user }
    }

    /// A job straight into the queue of its kind; see the topology for why not through the exchange.
    pub(crate) fn job(&self, envelope: &Envelope) -> Result<Outgoing, PublishError> {
        let headers = self.headers(envelope);
        self.mandatory("", &queue_of(JOBS, &envelope.kind), envelope, headers)
    }

    /// A job straight into the queue of `kind`, whatever kind the message itself claims to be.
    pub(crate) fn job_of(&self, kind: Kind, envelope: &Envelope) -> Result<Outgoing, PublishError> {
        let headers = self.headers(envelope);
        self.mandatory("", &queue_of(JOBS, kind.name()), envelope, headers)
    }

    /// A job that waits in a tier. `key` names the queue it comes back to.
    pub(crate) fn retry(
        &self,
        envelope: &Envelope,
        key: &str,
        tier: Tier,
        why: Option<&Reason>,
    ) -> Result<Outgoing, PublishError> {
        let mut headers = self.headers(envelope);
        put(&mut headers, DELAY_HEADER, &tier.label());
        if let Some(why) = why {
            put(&mut headers, LAST_ERROR, shortened(&why.to_string()));
        }
        self.mandatory(RETRY, key, envelope, headers)
    }

    /// A job given up. `key` names the queue it is parked in.
    pub(crate) fn dead(
        &self,
        envelope: &Envelope,
        key: &str,
        why: &Reason,
        now: DateTime<Utc>,
    ) -> Result<Outgoing, PublishError> {
        let mut headers = self.headers(envelope);
        put(&mut headers, REASON, shortened(&why.message));
        put(&mut headers, ERROR_CLASS, why.class.name());
        put(
            &mut headers,
            FAILED_AT,
            &now.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        );
        self.mandatory(DEAD, key, envelope, headers)
    }

    /// An answer to whoever waits for it. Lost without a trace when nobody does any more.
    ///
    /// Only addresses made by direct reply-to are answered: with any other, a publisher could have us write into a
    /// queue of its choice. Somebody else's must also look like one, as a broker may cut the connection over junk.
    pub(crate) fn reply(&self, envelope: &Envelope) -> Result<Outgoing, PublishError> {
        let may_be_answered = |address: &&str| {
            let made = address
                .strip_prefix(DIRECT_REPLY_TO)
                .and_then(|rest| rest.strip_prefix('.'));
            made.is_some_and(|made| envelope.published_by.is_none() || looks_like_the_brokers(made))
        };
        let address = envelope.reply_to.as_deref().filter(may_be_answered);
        let Some(address) = address else {
            return Err(PublishError::Malformed(
                "the request has no direct reply-to address".to_owned(),
            ));
        };
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_delivery_mode(TRANSIENT)
            .with_user_id(short("user", &self.user)?)
            .with_correlation_id(short("job id", &envelope.job_id)?);
        Ok(Outgoing {
            exchange: "",
            routing_key: short("reply address", address)?,
            mandatory: false,
            id: None,
            properties,
            body: envelope.body.clone(),
        })
    }

    fn headers(&self, envelope: &Envelope) -> FieldTable {
        let mut headers = FieldTable::default();
        let numbers = [
            (ATTEMPT, envelope.attempt),
            (SNOOZES, envelope.snoozes),
            (SCHEMA, envelope.schema.into()),
        ];
        let replayed = (envelope.replayed_after > 0).then_some((REPLAYED_AFTER, envelope.replayed_after));
        for (name, number) in numbers.into_iter().chain(replayed) {
            headers.insert(name.into(), AMQPValue::LongLongInt(number.into()));
        }
        if let Some(traceparent) = &envelope.traceparent {
            put(&mut headers, TRACEPARENT, traceparent);
        }
        if let Some(publisher) = &envelope.published_by {
            put(&mut headers, PUBLISHED_BY, publisher);
        }
        headers
    }

    fn mandatory(
        &self,
        exchange: &'static str,
        key: &str,
        envelope: &Envelope,
        headers: FieldTable,
    ) -> Result<Outgoing, PublishError> {
        let mut properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_delivery_mode(PERSISTENT)
            .with_user_id(short("user", &self.user)?)
            .with_message_id(short("job id", &envelope.job_id)?)
            .with_type(short("kind", &envelope.kind)?)
            .with_correlation_id(short("correlation id", &envelope.correlation_id)?)
            .with_timestamp(envelope.published_at.timestamp().try_into().unwrap_or_default())
            .with_headers(headers);
        if let Some(reply_to) = &envelope.reply_to {
            properties = properties.with_reply_to(short("reply address", reply_to)?);
        }
        let routing_key = short("routing key", key)?;
        Ok(Outgoing {
            exchange,
            routing_key,
            mandatory: true,
            id: properties.message_id().clone(),
            properties,
            body: envelope.body.clone(),
        })
    }
}

/// Whether this could be what the broker adds to the name of direct reply-to: the base64 of a process and of a key.
fn looks_like_the_brokers(made: &str) -> bool {
    let is_base64 = |part: &str| {
        let of_the_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
        let digits = part.trim_end_matches('=');
        part.len().is_multiple_of(4)
            && !digits.is_empty()
            && part.len() - digits.len() <= 2
            && digits.bytes().all(of_the_alphabet)
    };
    made.split_once('.')
        .is_some_and(|(process, key)| is_base64(process) && is_base64(key))
}

/// Reads what arrived as a connection of `user` sees it. `kind` is that of its queue, for a message that names none.
pub(crate) fn read(delivery: &mut Delivery, kind: &str, user: &str, now: DateTime<Utc>) -> Envelope {
    let body = std::mem::take(&mut delivery.data);
    let properties = &delivery.properties;
    let headers = properties.headers().clone().unwrap_or_default();
    let property = |value: &Option<ShortString>| value.as_ref().map(|text| text.as_str().to_owned());
    let from_us = properties
        .user_id()
        .as_ref()
        .is_some_and(|id| id.as_str() == user);
    Envelope {
        job_id: property(properties.message_id()).unwrap_or_default(),
        kind: property(properties.kind())
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| kind.to_owned()),
        correlation_id: property(properties.correlation_id()).unwrap_or_default(),
        schema: number(&headers, SCHEMA).unwrap_or(1),
        attempt: number(&headers, ATTEMPT).unwrap_or(1).max(1),
        replayed_after: if from_us {
            number(&headers, REPLAYED_AFTER).unwrap_or(0)
        } else {
            0
        },
        snoozes: number(&headers, SNOOZES).unwrap_or(0),
        reply_to: property(properties.reply_to()).filter(|address| !address.is_empty()),
        published_by: if from_us {
            text(&headers, PUBLISHED_BY)
        } else {
            Some(property(properties.user_id()).unwrap_or_else(|| ANONYMOUS.to_owned()))
        },
        traceparent: text(&headers, TRACEPARENT).filter(|text| text.len() <= TRACEPARENT_LIMIT),
        redelivered: delivery.redelivered,
        published_at: timestamp(properties).unwrap_or(now),
        body,
    }
}

/// How often the broker handed this message out before.
pub(crate) fn earlier_deliveries(delivery: &Delivery) -> u32 {
    // On a first delivery the header is not the broker's, so it is whatever the publisher liked to write there.
    if !delivery.redelivered {
        return 0;
    }
    let headers = delivery.properties.headers().clone().unwrap_or_default();
    DELIVERY_COUNTS
        .iter()
        .filter_map(|name| number(&headers, name))
        .max()
        .unwrap_or(0)
}

pub(crate) fn timestamp(properties: &BasicProperties) -> Option<DateTime<Utc>> {
    let seconds = i64::try_from((*properties.timestamp())?).ok()?;
    DateTime::from_timestamp(seconds, 0)
}

pub(crate) fn text(headers: &FieldTable, name: &str) -> Option<String> {
    let AMQPValue::LongString(text) = headers.inner().get(name)? else {
        return None;
    };
    std::str::from_utf8(text.as_bytes()).ok().map(str::to_owned)
}

pub(crate) fn number<N: TryFrom<i128>>(headers: &FieldTable, name: &str) -> Option<N> {
    let value: i128 = match headers.inner().get(name)? {
        AMQPValue::ShortShortInt(n) => (*n).into(),
        AMQPValue::ShortShortUInt(n) => (*n).into(),
        AMQPValue::ShortInt(n) => (*n).into(),
        AMQPValue::ShortUInt(n) => (*n).into(),
        AMQPValue::LongInt(n) => (*n).into(),
        AMQPValue::LongUInt(n) => (*n).into(),
        AMQPValue::LongLongInt(n) => (*n).into(),
        AMQPValue::LongString(digits) => std::str::from_utf8(digits.as_bytes()).ok()?.trim().parse().ok()?,
        _ => return None,
    };
    N::try_from(value).ok()
}

fn put(headers: &mut FieldTable, name: &str, value: &str) {
    headers.insert(name.into(), AMQPValue::LongString(value.into()));
}

fn short(what: &str, value: &str) -> Result<ShortString, PublishError> {
    ShortString::try_new(value).map_err(|_| {
        PublishError::Malformed(format!("its {what} is longer than 255 bytes ({})", value.len()))
    })
}

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(REASON_LIMIT)]
}
