//! How long it takes until everything is settled after the last fault.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::Context;
use e2e::sandbox_client::Sandbox;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    faults::Narrator,
    verifier::{Evidence, Finding, verify},
};

/// After this, what is not settled never will be.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks, and no less than the last one took: looking is work, too, and must not be what everybody waits for.
const PAUSE: Duration = Duration::from_millis(300);
/// A server that does not answer must not be waited for.
const LOOK_TIMEOUT: Duration = Duration::from_secs(30);
/// Providers repeat what is not accepted on schedules that reach into hours, and minutes in a run. How long they let the
/// last repeat wait is not what is measured, so they are asked for it this often.
const REMIND_EVERY: Duration = Duration::from_secs(2);
/// After all is settled, the time in which something might still happen twice.
const REST: Duration = Duration::from_secs(3);

/// Looks at the evidence until nothing is missing or unfinished, rests, and looks once more: something may still happen
/// twice, or begin anew as a query does that is made now and then. Gives what was found last, and how long after the last
/// fault everything was settled; none when patience ended before.
///
/// # Errors
/// The evidence could not be read for as long as patience lasted.
pub(super) async fn watch(
    evidence: &Evidence<'_>,
    over: Instant,
    narrator: &Narrator,
) -> anyhow::Result<(Vec<Finding>, Option<Duration>)> {
    // Whoever is reminded may be slow to answer, and looking must not wait for that.
    let is_settled = AtomicBool::new(false);
    tokio::select! {
        watched = look_until_settled(evidence, over, narrator, &is_settled) => watched,
        never = remind_until(evidence.sandbox, &is_settled) => match never {},
    }
}

async fn look_until_settled(
    evidence: &Evidence<'_>,
    over: Instant,
    narrator: &Narrator,
    is_over: &AtomicBool,
) -> anyhow::Result<(Vec<Finding>, Option<Duration>)> {
    let mut recovered = None;
    loop {
        let began = Instant::now();
        let looked = look(evidence).await;
        let impatient = over.elapsed() > PATIENCE;
        let pause = match looked {
            Ok(findings) if is_settled(&findings) => match recovered {
                Some(_) => return Ok((findings, recovered)),
                None => {
                    recovered = Some(over.elapsed());
                    is_over.store(true, Ordering::Relaxed);
                    REST
                }
            },
            Ok(findings) if impatient => return Ok((findings, None)),
            Ok(findings) => {
                narrator.say("wait", &unsettled(&findings));
                PAUSE.max(began.elapsed())
            }
            Err(error) if impatient => return Err(error),
            Err(error) => {
                narrator.say("wait", &format!("the evidence cannot be read: {error:#}"));
                PAUSE
            }
        };
        sleep(pause).await;
    }
}

/// Reminds the providers now and then until everything is settled; never ends.
async fn remind_until(sandbox: &Sandbox, is_over: &AtomicBool) -> Infallible {
    while !is_over.load(Ordering::Relaxed) {
        // A sandbox that does not answer is asked again, like everybody else.
        let _in_vain = remind(sandbox).await;
        sleep(REMIND_EVERY).await;
    }
    std::future::pending().await
}

/// Has the providers send once more what was not accepted yet.
async fn remind(sandbox: &Sandbox) -> anyhow::Result<()> {
    let attempts: Vec<Value> = sandbox.list("/sandbox/deliveries").await?;
    let mut waiting = BTreeSet::new();
    let mut accepted = BTreeSet::new();
    for attempt in &attempts {
        let event = attempt["event"].as_str().unwrap_or_default();
        if attempt["accepted"] == true {
            accepted.insert(event);
        } else {
            waiting.insert(event);
        }
    }
    let again = waiting.difference(&accepted).map(|event| async move {
        // What becomes of it is read from the provider's log.
        let path = format!("/sandbox/events/{event}/resend");
        let _in_the_log = timeout(LOOK_TIMEOUT, sandbox.act(&path, json!({}))).await;
    });
    futures::future::join_all(again).await;
    Ok(())
}

async fn look(evidence: &Evidence<'_>) -> anyhow::Result<Vec<Finding>> {
    timeout(LOOK_TIMEOUT, verify(evidence))
        .await
        .context("it took too long")?
}

fn is_settled(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.counts.may_need_time() == 0)
}

/// How much there is to wait for, with an example.
fn unsettled(findings: &[Finding]) -> String {
    let of = |finding: &&Finding| finding.counts.may_need_time() > 0;
    let count: u64 = findings
        .iter()
        .map(|finding| finding.counts.may_need_time())
        .sum();
    let example = findings
        .iter()
        .filter(of)
        .find_map(|finding| finding.examples.first());
    format!("{count} to go, such as: {}", example.map_or("", String::as_str))
}
