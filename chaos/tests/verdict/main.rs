//! Whoever looks for lost and doubled payments has to find them: the same run, with the same deaths and the same
//! misbehaving provider, holds with all protections and is caught without one of them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod trial;

use chaos::verifier::{Finding, invariants};

use trial::Trial;

/// The findings of a run that do not hold.
async fn broken(sabotage: Option<&str>) -> Vec<Finding> {
    let trial = Trial::prepare(sabotage).await.unwrap();
    let mut findings = trial.run().await.unwrap();
    for finding in &findings {
        assert!(finding.checked > 0, "{} looked at nothing", finding.invariant);
    }
    findings.retain(|finding| !finding.holds());
    findings
}

/// The finding about an invariant that must not hold any more.
fn caught<'a>(findings: &'a [Finding], invariant: &str) -> &'a Finding {
    let caught = findings.iter().find(|finding| finding.invariant == invariant);
    caught.unwrap_or_else(|| panic!("not noticed: {invariant}\nnoticed: {findings:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn with_all_protections_everything_holds() {
    let findings = broken(None).await;
    assert!(findings.is_empty(), "{findings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_inbox_callbacks_are_missed() {
    let findings = broken(Some("inbox")).await;
    assert!(
        caught(&findings, invariants::TAKEN_IN_ONCE).lost > 0,
        "{findings:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn with_early_acknowledgements_payments_get_stuck() {
    let findings = broken(Some("ack-after-commit")).await;
    assert!(caught(&findings, invariants::ENDED).stuck > 0, "{findings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_asking_first_merchants_are_told_what_is_not_so() {
    let findings = broken(Some("ask-first")).await;
    assert!(
        caught(&findings, invariants::TOLD_THE_TRUTH).doubled > 0,
        "{findings:#?}"
    );
}
