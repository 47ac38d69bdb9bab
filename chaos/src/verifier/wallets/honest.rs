//! What clients were told about wallets when they were not told yes.

use crate::{
    journal::{Purse, PurseDeed, PurseStep, Told},
    traffic::PurseStory,
    verifier::{
        Finding,
        facts::Facts,
        invariants,
        refusals::{is_honest_look, passing},
        tally::Tally,
    },
};

/// Answers against the contract.
pub fn honest(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::HONEST_ABOUT_WALLETS);
    for purse in &facts.journal.purses {
        for step in &purse.steps {
            for told in step.asked.iter().filter_map(|asked| asked.told.as_ref()) {
                tally.look();
                if let Some(wrong) = refused_wrongly(purse, step, told) {
                    tally.doubled(format!("{}: {} {}: {wrong}", step.key, told.status, told.problem));
                }
            }
        }
        for told in purse.looks.iter().filter_map(|look| look.told.as_ref()) {
            tally.look();
            if !told.is_accepted() && !is_honest_look(told) {
                tally.doubled(format!(
                    "{}: a look was answered {} {}",
                    purse.key, told.status, told.problem
                ));
            }
        }
    }
    tally.found()
}

fn refused_wrongly(purse: &Purse, step: &PurseStep, told: &Told) -> Option<&'static str> {
    match (told.status, told.problem.as_str()) {
        (200..=299, _) => told.id.is_empty().then_some("it accepts and names nothing"),
        (503 | 408, _) => passing(told),
        // What it is about is on its way.
        (404, _) => told.retry_after.is_empty().then_some("it was accepted before"),
        (409, "/problems/action-refused") => {
            (!may_be_refused(purse, step)).then_some("nothing was in its way")
        }
        _ => Some("no client deserves this"),
    }
}

/// Whether another wish of the same story can have been in its way: for the same money, or to end the same hold or withdrawal in
/// another way.
fn may_be_refused(purse: &Purse, step: &PurseStep) -> bool {
    let mut others = purse.steps.iter().filter(|other| other.key != step.key);
    match &step.deed {
        PurseDeed::Hold { .. } | PurseDeed::Withdraw { .. } | PurseDeed::Transfer { .. } => {
            matches!(purse.story, PurseStory::WantedByThree | PurseStory::GivenBothWays)
        }
        PurseDeed::Capture { .. }
        | PurseDeed::Release { .. }
        | PurseDeed::Complete { .. }
        | PurseDeed::Reject { .. } => {
            others.any(|other| other.deed.ends() == step.deed.ends() && other.deed != step.deed)
        }
        PurseDeed::Open | PurseDeed::PayOut { .. } | PurseDeed::Adjust { .. } | PurseDeed::OpenAccount => {
            false
        }
    }
}
