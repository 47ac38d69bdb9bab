//! Kinds whose handlers are not there yet: their jobs are parked.

use domain::{
    job::{CancelPayment, ConfirmPayment, CreateRefund, ExpirePayment, QueryRefund},
    outcome::{ErrorClass, Outcome, Reason},
};
use store::StoreError;

use crate::{
    context::Context,
    execute::{Handler, Run},
};

macro_rules! unbuilt {
    ($($kind:ty),+ $(,)?) => {$(
        impl Handler for $kind {
            async fn run(&self, _: &Context, _: &Run) -> Result<Outcome, StoreError> {
                Ok(Outcome::Fail(Reason::new(ErrorClass::Internal, "no handler yet")))
            }
        }
    )+};
}

unbuilt!(CreateRefund);
unbuilt!(QueryRefund);
unbuilt!(CancelPayment);
unbuilt!(ConfirmPayment);
unbuilt!(ExpirePayment);
