//! Reading the evidence: the provider's books, the database with SQL of its own, the merchants' mail, the queues.

use std::collections::BTreeMap;

use anyhow::Context;
use e2e::rabbit::{Letter, Rabbit};
use futures::future::try_join_all;
use sqlx::{PgConnection, PgPool};

use super::{
    Evidence,
    facts::{Facts, Received},
};
use crate::journal::Entries;

/// Reads everything, one source after the other: while the pipeline is still at work, a difference may mean only that.
pub async fn collect(evidence: &Evidence<'_>) -> anyhow::Result<Facts> {
    let journal = evidence.journal.entries();
    let provider = provider(evidence).await?;
    let stored = stored(evidence.database).await?;
    let mail = mail(evidence, &journal).await?;
    let depths = evidence.rabbit.depths().await.context("the queues")?;
    let parking = depths.iter().map(|depth| depth.queue.clone());
    let parked = parked(
        evidence.rabbit,
        parking.filter(|queue| queue.starts_with(super::PARKING)),
    )
    .await?;
    Ok(Facts {
        journal,
        intents: provider.intents,
        openings: provider.openings,
        callbacks: provider.callbacks,
        dropped: provider.dropped,
        mail,
        parked,
        depths,
        ..stored
    })
}

async fn provider(evidence: &Evidence<'_>) -> anyhow::Result<Facts> {
    let sandbox = evidence.sandbox;
    Ok(Facts {
        intents: sandbox.list("/sandbox/stripe/intents").await?,
        openings: sandbox
            .list("/sandbox/calls?route=POST%20/v1/payment_intents")
            .await?,
        callbacks: sandbox.list("/sandbox/deliveries").await?,
        dropped: sandbox.dropped().await?,
        ..Facts::default()
    })
}

async fn mail(evidence: &Evidence<'_>, journal: &Entries) -> anyhow::Result<BTreeMap<String, Vec<Received>>> {
    let boxes = journal.merchants.iter().map(|merchant| async move {
        let path = format!("/sandbox/merchants/{}/deliveries", merchant.name);
        anyhow::Ok((merchant.id.clone(), evidence.sandbox.list(&path).await?))
    });
    Ok(try_join_all(boxes).await?.into_iter().collect())
}

async fn parked(
    rabbit: &Rabbit,
    queues: impl Iterator<Item = String>,
) -> anyhow::Result<BTreeMap<String, Vec<Letter>>> {
    let letters = queues.map(|queue| async move {
        let letters = rabbit
            .peek(&queue)
            .await
            .with_context(|| format!("the messages in {queue}"))?;
        anyhow::Ok((queue, letters))
    });
    Ok(try_join_all(letters).await?.into_iter().collect())
}

const PAYMENTS: &str = "
select 'pay_' || replace(id::text, '-', '') as id, 'mer_' || replace(merchant_id::text, '-', '') as merchant,
       idempotency_key, status, amount_minor, currency, intent_id
from payments";

const INBOX: &str = "
select 'mer_' || replace(merchant_id::text, '-', '') as merchant, event_id
from payment_callbacks";

const NOTIFICATIONS: &str = "
select 'ntf_' || replace(id::text, '-', '') as id, 'mer_' || replace(merchant_id::text, '-', '') as merchant,
       'pay_' || replace(payment_id::text, '-', '') as payment, event_type, payload, status,
       (select count(*) from notification_attempts
        where notification_id = notifications.id and http_status between 200 and 299) as accepted_attempts
from notifications
order by created_at, id";

const FAILURES: &str = "
select job_id, kind, disposition, error_class, correlation_id
from job_failures
order by id";

const OUTBOX: &str = "select job_id from outbox order by id";

/// All tables as they are at one moment.
async fn stored(database: &PgPool) -> anyhow::Result<Facts> {
    let mut snapshot = database.begin().await.context("the database")?;
    let connection: &mut PgConnection = &mut snapshot;
    sqlx::query("set transaction isolation level repeatable read, read only")
        .execute(&mut *connection)
        .await?;
    Ok(Facts {
        payments: sqlx::query_as(PAYMENTS).fetch_all(&mut *connection).await?,
        inbox: sqlx::query_as(INBOX).fetch_all(&mut *connection).await?,
        notifications: sqlx::query_as(NOTIFICATIONS).fetch_all(&mut *connection).await?,
        failures: sqlx::query_as(FAILURES).fetch_all(&mut *connection).await?,
        outbox: sqlx::query_scalar(OUTBOX).fetch_all(&mut *connection).await?,
        ..Facts::default()
    })
}
