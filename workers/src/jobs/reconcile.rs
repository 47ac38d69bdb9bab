//! `reconcile`: compare a merchant's day at a channel with what the provider says.
//!
//! Everything is read before anything is written, and all that was found is written at once: a comparison that was cut off
//! left nothing behind, and one that is made again after it ended changes nothing. What looks like a difference is looked
//! at twice. What the statement does not show, the provider is asked about; and our own side is read again just before it
//! is written down, because news may have come in between.

mod asking;

use channels::{Credentials, StatementPeriod};
use chrono::TimeDelta;
use domain::{
    channel::{CallError, Statement},
    job::Reconcile,
    ledger::Transfer,
    outcome::{ErrorClass, Outcome, Reason},
    reconciliation::{AgreedFee, Comparison, Window, compare},
};
use failpoints::{Point, reach};
use store::{Finding, StoreError};

use self::asking::Answers;
use crate::{
    context::Context,
    execute::{Handler, Run},
};

/// How long a movement may be on its way from the provider to us, in units of the retry ladder. It covers the retries of
/// a callback's job.
const SETTLING_UNITS: u32 = 300;

impl Handler for Reconcile {
    async fn run(&self, context: &Context, _: &Run) -> Result<Outcome, StoreError> {
        let Some(run) = context.store.reconciliation(self.reconciliation_id()).await? else {
            let message = format!("there is no comparison {}", self.reconciliation_id());
            return Ok(Outcome::Fail(Reason::new(ErrorClass::Internal, message)));
        };
        if run.ending.is_some() {
            return Ok(Outcome::Done);
        }
        let credentials = match context.credentials(self.merchant_id, self.channel).await? {
            Ok(credentials) => credentials,
            Err(reason) => return Ok(Outcome::Fail(reason)),
        };
        let sides = match Sides::of(self, context, &credentials).await? {
            Ok(sides) => sides,
            Err(error) => return Ok(unanswered(error)),
        };
        let finding = match sides.find().await? {
            Ok(finding) => finding,
            Err(error) => return Ok(unanswered(error)),
        };
        tell(self, &finding);
        reach(Point::ReconcileCompared);
        context.store.finish_reconciliation(&finding).await?;
        Ok(Outcome::Done)
    }
}

/// What is compared, as far as it does not change meanwhile.
struct Sides<'a> {
    job: &'a Reconcile,
    context: &'a Context,
    credentials: &'a Credentials,
    window: Window,
    statement: Statement,
    agreed: Option<AgreedFee>,
}

impl<'a> Sides<'a> {
    async fn of(
        job: &'a Reconcile,
        context: &'a Context,
        credentials: &'a Credentials,
    ) -> Result<Result<Self, CallError>, StoreError> {
        let settling = context.retry_unit * SETTLING_UNITS;
        let settling = TimeDelta::from_std(settling).unwrap_or(TimeDelta::MAX);
        let window = Window::of(job.day, context.clock.now(), settling);
        let Window { from, until } = window.with_margin();
        let period = StatementPeriod { from, to: until };
        let statement = match context.channels.statement(credentials, period).await {
            Ok(statement) => statement,
            Err(error) => return Ok(Err(error)),
        };
        let agreed = context.store.agreed_fee(job.merchant_id, job.channel).await?;
        Ok(Ok(Self {
            job,
            context,
            credentials,
            window,
            statement,
            agreed,
        }))
    }

    /// Compares, and compares again what seems to differ.
    async fn find(&self) -> Result<Result<Finding, CallError>, StoreError> {
        let mut answers = Answers::default();
        let mut comparison = self.compare().await?;
        if !comparison.differences.is_empty() || !comparison.unconfirmed.is_empty() {
            for _ in 0..2 {
                if let Err(error) = answers.ask(self, &comparison.unconfirmed).await {
                    return Ok(Err(error));
                }
                comparison = self.compare().await?;
            }
        }
        let unconfirmed = std::mem::take(&mut comparison.unconfirmed);
        comparison.differences.extend(answers.settle(unconfirmed));
        Ok(Ok(self.finding(comparison)))
    }

    async fn compare(&self) -> Result<Comparison, StoreError> {
        let Reconcile {
            merchant_id, channel, ..
        } = *self.job;
        let store = &self.context.store;
        let ours = store
            .books(merchant_id, channel, &self.window, &self.statement)
            .await?;
        Ok(compare(&self.window, &self.statement, &ours, self.agreed))
    }

    fn finding(&self, comparison: Comparison) -> Finding {
        let job = *self.job;
        let fees = comparison.fees.into_iter();
        Finding {
            job,
            entries: comparison.entries,
            matched: comparison.matched,
            differences: comparison.differences,
            fees: fees
                .map(|kept| Transfer::fee_kept(job.merchant_id, job.channel, kept.payment_id, kept.fee))
                .collect(),
            at: self.context.clock.now(),
        }
    }
}

/// Nothing was sent that could have an effect, so whatever kept the answer away, the question is asked again.
fn unanswered(error: CallError) -> Outcome {
    match error {
        CallError::Declined(failure) => Outcome::Fail(Reason::new(ErrorClass::Refused, failure.code)),
        CallError::Refused { code, message } => {
            Outcome::Fail(Reason::new(ErrorClass::Refused, format!("{code}: {message}")))
        }
        CallError::Limited { retry_after, .. } => Outcome::Snooze {
            reason: Reason::new(ErrorClass::ProviderUnavailable, error.to_string()),
            delay: retry_after,
        },
        CallError::NotDone { message, retry_after } => Outcome::Retry {
            reason: Reason::new(ErrorClass::ProviderUnavailable, message),
            after: retry_after,
        },
        CallError::Unknown { message } => {
            Outcome::retry(Reason::new(ErrorClass::ProviderUnavailable, message))
        }
    }
}

fn tell(job: &Reconcile, finding: &Finding) {
    let (entries, matched) = (finding.entries, finding.matched);
    let (fees, differences) = (finding.fees.len(), finding.differences.len());
    let (day, channel) = (job.day, job.channel);
    if differences == 0 {
        tracing::info!(%day, %channel, entries, matched, fees, "the day agrees with the provider's statement");
    } else {
        tracing::warn!(%day, %channel, entries, matched, fees, differences, "the day differs from the provider's statement");
    }
}
