//! Whoever looks for lost and doubled payments has to find them: the same run, with the same deaths and the same
//! misbehaving provider, holds with all protections and is caught without one of them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod trial;

use chaos::verifier::{Finding, invariants};

use trial::Trial;

/// What is found after a run whose workers have to do without one protection.
async fn findings(sabotage: Option<&str>) -> Vec<Finding> {
    let trial = Trial::prepare(sabotage).await.unwrap();
    trial.run().await.unwrap()
}

/// What is found about one invariant after such a run.
async fn found(invariant: &str, sabotage: &str) -> Finding {
    let findings = findings(Some(sabotage)).await;
    let about = findings
        .into_iter()
        .find(|finding| finding.invariant == invariant);
    about.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_all_protections_everything_holds() {
    for finding in findings(None).await {
        assert!(finding.holds(), "{finding:#?}");
        // Whether anything is parked in so short a run is a matter of timing, and few of the stories of wallets fit into it.
        let may_be_idle = [
            invariants::EXPLAINED,
            invariants::ACCOUNTS_ONCE,
            invariants::PAID_OUT_ONCE,
            invariants::WITHDRAWALS_TOLD,
        ]
        .contains(&finding.invariant);
        assert!(
            finding.checked > 0 || may_be_idle,
            "{} looked at nothing",
            finding.invariant
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_inbox_callbacks_are_missed() {
    let finding = found(invariants::TAKEN_IN_ONCE, "inbox").await;
    assert!(finding.counts.lost > 0, "{finding:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_early_acknowledgements_work_is_lost() {
    // Pending payments get their jobs again; a callback or a notification whose job is lost is nobody's business then.
    let findings = findings(Some("ack-after-commit")).await;
    let missing = findings
        .iter()
        .filter(|finding| finding.counts.lost + finding.counts.stuck > 0);
    let missing: Vec<_> = missing.map(|finding| finding.invariant).collect();
    println!("what does not hold: {missing:#?}");
    assert!(!missing.is_empty(), "{findings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_asking_first_merchants_are_told_what_is_not_so() {
    let finding = found(invariants::TOLD_THE_TRUTH, "ask-first").await;
    assert!(finding.counts.doubled > 0, "{finding:#?}");
}
