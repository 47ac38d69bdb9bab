//! The sweeper: sees to it that providers are asked about payments, refunds, payouts and accounts whose end they have not told, that
//! payments are closed that were not paid in time, and that nothing stays pending because its job was lost.
//!
//! Each process runs one. It keeps nothing: it looks what is due, schedules the next time, and puts the jobs into the
//! outbox, all in one transaction. Others do the same at the same time, and each thing is done once. It takes one batch
//! at a time, so that a provider that comes back after hours is not asked about everything in the same second.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use domain::{
    channel::Channel,
    clock::Clock,
    job::{Envelope, Job},
    query_schedule::{QuerySchedule, closing_pauses},
};
use store::{Forgotten, Store, StoreError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How many of each are taken up at once.
const BATCH: i64 = 64;
/// How often the sweeper looks, in units of the retry ladder.
const LOOK_EVERY_UNITS: u32 = 5;

/// What the sweeper needs.
pub struct Sweeper {
    /// Where payments and refunds are.
    pub store: Store,
    /// Notified when there is something to relay.
    pub committed: Arc<Notify>,
    /// For what is due.
    pub clock: Arc<dyn Clock>,
    /// The unit of the retry ladder.
    pub retry_unit: Duration,
}

impl Sweeper {
    /// Sweeps until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let look_every = self.retry_unit * LOOK_EVERY_UNITS;
        while stop
            .run_until_cancelled(tokio::time::sleep(look_every))
            .await
            .is_some()
        {
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "what is due could not be taken up");
            }
        }
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.ask(now).await?;
        self.ask_about_connect(now).await?;
        self.expire(now).await?;
        self.remind(now).await?;
        let (count, oldest) = self.store.in_review().await?;
        metrics::gauge!("sluice_payments_in_review").set(count as f64);
        metrics::gauge!("sluice_payments_in_review_oldest_seconds").set(age(oldest, now));
        let (count, oldest) = self.store.refunds_in_review().await?;
        metrics::gauge!("sluice_refunds_in_review").set(count as f64);
        metrics::gauge!("sluice_refunds_in_review_oldest_seconds").set(age(oldest, now));
        let (count, oldest) = self.store.payouts_in_review().await?;
        metrics::gauge!("sluice_payouts_in_review").set(count as f64);
        metrics::gauge!("sluice_payouts_in_review_oldest_seconds").set(age(oldest, now));
        let (count, oldest) = self.store.accounts_in_review().await?;
        metrics::gauge!("sluice_accounts_in_review").set(count as f64);
        metrics::gauge!("sluice_accounts_in_review_oldest_seconds").set(age(oldest, now));
        self.measure_expiries().await
    }

    /// When the first credentials of each provider end: never, as far as is known of most.
    async fn measure_expiries(&self) -> Result<(), StoreError> {
        let first = self.store.first_expiries().await?;
        for channel in Channel::PROVIDERS {
            let ends_at = first.get(channel.name()).map(DateTime::timestamp);
            let ends_at = ends_at.map_or(f64::INFINITY, |at| at as f64);
            metrics::gauge!("sluice_credentials_expire_timestamp_seconds", "channel" => channel.name())
                .set(ends_at);
        }
        Ok(())
    }

    /// Has providers asked about what they have not told the end of.
    async fn ask(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let review = QuerySchedule::in_review(self.retry_unit);
        let waiting = QuerySchedule::waiting(self.retry_unit);
        let batch = self.store.claim_queries(now, &review, &waiting, BATCH).await?;
        let payments = batch.queries.iter().map(|query| envelope(query, now));
        let refunds = batch.refund_queries.iter().map(|query| envelope(query, now));
        let jobs: Vec<Envelope> = payments.chain(refunds).collect();
        if !jobs.is_empty() {
            batch.finish(&jobs).await?;
            self.committed.notify_one();
        }
        Ok(())
    }

    /// The same about accounts of users, and what is paid out to them.
    async fn ask_about_connect(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let review = QuerySchedule::in_review(self.retry_unit);
        let forgotten = QuerySchedule::forgotten(self.retry_unit);
        let claiming = self.store.claim_connect_queries(now, &review, &forgotten, BATCH);
        let batch = claiming.await?;
        let accounts = batch.accounts.iter().map(|query| envelope(query, now));
        let transfers = batch.transfers.iter().map(|query| envelope(query, now));
        let jobs: Vec<Envelope> = accounts.chain(transfers).collect();
        if !jobs.is_empty() {
            batch.finish(&jobs).await?;
            self.committed.notify_one();
        }
        Ok(())
    }

    /// Has payments closed that were not paid in time.
    async fn expire(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let pauses = closing_pauses(self.retry_unit);
        let capturing = Channel::ALL.iter().copied();
        let capturing: Vec<_> = capturing
            .filter(|channel| channels::capabilities(*channel).captures)
            .collect();
        let batch = self.store.claim_expiries(now, &pauses, &capturing, BATCH).await?;
        let jobs: Vec<Envelope> = batch
            .expiries
            .iter()
            .map(|expiry| envelope(expiry, now))
            .collect();
        if !jobs.is_empty() {
            batch.finish(&jobs).await?;
            self.committed.notify_one();
        }
        Ok(())
    }

    /// Sends the jobs again of what is pending and was touched by nobody for long: they are lost, or it does no harm.
    async fn remind(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let schedule = QuerySchedule::forgotten(self.retry_unit);
        let batch = self.store.claim_forgotten(now, &schedule, BATCH).await?;
        let again = |lost: &Forgotten<_>| Envelope::new(&lost.job, lost.trace, now);
        let intents = batch.intents.iter().map(again);
        let again = |lost: &Forgotten<_>| Envelope::new(&lost.job, lost.trace, now);
        let refunds = batch.refunds.iter().map(again);
        let jobs: Vec<Envelope> = intents.chain(refunds).collect();
        if !jobs.is_empty() {
            tracing::warn!(jobs = jobs.len(), "what is pending for long gets its jobs again");
            batch.finish(&jobs).await?;
            self.committed.notify_one();
        }
        Ok(())
    }
}

fn envelope(job: &impl Job, now: DateTime<Utc>) -> Envelope {
    Envelope::new(job, None, now)
}

/// How long ago something happened, in seconds.
fn age(since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> f64 {
    since.map_or(0.0, |since| (now - since).as_seconds_f64().max(0.0))
}
