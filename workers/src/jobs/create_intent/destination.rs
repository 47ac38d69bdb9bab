//! Whether a payment's money can go on to the account that it names, asked before the payment is stored. Accounts that Sluice does
//! not know are their provider's to judge.

use domain::{
    channel::Channel,
    job::CreateIntent,
    outcome::{ErrorClass, Outcome, Reason},
};
use store::StoreError;

use crate::context::Context;

/// What becomes of a job whose payment goes on to an account that is over.
///
/// # Errors
/// PostgreSQL is away.
pub async fn check(job: &CreateIntent, context: &Context) -> Result<Result<(), Outcome>, StoreError> {
    let Some(destination) = &job.request.destination else {
        return Ok(Ok(()));
    };
    let store = &context.store;
    let known = store.account_of_channel(job.merchant_id, Channel::Stripe, &destination.account);
    let Some(account) = known.await?.filter(|account| account.status.is_over()) else {
        return Ok(Ok(()));
    };
    // A payment that was stored before the account was lost goes on as it is.
    if store.payment(job.payment_id()).await?.is_some() {
        return Ok(Ok(()));
    }
    let (id, status) = (&destination.account, account.status);
    let message = format!("destination: the account {id:.64} is {status}, and cannot be sent money any more");
    Ok(Err(Outcome::Fail(Reason::new(ErrorClass::Invalid, message))))
}
