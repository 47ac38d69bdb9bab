//! `change_wallet`: what is wanted done with a wallet that exists.
//!
//! A step is one record: a transfer of the ledger, the wallets as they stand after it with the lines of their statements, the
//! hold or withdrawal that it is about, what came of the wish, and who is told. So a step is taken once or not at all. Nobody
//! outside is asked here.

use chrono::{DateTime, Utc};
use domain::{
    job::{ChangeWallet, ChangeWalletReply},
    notification::Notification,
    outcome::{ErrorClass, Outcome, Reason},
    payment::ActionOutcome,
    wallet::{TakenStep, UntakenStep, WalletAction, WalletStanding, WalletStep, WalletStepRefused},
};
use store::{AuditRecord, Record, StoreError, TransferRecord, Verdict};

use crate::{
    context::Context,
    execute::{Handler, MAX_LOOKS, Run},
    jobs::{change::tell, patience::wait},
};

impl Handler for ChangeWallet {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        if let Err(error) = self.validate() {
            let reason = Reason::new(ErrorClass::Invalid, error.to_string());
            return Ok(Outcome::Fail(reason));
        }
        for _ in 0..MAX_LOOKS {
            if let Some(kept) = kept(self, context).await? {
                return Ok(after(self, &kept));
            }
            let now = context.clock.now();
            let record = match taken(self, context, now).await? {
                Ok(taken) => record_of(self, run, taken, now),
                Err(UntakenStep::Refused(refusal)) => refused(self, refusal, now),
                Err(UntakenStep::NotThere(what)) => {
                    let message = format!("the merchant has no such {what}");
                    return Ok(wait(context, run, Reason::new(ErrorClass::TooEarly, message)));
                }
            };
            match context.recorder.write(record).await? {
                Verdict::Written => return Ok(Outcome::Done),
                // The same wish came at the same time, or something has changed meanwhile.
                Verdict::Duplicate | Verdict::Stale => {}
            }
        }
        Err(StoreError::Contended(self.wallet_id.to_string()))
    }

    async fn reply(&self, context: &Context) -> Result<Option<Vec<u8>>, StoreError> {
        let reply = match kept(self, context).await? {
            Some(kept) if kept.fingerprint != self.fingerprint() => ChangeWalletReply::Conflict,
            Some(kept) => match kept.outcome {
                ActionOutcome::Refused { code, message } => ChangeWalletReply::Refused { code, message },
                ActionOutcome::Done => {
                    let result = context.store.wallet_result(self.wallet_id, self.subject());
                    let Some(result) = result.await? else {
                        return Ok(None);
                    };
                    ChangeWalletReply::from(&result)
                }
            },
            None => match taken(self, context, context.clock.now()).await? {
                Err(UntakenStep::NotThere(what)) => ChangeWalletReply::NotThere { what: what.into() },
                Ok(_) | Err(UntakenStep::Refused(_)) => return Ok(None),
            },
        };
        Ok(serde_json::to_vec(&reply).ok())
    }
}

/// What the step comes to as things stand.
async fn taken(
    job: &ChangeWallet,
    context: &Context,
    now: DateTime<Utc>,
) -> Result<Result<TakenStep, UntakenStep>, StoreError> {
    let standing = context
        .store
        .wallet_standing(job.merchant_id, job.wallet_id, &job.request)
        .await?;
    let taken = |standing: WalletStanding| standing.take(&job.request, &job.idempotency_key, now);
    Ok(standing.ok_or(UntakenStep::NotThere("wallet")).and_then(taken))
}

/// Everything that has to be written for a step that is taken.
fn record_of(job: &ChangeWallet, run: &Run, taken: TakenStep, now: DateTime<Utc>) -> Record {
    let told = taken.withdrawal.as_ref().and_then(Notification::about_withdrawal);
    let mut record = Record {
        wallets: taken.changes,
        hold: taken.hold.map(Box::new),
        withdrawal: taken.withdrawal.map(Box::new),
        audits: audit(job, &taken.transfer.subject, now).into_iter().collect(),
        transfers: vec![TransferRecord {
            transfer: taken.transfer,
            at: now,
        }],
        wallet_action: Some(Box::new(action(job, ActionOutcome::Done, now))),
        ..Record::default()
    };
    if let Some(told) = told {
        tell(&mut record, run, told);
    }
    record
}

/// What an administrator did, and why.
fn audit(job: &ChangeWallet, subject: &str, at: DateTime<Utc>) -> Option<AuditRecord> {
    match &job.request {
        WalletStep::Adjust {
            amount_minor,
            reason,
            administrator,
        } => Some(AuditRecord {
            actor: administrator.clone(),
            action: "wallet.adjusted",
            subject: format!("{} by {amount_minor}, {subject}: {reason}", job.wallet_id),
            at,
        }),
        WalletStep::EndWithdrawal {
            end,
            reason,
            administrator,
            ..
        } => Some(AuditRecord {
            actor: administrator.clone(),
            action: "withdrawal.ended",
            subject: format!("{subject} as {}: {reason}", end.name()),
            at,
        }),
        WalletStep::Hold { .. }
        | WalletStep::Capture { .. }
        | WalletStep::Release { .. }
        | WalletStep::Withdraw { .. }
        | WalletStep::CompleteWithdrawal { .. }
        | WalletStep::RejectWithdrawal { .. }
        | WalletStep::Transfer { .. } => None,
    }
}

fn refused(job: &ChangeWallet, refusal: WalletStepRefused, now: DateTime<Utc>) -> Record {
    let outcome = ActionOutcome::Refused {
        code: refusal.code().to_owned(),
        message: refusal.to_string(),
    };
    Record {
        wallet_action: Some(Box::new(action(job, outcome, now))),
        ..Record::default()
    }
}

fn action(job: &ChangeWallet, outcome: ActionOutcome, at: DateTime<Utc>) -> WalletAction {
    WalletAction {
        merchant_id: job.merchant_id,
        wallet_id: job.wallet_id,
        kind: job.request.kind(),
        idempotency_key: job.idempotency_key.clone(),
        fingerprint: job.fingerprint(),
        outcome,
        operator: job.operator.clone(),
        at,
    }
}

/// What becomes of a job whose wish was ended before.
fn after(job: &ChangeWallet, kept: &WalletAction) -> Outcome {
    if kept.fingerprint == job.fingerprint() {
        return Outcome::Done;
    }
    let message = "the idempotency key was used before for another wish; nothing was done";
    Outcome::Fail(Reason::new(ErrorClass::Conflict, message))
}

/// What was kept under the wish's key.
async fn kept(job: &ChangeWallet, context: &Context) -> Result<Option<WalletAction>, StoreError> {
    let (kind, key) = (job.request.kind(), &job.idempotency_key);
    context.store.wallet_action(job.merchant_id, kind, key).await
}
