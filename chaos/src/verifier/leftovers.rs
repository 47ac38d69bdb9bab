//! What is still under way, and what could not be read.

use e2e::rabbit::PEEKED;

use super::{Finding, facts::Facts, invariants, tally::Tally};

/// Work that nobody has done yet.
pub fn none_waits(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::NONE_WAITS);
    tally.look();
    for job in &facts.outbox {
        tally.stuck(format!("{job} is in the outbox"));
    }
    for depth in facts
        .depths
        .iter()
        .filter(|depth| !depth.queue.starts_with(super::PARKING))
    {
        tally.look();
        if depth.messages > 0 {
            tally.stuck(format!("{} holds {} messages", depth.queue, depth.messages));
        }
    }
    tally.found()
}

/// Evidence that is not there proves nothing.
pub fn all_read(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::ALL_READ);
    for (log, dropped) in &facts.dropped {
        tally.look();
        if *dropped > 0 {
            tally.lost(format!(
                "the sandbox's log of {log} has dropped {dropped} entries"
            ));
        }
    }
    for (queue, letters) in &facts.parked {
        tally.look();
        if u32::try_from(letters.len()).is_ok_and(|read| read < PEEKED) {
            continue;
        }
        tally.lost(format!("{queue} holds {PEEKED} messages or more"));
    }
    tally.found()
}
