//! How long it takes until everything is settled after the last fault.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::verifier::{Evidence, Finding, verify};

/// After this, what is not settled never will be.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks, and no less than the last one took: looking is work, too, and must not be what everybody waits for.
const PAUSE: Duration = Duration::from_millis(300);
/// After all is settled, the time in which something might still happen twice.
const REST: Duration = Duration::from_secs(3);

/// Looks at the evidence until nothing is missing or unfinished, rests, and looks once more. Gives what was found last,
/// and how long after the last fault everything was settled; none when patience ended before.
pub(super) async fn watch(
    evidence: &Evidence<'_>,
    over: Instant,
) -> anyhow::Result<(Vec<Finding>, Option<Duration>)> {
    loop {
        let began = Instant::now();
        let findings = verify(evidence).await?;
        if findings
            .iter()
            .all(|finding| finding.lost == 0 && finding.stuck == 0)
        {
            let recovered = over.elapsed();
            sleep(REST).await;
            return Ok((verify(evidence).await?, Some(recovered)));
        }
        if over.elapsed() > PATIENCE {
            return Ok((findings, None));
        }
        sleep(PAUSE.max(began.elapsed())).await;
    }
}
