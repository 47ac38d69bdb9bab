//! From one channel to the next, when the present one has surely done nothing.
//!
//! The move and the beginning of the call at the next channel are one write, over the subject as it was read before it was
//! looked whether a call is open. Whoever begins a call changes the subject's version, so nobody can have begun one since.
//! A process that dies before the write has left the subject where it was, with all its calls ended; one that dies after it
//! leaves a call that may have been made at the next channel, and that is asked about there like any other.

use domain::outcome::{ErrorClass, Outcome, Reason};
use failpoints::{Point, reach};
use store::{StoreError, Verdict};

use super::{Opening, Passed, said};
use crate::jobs::subject::Subject;

impl<S: Subject> Opening<'_, S> {
    /// Moves the subject on, if it can go on elsewhere; otherwise `failed` becomes of the job. What becomes of a call whose
    /// end is not known moves nothing.
    pub(super) async fn move_on_or(&mut self, failed: Outcome) -> Result<Passed, StoreError> {
        let context = self.inquiry.context;
        let now = context.clock.now();
        let next = why(&failed).and_then(|reason| self.inquiry.subject.on_next_channel(&reason.message, now));
        let Some(mut moved) = next else {
            return Ok(Passed::Ended(failed));
        };
        // A call of any channel counts: it may have had an effect.
        if self.inquiry.open_call().await?.is_some() {
            return Ok(Passed::Ended(failed));
        }
        let mut record = moved.touch();
        moved.add_exchange(&mut record, self.inquiry.run, said::<S>("started", None), now);
        match context.recorder.write(record).await? {
            Verdict::Written => {}
            Verdict::Stale | Verdict::Duplicate => return Ok(Passed::Ended(self.look_again())),
        }
        reach(Point::FailoverMoved);
        let (from, to) = (self.inquiry.subject.channel(), moved.channel());
        metrics::counter!("sluice_failovers_total", "from" => from.name(), "to" => to.name()).increment(1);
        tracing::warn!(%from, %to, reason = why(&failed).map(tracing::field::display), "moved to the next channel");
        moved.was_touched();
        self.inquiry.subject = moved;
        self.begun = Some(now);
        Ok(Passed::MovedOn)
    }
}

/// Why it did not work, if it surely did nothing.
fn why(failed: &Outcome) -> Option<&Reason> {
    let reason = match failed {
        Outcome::Fail(reason) | Outcome::Retry { reason, .. } | Outcome::Snooze { reason, .. } => reason,
        Outcome::Done => return None,
    };
    (reason.class != ErrorClass::OutcomeUnknown).then_some(reason)
}
