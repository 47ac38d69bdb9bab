//! `reconcile`: has a day compared with what a provider says, and waits for what comes of it.
//!
//! The comparison is a job like any other: it is put into the outbox here, and made by the workers. It goes on when nobody
//! waits for it any more.

use std::time::Duration;

use domain::{id::MerchantId, job::Reconcile};
use serde_json::Value;
use store::{DifferenceFilter, ReconciliationRun, RunEnding};
use tokio::time::{sleep, timeout};

use crate::{Answer, Console, ConsoleError, answer::Facts, args::ReconcileDay, differences};

/// How often to look whether a comparison has ended.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How many differences of one comparison are shown.
const SHOWN: u32 = 1_000;

/// What is said of a day on which nothing happened, so that nobody takes it for one that was found in order.
const NOTHING_COMPARED: &str = "nothing was compared: neither side has an entry of that day";

impl Console<'_> {
    pub(crate) async fn reconcile(&self, args: &ReconcileDay) -> Result<Answer, ConsoleError> {
        if args.date > self.now().date_naive() {
            return Err(ConsoleError::DayToCome(args.date));
        }
        if !channels::capabilities(args.channel).states {
            return Err(ConsoleError::NoStatements(args.channel));
        }
        let mut begun = Vec::new();
        let compared = self.compare(args, &mut begun).await;
        compared.map_err(|error| with_runs(error, &begun))
    }

    /// Has the day compared for every merchant it is asked for. What was begun is in `begun` even when this fails.
    async fn compare(&self, args: &ReconcileDay, begun: &mut Vec<Reconcile>) -> Result<Answer, ConsoleError> {
        for merchant in self.merchants_to_reconcile(args).await? {
            let (channel, day) = (args.channel, args.date);
            let beginning = self
                .store
                .begin_reconciliation(merchant, channel, day, &self.actor, self.now());
            begun.push(beginning.await?);
        }
        let (wait_s, wait) = (args.wait_s, Duration::from_secs(args.wait_s.into()));
        let ended = timeout(wait, self.ended(begun))
            .await
            .map_err(|_| ConsoleError::Unfinished { wait_s })??;
        self.report(&ended).await
    }

    async fn merchants_to_reconcile(&self, args: &ReconcileDay) -> Result<Vec<MerchantId>, ConsoleError> {
        if let Some(merchant) = &args.merchant {
            return Ok(vec![self.merchant(merchant).await?.id]);
        }
        let merchants = self.store.merchants_of_channel(args.channel).await?;
        if merchants.is_empty() {
            // That nothing differs where nothing was compared would be taken for an answer.
            return Err(ConsoleError::UnusedChannel(args.channel));
        }
        Ok(merchants)
    }

    /// Waits for the end of all of them.
    async fn ended(&self, jobs: &[Reconcile]) -> Result<Vec<(ReconciliationRun, RunEnding)>, ConsoleError> {
        let mut ended = Vec::new();
        for job in jobs {
            ended.push(loop {
                let run = self.store.reconciliation(job.reconciliation_id()).await?;
                if let Some((run, ending)) = run.and_then(|run| run.ending.map(|ending| (run, ending))) {
                    break (run, ending);
                }
                sleep(LOOK_EVERY).await;
            });
        }
        Ok(ended)
    }

    async fn report(&self, ended: &[(ReconciliationRun, RunEnding)]) -> Result<Answer, ConsoleError> {
        let mut found = Vec::new();
        for (run, _) in ended {
            let filter = DifferenceFilter {
                merchant_id: None,
                reconciliation_id: Some(run.job.reconciliation_id()),
                open: false,
                limit: SHOWN,
            };
            found.extend(self.store.differences(&filter).await?);
        }
        let total: u32 = ended.iter().map(|(_, ending)| ending.differences).sum();
        Ok(Answer::Report {
            facts: vec![
                ("differences_total", Value::from(total)),
                (
                    "left_out",
                    Value::from((total as usize).saturating_sub(found.len())),
                ),
            ],
            lists: vec![
                ("runs", ended.iter().map(facts).collect()),
                ("differences", found.iter().map(differences::facts).collect()),
            ],
            passed: total == 0,
        })
    }
}

fn with_runs(error: ConsoleError, begun: &[Reconcile]) -> ConsoleError {
    if begun.is_empty() {
        return error;
    }
    let runs = begun.iter().map(|job| job.reconciliation_id().to_string());
    ConsoleError::Begun {
        runs: runs.collect(),
        source: Box::new(error),
    }
}

fn facts((run, ending): &(ReconciliationRun, RunEnding)) -> Facts {
    let job = &run.job;
    // An entry that only we have would be a difference.
    let is_empty = ending.entries == 0 && ending.differences == 0;
    vec![
        (
            "reconciliation_id",
            Value::from(job.reconciliation_id().to_string()),
        ),
        ("merchant_id", Value::from(job.merchant_id.to_string())),
        ("channel", Value::from(job.channel.name())),
        ("day", Value::from(job.day.to_string())),
        ("number", Value::from(job.number)),
        ("entries", Value::from(ending.entries)),
        ("matched", Value::from(ending.matched)),
        ("differences", Value::from(ending.differences)),
        ("remark", Value::from(is_empty.then_some(NOTHING_COMPARED))),
    ]
}
