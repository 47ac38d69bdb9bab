//! Whether a wallet can be paid into, asked before a payment for it is stored.

use domain::{
    job::CreateIntent,
    outcome::{ErrorClass, Outcome, Reason},
};
use store::StoreError;

use crate::{context::Context, execute::Run, jobs::patience::wait};

/// What becomes of a job whose payment is for a wallet that it cannot be for. Its own job may still be on the way here, so that
/// it is not there is final only when it is still so at the last try.
///
/// # Errors
/// PostgreSQL is away.
pub async fn check(
    job: &CreateIntent,
    context: &Context,
    run: &Run,
) -> Result<Result<(), Outcome>, StoreError> {
    let Some(wallet_id) = job.request.wallet_id else {
        return Ok(Ok(()));
    };
    let Some(wallet) = context.store.wallet(wallet_id).await? else {
        let message = format!("wallet_id: the merchant has no wallet {wallet_id}");
        return Ok(Err(wait(
            context,
            run,
            Reason::new(ErrorClass::TooEarly, message),
        )));
    };
    let checked = wallet.check_top_up(job.merchant_id, &job.request);
    Ok(checked.map_err(|refused| Outcome::Fail(Reason::new(ErrorClass::Invalid, refused.to_string()))))
}
