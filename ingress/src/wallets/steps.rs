//! Taking a wish about a wallet: what all of them have in common.
//!
//! The worker takes each step once under its key. The door looks first, because nearly every refusal can be told at once;
//! when PostgreSQL does not answer quickly, the job is published all the same.

use axum::{extract::rejection::QueryRejection, http::StatusCode, response::Response};
use domain::{
    id::{MerchantId, WalletId},
    job::{ChangeWallet, ChangeWalletReply},
    payment::ActionOutcome,
    wallet::{
        HoldView, UntakenStep, WalletAction, WalletResult, WalletStanding, WalletStep, WalletSubject,
        WalletTransactionView, WithdrawalView,
    },
};
use serde::{Deserialize, Serialize};
use store::{ReservationCursor, ReservationPage};

use super::{hold_location, location, withdrawal_location};
use crate::{
    answers::{conflict, located, no_such_wallet, not_here, refused, replayed},
    app::App,
    fields::{self, invalid},
    paging::{Part, Place, query},
    problem::Problem,
    submission::Submission,
};

/// Takes a step, which the caller may ask for. `operator` says who decided it.
pub(super) async fn take(
    app: &App,
    route: &'static str,
    submission: &Submission,
    wallet_id: WalletId,
    step: WalletStep,
    operator: Option<String>,
) -> Result<Response, Problem> {
    if operator.is_some() {
        submission.caller.may_name_operator()?;
    }
    let job = ChangeWallet {
        merchant_id: submission.merchant_id,
        idempotency_key: submission.idempotency_key.clone(),
        wallet_id,
        request: step,
        operator,
    };
    job.validate().map_err(|refused| invalid(vec![refused.into()]))?;
    if let Some(known) = known(app, submission, &job).await?
        && let Some(answer) = known.answer(app, &job)?
    {
        return Ok(answer);
    }
    let answer = |reply| match reply {
        ChangeWalletReply::Hold(view) => Ok(shown(&job, &Shown::Hold(*view))),
        ChangeWalletReply::Withdrawal(view) => Ok(shown(&job, &Shown::Withdrawal(*view))),
        ChangeWalletReply::Transaction(view) => Ok(shown(&job, &Shown::Transaction(*view))),
        ChangeWalletReply::Refused { code, message } => Err(refused(code, message)),
        ChangeWalletReply::NotThere { what } => Err(not_here(&what)),
        ChangeWalletReply::Conflict => Err(conflict()),
    };
    submission.submit(app, route, &job, accepted(&job), answer).await
}

/// What PostgreSQL knows about a wish.
struct Known {
    action: Option<WalletAction>,
    standing: Option<WalletStanding>,
    result: Option<WalletResult>,
}

/// What is known, if PostgreSQL says so quickly; for whoever has to own the wallet, it has to say so. The wish is read after
/// the wallet: when nothing came of it by then, the wallet was read before it was changed by it, so that a wish is never
/// refused for what it has done itself.
async fn known(app: &App, submission: &Submission, job: &ChangeWallet) -> Result<Option<Known>, Problem> {
    let store = app.reads.seen_by(&submission.caller);
    let question = async {
        let (merchant_id, kind) = (job.merchant_id, job.request.kind());
        let standing = store
            .wallet_standing(merchant_id, job.wallet_id, &job.request)
            .await?;
        let action = store
            .wallet_action(merchant_id, kind, &job.idempotency_key)
            .await?;
        let result = match (&standing, &action) {
            (Some(standing), Some(_)) => store.wallet_result(&standing.wallet, job.subject()).await?,
            (_, None) | (None, Some(_)) => None,
        };
        Ok(Known {
            action,
            standing,
            result,
        })
    };
    if submission.caller.has_to_own() {
        Ok(Some(app.reads.patiently(question).await?))
    } else {
        Ok(app.reads.briefly(question).await.ok())
    }
}

