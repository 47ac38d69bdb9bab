//! Reading the evidence: the providers' books, the database with SQL of its own, the merchants' mail, the queues.

mod provider;
mod sql;

use std::collections::BTreeMap;

use anyhow::Context;
use e2e::rabbit::{Letter, Rabbit};
use futures::future::try_join_all;
use sqlx::{PgConnection, PgPool};

use super::{
    Evidence,
    books::wallet,
    facts::{Facts, Received},
};
use crate::journal::Entries;

/// Reads everything, one source after the other: while the pipeline is still at work, a difference may mean only that.
pub async fn collect(evidence: &Evidence<'_>) -> anyhow::Result<Facts> {
    let journal = evidence.journal.entries();
    let provider = provider::read(evidence.sandbox).await?;
    let stored = stored(evidence.database).await?;
    let mail = mail(evidence, &journal).await?;
    let depths = evidence.rabbit.depths().await.context("the queues")?;
    let parking = depths.iter().map(|depth| depth.queue.clone());
    let parked = parked(
        evidence.rabbit,
        parking.filter(|queue| queue.starts_with(super::PARKING)),
    )
    .await?;
    let mut facts = Facts {
        journal,
        intents: provider.intents,
        provider_refunds: provider.provider_refunds,
        provider_disputes: provider.provider_disputes,
        provider_accounts: provider.provider_accounts,
        provider_transfers: provider.provider_transfers,
        openings: provider.openings,
        refundings: provider.refundings,
        callbacks: provider.callbacks,
        dropped: provider.dropped,
        mail,
        parked,
        depths,
        ..stored
    };
    wallet::read(&mut facts);
    Ok(facts)
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

/// All tables as they are at one moment.
async fn stored(database: &PgPool) -> anyhow::Result<Facts> {
    let mut snapshot = database.begin().await.context("the database")?;
    let connection: &mut PgConnection = &mut snapshot;
    sqlx::query("set transaction isolation level repeatable read, read only")
        .execute(&mut *connection)
        .await?;
    Ok(Facts {
        payments: sqlx::query_as(sql::PAYMENTS).fetch_all(&mut *connection).await?,
        refunds: sqlx::query_as(sql::REFUNDS).fetch_all(&mut *connection).await?,
        refund_records: sqlx::query_as(sql::REFUND_RECORDS)
            .fetch_all(&mut *connection)
            .await?,
        actions: sqlx::query_as(sql::ACTIONS).fetch_all(&mut *connection).await?,
        orders: sqlx::query_as(sql::ORDERS).fetch_all(&mut *connection).await?,
        items: sqlx::query_as(sql::ITEMS).fetch_all(&mut *connection).await?,
        item_refunds: sqlx::query_as(sql::ITEM_REFUNDS)
            .fetch_all(&mut *connection)
            .await?,
        order_actions: sqlx::query_as(sql::ORDER_ACTIONS)
            .fetch_all(&mut *connection)
            .await?,
        order_logs: sqlx::query_as(sql::ORDER_LOGS)
            .fetch_all(&mut *connection)
            .await?,
        wallets: sqlx::query_as(sql::WALLETS).fetch_all(&mut *connection).await?,
        lines: sqlx::query_as(sql::LINES).fetch_all(&mut *connection).await?,
        wallet_actions: sqlx::query_as(sql::WALLET_ACTIONS)
            .fetch_all(&mut *connection)
            .await?,
        holds: sqlx::query_as(sql::HOLDS).fetch_all(&mut *connection).await?,
        withdrawals: sqlx::query_as(sql::WITHDRAWALS)
            .fetch_all(&mut *connection)
            .await?,
        accounts: sqlx::query_as(sql::ACCOUNTS).fetch_all(&mut *connection).await?,
        disputes: sqlx::query_as(sql::DISPUTES).fetch_all(&mut *connection).await?,
        transfers: sqlx::query_as(sql::TRANSFERS).fetch_all(&mut *connection).await?,
        postings: sqlx::query_as(sql::POSTINGS).fetch_all(&mut *connection).await?,
        reconciled: sqlx::query_scalar(sql::RECONCILED)
            .fetch_all(&mut *connection)
            .await?,
        inbox: sqlx::query_as(sql::INBOX).fetch_all(&mut *connection).await?,
        notifications: sqlx::query_as(sql::NOTIFICATIONS)
            .fetch_all(&mut *connection)
            .await?,
        failures: sqlx::query_as(sql::FAILURES).fetch_all(&mut *connection).await?,
        outbox: sqlx::query_scalar(sql::OUTBOX)
            .fetch_all(&mut *connection)
            .await?,
        ..Facts::default()
    })
}
