//! Waiting for what has to come first: a payment accepted a moment ago is yet to be stored, or its intent to be opened, or a
//! key to be handed to this process.

use domain::outcome::{ErrorClass, Outcome, Reason};
use store::Unsealable;

use crate::{context::Context, execute::Run};

/// How often a job is put off before waiting counts as a failed try: about four minutes of the retry ladder.
const PATIENT_SNOOZES: u32 = 24;

/// What becomes of a job that waits for something. That takes as long as what waits before it in another queue, so for
/// some minutes it costs no try. Then it does: after an outage, when both jobs were put off often, the other one still
/// has its time, and the wait has an end.
pub fn wait(context: &Context, run: &Run, reason: Reason) -> Outcome {
    if run.snoozes < PATIENT_SNOOZES {
        let delay = context.nap(run.snoozes);
        Outcome::Snooze { reason, delay }
    } else {
        Outcome::retry(reason)
    }
}

/// What becomes of a job for want of what is sealed: `what` in messages for people. While keys are being rotated, the key may
/// come with the next start of this process.
pub fn wait_for_key(context: &Context, run: &Run, what: &str, error: Unsealable) -> Outcome {
    let reason = Reason::new(ErrorClass::Misconfigured, format!("{what} is {error}"));
    match error {
        Unsealable::UnknownKey => Outcome::Snooze {
            reason,
            delay: context.nap(run.snoozes),
        },
        Unsealable::Damaged => Outcome::Fail(reason),
    }
}