impl Known {
    /// The answer that needs no worker.
    fn answer(self, app: &App, job: &ChangeWallet) -> Result<Option<Response>, Problem> {
        let fingerprint = job.fingerprint();
        if self
            .action
            .as_ref()
            .is_some_and(|action| action.fingerprint != fingerprint)
        {
            return Err(conflict());
        }
        let standing = self.standing.ok_or_else(no_such_wallet)?;
        match self.action.map(|action| action.outcome) {
            None => {
                let taken = standing.take(&job.request, &job.idempotency_key, app.clock.now());
                taken.map(|_| None).map_err(untaken)
            }
            Some(ActionOutcome::Refused { code, message }) => Ok(Some(replayed(refused(code, message)))),
            Some(ActionOutcome::Done) => Ok(self.result.map(|result| {
                let shown = Shown::from(&result);
                replayed(located(StatusCode::OK, place(job), &shown))
            })),
        }
    }
}

fn untaken(untaken: UntakenStep) -> Problem {
    match untaken {
        UntakenStep::NotThere(what) => not_here(what),
        UntakenStep::Refused(refusal) => refused(refusal.code().to_owned(), refusal.to_string()),
    }
}

/// What a step has left.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown {
    Hold(HoldView),
    Withdrawal(WithdrawalView),
    Transaction(WalletTransactionView),
}

impl From<&WalletResult> for Shown {
    fn from(result: &WalletResult) -> Self {
        match result {
            WalletResult::Hold(hold) => Self::Hold(hold.into()),
            WalletResult::Withdrawal(withdrawal) => Self::Withdrawal(withdrawal.into()),
            WalletResult::Transaction(line) => Self::Transaction(line.into()),
        }
    }
}

/// What whoever waited gets: something new, or what was there before as it is now.
fn shown(job: &ChangeWallet, shown: &Shown) -> Response {
    let status = match &job.request {
        WalletStep::Hold { .. }
        | WalletStep::Withdraw { .. }
        | WalletStep::Transfer { .. }
        | WalletStep::Adjust { .. } => StatusCode::CREATED,
        WalletStep::Capture { .. }
        | WalletStep::Release { .. }
        | WalletStep::CompleteWithdrawal { .. }
        | WalletStep::RejectWithdrawal { .. }
        | WalletStep::EndWithdrawal { .. } => StatusCode::OK,
    };
    located(status, place(job), shown)
}

/// A wish that nobody has worked on yet.
#[derive(Serialize)]
struct Accepted {
    /// Of what it is about.
    id: String,
    wallet_id: WalletId,
    merchant_id: MerchantId,
    action: &'static str,
}

fn accepted(job: &ChangeWallet) -> Response {
    let accepted = Accepted {
        id: match job.subject() {
            WalletSubject::Hold(id) => id.to_string(),
            WalletSubject::Withdrawal(id) => id.to_string(),
            WalletSubject::Movement(id) => id.to_string(),
        },
        wallet_id: job.wallet_id,
        merchant_id: job.merchant_id,
        action: job.request.kind().name(),
    };
    located(StatusCode::ACCEPTED, place(job), &accepted)
}

/// Where what a step leaves is: a hold, a withdrawal, or the statement that has its line.
fn place(job: &ChangeWallet) -> String {
    match job.subject() {
        WalletSubject::Hold(id) => hold_location(job.wallet_id, id),
        WalletSubject::Withdrawal(id) => withdrawal_location(job.wallet_id, id),
        WalletSubject::Movement(_) => format!("{}/transactions", location(job.wallet_id)),
    }
}

/// Which holds or withdrawals to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReservationQuery {
    status: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// The part of a list that a query asks for, whose statuses are `all`.
pub(super) fn page<S: Copy>(
    given: Result<axum::extract::Query<ReservationQuery>, QueryRejection>,
    all: &[S],
    name: fn(S) -> &'static str,
) -> Result<(Part, ReservationPage<S>), Problem> {
    let given = query(given, "status, limit and cursor")?;
    let part = Part::read(given.limit.as_deref(), given.cursor.as_deref())?;
    let page = reservations(&part, given.status.as_deref(), all, name)?;
    Ok((part, page))
}

/// What to read for a part of a list, whose statuses are `all`.
pub(super) fn reservations<S: Copy>(
    part: &Part,
    status: Option<&str>,
    all: &[S],
    name: fn(S) -> &'static str,
) -> Result<ReservationPage<S>, Problem> {
    Ok(ReservationPage {
        status: fields::one_of("status", status, all, name)?,
        after: part
            .after
            .map(|Place { created_at, id }| ReservationCursor { created_at, id }),
        limit: part.rows(),
    })
}
